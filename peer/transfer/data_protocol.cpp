#include "peer/transfer/data_protocol.h"

#include <algorithm>
#include <charconv>

namespace tyto::peer {
namespace {

constexpr std::string_view kPrefix = "/v1/objects/";
constexpr std::string_view kMiddle = "/chunks/";

// Decimal digits only, no sign, no surplus zeros needed or refused; nothing on overflow.
template <class Number>
std::optional<Number> parse_decimal(std::string_view text) {
  Number value = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Error bad_range(const std::string& why) {
  return {ErrorCode::kInvalidArgument,
          why + "; expected one range bytes=a-b where a and b+1 are 0 or lie between blocks"};
}

}  // namespace

std::string chunk_target(const ChunkId& chunk) {
  return std::string(kPrefix) + chunk.version.hex() + std::string(kMiddle) +
         std::to_string(chunk.index.value());
}

std::optional<ChunkId> parse_chunk_target(std::string_view target) {
  if (!target.starts_with(kPrefix)) return std::nullopt;
  target.remove_prefix(kPrefix.size());
  if (target.size() < 2 * Digest::kSize) return std::nullopt;
  auto version = Digest::from_hex(target.substr(0, 2 * Digest::kSize));
  target.remove_prefix(2 * Digest::kSize);
  if (!version || !target.starts_with(kMiddle)) return std::nullopt;
  auto index = parse_decimal<uint32_t>(target.substr(kMiddle.size()));
  if (!index || *index >= kChunksMax) return std::nullopt;
  return ChunkId{VersionId{*version}, ChunkIndex(*index)};
}

bool Representation::is_boundary(uint64_t position) const {
  if (position == 0 || position == total_bytes()) return true;
  return position >= leaf_bytes() && position < total_bytes() &&
         (position - leaf_bytes()) % kBlockBytes == 0;
}

Result<ByteRange> parse_range(std::string_view value, const Representation& representation) {
  constexpr std::string_view kUnit = "bytes=";
  if (!value.starts_with(kUnit)) return bad_range("the range's unit is not bytes");
  value.remove_prefix(kUnit.size());
  std::size_t dash = value.find('-');
  if (dash == std::string_view::npos) return bad_range("the range has no '-'");
  auto begin = parse_decimal<uint64_t>(value.substr(0, dash));
  if (!begin) return bad_range("the range does not begin with a number");
  uint64_t end = representation.total_bytes();
  if (std::string_view last = value.substr(dash + 1); !last.empty()) {
    auto number = parse_decimal<uint64_t>(last);
    if (!number) return bad_range("the range does not end with a number");
    if (*number < *begin) return bad_range("the range ends before it begins");
    if (*number < end) end = *number + 1;
  }
  if (*begin >= representation.total_bytes())
    return bad_range("the range begins past the end, which is at byte " +
                     std::to_string(representation.total_bytes()));
  if (!representation.is_boundary(*begin) || !representation.is_boundary(end))
    return bad_range("bytes " + std::to_string(*begin) + " to " + std::to_string(end - 1) +
                     " do not fall on blocks: leaf hashes take the first " +
                     std::to_string(representation.leaf_bytes()) + " bytes, each block " +
                     std::to_string(kBlockBytes));
  return ByteRange{*begin, end};
}

std::string content_range(const ByteRange& range, const Representation& representation) {
  return "bytes " + std::to_string(range.begin) + "-" + std::to_string(range.end - 1) + "/" +
         std::to_string(representation.total_bytes());
}

std::string peer_id_text(PeerId peer) {
  std::string text(16, '0');
  uint64_t value = peer.value();
  for (int i = 15; i >= 0; --i, value >>= 4)
    text[static_cast<std::size_t>(i)] = "0123456789abcdef"[value & 15];
  return text;
}

std::optional<PeerId> parse_peer_id(std::string_view text) {
  uint64_t value = 0;
  if (text.size() != 16) return std::nullopt;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return PeerId(value);
}

bool is_header_safe(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

}  // namespace tyto::peer
