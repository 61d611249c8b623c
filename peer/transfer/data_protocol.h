// The words of the data plane, without a socket: docs/protocol-data.md in code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"

namespace tyto::peer {

// Header names of our own.
inline constexpr std::string_view kTicketHeader = "Tyto-Ticket";
inline constexpr std::string_view kPeerHeader = "Tyto-Peer";
inline constexpr std::string_view kWithoutTrackerHeader = "Tyto-Without-Tracker";
inline constexpr std::string_view kFallbackHeader = "Tyto-Fallback";
inline constexpr std::string_view kInFlightHeader = "Tyto-In-Flight";
inline constexpr std::string_view kVerifiedHeader = "Tyto-Verified";
inline constexpr std::string_view kBusyHeader = "Tyto-Busy";
inline constexpr std::string_view kRootHeader = "Tyto-Root";
inline constexpr std::string_view kChunkBytesHeader = "Tyto-Chunk-Bytes";

// The longest head that either side sends or reads.
inline constexpr uint32_t kHeadBytesMax = 8 * 1024;

// "/v1/objects/<64 hex digits>/chunks/<decimal index>".
std::string chunk_target(const ChunkId& chunk);
// Reads a target as chunk_target() writes it; a query or anything else is nothing of ours.
std::optional<ChunkId> parse_chunk_target(std::string_view target);

// A chunk as it travels: its leaf hashes, 32 bytes for each block, then its blocks.
struct Representation {
  uint32_t chunk_bytes = 0;

  uint32_t blocks() const { return (chunk_bytes + kBlockBytes - 1) / kBlockBytes; }
  uint32_t leaf_bytes() const { return blocks() * static_cast<uint32_t>(Digest::kSize); }
  uint64_t total_bytes() const { return uint64_t{leaf_bytes()} + chunk_bytes; }
  // Whether a range may begin or end at `position`: at 0, or between blocks, or at the end.
  bool is_boundary(uint64_t position) const;
};

// [begin, end) of a representation.
struct ByteRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool operator==(const ByteRange&) const = default;
};

// Reads a Range header's value: one range of bytes that begins and ends on boundaries, its end
// given or left open; an end past the last byte is taken for the last byte. Fails with
// kInvalidArgument and a message fit for the answer (416).
Result<ByteRange> parse_range(std::string_view value, const Representation& representation);

// "bytes a-b/total", as an answer's Content-Range tells it.
std::string content_range(const ByteRange& range, const Representation& representation);

// A peer's id as 16 hexadecimal digits, as in `Tyto-Peer`.
std::string peer_id_text(PeerId peer);
std::optional<PeerId> parse_peer_id(std::string_view text);

// Whether `text` can stand in a header's value: printable ASCII only.
bool is_header_safe(std::string_view text);

}  // namespace tyto::peer
