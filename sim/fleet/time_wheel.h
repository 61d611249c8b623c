// When each of a million hosts is to be looked at next.
#pragma once

#include <cstdint>
#include <vector>

#include "base/assert.h"
#include "base/time.h"

namespace tyto::sim::fleet {

// Time in whole steps from the start of a run.
using Tick = uint32_t;
inline constexpr Tick kNever = 0xffffffff;
inline constexpr Duration kTick = Duration::milliseconds(1);

// The first tick that is not before `span` from the start.
inline Tick tick_of(Duration span) {
  if (span <= Duration()) return 0;
  int64_t ticks = span.ns() / kTick.ns() + (span.ns() % kTick.ns() != 0 ? 1 : 0);
  return ticks >= kNever ? kNever : static_cast<Tick>(ticks);
}

// A calendar queue (Brown 1988) of hosts, one pending wake-up each: a ring of ticks, each with the
// hosts that are due. Waking a host earlier leaves its old entry behind, which is passed over.
//
// Purity: pure. Cost: constant a wake-up. Bounds: an entry a host, and those passed over.
class TimeWheel {
 public:
  explicit TimeWheel(uint32_t hosts) : due_(hosts), ring_(kRing) {}

  // The host is woken at `due` or before.
  void wake(uint32_t host, Tick due) {
    if (due >= due_[host].wake) return;
    due_[host].wake = due;
    queue(host);
  }
  // Fetches into the caches what wake() of the host will look at. Changes nothing.
  void look_ahead(uint32_t host) const { __builtin_prefetch(&due_[host], 1); }
  // Appends the hosts due at `now`, in the order in which they were queued, and forgets their
  // wake-ups. Requires: called for each tick in turn.
  void take_due(Tick now, std::vector<uint32_t>& due) {
    now_ = now;
    std::vector<uint32_t>& slot = ring_[now % kRing];
    taken_.swap(slot);
    constexpr std::size_t kAhead = 8;
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      if (i + kAhead < taken_.size()) look_ahead(taken_[i + kAhead]);
      uint32_t host = taken_[i];
      Due& row = due_[host];
      if (row.queued != now) continue;
      row.queued = kNever;
      if (row.wake == now) {
        row.wake = kNever;
        due.push_back(host);
      } else if (row.wake != kNever) {
        queue(host);
      }
    }
    taken_.clear();
  }

 private:
  static constexpr Tick kRing = 4096;
  struct Due {
    Tick wake = kNever;
    Tick queued = kNever;  // where its entry is
  };

  // What is farther off than the ring is long is looked at once on its way.
  void queue(uint32_t host) {
    Tick at = due_[host].wake;
    TYTO_ASSERT(at > now_ || now_ == 0);
    if (at - now_ >= kRing) at = now_ + kRing - 1;
    if (at >= due_[host].queued) return;
    due_[host].queued = at;
    ring_[at % kRing].push_back(host);
  }

  Tick now_ = 0;
  std::vector<Due> due_;  // by host
  std::vector<std::vector<uint32_t>> ring_;
  std::vector<uint32_t> taken_;
};

}  // namespace tyto::sim::fleet
