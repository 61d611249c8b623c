// Sequences of requests, and what theory says of caches that serve them.
#pragma once

#include <cstdint>
#include <vector>

#include "base/rng.h"

namespace tyto::tracker {

// How often each object is asked for: Zipf's law, object 0 most often.
std::vector<double> zipf(uint32_t objects, double exponent);

using Trace = std::vector<uint32_t>;  // objects, in the order in which they are asked for

// Independent requests of that popularity (the "independent reference model").
Trace independent(const std::vector<double>& popularity, std::size_t requests, uint64_t seed);
// Independent requests, and after each `every` of them a walk over all objects from the least
// popular on, `length` long.
Trace with_scans(const std::vector<double>& popularity, std::size_t requests, std::size_t every,
                 std::size_t length, uint64_t seed);
// Independent requests of a popularity that moves: after each `every` of them the objects of a
// tenth of the ranks change places with others.
Trace with_shifts(const std::vector<double>& popularity, std::size_t requests, std::size_t every,
                  uint64_t seed);

// Hit ratios of a cache for `room` objects under independent requests: least recently used by Che,
// Tung and Wang (2002), random replacement by the same approximation (Martina, Garetto and Leonardi
// 2014).
double che_lru(const std::vector<double>& popularity, uint32_t room);
double che_random(const std::vector<double>& popularity, uint32_t room);

// Hits of the best that can be: what is asked for latest goes first (Belady 1966).
uint64_t belady_hits(const Trace& trace, uint32_t room);

}  // namespace tyto::tracker
