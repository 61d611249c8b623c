// Flows begin, as fast as their connections let them.
#include <algorithm>

#include "sim/world/data_plane.h"
#include "sim/world/world.h"

namespace tyto::sim {

IdleConnections::Ends DataPlane::ends_of(const Transfer& transfer) const {
  return {world_.node(transfer.reader).host(), source_host(transfer)};
}

std::vector<LinkId> DataPlane::path_of(const Transfer& transfer) const {
  std::vector<LinkId> path =
      topology_.path(source_host(transfer), world_.node(transfer.reader).host());
  // What is relayed comes from memory, too.
  bool is_from_disk = transfer.has_view && transfer.source;
  if (is_from_disk) {
    const Store& store = world_.node(*transfer.source).store();
    is_from_disk = !store.holds(transfer.chunk()) || !store.is_in_memory(transfer.chunk());
  }
  if (is_from_disk && disks_[transfer.source->value()].read)
    path.push_back(*disks_[transfer.source->value()].read);
  return path;
}

// A connection whose window fills the tightest link of its path is not young any more.
void DataPlane::start_flow(Transfer& transfer) {
  if (transfer.whole != 0) return start_spooled(transfer);
  std::vector<LinkId> path = path_of(transfer);
  transfer.flow = network_.start(world_.now(), path, transfer.flow_end, transfer.from);
  by_flow_[transfer.flow] = transfer.key;
  if (scenario_.tcp.has_slow_start) {
    transfer.window = connections_.take(world_.now(), ends_of(transfer));
    transfer.is_young = true;
  }
  cap_flow(transfer, path);
}

// Requires: it is in flow.
void DataPlane::cap_flow(Transfer& transfer, std::span<const LinkId> path) {
  uint64_t most = rate_by_loss(topology_.loss_ppm(path), round_trip_);
  uint64_t cap = most;
  if (transfer.is_young) {
    uint64_t by_window = rate_by_window(transfer.window, round_trip_);
    transfer.is_young = by_window < std::min(most, topology_.tightest(path));
    if (transfer.is_young) {
      cap = by_window;
      world_.schedule(world_.now() + round_trip_, EventKind::kWindow, transfer.key);
    }
  }
  network_.cap(world_.now(), transfer.flow, cap);
}

// Slow start is over when the flow has its share of the links, which is less than its window
// would let it have. Of one that reads along at its source's pace that can't be told.
void DataPlane::on_window(uint64_t key) {
  Transfer* transfer = find(key);
  if (transfer == nullptr || !transfer->is_young || !transfer->is_in_flow()) return;
  uint64_t rate = network_.rate(transfer->flow);
  bool has_share =
      !transfer->is_relay && rate > 0 && rate < rate_by_window(transfer->window, round_trip_);
  if (has_share) {
    transfer->is_young = false;
  } else {
    transfer->window *= 2;
  }
  cap_flow(*transfer, path_of(*transfer));
}

}  // namespace tyto::sim
