#include "sim/scenarios/catalogue.h"

#include <string>

namespace tyto::sim {

uint64_t object_bytes(uint32_t chunks) {
  bool is_small = chunks <= kChunksAimedAt;
  return uint64_t{chunks} * (is_small ? kChunkBytesMin : kChunkBytesMax);
}

Scenario base_scenario(std::string_view name, const Knobs& knobs, const Defaults& defaults) {
  Scenario scenario;
  scenario.name = name;
  scenario.seed = knobs.seed;
  scenario.fleet.readers = knobs.readers > 0 ? knobs.readers : defaults.readers;
  scenario.fleet.reader_link = {12'500'000, 12'500'000};
  scenario.fleet.superpeer_link = {12'500'000, 125'000'000};
  scenario.origin.bytes_per_s = 25'000'000;
  uint32_t chunks = knobs.chunks > 0 ? knobs.chunks : defaults.chunks;
  scenario.objects.push_back({"object", object_bytes(chunks)});
  for (uint32_t i = 0; i < scenario.fleet.readers; ++i) {
    ReadSpec read{.at = Duration::milliseconds(100), .node = scenario.fleet.reader(i)};
    scenario.reads.push_back(read);
  }
  return scenario;
}

std::vector<CatalogueEntry> all_scenarios() {
  std::vector<CatalogueEntry> all = plain_scenarios();
  for (const CatalogueEntry& entry : limit_scenarios()) all.push_back(entry);
  for (const CatalogueEntry& entry : size_scenarios()) all.push_back(entry);
  for (const CatalogueEntry& entry : fault_scenarios()) all.push_back(entry);
  all.push_back({"hostile", "random faults by the seed, then calm",
                 [](const Knobs& knobs) { return hostile_scenario(knobs.seed); }});
  for (const CatalogueEntry& entry : canary_scenarios()) all.push_back(entry);
  return all;
}

}  // namespace tyto::sim
