// How many reads of one origin are worth having under way at once.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/assert.h"
#include "base/limits.h"
#include "base/time.h"

namespace tyto::peer {

// Begins with one read, and adds another for as long as reads do not take longer for it: as many as
// keep the origin or its link busy, and hardly one more, since chunks that arrive one after the
// other can be passed on while those read all at once arrive all at once, late. What TCP Vegas does
// with packets (Brakmo and Peterson 1994), with reads.
//
// Purity: pure, integers only.
class OriginWindow {
 public:
  // Requires: max >= 1.
  explicit OriginWindow(uint32_t max) : max_(max) { TYTO_ASSERT(max >= 1); }

  uint32_t limit() const { return limit_; }

  // A read of so many bytes took so long, with `under_way` reads at once, itself included. Small
  // ones and those that others did not compete with say little, and leave the window as it is.
  void read(uint64_t bytes, Duration took, uint32_t under_way) {
    if (bytes < kBlockBytes || took <= Duration{}) return;
    auto ns_per_block =
        std::max<uint64_t>(1, static_cast<uint64_t>(took.ns()) / (bytes / kBlockBytes));
    // A read that was alone tells anew what an origin is like that may have become slower.
    if (base_ == 0 || ns_per_block < base_) base_ = ns_per_block;
    if (under_way == 1) base_ = (3 * base_ + ns_per_block) / 4;
    if (under_way < limit_) return;
    // Of `limit_` reads, so many (in sixteenths) wait for the others at any time.
    uint64_t waiting = uint64_t{limit_} * 16 * (ns_per_block - base_) / ns_per_block;
    if (waiting < kFewWaiting && limit_ < max_) ++limit_;
    if (waiting > kManyWaiting && limit_ > 1) --limit_;
  }

 private:
  static constexpr uint64_t kFewWaiting = 20;
  static constexpr uint64_t kManyWaiting = 44;
  const uint32_t max_;
  uint32_t limit_ = 1;
  uint64_t base_ = 0;  // ns a block when nothing competes; 0: not known yet
};

}  // namespace tyto::peer
