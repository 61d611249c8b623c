#include "sim/scenarios/run.h"

#include <set>

#include "sim/checkers/all.h"

namespace tyto::sim {
namespace {

constexpr Duration kRunMax = Duration::seconds(3600);

Duration time_for(uint64_t bytes, uint64_t bytes_per_s) {
  auto ns = static_cast<unsigned __int128>(bytes) * 1'000'000'000 / bytes_per_s;
  return Duration::nanoseconds(static_cast<int64_t>(ns));
}

uint64_t bytes_in(Duration span, uint64_t bytes_per_s) {
  auto bytes = static_cast<unsigned __int128>(span.ns()) * bytes_per_s / 1'000'000'000;
  return static_cast<uint64_t>(bytes) + 1;
}

void add_traffic(const World& world, RunResult& result) {
  const Traffic& traffic = world.data().traffic();
  result.bytes_into_rack = traffic.into_rack;
  result.bytes_into_region = traffic.into_region;
  for (uint32_t i = 0; i < world.scenario().fleet.superpeers; ++i)
    result.bytes_from_superpeers_sent += traffic.sent_by_node[i];
  std::set<uint32_t> objects;
  for (const ReadSpec& read : world.scenario().reads) objects.insert(read.object);
  for (uint32_t object : objects) result.bytes_wanted += world.scenario().objects[object].bytes;
}

}  // namespace

uint64_t RunResult::amplification_permille() const {
  return origin_chunks_distinct == 0 ? 0 : origin_chunks_read * 1000 / origin_chunks_distinct;
}

Duration fluid_limit(const Scenario& scenario, NodeId node, uint64_t bytes) {
  const FleetSpec& fleet = scenario.fleet;
  uint64_t seeds = fleet.superpeers * fleet.superpeer_link.up_bytes_per_s;
  Duration limit = time_for(bytes, scenario.origin.bytes_per_s);
  limit = std::max(limit, time_for(bytes, fleet.link(node).down_bytes_per_s));
  if (seeds > 0) limit = std::max(limit, time_for(bytes, seeds));
  if (fleet.racks > 0) limit = std::max(limit, time_for(bytes, fleet.rack_link.down_bytes_per_s));
  if (fleet.zones > 0) limit = std::max(limit, time_for(bytes, fleet.zone_link.down_bytes_per_s));
  if (fleet.regions > 0)
    limit = std::max(limit, time_for(bytes, fleet.region_link.down_bytes_per_s));
  uint64_t uplinks = seeds + (fleet.superpeers == 0 ? scenario.origin.bytes_per_s : 0);
  for (uint32_t i = 0; i < fleet.readers; ++i)
    uplinks += fleet.link(fleet.reader(i)).up_bytes_per_s;
  for (Duration before; before != limit;) {  // from below, to the first time that suffices
    before = limit;
    uint64_t taken = 0;
    for (const ReadSpec& read : scenario.reads) {
      uint64_t could = bytes_in(limit, fleet.link(read.node).down_bytes_per_s);
      taken += std::min(could, scenario.objects[read.object].bytes);
    }
    limit = std::max(limit, time_for(taken, uplinks));
  }
  return limit;
}

RunResult run(const Scenario& scenario, std::vector<std::unique_ptr<Checker>> also) {
  std::vector<std::unique_ptr<Checker>> checkers = all_checkers();
  for (std::unique_ptr<Checker>& checker : also) checkers.push_back(std::move(checker));
  World world(scenario, checkers);
  world.run(kRunMax);

  RunResult result;
  result.scenario = scenario.name;
  result.seed = scenario.seed;
  result.event_hash = world.hash().value();
  result.events = world.events();
  for (std::size_t i = 0; i < kEventKinds; ++i)
    result.events_by_kind[i] = world.events(static_cast<EventKind>(i));
  result.virtual_time = world.now() - world.start_time();
  for (uint32_t i = 0; i < scenario.reads.size(); ++i) {
    const ReadState& read = world.read(i);
    bool is_over = read.phase == ReadPhase::kDone || read.phase == ReadPhase::kFailed;
    const ReadSpec& spec = scenario.reads[i];
    result.reads.push_back(
        {.node = spec.node,
         .phase = read.phase,
         .asked = read.attempts > 0 ? read.asked - world.start_time() : Duration(),
         .took = is_over ? read.ended - read.asked : Duration(),
         .fluid_limit = fluid_limit(scenario, spec.node, scenario.objects[spec.object].bytes),
         .is_slow = scenario.fleet.is_slow(spec.node),
         .attempts = read.attempts,
         .error = read.error});
  }
  result.bytes = world.data().bytes();
  add_traffic(world, result);
  for (const auto& [chunk, times] : world.data().origin_reads()) {
    result.origin_chunks_read += times;
    ++result.origin_chunks_distinct;
  }
  result.origin_requests = world.data().origin_requests();
  result.redundant_transfers = world.data().redundant();
  for (uint32_t i = 0; i < world.node_count(); ++i) {
    const PeerNode& node = world.node(NodeId(i));
    std::size_t& most = node.role() == Role::kSuperpeer ? result.superpeer_core_bytes_max
                                                        : result.reader_core_bytes_max;
    most = std::max(most, node.core_bytes_max());
  }
  const ControlPlane& control = world.control();
  if (control.tracker(0) != nullptr) result.tracker = control.tracker(0)->counters();
  result.trackers = control.tracker_count();
  result.cluster_messages = control.links().messages();
  result.cluster_deliveries = control.links().deliveries();
  result.notices = world.notices();
  result.violations = world.violations();
  return result;
}

}  // namespace tyto::sim
