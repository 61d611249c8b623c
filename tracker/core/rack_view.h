// What there is of a version in one rack, and what of it could be sent now.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tracker/core/state.h"

namespace tyto::tracker {

// A bit for each chunk of a version, zero at first. Few are kept in place.
class ChunkWords {
 public:
  explicit ChunkWords(uint32_t words) {
    if (words > few_.size()) many_.resize(words);
  }
  uint64_t operator[](uint32_t word) const { return many_.empty() ? few_[word] : many_[word]; }
  uint64_t& operator[](uint32_t word) { return many_.empty() ? few_[word] : many_[word]; }

 private:
  std::array<uint64_t, 4> few_{};
  std::vector<uint64_t> many_;
};

// A version in a rack, at one moment. Bits of words past the version's end may be set.
//
// Purity: pure. Cost: the holders and receivers there, and for those with room the version's
// chunks, until all that the rack has is found.
class RackView {
 public:
  RackView(const State& state, VersionIndex version, uint32_t rack);

  // Chunks that somebody there holds, or is being sent.
  uint64_t near(uint32_t word) const {
    uint64_t held = group_ == nullptr ? 0 : state_.holdings.word(*group_, word);
    return demand_ == nullptr ? held : held | demand_->coming[word];
  }
  // Of these, at least those that somebody with room for an upload can send.
  uint64_t offered(uint32_t word) const { return offered_[word]; }
  // Transfers under way from outside the rack.
  uint32_t inbound() const { return demand_ == nullptr ? 0 : demand_->inbound; }
  // Those who hold, or are being sent, something, and have no room.
  uint32_t at_caps() const { return at_caps_; }

 private:
  void add_holders();
  void add_receivers();
  bool is_all_offered() const;

  const State& state_;
  const RackGroup* group_;
  const RackDemand* demand_;
  uint32_t words_;
  ChunkWords offered_;
  uint32_t at_caps_ = 0;
};

}  // namespace tyto::tracker
