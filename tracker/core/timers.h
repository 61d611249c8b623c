// Deadlines of a core, earliest first.
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "base/time.h"

namespace tyto::tracker {

enum class TimerKind : uint8_t {
  kSession,     // park, silence or grace of a session
  kVersion,     // readers of a version are to be looked at again
  kName,        // a resolution that brought no answer
  kRecovery,    // the waiting after a restart is over
  kTail,        // what is on its way to a reader is late
  kOrigin,      // a bucket's budget has room again
  kTerms,       // a read of an origin may have lost its term
  kCluster,     // something between trackers is due
  kHomes,       // the next peers are told of the cluster's trackers
  kFleetQuota,  // a bucket may have more than the fleet keeps of it
  kParked,      // some of the parked readers are told that they wait
  kCrossing,    // more of a bucket may come into a region from others
};

struct Timer {
  Instant due;
  TimerKind kind = TimerKind::kSession;
  uint32_t index = 0;  // of the row it is about, which decides whether it still means anything
  // Ties go by kind and row, so that the order does not depend on the heap's insides.
  bool operator>(const Timer& other) const {
    if (due != other.due) return due > other.due;
    if (kind != other.kind) return kind > other.kind;
    return index > other.index;
  }
};

// A heap with lazy deletion: rows that no longer want their timer ignore it, rows whose deadline
// moved later set it again when it fires.
class Timers {
 public:
  void set(Timer timer) { heap_.push(timer); }
  std::size_t size() const { return heap_.size(); }
  Instant next() const { return heap_.empty() ? Instant::never() : heap_.top().due; }
  // The earliest timer if it is due.
  bool take_due(Instant now, Timer& timer) {
    if (heap_.empty() || heap_.top().due > now) return false;
    timer = heap_.top();
    heap_.pop();
    return true;
  }

 private:
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> heap_;
};

}  // namespace tyto::tracker
