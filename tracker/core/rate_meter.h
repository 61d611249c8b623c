// How fast bytes come.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/limits.h"
#include "base/time.h"

namespace tyto::tracker {

// The best rate of recent half seconds: what a link was seen to carry, rather than what it carries
// at the moment. Each half second that brings less takes an eighth off. 12 bytes.
//
// Purity: pure.
class RateMeter {
 public:
  // `bytes` have come, over the time `took` that ends now.
  void add(Instant now, uint64_t bytes, Duration took) {
    auto now_ms = static_cast<uint32_t>(now.ns() / 1'000'000);
    if (window_kib_ == 0) begin_ms_ = now_ms - static_cast<uint32_t>(std::min(took, kWindow).ms());
    window_kib_ += static_cast<uint32_t>((bytes + kKiB - 1) / kKiB);
    uint32_t span_ms = now_ms - begin_ms_;  // wraps after 49 days, and then is wrong once
    if (span_ms < kWindow.ms()) return;
    auto rate = static_cast<uint32_t>(uint64_t{window_kib_} * 1000 / span_ms);
    kib_per_s_ = std::max(rate, kib_per_s_ - kib_per_s_ / 8);
    window_kib_ = 0;
  }
  // 0: not known yet.
  uint32_t kib_per_s() const { return kib_per_s_; }

 private:
  static constexpr Duration kWindow = Duration::milliseconds(500);
  uint32_t begin_ms_ = 0;
  uint32_t window_kib_ = 0;  // 0: the next bytes begin a window
  uint32_t kib_per_s_ = 0;
};

}  // namespace tyto::tracker
