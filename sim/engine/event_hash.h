// One number that stands for a whole run.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/digest.h"
#include "base/rng.h"
#include "base/strong.h"
#include "base/time.h"

namespace tyto::sim {

// Folds integers and texts, in their order, into 64 bits. The same run gives the same value in
// every build; two runs that differ anywhere give different ones, but for chance.
//
// Purity: pure.
class EventHash {
 public:
  void add(uint64_t value) {
    state_ = mix64(state_ * 0x2545f4914f6cdd1d + value);
    ++count_;
  }
  void add(Instant at) { add(static_cast<uint64_t>(at.ns())); }
  void add(Duration span) { add(static_cast<uint64_t>(span.ns())); }
  void add(const Digest& digest) {
    for (std::size_t word = 0; word < Digest::kSize / 8; ++word) {
      uint64_t value = 0;
      for (std::size_t i = 0; i < 8; ++i) value = value << 8 | digest.bytes[word * 8 + i];
      add(value);
    }
  }
  void add(std::string_view text) {
    add(uint64_t{text.size()});
    for (char c : text) add(uint64_t{static_cast<unsigned char>(c)});
  }
  template <class Tag, class Rep>
  void add(Strong<Tag, Rep> id) {
    add(static_cast<uint64_t>(id.value()));
  }

  uint64_t value() const { return state_; }
  // How many integers went in.
  uint64_t count() const { return count_; }

 private:
  uint64_t state_ = 0x7479746f;
  uint64_t count_ = 0;
};

}  // namespace tyto::sim
