// The scenarios there are, by name.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/world/scenario.h"

namespace tyto::sim {

// What the command line can change of any scenario; 0: the scenario's own.
struct Knobs {
  uint64_t seed = 1;
  uint32_t readers = 0;
  uint32_t chunks = 0;
};

struct CatalogueEntry {
  std::string_view name;
  std::string_view about;
  Scenario (*build)(const Knobs&);
};

// Schedules against the limit of the links: 16 readers, 64 MiB, everybody's link 50 Mbit/s.
std::vector<CatalogueEntry> limit_scenarios();
// Fleets of a size that only the fleet world can run.
std::vector<CatalogueEntry> size_scenarios();
// Runs without a fault.
std::vector<CatalogueEntry> plain_scenarios();
// One fault each.
std::vector<CatalogueEntry> fault_scenarios();
// Many faults drawn by the seed, then calm. Every other knob is drawn by the seed as well.
Scenario hostile_scenario(uint64_t seed);
// Scenarios with a defect put in on purpose: each must fail.
std::vector<CatalogueEntry> canary_scenarios();

// All of these, in the order in which they are listed.
std::vector<CatalogueEntry> all_scenarios();

// What scenarios are made from: one superpeer, readers on links of 100 Mbit/s that all want one
// object of so many chunks of 256 KiB at once.
struct Defaults {
  uint32_t readers = 8;
  uint32_t chunks = 64;
};
Scenario base_scenario(std::string_view name, const Knobs& knobs, const Defaults& defaults = {});
// The size of an object of so many chunks: of 256 KiB each up to 256 of them, of 16 MiB above.
uint64_t object_bytes(uint32_t chunks);

}  // namespace tyto::sim
