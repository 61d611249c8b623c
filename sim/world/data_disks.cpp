// What disks take and give.
#include <algorithm>

#include "sim/world/data_plane.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

// Of a disk that takes no time until it is slow.
constexpr uint64_t kFastDiskBytesPerS = 100'000'000'000;

uint64_t rate_of(uint64_t bytes_per_s, DiskPace pace) {
  uint64_t usual = bytes_per_s > 0 ? bytes_per_s : kFastDiskBytesPerS;
  return pace == DiskPace::kSlow ? std::min(usual, kSlowDiskBytesPerS) : usual;
}

}  // namespace

// Disks that never take any time have no links, and cost no events.
void DataPlane::add_disks(const FleetSpec& fleet) {
  disks_.resize(fleet.size());
  std::vector<bool> becomes_slow(fleet.size());
  for (const FaultSpec& fault : scenario_.faults)
    if (fault.kind == FaultKind::kDiskSlow) becomes_slow[fault.target] = true;
  for (uint32_t i = 0; i < fleet.size(); ++i) {
    const DiskRates& disk = fleet.disk(NodeId(i));
    if (disk.write_bytes_per_s > 0 || becomes_slow[i])
      disks_[i].write = topology_.add_disk(rate_of(disk.write_bytes_per_s, DiskPace::kUsual));
    if (disk.read_bytes_per_s > 0 || becomes_slow[i])
      disks_[i].read = topology_.add_disk(rate_of(disk.read_bytes_per_s, DiskPace::kUsual));
  }
}

void DataPlane::set_disk(NodeId node, DiskPace pace) {
  const DiskRates& rates = scenario_.fleet.disk(node);
  const DiskLinks& links = disks_[node.value()];
  Instant now = world_.now();
  if (links.write)
    network_.set_link_rate(now, *links.write, rate_of(rates.write_bytes_per_s, pace));
  if (links.read) network_.set_link_rate(now, *links.read, rate_of(rates.read_bytes_per_s, pace));
}

// The chunk has come, and its source is free. False: the disk takes no time. What is on its way to
// the disk is in memory, and others may read along to its end.
bool DataPlane::begin_storing(Transfer& transfer) {
  std::optional<LinkId> disk = disks_[transfer.reader.value()].write;
  if (!disk || transfer.order.placement == Placement::kMemory) return false;
  uint64_t length = transfer.order.facts->chunking.length_of(transfer.order.chunk);
  transfer.state = Transfer::State::kStoring;
  ++transfer.silence;
  transfer.is_silent = false;
  transfer.is_relay = false;
  transfer.disk_flow = network_.start(world_.now(), std::vector{*disk}, length);
  by_flow_.erase(transfer.flow);
  by_flow_[transfer.disk_flow] = transfer.key;
  Place place{transfer.reader, transfer.chunk()};
  free_slot(transfer);
  feed_relays(place);
  return true;
}

// Its process froze, or goes on.
void DataPlane::disk_changed(const Transfer& transfer) {
  bool is_frozen = world_.node(transfer.reader).is_frozen();
  network_.set_state(world_.now(), transfer.disk_flow,
                     is_frozen ? FlowState::kBlocked : FlowState::kMoving);
}

}  // namespace tyto::sim
