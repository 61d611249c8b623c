// How much an object is asked for of late.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/time.h"

namespace tyto::tracker {

// A count of opens that decays: half of it is forgotten every kHalfLife. A steady rate of one open
// a second comes to 866.
//
// Purity: pure; integers only. Forgetting goes in steps of a sixteenth of the half-life, counted
//         from the clock's zero, so that the heat does not depend on how often it was looked at.
// Bounds: 8 bytes; 4 million opens, where it stays.
class Heat {
 public:
  static constexpr Duration kHalfLife = Duration::seconds(600);

  // The object was opened.
  void note_open(Instant now) {
    cool(now);
    value_ = value_ > UINT32_MAX - kOne ? UINT32_MAX : value_ + kOne;
  }
  // Requires: `now` is not before the last note_open().
  uint32_t milliopens(Instant now) const {
    return static_cast<uint32_t>(std::min<uint64_t>(uint64_t{cooled(now)} * 1000 / kOne, ~0u));
  }
  bool is_at_least(uint32_t opens, Instant now) const {
    return uint64_t{cooled(now)} >= uint64_t{opens} * kOne;
  }

 private:
  static constexpr uint32_t kOne = 1024;  // an open
  static constexpr uint32_t kStepsPerHalf = 16;
  // 2^(-i/16) in units of 2^-16.
  static constexpr std::array<uint32_t, kStepsPerHalf> kPowers = {
      65536, 62757, 60097, 57549, 55109, 52773, 50535, 48393,
      46341, 44376, 42495, 40693, 38968, 37316, 35734, 34219};

  static uint32_t step_of(Instant now) {
    return static_cast<uint32_t>(now.ns() / (kHalfLife.ns() / kStepsPerHalf));
  }
  uint32_t cooled(Instant now) const {
    uint32_t steps = step_of(now) - step_;
    if (steps / kStepsPerHalf >= 32) return 0;
    uint64_t halved = value_ >> (steps / kStepsPerHalf);
    return static_cast<uint32_t>(halved * kPowers[steps % kStepsPerHalf] >> 16);
  }
  void cool(Instant now) {
    value_ = cooled(now);
    step_ = step_of(now);
  }

  uint32_t value_ = 0;
  uint32_t step_ = 0;  // when it was worth that
};
static_assert(sizeof(Heat) == 8);

}  // namespace tyto::tracker
