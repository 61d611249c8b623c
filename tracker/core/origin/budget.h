// How much of its origin a bucket may use, by the whole fleet.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace tyto::tracker {

// 0: no limit.
struct OriginLimits {
  uint32_t reads = 0;           // at once
  uint32_t requests_per_s = 0;  // reads begun
  uint64_t bytes_per_s = 0;     // of the reads begun
  bool operator==(const OriginLimits&) const = default;
  bool is_none() const { return *this == OriginLimits(); }
};

// Counts reads of one origin against limits. A read is one request, of one chunk or a run of them.
//
// Requests and bytes are spaced: a read may begin when those before it have had their time at the
// limit. So no span of time has more requests than the limit allows (rounded up), nor more bytes
// than that and one read. What a failed read did not bring is not given back. No read holds back
// others for more than an hour.
//
// Purity: pure, integers only. Threads: confined to its core's loop. Bounds: constant.
class OriginBudget {
 public:
  const OriginLimits& limits() const { return limits_; }
  // Other limits from now on. Reads under way count on, and the read begun last takes the time that
  // it would have taken under these.
  void set(const OriginLimits& limits) { limits_ = limits; }

  // When the next read may begin: now() or earlier, later, or never() if one must end before.
  Instant free_at() const;
  bool may_begin(Instant now) const { return free_at() <= now; }
  // Requires: may_begin(now).
  void begin(Instant now, uint64_t bytes);
  // Requires: a read is under way.
  void end();

  uint32_t reads() const { return reads_; }  // under way
  // The time that lies between two reads of so many bytes at least. Zero: the spans do not matter.
  Duration spacing(uint64_t bytes) const;

 private:
  Duration request_span() const;
  Duration byte_span(uint64_t bytes) const;

  OriginLimits limits_;
  uint32_t reads_ = 0;
  std::optional<Instant> began_;  // the read begun last; those before it have had their time
  uint64_t bytes_ = 0;            // of that
};

}  // namespace tyto::tracker
