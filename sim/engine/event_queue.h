// What will happen, in order of time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/time.h"

namespace tyto::sim {

// A queue of plain events, taken out by (time, order of insertion), so that a run depends on
// nothing but what was put in.
//
// Purity: pure. Bounds: the caller's business; one pending event a host is the aim.
template <class Payload>
class EventQueue {
 public:
  struct Entry {
    Instant at;
    uint64_t sequence = 0;
    Payload payload;
  };

  // Cost: logarithmic. Events for the same instant come out in the order they went in.
  void push(Instant at, Payload payload) {
    heap_.push_back({at, next_sequence_++, std::move(payload)});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  // Instant::never() if there is none.
  Instant next_time() const { return heap_.empty() ? Instant::never() : heap_.front().at; }
  // Requires: !empty().
  Entry pop() {
    TYTO_ASSERT(!heap_.empty());
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Entry entry = std::move(heap_.back());
    heap_.pop_back();
    return entry;
  }

 private:
  static bool later(const Entry& a, const Entry& b) {
    return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
  }
  std::vector<Entry> heap_;
  uint64_t next_sequence_ = 1;
};

}  // namespace tyto::sim
