// A run in a process of its own, which may abort.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "sim/world/scenario.h"

namespace tyto::sim {

// What came of it.
struct Outcome {
  std::string failure;  // what must be the same for two failures to be of one kind; empty: good
  std::string what;     // the first violations, or the assertion; for people
  uint64_t events = 0;  // up to the end, or to the abort
  uint64_t time_ms = 0;
  std::map<std::string, uint64_t> faults;   // begun, by kind
  std::map<std::string, uint64_t> notices;  // of the trackers, by kind
  bool is_good() const { return failure.empty(); }
};

// Runs the scenario under all checkers in a forked child, and waits for it. A failure's name is
// that of its checker; "abort" with the assertion; or "hangs", after a minute on the clock.
Outcome run_apart(const Scenario& scenario);

}  // namespace tyto::sim
