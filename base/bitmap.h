// A set of chunk indices.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "base/assert.h"

namespace tyto {

// A fixed-size set of small integers, one bit each. Bits past `size()` in the last word are zero.
//
// Purity: pure. Bounds: (size + 63) / 64 words.
class Bitmap {
 public:
  Bitmap() = default;
  explicit Bitmap(uint32_t size) : size_(size), words_((size + 63) / 64) {}
  // From words as sent over the wire. Requires: words.size() == (size + 63) / 64; surplus bits of
  // the last word are cleared.
  Bitmap(uint32_t size, std::vector<uint64_t> words) : size_(size), words_(std::move(words)) {
    TYTO_ASSERT(words_.size() == (size + 63) / 64);
    trim();
  }
  static Bitmap full(uint32_t size) {
    Bitmap bits(size);
    for (auto& word : bits.words_) word = ~uint64_t{0};
    bits.trim();
    return bits;
  }
  bool operator==(const Bitmap&) const = default;

  uint32_t size() const { return size_; }
  bool test(uint32_t i) const {
    TYTO_ASSERT(i < size_);
    return (words_[i / 64] >> (i % 64)) & 1;
  }
  void set(uint32_t i) {
    TYTO_ASSERT(i < size_);
    words_[i / 64] |= uint64_t{1} << (i % 64);
  }
  void reset(uint32_t i) {
    TYTO_ASSERT(i < size_);
    words_[i / 64] &= ~(uint64_t{1} << (i % 64));
  }
  uint32_t count() const {
    uint32_t n = 0;
    for (uint64_t word : words_) n += static_cast<uint32_t>(std::popcount(word));
    return n;
  }
  bool all() const { return count() == size_; }
  bool none() const {
    for (uint64_t word : words_)
      if (word != 0) return false;
    return true;
  }
  // The first member at or after `from`, or size() if there is none.
  uint32_t next_set(uint32_t from) const { return next(from, 0); }
  // The first non-member at or after `from`, or size() if there is none.
  uint32_t next_unset(uint32_t from) const { return next(from, ~uint64_t{0}); }
  const std::vector<uint64_t>& words() const { return words_; }

 private:
  void trim() {
    if (size_ % 64 != 0 && !words_.empty()) words_.back() &= (uint64_t{1} << (size_ % 64)) - 1;
  }
  uint32_t next(uint32_t from, uint64_t flip) const {
    while (from < size_) {
      uint64_t word = (words_[from / 64] ^ flip) >> (from % 64);
      if (word != 0) {
        uint32_t found = from + static_cast<uint32_t>(std::countr_zero(word));
        return found < size_ ? found : size_;
      }
      from = (from / 64 + 1) * 64;
    }
    return size_;
  }
  uint32_t size_ = 0;
  std::vector<uint64_t> words_;
};

}  // namespace tyto
