// How fast bytes come.
#pragma once

#include <cstdint>

#include "base/limits.h"
#include "base/time.h"

namespace tyto::tracker {

// The mean rate of the last seconds in which bytes came: older ones count half each 4 s, silences
// of more than 4 s not at all. 16 bytes.
//
// Purity: pure.
class RateMeter {
 public:
  // `bytes` have come, by now. When what ends a silence began is not known, so it only begins a
  // span.
  void add(Instant now, uint64_t bytes) {
    auto now_ms = static_cast<uint32_t>(now.ns() / 1'000'000);  // wraps after 49 days: wrong once
    bool is_first = last_ms_ == 0 || now_ms - last_ms_ > kHalf.ms();
    last_ms_ = now_ms;
    if (is_first) {
      begin_ms_ = now_ms;
      kib_ = 0;
      return;
    }
    kib_ += static_cast<uint32_t>((bytes + kKiB - 1) / kKiB);
    uint32_t span_ms = now_ms - begin_ms_;
    if (span_ms < kSpanMin.ms()) return;
    kib_per_s_ = static_cast<uint32_t>(uint64_t{kib_} * 1000 / span_ms);
    if (span_ms < 2 * kHalf.ms()) return;
    kib_ /= 2;
    begin_ms_ += span_ms / 2;
  }
  // 0: not known yet.
  uint32_t kib_per_s() const { return kib_per_s_; }

 private:
  static constexpr Duration kHalf = Duration::seconds(4);
  static constexpr Duration kSpanMin = Duration::seconds(1);
  uint32_t begin_ms_ = 0;
  uint32_t last_ms_ = 0;  // 0: nothing came yet
  uint32_t kib_ = 0;      // since begin_ms_
  uint32_t kib_per_s_ = 0;
};

}  // namespace tyto::tracker
