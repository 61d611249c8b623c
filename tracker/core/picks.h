// What a reader could be sent next.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "tracker/core/state.h"

namespace tyto::tracker {

// A few of a reader's missing chunks: the best by rank, and then the last by rank, since those of
// which there is the most are to be had somewhere when the sources of the rarest are all busy.
//
// Some more of the best are kept than are shown, so that a few can be taken out, one after the
// other, before the list must be made anew.
class BestChunks {
 public:
  static constexpr std::size_t kBest = 6;
  static constexpr std::size_t kLast = 3;
  static constexpr std::size_t kSpare = 4;
  // Ranks differ; smaller is better.
  void offer(uint32_t chunk, uint64_t rank) {
    ++count_;
    if (best_count_ < kBest + kSpare) {
      insert_best({chunk, rank}, best_count_++);
    } else if (rank < best_.back().rank) {
      Pick displaced = best_.back();
      insert_best({chunk, rank}, best_count_ - 1);
      offer_last(displaced);
    } else {
      offer_last({chunk, rank});
    }
  }
  std::size_t size() const { return std::min(count_, kBest + kLast); }
  // The best, the best first; then the last, the last first.
  uint32_t operator[](std::size_t i) const {
    if (i < kBest) return best_[i].chunk;
    std::size_t from_end = i - kBest;
    return from_end < last_count_ ? last_[from_end].chunk
                                  : best_[best_count_ - 1 - (from_end - last_count_)].chunk;
  }
  // Takes a chunk out, if it is one of those shown. False if the list must be made anew now.
  [[nodiscard]] bool remove(uint32_t chunk) {
    for (std::size_t i = 0; i < best_count_; ++i) {
      if (best_[i].chunk != chunk) continue;
      std::copy(best_.begin() + static_cast<std::ptrdiff_t>(i) + 1, best_.end(),
                best_.begin() + static_cast<std::ptrdiff_t>(i));
      --best_count_;
      --count_;
      return count_ == best_count_ || best_count_ >= kBest;
    }
    for (std::size_t i = 0; i < last_count_; ++i)
      if (last_[i].chunk == chunk) return false;
    return true;
  }

 private:
  struct Pick {
    uint32_t chunk = 0;
    uint64_t rank = 0;
  };
  // Into the first `sorted` of the best, of which the next place is free.
  void insert_best(Pick pick, std::size_t sorted) {
    std::size_t at = sorted;
    for (; at > 0 && pick.rank < best_[at - 1].rank; --at) best_[at] = best_[at - 1];
    best_[at] = pick;
  }
  void offer_last(Pick pick) {
    if (last_count_ == kLast && pick.rank < last_.back().rank) return;
    for (std::size_t i = 0; i < last_count_; ++i)
      if (pick.rank > last_[i].rank) std::swap(pick, last_[i]);
    if (last_count_ < kLast) last_[last_count_++] = pick;
  }
  std::array<Pick, kBest + kSpare> best_{};
  std::array<Pick, kLast> last_{};  // of those that are not among the best
  std::size_t best_count_ = 0;
  std::size_t last_count_ = 0;
  std::size_t count_ = 0;  // offered, and not taken out
};

// What one look at a reader's missing chunks found.
struct Picks {
  BestChunks fresh;      // only superpeers hold it, and nobody is being sent it
  BestChunks near;       // another peer of the reader's rack holds it, or is being sent it
  BestChunks far;        // others that can be had from peers
  uint32_t inbound = 0;  // transfers of the version that are under way into the rack
  // With NearSources::kWithRoom: chunks that would be near, of which those who have them are at
  // their caps, the first of them, and how many are at their caps.
  uint32_t busy = 0;
  uint32_t first_busy = kNone;
  uint32_t at_caps = 0;
  uint32_t unheld = kNone;  // nobody holds it, and nobody reads it from the origin
  uint32_t first = kNone;   // the first that it lacks, whoever has it
  uint32_t leased = kNone;  // somebody reads it from the origin
  uint32_t considered = 0;

  // The chunk is on its way to the reader now. False if all must be looked at anew.
  [[nodiscard]] bool remove(uint32_t chunk) {
    --considered;
    return fresh.remove(chunk) && near.remove(chunk) && far.remove(chunk);
  }
};

// Which chunks are near, and whether the others matter.
enum class NearSources : uint8_t {
  kAll,       // whoever has them
  kWithRoom,  // those of who could send them now
};
// Cost: the version's chunks that the reader lacks, and those who have them in its rack.
Picks pick(const State& state, const Reader& reader, NearSources sources);
// Picks::unheld alone. Cost: 64 of the version's chunks at a time, and those that nobody has.
uint32_t pick_unheld(const State& state, const Reader& reader);
// 64 chunks' worth of what a reader still has to be sent; `holding` is its own.
uint64_t needed_word(const State& state, const Reader& reader, HoldingIndex holding, uint32_t word);

}  // namespace tyto::tracker
