// A processor that does one thing after another.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace tyto::sim {

// Whoever comes while it is busy waits in line; the world keeps the line, this the time.
class Processor {
 public:
  // Work that takes `span` begins now or when all before it is done. Returns when it is done.
  Instant work(Instant now, Duration span) {
    free_at_ = std::max(now, free_at_) + span;
    busy_ += span;
    return free_at_;
  }
  bool is_busy(Instant now) const { return free_at_ > now; }
  Instant free_at() const { return free_at_; }
  // All work so far.
  Duration busy() const { return busy_; }

 private:
  Instant free_at_;
  Duration busy_;
};

}  // namespace tyto::sim
