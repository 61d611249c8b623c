#include "io/loop/clock.h"

#include <chrono>

namespace tyto::io {

namespace {
template <class Clock>
int64_t ns_since_epoch() {
  auto span = Clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(span).count();
}
}  // namespace

// libstdc++'s steady_clock is CLOCK_MONOTONIC, its system_clock CLOCK_REALTIME.
Instant monotonic_now() {
  return Instant::from_ns(ns_since_epoch<std::chrono::steady_clock>());
}

WallTime wall_now() {
  return WallTime::from_unix_ns(ns_since_epoch<std::chrono::system_clock>());
}

}  // namespace tyto::io
