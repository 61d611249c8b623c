// Fleets of any size, made to see what size costs.
#include "sim/scenarios/catalogue.h"

namespace tyto::sim {
namespace {

constexpr uint32_t kReadersPerRack = 40;
constexpr uint64_t kRackOversubscription = 4;

// Everybody at once, in racks whose uplinks carry a quarter of what their hosts could take.
Scenario in_racks(Scenario scenario, uint32_t superpeers) {
  FleetSpec& fleet = scenario.fleet;
  fleet.superpeers = superpeers;
  for (uint32_t i = 0; i < fleet.readers; ++i) scenario.reads[i].node = fleet.reader(i);
  fleet.racks = (fleet.readers + kReadersPerRack - 1) / kReadersPerRack;
  uint64_t rack = fleet.reader_link.up_bytes_per_s * kReadersPerRack / kRackOversubscription;
  fleet.rack_link = {rack, rack};
  scenario.latency = {Duration::milliseconds(1), Duration::milliseconds(1)};
  scenario.tracker.max_peers = fleet.size();
  return scenario;
}

Scenario million(const Knobs& knobs) {
  return in_racks(base_scenario("million", knobs, {.readers = 1'000'000, .chunks = 64}), 4);
}

// As many trackers as Meta told of (Owl, OSDI 2022), a superpeer for each, and a hundredth of the
// peers.
Scenario owl(const Knobs& knobs) {
  constexpr uint32_t kTrackers = 112;
  Scenario scenario =
      in_racks(base_scenario("owl", knobs, {.readers = 100'000, .chunks = 64}), kTrackers);
  scenario.trackers = kTrackers;
  scenario.expect.leases = Leases::kCounted;
  scenario.expect.amplification_permille_max = 1020;
  return scenario;
}

}  // namespace

std::vector<CatalogueEntry> size_scenarios() {
  return {{"million", "a million readers in racks of 40; wants --world fleet", million},
          {"owl", "100,000 readers in racks of 40, of 112 trackers; wants --world fleet", owl}};
}

}  // namespace tyto::sim
