// Randomness that a seed replays, in 16 bytes of state.
#pragma once

#include <cstdint>

#include "base/assert.h"

namespace tyto {

// Spreads the bits of one number over all 64 (the finaliser of SplitMix64, Steele et al. 2014).
// Also the hash of rendezvous hashing: pure, the same on every machine.
constexpr uint64_t mix64(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// PCG32 (O'Neill 2014): small, quick, good enough to break ties and to jitter. Not for secrets.
class Rng {
 public:
  explicit Rng(uint64_t seed, uint64_t stream = 0) : increment_((mix64(stream) << 1) | 1) {
    state_ = mix64(seed) + increment_;
    next32();
  }

  uint32_t next32() {
    uint64_t old = state_;
    state_ = old * 6364136223846793005u + increment_;
    auto shifted = static_cast<uint32_t>(((old >> 18) ^ old) >> 27);
    auto rotation = static_cast<uint32_t>(old >> 59);
    return (shifted >> rotation) | (shifted << ((32 - rotation) & 31));
  }
  uint64_t next64() { return uint64_t{next32()} << 32 | next32(); }
  // A number in [0, bound), without bias worth speaking of (Lemire's multiplication).
  // Requires: bound > 0.
  uint32_t below(uint32_t bound) {
    TYTO_ASSERT(bound > 0);
    return static_cast<uint32_t>((uint64_t{next32()} * bound) >> 32);
  }
  // True in `numerator` of `denominator` cases. Requires: denominator > 0.
  bool one_in(uint32_t numerator, uint32_t denominator) { return below(denominator) < numerator; }

 private:
  uint64_t state_ = 0;
  uint64_t increment_;
};

}  // namespace tyto
