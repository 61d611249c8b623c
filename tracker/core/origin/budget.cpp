#include "tracker/core/origin/budget.h"

#include <algorithm>

#include "base/assert.h"

namespace tyto::tracker {
namespace {

constexpr uint64_t kNsPerS = 1'000'000'000;
// Longer spans are of no use, and would overflow.
constexpr uint64_t kSpanMaxNs = 3600 * kNsPerS;
// More than the largest chunk; and its nanoseconds at a byte a second fit 64 bits.
constexpr uint64_t kReadBytesMax = uint64_t{1} << 34;

}  // namespace

Instant OriginBudget::free_at() const {
  if (limits_.reads > 0 && reads_ >= limits_.reads) return Instant::never();
  return began_ ? *began_ + spacing(bytes_) : Instant();
}

void OriginBudget::begin(Instant now, uint64_t bytes) {
  TYTO_ASSERT(may_begin(now));
  ++reads_;
  began_ = now;
  bytes_ = bytes;
}

void OriginBudget::end() {
  TYTO_ASSERT(reads_ > 0);
  --reads_;
}

Duration OriginBudget::spacing(uint64_t bytes) const {
  return std::max(request_span(), byte_span(bytes));
}

// Rounded up, so that not one request too many fits into a second.
Duration OriginBudget::request_span() const {
  if (limits_.requests_per_s == 0) return {};
  uint64_t ns = (kNsPerS + limits_.requests_per_s - 1) / limits_.requests_per_s;
  return Duration::nanoseconds(static_cast<int64_t>(ns));
}

Duration OriginBudget::byte_span(uint64_t bytes) const {
  if (limits_.bytes_per_s == 0) return {};
  TYTO_ASSERT(bytes <= kReadBytesMax);
  uint64_t ns = bytes * kNsPerS / limits_.bytes_per_s + 1;
  return Duration::nanoseconds(static_cast<int64_t>(std::min(ns, kSpanMaxNs)));
}

}  // namespace tyto::tracker
