// Who waits for a bucket's origin, and in which order.
#pragma once

#include <cstdint>
#include <deque>

#include "schema/messages/events.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

// Readers in the order in which they came, those of higher priority in front. One that has had its
// turn leaves, and comes in again at the end if it wants more: so each gets one read in turn. One
// that could not use its turn, for want of room in its own store, comes in again in front.
//
// Purity: pure. Bounds: one entry a reader; whoever removes a reader's row has it leave first.
// Cost:   enter() and leave() walk the line; it is long only where readers wait for long.
class OriginLine {
 public:
  bool is_empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  ReaderIndex operator[](std::size_t i) const { return entries_[i].reader; }
  // Requires: it is not empty.
  ReaderIndex front() const { return entries_.front().reader; }
  // Takes the last place of its priority. Requires: it is not in the line.
  void enter(ReaderIndex reader, Priority priority) {
    auto at = entries_.end();
    while (at != entries_.begin() && std::prev(at)->priority < priority) --at;
    entries_.insert(at, {reader, priority});
  }
  // Takes the first place of its priority. Requires: it is not in the line.
  void enter_in_front(ReaderIndex reader, Priority priority) {
    auto at = entries_.begin();
    while (at != entries_.end() && at->priority > priority) ++at;
    entries_.insert(at, {reader, priority});
  }
  // Of no effect if it is not in the line.
  void leave(ReaderIndex reader) {
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (it->reader != reader) continue;
      entries_.erase(it);
      return;
    }
  }

 private:
  struct Entry {
    ReaderIndex reader = kNoReader;
    Priority priority = Priority::kNormal;
  };
  std::deque<Entry> entries_;
};

}  // namespace tyto::tracker
