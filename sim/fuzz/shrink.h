// From a scenario that fails to a small one that fails in the same way.
#pragma once

#include <cstdint>
#include <functional>

#include "sim/fuzz/reduction.h"

namespace tyto::sim {

struct Shrunk {
  Reduction reduction;
  uint32_t runs = 0;
};

// Leaves out what can go while `fails` is still true of the rest: faults, readers, reads, halves of
// objects, settings, time. Greedy, by halves of each list and then one by one (Zeller's ddmin),
// over and over until nothing goes or `runs_max` were used. Requires: fails(whole), and the same
// answer for the same scenario.
Shrunk shrink(const Scenario& whole, const std::function<bool(const Scenario&)>& fails,
              uint32_t runs_max);

}  // namespace tyto::sim
