// When the readers of a row ask, and how large objects are.
#pragma once

#include <vector>

#include "sim/engine/random.h"
#include "sim/scenarios/document.h"

namespace tyto::sim {

// The times at which `count` readers ask, from the run's start, in order.
std::vector<Duration> arrival_times(const ReadsRow& row, std::size_t count, Rng& rng);

// A size in [low, high] of which every order of magnitude (of 2) is as likely as another.
// Requires: low <= high, 0 < high.
uint64_t draw_log_uniform(Rng& rng, uint64_t low, uint64_t high);

}  // namespace tyto::sim
