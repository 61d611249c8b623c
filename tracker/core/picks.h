// What a reader could be sent next.
#pragma once

#include <array>
#include <cstdint>

#include "tracker/core/state.h"

namespace tyto::tracker {

// A few of a reader's missing chunks: the best by rank, and then the last by rank, since those of
// which there is the most are to be had somewhere when the sources of the rarest are all busy.
class BestChunks {
 public:
  static constexpr std::size_t kBest = 6;
  static constexpr std::size_t kLast = 3;
  void offer(uint32_t chunk, uint64_t rank) {
    Pick pick{chunk, rank};
    for (std::size_t i = 0; i < best_count_; ++i)
      if (pick.rank < best_[i].rank) std::swap(pick, best_[i]);
    if (best_count_ < kBest) {
      best_[best_count_++] = pick;
      return;
    }
    for (std::size_t i = 0; i < last_count_; ++i)
      if (pick.rank > last_[i].rank) std::swap(pick, last_[i]);
    if (last_count_ < kLast) last_[last_count_++] = pick;
  }
  std::size_t size() const { return best_count_ + last_count_; }
  uint32_t operator[](std::size_t i) const {
    return i < best_count_ ? best_[i].chunk : last_[i - best_count_].chunk;
  }

 private:
  struct Pick {
    uint32_t chunk = 0;
    uint64_t rank = 0;  // smaller is better
  };
  std::array<Pick, kBest> best_{};
  std::array<Pick, kLast> last_{};
  std::size_t best_count_ = 0;
  std::size_t last_count_ = 0;
};

// What one look at a reader's missing chunks found.
struct Picks {
  BestChunks fresh;         // only superpeers hold it, and nobody is being sent it
  BestChunks near;          // another peer of the reader's rack holds it, or is being sent it
  BestChunks far;           // others that can be had from peers
  uint32_t unheld = kNone;  // nobody holds it, and nobody reads it from the origin
  uint32_t first = kNone;   // the first that it lacks, whoever has it
  uint32_t leased = kNone;  // somebody reads it from the origin
  uint16_t considered = 0;
};

// Cost: the version's chunks that the reader lacks.
Picks pick(const State& state, const Reader& reader);

}  // namespace tyto::tracker
