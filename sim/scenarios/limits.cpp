// How close a schedule comes to what the links allow; the runs of `tools/bench versus`, simulated.
#include "sim/scenarios/catalogue.h"

namespace tyto::sim {
namespace {

constexpr uint64_t kLinkBytesPerS = 50'000'000 / 8;
constexpr LinkRates kLink{kLinkBytesPerS, kLinkBytesPerS};

// Everybody has the same link, and what is small waits in the same queues as what is large.
Scenario equal_links(std::string_view name, const Knobs& knobs) {
  Scenario scenario = base_scenario(name, knobs, {.readers = 16, .chunks = 256});
  scenario.fleet.reader_link = kLink;
  scenario.fleet.superpeer_link = kLink;
  scenario.origin.bytes_per_s = kLinkBytesPerS;
  scenario.latency = {Duration::milliseconds(15), Duration::milliseconds(15)};
  scenario.origin.latency = Duration::milliseconds(15);
  return scenario;
}

Scenario flat16(const Knobs& knobs) {
  return equal_links("flat16", knobs);
}

Scenario racks4x4(const Knobs& knobs) {
  Scenario scenario = equal_links("racks4x4", knobs);
  scenario.fleet.racks = 4;
  scenario.fleet.rack_link = kLink;
  return scenario;
}

Scenario staggered16(const Knobs& knobs) {
  Scenario scenario = equal_links("staggered16", knobs);
  auto count = static_cast<int64_t>(scenario.reads.size());
  for (int64_t i = 0; i < count; ++i)
    scenario.reads[static_cast<std::size_t>(i)].at += Duration::seconds(10) * i / count;
  return scenario;
}

Scenario slow_quarter16(const Knobs& knobs) {
  Scenario scenario = equal_links("slow_quarter16", knobs);
  scenario.fleet.slow_readers = scenario.fleet.readers / 4;
  scenario.fleet.slow_link = {kLinkBytesPerS / 4, kLinkBytesPerS / 4};
  return scenario;
}

}  // namespace

std::vector<CatalogueEntry> limit_scenarios() {
  return {
      {"flat16", "16 readers at once, all links equal", flat16},
      {"racks4x4", "the same in 4 racks behind links of a host's rate", racks4x4},
      {"staggered16", "the same, arriving over 10 s", staggered16},
      {"slow_quarter16", "the same, a quarter of them at a quarter of the rate", slow_quarter16},
  };
}

}  // namespace tyto::sim
