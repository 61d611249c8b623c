// How long a small message takes.
#pragma once

#include "sim/engine/random.h"

namespace tyto::sim {

// One way: a fixed part and a random one. Messages of one connection never overtake each other;
// see `ordered`.
struct LatencyModel {
  Duration base = Duration::microseconds(200);
  Duration jitter_max = Duration::microseconds(100);

  Duration sample(Rng& rng) const {
    return base + between(rng, Duration::nanoseconds(0), jitter_max);
  }
  // There and back, on average.
  Duration round_trip() const { return base * 2 + jitter_max; }
};

// The arrival of a message sent now, not before the one sent before it, whose arrival is kept in
// `last`.
inline Instant ordered(Instant& last, Instant arrival) {
  last = std::max(last, arrival);
  return last;
}

}  // namespace tyto::sim
