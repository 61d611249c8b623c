// From keys to rows of a table.
#pragma once

#include <cstdint>
#include <vector>

#include "base/rng.h"

namespace tyto::tracker {

// Open addressing with linear probing, at most 3/4 full: a look-up touches one line of memory,
// mostly. 16 bytes a slot. Nobody walks over it, so its order reaches nothing.
//
// Purity: pure. Bounds: the caller's.
class IndexMap {
 public:
  static constexpr uint32_t kAbsent = 0xffffffff;

  // kAbsent if the key is not there.
  uint32_t find(uint64_t key) const {
    if (slots_.empty()) return kAbsent;
    std::size_t mask = slots_.size() - 1;
    for (std::size_t i = mix64(key) & mask;; i = (i + 1) & mask)
      if (slots_[i].index == kAbsent || slots_[i].key == key) return slots_[i].index;
  }
  // Fetches into the caches what find() will look at. Changes nothing.
  void look_ahead(uint64_t key) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[mix64(key) & (slots_.size() - 1)]);
  }
  // Requires: the key is not there, and `index` is not kAbsent.
  void insert(uint64_t key, uint32_t index) {
    if ((count_ + 1) * 4 > slots_.size() * 3) grow();
    std::size_t mask = slots_.size() - 1;
    std::size_t i = mix64(key) & mask;
    while (slots_[i].index != kAbsent) i = (i + 1) & mask;
    slots_[i] = {key, index};
    ++count_;
  }
  // Deletion by shifting back (Knuth, TAOCP 6.4, algorithm R). Nothing happens if the key is not
  // there.
  void erase(uint64_t key) {
    if (find(key) == kAbsent) return;
    std::size_t mask = slots_.size() - 1;
    std::size_t hole = mix64(key) & mask;
    while (slots_[hole].key != key) hole = (hole + 1) & mask;
    for (std::size_t i = (hole + 1) & mask; slots_[i].index != kAbsent; i = (i + 1) & mask) {
      std::size_t wanted = mix64(slots_[i].key) & mask;
      if (((i - wanted) & mask) < ((i - hole) & mask)) continue;
      slots_[hole] = slots_[i];
      hole = i;
    }
    slots_[hole] = Slot{};
    --count_;
  }
  std::size_t size() const { return count_; }

 private:
  struct Slot {
    uint64_t key = 0;
    uint32_t index = kAbsent;
  };
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 8 : slots_.size() * 2);
    old.swap(slots_);
    count_ = 0;
    for (const Slot& slot : old)
      if (slot.index != kAbsent) insert(slot.key, slot.index);
  }
  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

}  // namespace tyto::tracker
