#include "sim/scenarios/catalogue.h"

#include <string>

#include "base/assert.h"
#include "settings/table.h"
#include "sim/scenarios/document.h"
#include "sim/scenarios/expand.h"
#include "sim/scenarios/files.h"

namespace tyto::sim {

uint64_t object_bytes(uint32_t chunks) {
  TYTO_ASSERT(is_chunk_count(chunks));
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

namespace {

// "limits/flat16.toml" is flat16. Requires: the file is one of ours, and so without an error.
CatalogueEntry entry_of(const ScenarioFile& file) {
  std::string name(file.path.substr(file.path.rfind('/') + 1));
  name.resize(name.rfind('.'));
  Result<ScenarioDocument> document = parse_scenario(file.text, std::string(file.path));
  TYTO_ASSERT(document.ok());
  return {name, document->about,
          [document = std::move(document).value(), name](const Knobs& knobs) {
            return expand(document, name, knobs);
          }};
}

std::vector<CatalogueEntry> entries_of(std::string_view folder) {
  std::vector<CatalogueEntry> entries;
  for (const ScenarioFile& file : scenario_files())
    if (file.path.starts_with(folder)) entries.push_back(entry_of(file));
  return entries;
}

}  // namespace

std::vector<CatalogueEntry> plain_scenarios() {
  return entries_of("plain/");
}
std::vector<CatalogueEntry> limit_scenarios() {
  return entries_of("limits/");
}
std::vector<CatalogueEntry> fault_scenarios() {
  return entries_of("faults/");
}
std::vector<CatalogueEntry> cluster_scenarios() {
  return entries_of("cluster/");
}
std::vector<CatalogueEntry> canary_scenarios() {
  return entries_of("canaries/");
}

std::vector<CatalogueEntry> all_scenarios() {
  std::vector<CatalogueEntry> all;
  for (auto* some :
       {plain_scenarios, limit_scenarios, size_scenarios, cluster_scenarios, fault_scenarios})
    for (CatalogueEntry& entry : some()) all.push_back(std::move(entry));
  all.push_back({"hostile", "random faults by the seed, then calm",
                 [](const Knobs& knobs) { return hostile_scenario(knobs.seed); }});
  all.push_back({"swarm", "the same with more of everything, some of it left out; then calm",
                 [](const Knobs& knobs) { return swarm_scenario(knobs.seed); }});
  for (CatalogueEntry& entry : canary_scenarios()) all.push_back(std::move(entry));
  return all;
}

Result<Scenario> catalogue_scenario(std::string_view name, const Knobs& knobs) {
  std::vector<std::string> names;
  for (const CatalogueEntry& entry : all_scenarios()) {
    if (entry.name == name) return entry.build(knobs);
    names.push_back(entry.name);
  }
  return {ErrorCode::kNotFound, "there is no scenario '" + std::string(name) + "'" +
                                    settings::did_you_mean(name, names) +
                                    "; see tyto-sim list, or name a file that ends in .toml"};
}

}  // namespace tyto::sim
