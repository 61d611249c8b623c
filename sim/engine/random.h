// Independent streams of randomness out of one seed.
#pragma once

#include <cstdint>

#include "base/rng.h"
#include "base/time.h"

namespace tyto::sim {

// What a stream is for: a new user of randomness gets a stream of its own, so that it does not
// disturb what the others draw.
enum class Stream : uint64_t {
  kLatency = 1,
  kPeerIds = 2,
  kPeerSeeds = 3,
  kTracker = 4,
  kOrigin = 5,
  kNemesis = 6,
  kKnobs = 7,
  kLookups = 8,
  kTargets = 9,
  kSizes = 10,
  kArrivals = 11,
  kOriginMoods = 12,
  kModels = 13,
  kTrackerLinks = 14,
  kTrackerFaults = 15,
  kBucketPolicy = 16,
  kPlacement = 17,
};

inline Rng make_stream(uint64_t seed, Stream stream) {
  return Rng(mix64(seed), static_cast<uint64_t>(stream));
}

// A number in [low, high]. Requires: low <= high, and the range is below 2^63.
inline int64_t between(Rng& rng, int64_t low, int64_t high) {
  TYTO_ASSERT(low <= high);
  auto range = static_cast<uint64_t>(high - low) + 1;
  auto product = static_cast<unsigned __int128>(rng.next64()) * range;
  return low + static_cast<int64_t>(static_cast<uint64_t>(product >> 64));
}

inline Duration between(Rng& rng, Duration low, Duration high) {
  return Duration::nanoseconds(between(rng, low.ns(), high.ns()));
}

}  // namespace tyto::sim
