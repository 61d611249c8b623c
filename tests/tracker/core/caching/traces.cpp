#include "tests/tracker/core/caching/traces.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>

namespace tyto::tracker {
namespace {

// Draws objects by their popularity.
class Draw {
 public:
  Draw(const std::vector<double>& popularity, uint64_t seed) : rng_(seed) {
    double sum = 0;
    for (double p : popularity) sums_.push_back(sum += p);
  }
  uint32_t operator()() {
    double at = static_cast<double>(rng_.next32()) / 4294967296.0 * sums_.back();
    auto it = std::upper_bound(sums_.begin(), sums_.end(), at);
    return static_cast<uint32_t>(std::min(it, sums_.end() - 1) - sums_.begin());
  }
  Rng& rng() { return rng_; }

 private:
  Rng rng_;
  std::vector<double> sums_;
};

using Occupancy = std::function<double(double)>;  // of an object, by its rate times the time

// The hit ratio once the time is found for which the objects that are in add up to the room.
double approximate(const std::vector<double>& popularity, uint32_t room, const Occupancy& is_in) {
  auto sum = [&](double time) {
    double in = 0;
    for (double p : popularity) in += is_in(p * time);
    return in;
  };
  double low = 0;
  double high = 1;
  while (sum(high) < room) high *= 2;
  for (int i = 0; i < 100; ++i) {
    double middle = (low + high) / 2;
    (sum(middle) < room ? low : high) = middle;
  }
  double hits = 0;
  for (double p : popularity) hits += p * is_in(p * low);
  return hits;
}

}  // namespace

std::vector<double> zipf(uint32_t objects, double exponent) {
  std::vector<double> weights;
  for (uint32_t i = 1; i <= objects; ++i) weights.push_back(std::pow(i, -exponent));
  double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= sum;
  return weights;
}

Trace independent(const std::vector<double>& popularity, std::size_t requests, uint64_t seed) {
  Draw draw(popularity, seed);
  Trace trace(requests);
  for (uint32_t& object : trace) object = draw();
  return trace;
}

Trace with_scans(const std::vector<double>& popularity, std::size_t requests, std::size_t every,
                 std::size_t length, uint64_t seed) {
  Draw draw(popularity, seed);
  Trace trace;
  while (trace.size() < requests) {
    for (std::size_t i = 0; i < every; ++i) trace.push_back(draw());
    for (std::size_t i = 0; i < length; ++i)
      trace.push_back(static_cast<uint32_t>(popularity.size() - 1 - i));
  }
  trace.resize(requests);
  return trace;
}

Trace with_shifts(const std::vector<double>& popularity, std::size_t requests, std::size_t every,
                  uint64_t seed) {
  Draw draw(popularity, seed);
  auto objects = static_cast<uint32_t>(popularity.size());
  std::vector<uint32_t> object_of(objects);
  std::iota(object_of.begin(), object_of.end(), 0u);
  Trace trace;
  while (trace.size() < requests) {
    if (trace.size() % every == 0)
      for (uint32_t i = 0; i < objects / 10; ++i)
        std::swap(object_of[i], object_of[draw.rng().below(objects)]);
    trace.push_back(object_of[draw()]);
  }
  return trace;
}

double che_lru(const std::vector<double>& popularity, uint32_t room) {
  return approximate(popularity, room, [](double x) { return 1 - std::exp(-x); });
}

double che_random(const std::vector<double>& popularity, uint32_t room) {
  return approximate(popularity, room, [](double x) { return x / (1 + x); });
}

uint64_t belady_hits(const Trace& trace, uint32_t room) {
  const std::size_t never = trace.size();
  uint32_t objects = *std::max_element(trace.begin(), trace.end()) + 1;
  std::vector<std::size_t> next(trace.size());
  std::vector<std::size_t> later(objects, never);
  for (std::size_t i = trace.size(); i-- > 0;) {
    next[i] = later[trace[i]];
    later[trace[i]] = i;
  }
  std::set<std::pair<std::size_t, uint32_t>> kept;  // by when it is asked for again
  uint64_t hits = 0;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    hits += kept.erase({i, trace[i]});
    kept.insert({next[i], trace[i]});
    if (kept.size() > room) kept.erase(std::prev(kept.end()));
  }
  return hits;
}

}  // namespace tyto::tracker
