// What a fleet can be asked to do.
#include <set>

#include "sim/fleet/world.h"

namespace tyto::sim::fleet {
namespace {

constexpr uint32_t kNodesMax = (1u << 24) - 2;  // see Control: the bits of a node's number

Error refusal(const Scenario& scenario, const std::string& what) {
  return {ErrorCode::kUnsupported, "scenario '" + scenario.name + "' has " + what +
                                       ", which the fleet world does not model; run it in the "
                                       "exact world (--world exact)"};
}

bool is_modelled(FaultKind kind) {
  return kind == FaultKind::kPeerCrash || kind == FaultKind::kPeerCrashEmpty ||
         kind == FaultKind::kPeerLeave;
}

}  // namespace

Result<void> check_supported(const Scenario& scenario) {
  if (scenario.fleet.size() > kNodesMax)
    return refusal(scenario, "more than " + std::to_string(kNodesMax) + " peers");
  if (scenario.fleet.zones > 0) return refusal(scenario, "zones");
  if (scenario.processor.per_exchange > Duration() || scenario.processor.per_decision > Duration())
    return refusal(scenario, "a tracker whose processor takes its time");
  if (scenario.fleet.has_loss() || scenario.origin.loss_ppm > 0)
    return refusal(scenario, "links that lose packets");
  if (scenario.tcp.has_slow_start) return refusal(scenario, "connections that begin slowly");
  if (scenario.fleet.has_disks()) return refusal(scenario, "disks that take time");
  if (!scenario.origin.has_ranges) return refusal(scenario, "an origin without ranges");
  if (scenario.origin.errors_permille > 0 || scenario.origin.jitter_max > Duration())
    return refusal(scenario, "an origin that fails reads, or whose latency varies");
  if (scenario.bug != PlantedBug::kNone) return refusal(scenario, "a planted bug");
  if (scenario.calm_at > Duration()) return refusal(scenario, "a calm after hostility");
  for (const FaultSpec& fault : scenario.faults) {
    if (!is_modelled(fault.kind))
      return refusal(scenario, "a fault of kind " + std::string(fault_kind_name(fault.kind)));
  }
  std::vector<bool> is_read(scenario.objects.size());
  for (const ReadSpec& read : scenario.reads) {
    if (read.mode != ReadMode::kWhole) return refusal(scenario, "a reader that streams");
    is_read[read.object] = true;
  }
  uint64_t bytes = 0;
  for (std::size_t i = 0; i < scenario.objects.size(); ++i) {
    const ObjectSpec& object = scenario.objects[i];
    if (object.bytes == 0) return refusal(scenario, "an empty object");
    if (object.is_pinned) return refusal(scenario, "a pinned object");
    if (is_read[i]) bytes += object.bytes;
  }
  if (scenario.policy.caching.placement != Placement::kDisk)
    return refusal(scenario, "a bucket that is kept in memory");
  uint64_t store = scenario.fleet.reader_store_bytes;
  if (scenario.fleet.superpeers > 0) store = std::min(store, scenario.fleet.superpeer_store_bytes);
  for (const ReaderGroup& group : scenario.fleet.groups) store = std::min(store, group.store_bytes);
  if (bytes > store) return refusal(scenario, "stores too small for all that is read");
  return {};
}

}  // namespace tyto::sim::fleet
