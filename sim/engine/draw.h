// Draws by law, in integers only: a seed gives the same on every machine and by every compiler.
#pragma once

#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "base/time.h"

namespace tyto::sim {

// log2(x) in units of 2^-32, to within one of them. Requires: x > 0.
uint64_t log2_q32(uint64_t x);
// 2^(-exponent) in units of 2^-43, where `exponent` is in units of 2^-32; to within one of them.
uint64_t exp2_negative_q43(uint64_t exponent_q32);

// A span of the exponential law: the gap between arrivals of a Poisson process.
// Requires: 0 <= mean.
Duration draw_exponential(Rng& rng, Duration mean);

// Ranks from 0, of which rank i has the weight 1 / (i + 1)^s (Zipf's law; s = 0: all alike).
//
// Bounds: a number a rank.
class Zipf {
 public:
  // Requires: 0 < ranks <= 2^20, s at most 4.
  Zipf(uint32_t ranks, uint32_t s_permille);
  uint32_t draw(Rng& rng) const;

 private:
  std::vector<uint64_t> sums_;  // of the weights up to each rank
};

// A day: fewest come at its start and end, `peak` times as many in its middle, and the rate is
// linear in between. Draws a moment in [0, over), over which days follow one another.
// Requires: peak > 0, over and day positive.
struct Day {
  Duration length = Duration::seconds(86400);
  uint32_t peak = 3;
};
Duration draw_diurnal(Rng& rng, const Day& day, Duration over);

}  // namespace tyto::sim
