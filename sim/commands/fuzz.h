// tyto-sim fuzz, apart from its flags.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "sim/world/scenario.h"

namespace tyto::sim {

struct FuzzOptions {
  uint64_t first_seed = 1;
  uint32_t runs = 100;        // with `minutes`: at most so many, if it is not 0
  uint32_t minutes = 0;       // 0: until all runs are done
  uint32_t shrink_max = 400;  // runs for making one failure small; 0: none
  std::string scenario = "swarm";
  std::string without;     // replay one seed without these; see sim/fuzz/reduction.h
  bool has_trace = false;  // of that replay
  std::string save;        // a folder for scenario files of what is left of failures; empty: none
  PlantedBug bug = PlantedBug::kNone;
};

// Runs one seed after the other and says what came of it. Returns an exit code of tyto-sim.
int fuzz(const FuzzOptions& options, std::FILE* out);

}  // namespace tyto::sim
