// Bounds of what trackers say to one another; schema/tracker_tracker.capnp tells where they apply.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.h"
#include "base/time.h"

namespace tyto {

// The version of the protocol between trackers spoken here, and how far apart two may be.
inline constexpr uint32_t kClusterVersion = 4;
// From this one on, trackers ask for permits to read an origin for one reader alone.
inline constexpr uint32_t kClusterVersionOfPermits = 4;
inline constexpr uint32_t kClusterVersionsApartMax = 1;

inline constexpr std::size_t kClusterMessagesMax = 256;             // of one batch
inline constexpr std::size_t kClusterBatchBytesAimed = 256 * kKiB;  // then it is closed
inline constexpr std::size_t kClusterBatchBytesMax = 768 * kKiB;    // then it is refused
inline constexpr std::size_t kClusterBacklogMessagesMax = 65536;    // not sent yet, of a link
inline constexpr std::size_t kClusterBacklogBytesMax = 32 * kMiB;   // the same
inline constexpr std::size_t kClusterDeliveriesOpenMax = 2;         // unanswered, of a link
inline constexpr std::size_t kClusterPathMax = 16;
inline constexpr std::size_t kClusterRegionBytesMax = 63;
inline constexpr std::size_t kClusterNameBytesMax = 255;
inline constexpr std::size_t kClusterMembersMax = 128;

inline constexpr Duration kClusterBeat = Duration::milliseconds(500);  // between signs of life
inline constexpr Duration kClusterSilenceMax = Duration::milliseconds(1500);  // then it is lost

}  // namespace tyto
