// Hostile worlds of every kind: each seed leaves out some of what can go wrong, and some of what
// can be set, so that what it has stands out (swarm testing; Groce and others, ISSTA 2012).
#include <algorithm>

#include "sim/engine/random.h"
#include "sim/scenarios/catalogue.h"
#include "sim/scenarios/swarm_policy.h"

namespace tyto::sim {
namespace {

constexpr uint32_t kFaultKinds = static_cast<uint32_t>(FaultKind::kOriginChanges) + 1;

uint32_t pick(Rng& rng, uint32_t low, uint32_t high) {
  return static_cast<uint32_t>(between(rng, int64_t{low}, int64_t{high}));
}
Duration pick_ms(Rng& rng, int64_t low, int64_t high) {
  return Duration::nanoseconds(between(rng, low * 1'000'000, high * 1'000'000));
}
// As often small as large.
uint32_t pick_scale(Rng& rng, uint32_t bits_max) {
  uint32_t bits = rng.below(bits_max + 1);
  return pick(rng, 1u << bits, (2u << bits) - 1);
}

// --- who is there ---

void draw_links(Rng& rng, Scenario& scenario) {
  FleetSpec& fleet = scenario.fleet;
  uint64_t rate = uint64_t{pick_scale(rng, 6)} * 500'000;
  fleet.reader_link = {rng.one_in(1, 4) ? std::max<uint64_t>(rate / 8, 200'000) : rate, rate};
  fleet.rack_link = {rate * pick(rng, 1, 2), rate * pick(rng, 1, 3)};
  fleet.superpeer_link = {rate * pick(rng, 1, 3), rate * pick(rng, 1, 4)};
  scenario.origin.bytes_per_s = rate * pick(rng, 1, 4);
  scenario.origin.reads_max = pick_scale(rng, 5);
  if (rng.one_in(1, 2)) scenario.origin.latency = pick_ms(rng, 0, 300);
  if (rng.one_in(2, 3)) scenario.latency = {pick_ms(rng, 0, 20), pick_ms(rng, 0, 40)};
}

void draw_fleet(Rng& rng, Scenario& scenario) {
  FleetSpec& fleet = scenario.fleet;
  fleet.superpeers = rng.one_in(1, 2) ? 1 : pick(rng, 0, 3);
  fleet.readers = pick_scale(rng, 3);
  fleet.racks = rng.one_in(1, 3) ? pick(rng, 1, 4) : 0;
  fleet.reader_uploads_max = rng.one_in(1, 2) ? 0 : pick_scale(rng, 3);
  draw_links(rng, scenario);
  // Without superpeers, readers that are not trusted read the origin each for itself.
  scenario.bucket.trust_peers = rng.one_in(1, 2);
}

// --- links that lose, disks that take time, an origin with moods ---

uint64_t draw_disk_rate(Rng& rng) {
  return rng.one_in(1, 4) ? 0 : uint64_t{pick_scale(rng, 6)} * 500'000;
}

void draw_loss(Rng& rng, Scenario& scenario) {
  FleetSpec& fleet = scenario.fleet;
  for (uint32_t* loss_ppm : {&fleet.reader_link.loss_ppm, &fleet.superpeer_link.loss_ppm,
                             &fleet.rack_link.loss_ppm, &scenario.origin.loss_ppm})
    if (rng.one_in(1, 2)) *loss_ppm = pick_scale(rng, 12);
}

void draw_models(Rng& rng, Scenario& scenario) {
  if (rng.one_in(1, 4)) draw_loss(rng, scenario);
  if (rng.one_in(1, 4)) scenario.tcp = {true, pick_scale(rng, 5) * kSegmentBytes};
  if (rng.one_in(1, 4)) scenario.fleet.reader_disk = {draw_disk_rate(rng), draw_disk_rate(rng)};
  if (rng.one_in(1, 4)) scenario.fleet.superpeer_disk = {draw_disk_rate(rng), draw_disk_rate(rng)};
  if (rng.one_in(1, 4)) scenario.origin.jitter_max = pick_ms(rng, 0, 1'000);
  if (rng.one_in(1, 4)) scenario.origin.errors_permille = pick(rng, 1, 100);
  // Readers that all have to read the origin for themselves would read all of each object there.
  if (rng.one_in(1, 8)) scenario.origin.has_ranges = scenario.fleet.superpeers == 0;
}

// --- what can be set ---

void draw_tracker(Rng& rng, tracker::Config& config) {
  if (rng.one_in(1, 2)) config.uploads_per_host = pick_scale(rng, 4);
  if (rng.one_in(1, 2)) config.uploads_per_superpeer = pick_scale(rng, 6);
  if (rng.one_in(1, 2)) config.assignments_per_peer = pick_scale(rng, 5);
  if (rng.one_in(1, 2)) config.origin_reads_per_superpeer = pick_scale(rng, 4);
  if (rng.one_in(1, 4)) config.patience = pick_ms(rng, 500, 3'000);
  if (rng.one_in(1, 4)) config.origin_patience = pick_ms(rng, 2'000, 15'000);
  if (rng.one_in(1, 4)) config.session_grace = pick_ms(rng, 100, 10'000);
  if (rng.one_in(1, 4)) config.silence_max = pick_ms(rng, 3'000, 15'000);
  if (rng.one_in(1, 4)) config.park = pick_ms(rng, 1'000, 20'000);
  if (rng.one_in(1, 4)) config.recovery = pick_ms(rng, 0, 4'000);
  if (rng.one_in(1, 4)) config.suspicion = pick_ms(rng, 500, 8'000);
  if (rng.one_in(1, 4)) config.quarantine = pick_ms(rng, 1'000, 600'000);
  if (rng.one_in(1, 4)) config.resolve_timeout = pick_ms(rng, 2'000, 15'000);
  if (rng.one_in(1, 4)) config.origin_retry_min = pick_ms(rng, 50, 1'000);
}

void draw_policies(Rng& rng, Scenario& scenario) {
  draw_tracker(rng, scenario.tracker);
  if (rng.one_in(1, 2)) {
    scenario.bucket.revalidate = static_cast<Revalidate>(rng.below(3));
    scenario.bucket.revalidate_age = pick_ms(rng, 100, 20'000);
  }
  if (rng.one_in(1, 2)) scenario.catalog_lag = pick_ms(rng, 0, 3'000);
  peer::Policy& policy = scenario.reader_policy;
  if (rng.one_in(1, 4)) policy.orphan_after = pick_ms(rng, 200, 5'000);
  if (rng.one_in(1, 4)) policy.orphan_transfers = pick(rng, 1, 8);
  if (rng.one_in(1, 4)) policy.partial_kept = pick_ms(rng, 100, 10'000);
  if (rng.one_in(1, 4)) policy.report_within = pick_ms(rng, 0, 50);
}

// --- what is read ---

uint64_t draw_bytes(Rng& rng) {
  if (rng.one_in(1, 20)) return 0;
  uint64_t bytes = uint64_t{pick_scale(rng, 5)} * kChunkBytesMin;
  return rng.one_in(1, 3) ? bytes - pick(rng, 1, kChunkBytesMin - 1) : bytes;
}

void draw_objects(Rng& rng, Scenario& scenario) {
  uint32_t count = pick(rng, 1, 5);
  for (uint32_t i = 0; i < count; ++i)
    scenario.objects.push_back({"object-" + std::to_string(i), draw_bytes(rng), rng.one_in(1, 4)});
}

ReadSpec draw_read(Rng& rng, NodeId node, uint32_t object, Duration at) {
  ReadSpec read{.at = at, .node = node, .object = object};
  read.mode = rng.one_in(1, 3) ? ReadMode::kStream : ReadMode::kWhole;
  read.window = pick_scale(rng, 4);
  return read;
}

// Reads of anything at any time. Stores hold all there is.
void draw_crowd(Rng& rng, Scenario& scenario, Duration within) {
  for (uint32_t i = 0; i < scenario.fleet.readers; ++i) {
    uint32_t reads = pick(rng, i == 0 ? 1 : 0, 4);
    for (uint32_t n = 0; n < reads; ++n) {
      uint32_t object = rng.below(static_cast<uint32_t>(scenario.objects.size()));
      Duration at = rng.one_in(1, 3) ? Duration::milliseconds(100) : between(rng, {}, within);
      scenario.reads.push_back(draw_read(rng, scenario.fleet.reader(i), object, at));
    }
  }
}

// Everybody reads one object after the other, in stores that hold little more than one of them: one
// is kept while it is read, the others pass through.
void draw_rounds(Rng& rng, Scenario& scenario, Duration each) {
  uint64_t largest = 0;
  for (const ObjectSpec& object : scenario.objects) largest = std::max(largest, object.bytes);
  scenario.fleet.reader_store_bytes = largest + uint64_t{pick(rng, 44, 60)} * kChunkBytesMin;
  auto rounds = static_cast<uint32_t>(scenario.objects.size());
  for (uint32_t i = 0; i < scenario.fleet.readers; ++i) {
    uint32_t whole = rng.below(rounds);
    for (uint32_t round = 0; round < rounds; ++round) {
      if (rng.one_in(1, 4)) continue;
      Duration at = each * round + pick_ms(rng, 50, 1'000);
      ReadSpec read = draw_read(rng, scenario.fleet.reader(i), round, at);
      read.mode = round == whole ? ReadMode::kWhole : ReadMode::kStream;
      read.window = pick(rng, 1, 8);
      scenario.reads.push_back(read);
    }
  }
}

// Streams through stores that hold hardly more than what is read ahead.
void draw_streams(Rng& rng, Scenario& scenario, Duration within) {
  scenario.fleet.reader_store_bytes = uint64_t{pick(rng, 40, 60)} * kChunkBytesMin;
  for (uint32_t i = 0; i < scenario.fleet.readers; ++i) {
    uint32_t object = rng.below(static_cast<uint32_t>(scenario.objects.size()));
    ReadSpec read = draw_read(rng, scenario.fleet.reader(i), object, between(rng, {}, within));
    read.mode = ReadMode::kStream;
    read.window = pick(rng, 1, 8);
    scenario.reads.push_back(read);
  }
}

// --- what goes wrong ---

bool is_of_superpeer(const Scenario& scenario, const FaultSpec& fault) {
  return is_of_node(fault.kind) && fault.target < scenario.fleet.superpeers;
}

// What nobody is to blame for if it went wrong afterwards.
bool is_hopeless(const Scenario& scenario, const FaultSpec& fault) {
  // A superpeer is trusted with chunks whose roots nobody knows: it does not lie.
  if (fault.kind == FaultKind::kPeerCorrupts) return is_of_superpeer(scenario, fault);
  // A published object that changes at its origin can't be read any more.
  return fault.kind == FaultKind::kOriginChanges && scenario.objects[fault.target].is_published;
}

FaultSpec draw_fault(Rng& rng, const Scenario& scenario, const std::vector<FaultKind>& kinds) {
  FaultSpec fault;
  fault.kind = kinds[rng.below(static_cast<uint32_t>(kinds.size()))];
  fault.at = between(rng, Duration(), scenario.calm_at * 3 / 4);
  fault.lasts = rng.one_in(1, 8) ? Duration::forever() : pick_ms(rng, 1, 1 << rng.below(14));
  bool is_of_object = fault.kind == FaultKind::kOriginChanges;
  fault.target = rng.below(is_of_object ? static_cast<uint32_t>(scenario.objects.size())
                                        : scenario.fleet.size());
  if (is_of_tracker(fault.kind)) fault.target %= scenario.trackers;
  return fault;
}

// The same again, shortly after: flapping, liars that turn, objects that change and change.
void repeat(Rng& rng, Scenario& scenario, FaultSpec fault) {
  uint32_t times = pick(rng, 1, 4);
  for (uint32_t i = 0; i < times; ++i) {
    fault.at += pick_ms(rng, 1, 2'000);
    fault.lasts = pick_ms(rng, 1, 1'500);
    if (fault.at < scenario.calm_at) scenario.faults.push_back(fault);
  }
}

void draw_faults(Rng& rng, Scenario& scenario) {
  std::vector<FaultKind> kinds;
  uint32_t share = pick(rng, 1, 8);  // eighths of all kinds
  for (uint32_t kind = 0; kind < kFaultKinds; ++kind)
    if (rng.one_in(share, 8)) kinds.push_back(static_cast<FaultKind>(kind));
  if (kinds.empty()) return;
  uint32_t count = rng.one_in(1, 16) ? 0 : pick_scale(rng, 4);
  for (uint32_t i = 0; i < count; ++i) {
    FaultSpec fault = draw_fault(rng, scenario, kinds);
    if (is_hopeless(scenario, fault)) continue;
    scenario.faults.push_back(fault);
    if (rng.one_in(1, 5)) repeat(rng, scenario, fault);
  }
}

// From streams of their own, so that what was drawn before they were thought of is as it was.
void draw_disk_faults(Rng& rng, Scenario& scenario) {
  for (FaultKind kind : {FaultKind::kDiskSlow, FaultKind::kDiskCorrupts}) {
    if (!rng.one_in(1, 4)) continue;
    uint32_t count = pick_scale(rng, 2);
    for (uint32_t i = 0; i < count; ++i)
      scenario.faults.push_back(draw_fault(rng, scenario, {kind}));
  }
}

// Several trackers in some worlds, of which each may have its own trouble. A stream of its own,
// too.
void draw_trackers(Rng& rng, Scenario& scenario) {
  if (!rng.one_in(1, 3)) return;
  scenario.trackers = pick(rng, 2, 4);
  uint32_t count = pick_scale(rng, 3);
  for (uint32_t i = 0; i < count; ++i)
    scenario.faults.push_back(draw_fault(rng, scenario,
                                         {FaultKind::kTrackerCrash, FaultKind::kTrackerFreeze,
                                          FaultKind::kTrackerCut, FaultKind::kTrackerApart}));
}

// Some come only after the others have begun.
void draw_late_joins(Rng& rng, Scenario& scenario) {
  if (!rng.one_in(1, 4)) return;
  for (uint32_t i = 0; i < scenario.fleet.size(); ++i) {
    if (!rng.one_in(1, 3)) continue;
    scenario.faults.push_back(
        {Duration::milliseconds(25), FaultKind::kPeerCrash, i, pick_ms(rng, 100, 8'000)});
  }
}

// --- what must hold ---

Duration time_for(uint64_t bytes, uint64_t bytes_per_s) {
  return Duration::milliseconds(static_cast<int64_t>(bytes * 1000 / bytes_per_s));
}

// What the origin takes to begin with each chunk of all that is read, where few are read at once.
Duration time_for_turns(const Scenario& scenario) {
  int64_t chunks = 0;
  for (const ReadSpec& read : scenario.reads)
    chunks += static_cast<int64_t>(scenario.objects[read.object].bytes / kChunkBytesMin) + 1;
  uint32_t at_once = scenario.origin.reads_max;
  if (scenario.policy.origin.reads > 0) at_once = std::min(at_once, scenario.policy.origin.reads);
  if (scenario.fleet.superpeers > 0)
    at_once =
        std::min(at_once, scenario.fleet.superpeers * scenario.tracker.origin_reads_per_superpeer);
  Duration turn =
      scenario.origin.latency + scenario.origin.jitter_max + scenario.latency.round_trip() * 2;
  return turn * (chunks / std::max<int64_t>(1, at_once));
}

void expect(Scenario& scenario) {
  uint64_t bytes = 0;
  for (const ReadSpec& read : scenario.reads) bytes += scenario.objects[read.object].bytes;
  const FleetSpec& fleet = scenario.fleet;
  const LinkRates& link = fleet.reader_link;
  uint64_t least =
      std::min({link.up_bytes_per_s, link.down_bytes_per_s, scenario.origin.bytes_per_s});
  for (const DiskRates& disk : {fleet.reader_disk, fleet.superpeer_disk})
    for (uint64_t rate : {disk.write_bytes_per_s, disk.read_bytes_per_s})
      if (rate > 0) least = std::min(least, rate);
  uint32_t loss_ppm = 2 * (link.loss_ppm + fleet.rack_link.loss_ppm) +
                      fleet.superpeer_link.loss_ppm + scenario.origin.loss_ppm;
  least = std::min(least, rate_by_loss(loss_ppm, scenario.latency.round_trip()));
  scenario.expect.read_time_max = Duration::seconds(60) + time_for(bytes, least) +
                                  time_for_turns(scenario) + time_for_policy(scenario);
  scenario.expect.leases = Leases::kCounted;
  scenario.expect.amplification_permille_max = 0;
  for (const FaultSpec& fault : scenario.faults) {
    if (fault.kind == FaultKind::kPeerForgets) scenario.expect.inventories_agree = false;
  }
  scenario.readers = Readers::kAskAgain;
}

}  // namespace

Scenario swarm_scenario(uint64_t seed) {
  Rng rng = make_stream(seed, Stream::kKnobs);
  Scenario scenario;
  scenario.name = "swarm";
  scenario.seed = seed;
  draw_fleet(rng, scenario);
  draw_policies(rng, scenario);
  draw_objects(rng, scenario);
  scenario.calm_at = Duration::seconds(pick(rng, 8, 30));
  switch (rng.below(4)) {
    case 0: draw_rounds(rng, scenario, pick_ms(rng, 1'000, 10'000)); break;
    case 1: draw_streams(rng, scenario, scenario.calm_at / 2); break;
    default: draw_crowd(rng, scenario, scenario.calm_at / 2); break;
  }
  Rng nemesis = make_stream(seed, Stream::kNemesis);
  draw_faults(nemesis, scenario);
  draw_late_joins(nemesis, scenario);
  Rng models = make_stream(seed, Stream::kModels);
  draw_models(models, scenario);
  draw_disk_faults(models, scenario);
  Rng trackers = make_stream(seed, Stream::kTrackerFaults);
  draw_trackers(trackers, scenario);
  Rng policies = make_stream(seed, Stream::kBucketPolicy);
  draw_bucket_policy(policies, scenario);
  Rng placements = make_stream(seed, Stream::kPlacement);
  draw_placement(placements, scenario);
  expect(scenario);
  return scenario;
}

}  // namespace tyto::sim
