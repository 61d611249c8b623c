// The best few sources that a search has come upon.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "tracker/core/rows.h"

namespace tyto::tracker {

struct Candidate {
  PeerIndex peer = kNoPeer;
  uint16_t generation = 0;               // 0: a whole copy
  uint32_t score = 0;                    // smaller is better
  TransferIndex transfer = kNoTransfer;  // what brings a copy in flight
};

// The best few candidates, best first.
class Shortlist {
 public:
  void offer(Candidate candidate) {
    for (Candidate& slot : slots_) {
      if (slot.peer == candidate.peer) return;
      if (slot.peer == kNoPeer || candidate.score < slot.score) std::swap(slot, candidate);
    }
  }
  void drop_first() {
    std::rotate(slots_.begin(), slots_.begin() + 1, slots_.end());
    slots_.back() = Candidate{};
  }
  bool is_empty() const { return slots_[0].peer == kNoPeer; }
  const Candidate& operator[](std::size_t i) const { return slots_[i]; }
  static constexpr std::size_t size() { return 1 + kFallbacksKept; }

 private:
  std::array<Candidate, 1 + kFallbacksKept> slots_{};
};

}  // namespace tyto::tracker
