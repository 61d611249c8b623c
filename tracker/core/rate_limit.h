// A limit in bytes a second.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace tyto::tracker {

// Says when more may go (the generic cell rate algorithm, ITU-T I.371): what was not used of the
// last kBurst may be used at once.
//
// Purity: pure.
// Bounds: 8 bytes.
class RateLimit {
 public:
  static constexpr Duration kBurst = Duration::milliseconds(250);

  // Whether anything may be taken now. It may be more than what the moment is worth, and is then
  // waited for afterwards. `bytes_per_s` 0: always.
  bool is_open(Instant now, uint64_t bytes_per_s) const {
    return bytes_per_s == 0 || free_at_ <= now;
  }
  // When something may be taken.
  Instant opens_at() const { return free_at_; }
  // What may be taken now without its being waited for afterwards. 0 if none was left at all.
  uint64_t unused(Instant now, uint64_t bytes_per_s) const {
    Duration span = free_at_ >= now ? Duration() : std::min(now - free_at_, kBurst);
    return static_cast<uint64_t>(span.ns()) * (bytes_per_s / 1000) / 1'000'000;
  }
  void take(Instant now, uint32_t bytes, uint64_t bytes_per_s) {
    if (bytes_per_s == 0) return;
    auto cost = static_cast<int64_t>(uint64_t{bytes} * 1'000'000'000 / bytes_per_s);
    Instant earliest = now >= Instant() + kBurst ? now - kBurst : Instant();
    free_at_ = std::max(free_at_, earliest) + Duration::nanoseconds(cost);
  }

 private:
  Instant free_at_;
};

}  // namespace tyto::tracker
