// Keeps a stream of bytes to a rate.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/limits.h"
#include "base/time.h"

namespace tyto::peer {

// A token bucket that lends: take() always succeeds and tells how long to wait before the next
// one, so that whoever shares it is slowed in proportion to what it takes.
//
// Purity: pure; time only as `now`, which never goes back.
// Bounds: after a pause, at most 50 ms' worth (64 KiB at least) goes out at once.
class TokenBucket {
 public:
  // Bytes a second; 0: unlimited.
  void set_rate(uint64_t bytes_per_s) { bytes_per_s_ = bytes_per_s; }
  uint64_t rate() const { return bytes_per_s_; }

  // Spends `bytes` and returns the wait until the debt is paid: zero while there is credit.
  Duration take(Instant now, uint64_t bytes) {
    if (bytes_per_s_ == 0) return Duration{};
    Duration cost = span_of(bytes);
    Instant earliest = now - span_of(std::max<uint64_t>(64 * kKiB, bytes_per_s_ / 20));
    paid_until_ = std::max(paid_until_, earliest) + cost;
    return std::max(Duration{}, paid_until_ - now);
  }
  // A good size for one take(): 20 ms' worth, within 16 KiB to 512 KiB.
  uint32_t slice_bytes() const {
    if (bytes_per_s_ == 0) return 512 * kKiB;
    return static_cast<uint32_t>(std::clamp<uint64_t>(bytes_per_s_ / 50, kBlockBytes, 512 * kKiB));
  }

 private:
  Duration span_of(uint64_t bytes) const {
    constexpr uint64_t kNsPerS = 1'000'000'000;
    return Duration::nanoseconds(
        static_cast<int64_t>(static_cast<unsigned __int128>(bytes) * kNsPerS / bytes_per_s_));
  }
  uint64_t bytes_per_s_ = 0;
  Instant paid_until_;  // all that was taken is paid for by then
};

}  // namespace tyto::peer
