// What a reader could be sent next.
#pragma once

#include <array>
#include <cstdint>

#include "tracker/core/state.h"

namespace tyto::tracker {

// The best few of a reader's missing chunks.
class BestChunks {
 public:
  static constexpr std::size_t kMax = 6;
  void offer(uint32_t chunk, uint64_t rank) {
    Pick pick{chunk, rank};
    for (std::size_t i = 0; i < count_; ++i)
      if (pick.rank < picks_[i].rank) std::swap(pick, picks_[i]);
    if (count_ < kMax) picks_[count_++] = pick;
  }
  std::size_t size() const { return count_; }
  uint32_t operator[](std::size_t i) const { return picks_[i].chunk; }

 private:
  struct Pick {
    uint32_t chunk = 0;
    uint64_t rank = 0;  // smaller is better
  };
  std::array<Pick, kMax> picks_{};
  std::size_t count_ = 0;
};

// What one look at a reader's missing chunks found.
struct Picks {
  BestChunks near;          // another peer of the reader's rack holds it, or is being sent it
  BestChunks far;           // others that can be had from peers
  uint32_t unheld = kNone;  // nobody holds it, and nobody reads it from the origin
  uint32_t leased = kNone;  // somebody reads it from the origin
  uint16_t considered = 0;
};

// Cost: the words of the version's bitmap, times the holders in the reader's rack (64 at most).
Picks pick(const State& state, const Reader& reader);

}  // namespace tyto::tracker
