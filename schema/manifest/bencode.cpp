#include "schema/manifest/bencode.h"

#include <algorithm>
#include <charconv>

#include "base/assert.h"

namespace tyto {
namespace {

// Parses by descent; the depth is bounded by the limits. The first fault is kept in `fault_` and
// everything returns false from there on.
class Parser {
 public:
  Parser(std::string_view text, const BencodeLimits& limits) : text_(text), limits_(limits) {}

  Result<BencodeValue> parse() {
    BencodeValue value;
    if (text_.size() > limits_.bytes_max) {
      fail("at most " + std::to_string(limits_.bytes_max) + " bytes");
    } else if (parse_value(value, 0) && at_ != text_.size()) {
      fail("the end");
    }
    if (fault_.empty()) return value;
    return Error{ErrorCode::kInvalidArgument, fault_};
  }

 private:
  bool fail(const std::string& expected) {
    fault_ = "bencoding: expected " + expected + " at byte " + std::to_string(at_) + " of " +
             std::to_string(text_.size());
    return false;
  }
  bool is_next(char c) const { return at_ < text_.size() && text_[at_] == c; }

  // Decimal digits up to `stop`, which is passed over: no sign but for a leading '-' where allowed,
  // no leading zeros.
  template <class Number>
  bool parse_number(char stop, Number& number) {
    std::size_t end = text_.find(stop, at_);
    constexpr std::size_t kDigitsMax = 20;
    if (end == std::string_view::npos || end - at_ > kDigitsMax) return fail("a number");
    const char* begin = text_.data() + at_;
    const char* past = text_.data() + end;
    auto [parsed, code] = std::from_chars(begin, past, number);
    char digits[kDigitsMax + 2];
    auto canonical = std::to_chars(digits, digits + sizeof digits, number);
    bool is_canonical = std::string_view(digits, canonical.ptr) == text_.substr(at_, end - at_);
    if (code != std::errc{} || parsed != past || !is_canonical) return fail("a number");
    at_ = end + 1;
    return true;
  }

  bool parse_string(std::string_view& text) {
    uint64_t length = 0;
    if (!parse_number(':', length)) return false;
    if (length > text_.size() - at_)
      return fail("a string of " + std::to_string(length) + " bytes");
    text = text_.substr(at_, length);
    at_ += length;
    return true;
  }

  bool parse_members(BencodeValue& value, std::size_t depth) {
    if (depth == limits_.depth_max) {
      return fail("at most " + std::to_string(limits_.depth_max) + " levels");
    }
    ++at_;
    while (!is_next('e')) {
      if (value.is_dictionary()) {
        std::string_view key;
        if (!parse_string(key)) return false;
        if (!value.keys.empty() && key <= value.keys.back()) return fail("keys in order");
        value.keys.push_back(key);
      }
      value.items.emplace_back();
      if (!parse_value(value.items.back(), depth + 1)) return false;
    }
    ++at_;
    return true;
  }

  bool parse_value(BencodeValue& value, std::size_t depth) {
    if (++values_ > limits_.values_max) {
      return fail("at most " + std::to_string(limits_.values_max) + " values");
    }
    std::size_t begin = at_;
    if (!parse_kind(value, depth)) return false;
    value.raw = text_.substr(begin, at_ - begin);
    return true;
  }

  bool parse_kind(BencodeValue& value, std::size_t depth) {
    if (is_next('i')) {
      ++at_;
      return parse_number('e', value.integer);
    }
    if (is_next('l') || is_next('d')) {
      value.kind = is_next('l') ? BencodeValue::Kind::kList : BencodeValue::Kind::kDictionary;
      return parse_members(value, depth);
    }
    if (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
      value.kind = BencodeValue::Kind::kString;
      return parse_string(value.text);
    }
    return fail("a value");
  }

  std::string_view text_;
  const BencodeLimits& limits_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
  std::string fault_;
};

}  // namespace

const BencodeValue* BencodeValue::find(std::string_view key) const {
  auto found = std::lower_bound(keys.begin(), keys.end(), key);
  if (found == keys.end() || *found != key) return nullptr;
  return &items[static_cast<std::size_t>(found - keys.begin())];
}

Result<BencodeValue> parse_bencode(std::string_view text, const BencodeLimits& limits) {
  return Parser(text, limits).parse();
}

BencodeWriter& BencodeWriter::integer(int64_t value) {
  out_ += "i" + std::to_string(value) + "e";
  return *this;
}

BencodeWriter& BencodeWriter::string(std::string_view value) {
  out_ += std::to_string(value.size());
  out_ += ':';
  out_ += value;
  return *this;
}

BencodeWriter& BencodeWriter::begin_list() {
  out_ += 'l';
  open_.push_back({});
  return *this;
}

BencodeWriter& BencodeWriter::begin_dictionary() {
  out_ += 'd';
  open_.push_back({.is_dictionary = true});
  return *this;
}

BencodeWriter& BencodeWriter::key(std::string_view key) {
  TYTO_ASSERT(!open_.empty() && open_.back().is_dictionary);
  Open& dictionary = open_.back();
  TYTO_ASSERT(!dictionary.has_keys || key > dictionary.last_key);
  dictionary.has_keys = true;
  dictionary.last_key = key;
  return string(key);
}

BencodeWriter& BencodeWriter::end() {
  TYTO_ASSERT(!open_.empty());
  open_.pop_back();
  out_ += 'e';
  return *this;
}

BencodeWriter& BencodeWriter::raw(std::string_view bencoded) {
  out_ += bencoded;
  return *this;
}

std::string BencodeWriter::take() {
  TYTO_ASSERT(open_.empty());
  return std::move(out_);
}

}  // namespace tyto
