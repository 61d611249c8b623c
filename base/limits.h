// Bounds that both sides of a protocol rely on. Whatever can grow is held to one of these.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace tyto {

inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
inline constexpr uint64_t kGiB = 1024 * kMiB;

// Data plane.
inline constexpr uint32_t kBlockBytes = 16 * kKiB;  // unit of verification and relay
inline constexpr uint32_t kChunkBytesMin = 256 * kKiB;
inline constexpr uint32_t kChunkBytesMax = 16 * kMiB;
inline constexpr uint32_t kChunksAimedAt = 256;                  // chunk size grows to stay below
inline constexpr uint64_t kOneChunkBytesMax = kMiB;              // objects so small are one chunk
inline constexpr uint64_t kObjectBytesMax = uint64_t{16} << 40;  // 16 TiB: 2^20 chunks
inline constexpr uint32_t kChunksMax = 1u << 20;

// Names.
inline constexpr std::size_t kBucketNameBytesMax = 63;
inline constexpr std::size_t kKeyBytesMax = 1024;
inline constexpr std::size_t kUrlBytesMax = 4096;
inline constexpr std::size_t kEtagBytesMax = 256;
inline constexpr std::size_t kHostBytesMax = 253;
inline constexpr std::size_t kLocationBytesMax = 255;
inline constexpr std::size_t kErrorMessageBytesMax = 1024;
inline constexpr std::size_t kPeerNameBytesMax = 255;

// Control plane, one exchange.
inline constexpr std::size_t kEventsPerExchangeMax = 256;
inline constexpr std::size_t kCommandsPerExchangeMax = 64;
inline constexpr std::size_t kExchangeBytesMax = 64 * kKiB;
inline constexpr std::size_t kExchangesOpenMax = 2;
inline constexpr Duration kParkMax = Duration::seconds(60);
inline constexpr std::size_t kInventoryEntriesPerPageMax = 256;
inline constexpr std::size_t kUnderwayPerEntryMax = 64;
inline constexpr std::size_t kInventoryPageBytesMax = 256 * kKiB;
inline constexpr std::size_t kRootsPerPageMax = 1024;  // 32 KiB of chunk roots
inline constexpr std::size_t kFallbacksMax = 3;
// Chunks that one request reads at an origin.
inline constexpr uint32_t kOriginRunMax = 32;
inline constexpr std::size_t kSuperpeersListedMax = 64;
inline constexpr std::size_t kTicketBytesMax = 512;
inline constexpr std::size_t kCredentialsBytesMax = 4096;
inline constexpr Duration kSpanMax = Duration::seconds(366 * 24 * 3600);  // in any message

// Backlogs: a side that has this much unacknowledged stops taking part until it is heard.
inline constexpr std::size_t kEventBacklogMax = 65536;
inline constexpr std::size_t kCommandBacklogMax = 4096;

}  // namespace tyto
