// The scenarios there are, by name.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/world/scenario.h"

namespace tyto::sim {

// What the command line can change of any scenario; 0: the scenario's own.
struct Knobs {
  uint64_t seed = 1;
  uint32_t readers = 0;
  uint32_t chunks = 0;
};

struct CatalogueEntry {
  std::string name;
  std::string about;
  // Errors: kInvalidArgument, when the knobs do not fit the scenario.
  std::function<Result<Scenario>(const Knobs&)> build;
};

// Runs without a fault.
std::vector<CatalogueEntry> plain_scenarios();
// Schedules against the limit of the links: 16 readers, 64 MiB, everybody's link 50 Mbit/s.
std::vector<CatalogueEntry> limit_scenarios();
// Fleets of a size that only the fleet world can run.
std::vector<CatalogueEntry> size_scenarios();
// Several trackers, with a fault or without.
std::vector<CatalogueEntry> cluster_scenarios();
// One fault each.
std::vector<CatalogueEntry> fault_scenarios();
// Scenarios with a defect put in on purpose: each must fail.
std::vector<CatalogueEntry> canary_scenarios();
// Many faults drawn by the seed, then calm. Every other knob is drawn by the seed as well.
Scenario hostile_scenario(uint64_t seed);
// The same with more of everything, of which each seed leaves some out. What fuzzing runs.
Scenario swarm_scenario(uint64_t seed);

// All of these, in the order in which they are listed.
std::vector<CatalogueEntry> all_scenarios();
// The scenario of that name. Errors: kNotFound, with the nearest name; kInvalidArgument, as above.
Result<Scenario> catalogue_scenario(std::string_view name, const Knobs& knobs);

// What tests make scenarios from, and what files need not say: one superpeer, readers on links of
// 100 Mbit/s that all want one object of so many chunks of 256 KiB at once.
struct Defaults {
  uint32_t readers = 8;
  uint32_t chunks = 64;
};
Scenario base_scenario(std::string_view name, const Knobs& knobs, const Defaults& defaults = {});
// The size of an object of so many chunks: of 256 KiB each up to 256 of them, of 16 MiB above.
// Requires: is_chunk_count(chunks).
uint64_t object_bytes(uint32_t chunks);
// No object has two, three or four chunks: up to 1 MiB they are one.
constexpr bool is_chunk_count(uint32_t chunks) {
  return chunks < 2 || chunks > 4;
}

}  // namespace tyto::sim
