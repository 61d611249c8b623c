// Whatever can go wrong does, as the seed has it; then calm, and everybody must be served.
#include "sim/engine/random.h"
#include "sim/scenarios/catalogue.h"

namespace tyto::sim {
namespace {

constexpr Duration kHostileFor = Duration::seconds(20);
constexpr int64_t kReadsWithinMs = 8'000;
constexpr uint32_t kFaultsMax = 8;

uint32_t pick(Rng& rng, uint32_t low, uint32_t high) {
  return static_cast<uint32_t>(between(rng, int64_t{low}, int64_t{high}));
}
Duration pick_ms(Rng& rng, int64_t low, int64_t high) {
  return Duration::nanoseconds(between(rng, low * 1'000'000, high * 1'000'000));
}

void draw_fleet(Rng& rng, Scenario& scenario) {
  FleetSpec& fleet = scenario.fleet;
  fleet.superpeers = pick(rng, 0, 5) == 0 ? 2 : 1;
  fleet.readers = pick(rng, 2, 10);
  fleet.racks = rng.one_in(1, 3) ? pick(rng, 1, 3) : 0;
  uint64_t rate = uint64_t{pick(rng, 4, 60)} * 1'000'000;
  fleet.reader_link = {rate, rate};
  fleet.rack_link = {rate, rate};
  fleet.superpeer_link = {rate * pick(rng, 1, 3), rate * 4};
  fleet.reader_uploads_max = rng.one_in(1, 2) ? 0 : pick(rng, 1, 6);
  scenario.origin.bytes_per_s = rate * pick(rng, 1, 4);
  scenario.origin.reads_max = pick(rng, 1, 32);
  scenario.origin.latency = pick_ms(rng, 1, 100);
  scenario.latency = {pick_ms(rng, 0, 5), pick_ms(rng, 0, 10)};
}

void draw_policies(Rng& rng, Scenario& scenario) {
  scenario.bucket.trust_peers = rng.one_in(1, 2);
  scenario.bucket.revalidate = static_cast<Revalidate>(rng.below(3));
  scenario.bucket.revalidate_age = pick_ms(rng, 100, 20'000);
  scenario.tracker.uploads_per_host = pick(rng, 1, 6);
  scenario.tracker.uploads_per_superpeer = pick(rng, 2, 16);
  scenario.tracker.assignments_per_peer = pick(rng, 1, 6);
  scenario.tracker.origin_reads_per_superpeer = pick(rng, 1, 8);
  scenario.catalog_lag = pick_ms(rng, 0, 500);
}

// Objects of 0 to 48 chunks, the last of which may be short.
void draw_objects(Rng& rng, Scenario& scenario) {
  uint32_t count = pick(rng, 1, 3);
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t bytes = uint64_t{pick(rng, 1, 48)} * kChunkBytesMin;
    if (rng.one_in(1, 3)) bytes -= pick(rng, 1, kChunkBytesMin - 1);
    if (rng.one_in(1, 20)) bytes = 0;
    scenario.objects.push_back({"object-" + std::to_string(i), bytes, rng.one_in(1, 3)});
  }
}

void draw_reads(Rng& rng, Scenario& scenario) {
  for (uint32_t i = 0; i < scenario.fleet.readers; ++i) {
    uint32_t reads = pick(rng, 1, 2);
    for (uint32_t n = 0; n < reads; ++n) {
      ReadSpec read{.at = pick_ms(rng, 0, kReadsWithinMs), .node = scenario.fleet.reader(i)};
      read.object = rng.below(static_cast<uint32_t>(scenario.objects.size()));
      read.mode = rng.one_in(1, 3) ? ReadMode::kStream : ReadMode::kWhole;
      read.window = pick(rng, 1, 12);
      scenario.reads.push_back(read);
    }
  }
}

// Stores that hold little more than the largest object; and reads when all else is over, which
// have to push out what is there.
void draw_small_stores(Rng& rng, Scenario& scenario) {
  if (!rng.one_in(1, 3)) return;
  uint64_t all = 0;
  for (const ObjectSpec& object : scenario.objects) all += object.bytes;
  uint64_t slack = uint64_t{pick(rng, 4, 8)} * kChunkBytesMin;
  scenario.fleet.reader_store_bytes = all + slack;
  uint32_t objects = static_cast<uint32_t>(scenario.objects.size());
  for (uint32_t round = 0; round < 2; ++round) {
    scenario.objects.push_back({"late-" + std::to_string(round), all, false});
    for (uint32_t i = 0; i < scenario.fleet.readers; ++i) {
      ReadSpec read{.at = kHostileFor + Duration::seconds(90 + 40 * int64_t{round}),
                    .node = scenario.fleet.reader(i)};
      read.object = objects + round;
      scenario.reads.push_back(read);
    }
  }
}

FaultSpec draw_fault(Rng& rng, const Scenario& scenario) {
  FaultSpec fault;
  fault.kind =
      static_cast<FaultKind>(rng.below(static_cast<uint32_t>(FaultKind::kOriginChanges) + 1));
  fault.at = pick_ms(rng, 0, kReadsWithinMs + 2'000);
  fault.lasts = rng.one_in(1, 8) ? Duration::forever() : pick_ms(rng, 50, 8'000);
  fault.target = rng.below(scenario.fleet.size());
  // A superpeer is trusted with chunks whose roots nobody knows: it does not lie.
  bool is_superpeer = fault.target < scenario.fleet.superpeers;
  if (fault.kind == FaultKind::kPeerCorrupts && is_superpeer) fault.kind = FaultKind::kPeerFreeze;
  if (is_of_tracker(fault.kind)) fault.target = 0;
  if (fault.kind == FaultKind::kOriginChanges) {
    fault.target = rng.below(static_cast<uint32_t>(scenario.objects.size()));
    // A published object that changes at its origin can't be read any more, by nobody's fault.
    if (scenario.objects[fault.target].is_published) fault.kind = FaultKind::kOriginRefuses;
  }
  return fault;
}

}  // namespace

Scenario hostile_scenario(uint64_t seed) {
  Rng rng = make_stream(seed, Stream::kKnobs);
  Scenario scenario;
  scenario.name = "hostile";
  scenario.seed = seed;
  draw_fleet(rng, scenario);
  draw_policies(rng, scenario);
  draw_objects(rng, scenario);
  draw_reads(rng, scenario);
  draw_small_stores(rng, scenario);
  Rng nemesis = make_stream(seed, Stream::kNemesis);
  uint32_t faults = pick(nemesis, 1, kFaultsMax);
  for (uint32_t i = 0; i < faults; ++i) scenario.faults.push_back(draw_fault(nemesis, scenario));
  for (const FaultSpec& fault : scenario.faults) {
    if (fault.kind == FaultKind::kPeerForgets) scenario.expect.inventories_agree = false;
  }
  scenario.calm_at = kHostileFor;
  scenario.readers = Readers::kAskAgain;
  scenario.expect.leases = Leases::kCounted;
  scenario.expect.amplification_permille_max = 0;
  scenario.expect.read_time_max = Duration::seconds(60);
  return scenario;
}

}  // namespace tyto::sim
