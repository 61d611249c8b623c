#include "sim/scenarios/run.h"

#include "sim/checkers/all.h"

namespace tyto::sim {
namespace {

constexpr Duration kRunMax = Duration::seconds(3600);

Duration time_for(uint64_t bytes, uint64_t bytes_per_s) {
  auto ns = static_cast<unsigned __int128>(bytes) * 1'000'000'000 / bytes_per_s;
  return Duration::nanoseconds(static_cast<int64_t>(ns));
}

}  // namespace

uint64_t RunResult::amplification_permille() const {
  return origin_chunks_distinct == 0 ? 0 : origin_chunks_read * 1000 / origin_chunks_distinct;
}

Duration fluid_limit(const Scenario& scenario, uint64_t bytes) {
  const FleetSpec& fleet = scenario.fleet;
  uint64_t asked_for = 0;
  for (const ReadSpec& read : scenario.reads) asked_for += scenario.objects[read.object].bytes;
  uint64_t uplinks = fleet.superpeers * fleet.superpeer_link.up_bytes_per_s +
                     fleet.readers * fleet.reader_link.up_bytes_per_s +
                     (fleet.superpeers == 0 ? scenario.origin.bytes_per_s : 0);
  uint64_t seeds = fleet.superpeers * fleet.superpeer_link.up_bytes_per_s;
  Duration limit = time_for(bytes, scenario.origin.bytes_per_s);
  limit = std::max(limit, time_for(bytes, fleet.reader_link.down_bytes_per_s));
  limit = std::max(limit, time_for(asked_for, uplinks));
  if (seeds > 0) limit = std::max(limit, time_for(bytes, seeds));
  if (fleet.racks > 0) limit = std::max(limit, time_for(bytes, fleet.rack_link.down_bytes_per_s));
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
         .took = is_over ? read.ended - read.asked : Duration(),
         .fluid_limit = fluid_limit(scenario, scenario.objects[spec.object].bytes),
         .attempts = read.attempts,
         .error = read.error});
  }
  result.bytes = world.data().bytes();
  for (const auto& [chunk, times] : world.data().origin_reads()) {
    result.origin_chunks_read += times;
    ++result.origin_chunks_distinct;
  }
  result.redundant_transfers = world.data().redundant();
  for (uint32_t i = 0; i < world.node_count(); ++i) {
    const PeerNode& node = world.node(NodeId(i));
    std::size_t& most = node.role() == Role::kSuperpeer ? result.superpeer_core_bytes_max
                                                        : result.reader_core_bytes_max;
    most = std::max(most, node.core_bytes_max());
  }
  if (world.control().tracker() != nullptr) result.tracker = world.control().tracker()->counters();
  result.notices = world.notices();
  result.violations = world.violations();
  return result;
}

}  // namespace tyto::sim
