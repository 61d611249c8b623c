#include "sim/scenarios/arrivals.h"

#include <algorithm>
#include <bit>

#include "sim/engine/draw.h"

namespace tyto::sim {

namespace {

constexpr Duration kLastMax = Duration::seconds(4 * 366 * 86400);

// span * i / n, rounded down, without overflow. Requires: 0 <= i < n < 2^31.
Duration part_of(Duration span, int64_t i, int64_t n) {
  return span / n * i + Duration::nanoseconds(span.ns() % n * i / n);
}

}  // namespace

std::vector<Duration> arrival_times(const ReadsRow& row, std::size_t count, Rng& rng) {
  std::vector<Duration> times;
  times.reserve(count);
  auto readers = static_cast<int64_t>(count);
  Duration last;
  for (int64_t i = 0; i < readers; ++i) {
    switch (row.arrival) {
      case Arrival::kAtOnce: times.push_back(row.at); break;
      case Arrival::kSpread: times.push_back(row.at + part_of(row.over, i, readers)); break;
      case Arrival::kEach: times.push_back(row.at + row.gap * i); break;
      case Arrival::kWaves: {
        int64_t wave = i * row.waves / readers;
        times.push_back(row.at + row.gap * wave);
        break;
      }
      case Arrival::kPoisson:
        last += draw_exponential(rng, row.over / readers);
        times.push_back(row.at + std::min(last, kLastMax));
        break;
      case Arrival::kDiurnal: times.push_back(row.at + draw_diurnal(rng, row.day, row.over)); break;
    }
  }
  std::sort(times.begin(), times.end());
  return times;
}

uint64_t draw_log_uniform(Rng& rng, uint64_t low, uint64_t high) {
  TYTO_ASSERT(low <= high && high > 0);
  low = std::max<uint64_t>(low, 1);
  // A power of 2 by lot, then a size from it to the next, within the bounds.
  auto first = static_cast<int64_t>(std::bit_width(low)) - 1;
  auto last = static_cast<int64_t>(std::bit_width(high)) - 1;
  uint64_t power = uint64_t{1} << between(rng, first, last);
  uint64_t least = std::max(low, power);
  uint64_t most = std::min(high, 2 * power - 1);
  return static_cast<uint64_t>(
      between(rng, static_cast<int64_t>(least), static_cast<int64_t>(most)));
}

}  // namespace tyto::sim
