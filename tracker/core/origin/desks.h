// What the tracker keeps of each bucket's origin.
#pragma once

#include <cstdint>
#include <vector>

#include "tracker/core/origin/budget.h"
#include "tracker/core/origin/line.h"

namespace tyto::tracker {

struct OriginDesk {
  OriginBudget budget;
  OriginLine line;
  // Versions that would have read ahead: looked at again when nobody waits.
  std::vector<VersionIndex> ahead;
  Duration usual_read;                  // how long reads take; zero: none has ended yet
  Duration usual_turn;                  // between two permits while readers wait; zero: not known
  Instant last_turn;                    // the last permit came
  Instant timer_at = Instant::never();  // a timer is set for then
  Instant tell_at;                      // the line is not told of its places before
  bool is_dirty = false;                // in State::dirty_origins
};

// Bounds: one a bucket, made when it is first asked for.
class OriginDesks {
 public:
  OriginDesk& operator[](BucketIndex bucket) {
    if (bucket.value() >= desks_.size()) desks_.resize(bucket.value() + 1);
    return desks_[bucket.value()];
  }
  const OriginDesk& operator[](BucketIndex bucket) const { return desks_[bucket.value()]; }
  uint32_t size() const { return static_cast<uint32_t>(desks_.size()); }

 private:
  std::vector<OriginDesk> desks_;
};

}  // namespace tyto::tracker
