// How fast bytes come.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/limits.h"
#include "base/time.h"

namespace tyto::tracker {

// The best rate of recent spans of half a second or more: what a link was seen to carry, rather than
// what it carries at the moment. Each span that brings less takes a 16th off. 12 bytes.
//
// Purity: pure.
class RateMeter {
 public:
  // `bytes` have come, by now. What ends a long silence began at an unknown time, and only begins
  // a span.
  void add(Instant now, uint64_t bytes) {
    auto now_ms = static_cast<uint32_t>(now.ns() / 1'000'000);
    uint32_t span_ms = now_ms - begin_ms_;  // wraps after 49 days, and then is wrong once
    if (begin_ms_ == 0 || span_ms > kSilence.ms()) {
      begin_ms_ = now_ms;
      kib_ = 0;
      return;
    }
    kib_ += static_cast<uint32_t>((bytes + kKiB - 1) / kKiB);
    if (span_ms < kSpan.ms()) return;
    auto rate = static_cast<uint32_t>(uint64_t{kib_} * 1000 / span_ms);
    kib_per_s_ = std::max(rate, kib_per_s_ - kib_per_s_ / 16);
    begin_ms_ = now_ms;
    kib_ = 0;
  }
  // 0: not known yet.
  uint32_t kib_per_s() const { return kib_per_s_; }

 private:
  static constexpr Duration kSpan = Duration::milliseconds(500);
  static constexpr Duration kSilence = Duration::seconds(10);
  uint32_t begin_ms_ = 0;  // of the present span; 0: none
  uint32_t kib_ = 0;
  uint32_t kib_per_s_ = 0;
};

}  // namespace tyto::tracker
