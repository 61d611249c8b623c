#include "base/names.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/limits.h"

namespace tyto {
namespace {

// One character at the front of a text: its code point and its bytes, or 0 bytes if what stands
// there is not UTF-8.
struct Character {
  uint32_t code_point = 0;
  std::size_t bytes = 0;
};

constexpr Character kBroken{};

// RFC 3629: at most four bytes, no surrogates, nothing past U+10FFFF, no longer form than needed.
// Requires: text is not empty.
Character first_character(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  std::size_t bytes = 0;
  uint32_t least = 0;  // below it, a shorter form exists
  if ((lead & 0xe0) == 0xc0) {
    bytes = 2, least = 0x80;
  } else if ((lead & 0xf0) == 0xe0) {
    bytes = 3, least = 0x800;
  } else if ((lead & 0xf8) == 0xf0) {
    bytes = 4, least = 0x10000;
  } else {
    return kBroken;
  }
  if (text.size() < bytes) return kBroken;
  uint32_t code_point = lead & (0xffu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return kBroken;
    code_point = code_point << 6 | (byte(i) & 0x3fu);
  }
  const bool is_surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (code_point < least || code_point > 0x10ffff || is_surrogate) return kBroken;
  return {code_point, bytes};
}

// The control characters of ASCII and of Latin-1 (Unicode's category Cc).
bool is_control(uint32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f);
}

bool is_bucket_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

Error bad_key(std::string_view key, const std::string& what) {
  return {ErrorCode::kInvalidArgument,
          "key '" + printable(key) + "' " + what + "; a key is 1 to " +
              std::to_string(kKeyBytesMax) +
              " bytes of UTF-8 without control characters, made of components separated by '/', "
              "none of which is empty, '.' or '..'"};
}

Result<void> check_key_characters(std::string_view key) {
  for (std::size_t at = 0; at < key.size();) {
    const Character next = first_character(key.substr(at));
    if (next.bytes == 0) return bad_key(key, "is not UTF-8 at byte " + std::to_string(at));
    if (is_control(next.code_point)) {
      return bad_key(key, "has a control character at byte " + std::to_string(at));
    }
    at += next.bytes;
  }
  return {};
}

Result<void> check_key_components(std::string_view key) {
  for (std::size_t begin = 0; begin <= key.size();) {
    const std::size_t end = std::min(key.find('/', begin), key.size());
    const std::string_view component = key.substr(begin, end - begin);
    if (component.empty()) return bad_key(key, "has an empty component");
    if (component == "." || component == "..") {
      return bad_key(key, "has the component '" + std::string(component) + "'");
    }
    begin = end + 1;
  }
  return {};
}

}  // namespace

Result<void> check_bucket_name(std::string_view name) {
  bool is_good = !name.empty() && name.size() <= kBucketNameBytesMax && name.front() != '-' &&
                 name.back() != '-';
  for (char c : name) is_good = is_good && is_bucket_character(c);
  if (is_good) return {};
  return Error{ErrorCode::kInvalidArgument,
               "bucket name '" + printable(name) + "' is not 1 to " +
                   std::to_string(kBucketNameBytesMax) +
                   " characters of a-z, 0-9 and '-', neither beginning nor ending with '-'"};
}

Result<void> check_key(std::string_view key) {
  if (key.empty()) return bad_key(key, "is empty");
  if (key.size() > kKeyBytesMax) {
    return bad_key(key, "has " + std::to_string(key.size()) + " bytes");
  }
  if (auto checked = check_key_characters(key); !checked) return checked;
  return check_key_components(key);
}

Result<ObjectName> ObjectName::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return Error{ErrorCode::kInvalidArgument,
                 "object name '" + printable(text) + "' has no '/'; it is written bucket/key"};
  }
  const std::string_view bucket = text.substr(0, slash);
  const std::string_view key = text.substr(slash + 1);
  if (auto checked = check_bucket_name(bucket); !checked) return checked.error();
  if (auto checked = check_key(key); !checked) return checked.error();
  return ObjectName{std::string(bucket), std::string(key)};
}

std::string printable(std::string_view text, std::size_t bytes_max) {
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    const Character next = first_character(text.substr(at));
    const bool is_shown_as_is = next.bytes != 0 && !is_control(next.code_point);
    const std::string_view piece = is_shown_as_is ? text.substr(at, next.bytes) : "?";
    if (shown.size() + piece.size() > bytes_max) return shown + "...";
    shown += piece;
    at += next.bytes == 0 ? 1 : next.bytes;
  }
  return shown;
}

}  // namespace tyto
