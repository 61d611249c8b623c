// Time as three types that do not mix: a span, a point on a monotonic clock, a point on the
// calendar. All count whole nanoseconds in 64 bits (292 years).
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace tyto {

// A span of time. May be negative.
class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration nanoseconds(int64_t n) { return Duration(n); }
  static constexpr Duration microseconds(int64_t n) { return Duration(n * 1'000); }
  static constexpr Duration milliseconds(int64_t n) { return Duration(n * 1'000'000); }
  static constexpr Duration seconds(int64_t n) { return Duration(n * 1'000'000'000); }
  // Longer than anything: the value of "no limit".
  static constexpr Duration forever() { return Duration(std::numeric_limits<int64_t>::max()); }

  constexpr int64_t ns() const { return ns_; }
  constexpr int64_t us() const { return ns_ / 1'000; }
  constexpr int64_t ms() const { return ns_ / 1'000'000; }
  constexpr int64_t s() const { return ns_ / 1'000'000'000; }

  constexpr auto operator<=>(const Duration&) const = default;
  constexpr Duration operator+(Duration other) const { return Duration(ns_ + other.ns_); }
  constexpr Duration operator-(Duration other) const { return Duration(ns_ - other.ns_); }
  constexpr Duration operator*(int64_t factor) const { return Duration(ns_ * factor); }
  constexpr Duration operator/(int64_t divisor) const { return Duration(ns_ / divisor); }
  constexpr Duration& operator+=(Duration other) { return *this = *this + other; }

 private:
  explicit constexpr Duration(int64_t ns) : ns_(ns) {}
  int64_t ns_ = 0;
};

// A point on a monotonic clock whose zero means nothing (boot, or the start of a simulation).
class Instant {
 public:
  constexpr Instant() = default;
  static constexpr Instant from_ns(int64_t ns) { return Instant(ns); }
  // After every other instant: the value of "no deadline".
  static constexpr Instant never() { return Instant(std::numeric_limits<int64_t>::max()); }

  constexpr int64_t ns() const { return ns_; }
  constexpr bool is_never() const { return *this == never(); }

  constexpr auto operator<=>(const Instant&) const = default;
  // Adding to, or reaching, the end of time stays there.
  constexpr Instant operator+(Duration span) const {
    if (is_never() || span == Duration::forever()) return never();
    if (span.ns() > 0 && ns_ > never().ns_ - span.ns()) return never();
    return Instant(ns_ + span.ns());
  }
  constexpr Instant operator-(Duration span) const { return Instant(ns_ - span.ns()); }
  constexpr Duration operator-(Instant earlier) const {
    return Duration::nanoseconds(ns_ - earlier.ns_);
  }

 private:
  explicit constexpr Instant(int64_t ns) : ns_(ns) {}
  int64_t ns_ = 0;
};

// A point on the calendar, UTC, in nanoseconds since 1970. Carried and compared, never used to
// measure spans.
class WallTime {
 public:
  constexpr WallTime() = default;
  static constexpr WallTime from_unix_ns(int64_t ns) { return WallTime(ns); }
  static constexpr WallTime from_unix_s(int64_t s) { return WallTime(s * 1'000'000'000); }
  constexpr int64_t unix_ns() const { return ns_; }
  constexpr int64_t unix_s() const { return ns_ / 1'000'000'000; }
  constexpr auto operator<=>(const WallTime&) const = default;

 private:
  explicit constexpr WallTime(int64_t ns) : ns_(ns) {}
  int64_t ns_ = 0;
};

}  // namespace tyto
