// How long to wait before the next attempt, and when to stop.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/rng.h"
#include "base/time.h"

namespace tyto::peer {

struct BackoffOptions {
  uint32_t attempts_max = 6;                        // in a row without progress; at least 1
  Duration wait_min = Duration::milliseconds(200);  // after the first; doubles
  Duration wait_max = Duration::seconds(5);
  Duration retry_after_max = Duration::seconds(10);  // what a server may ask for
};

// Exponential back-off with jitter (half of each wait is random). Purity: pure.
class Backoff {
 public:
  explicit Backoff(const BackoffOptions& options) : options_(options) {}
  // An attempt failed: the wait before the next, or nothing if that was the last.
  std::optional<Duration> next(Rng& rng, std::optional<Duration> retry_after = std::nullopt) {
    if (++failed_ >= options_.attempts_max) return std::nullopt;
    Duration base = options_.wait_min;
    for (uint32_t i = 1; i < failed_ && base < options_.wait_max; ++i) base = base * 2;
    base = std::min(base, options_.wait_max);
    Duration half = base / 2;
    Duration wait = half + half * rng.below(1001) / 1000;
    if (retry_after) wait = std::max(wait, std::min(*retry_after, options_.retry_after_max));
    return wait;
  }
  // There was progress: attempts count anew.
  void reset() { failed_ = 0; }
  uint32_t failed() const { return failed_; }

 private:
  BackoffOptions options_;
  uint32_t failed_ = 0;
};

}  // namespace tyto::peer
