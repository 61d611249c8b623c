#include <algorithm>

#include "sim/world/scenario.h"

namespace tyto::sim {

TrackerListRef tracker_addresses(uint32_t trackers) {
  TrackerList list;
  for (uint32_t i = 0; i < trackers; ++i) list.push_back({MemberId(), tracker_address(i), ""});
  return std::make_shared<const TrackerList>(std::move(list));
}

const ReaderGroup* FleetSpec::group(NodeId node) const {
  for (const ReaderGroup& one : groups) {
    uint32_t first = superpeers + one.first;
    if (node.value() >= first && node.value() - first < one.readers) return &one;
  }
  return nullptr;
}

const LinkRates& FleetSpec::link(NodeId node) const {
  if (is_superpeer(node)) return superpeer_link;
  const ReaderGroup* own = group(node);
  return own != nullptr ? own->link : reader_link;
}

bool FleetSpec::has_loss() const {
  auto loses = [](const LinkRates& rates) { return rates.loss_ppm > 0; };
  return loses(superpeer_link) || loses(reader_link) || loses(rack_link) || loses(zone_link) ||
         loses(region_link) || std::any_of(groups.begin(), groups.end(), [&](const ReaderGroup& g) {
           return loses(g.link);
         });
}

const DiskRates& FleetSpec::disk(NodeId node) const {
  if (is_superpeer(node)) return superpeer_disk;
  const ReaderGroup* own = group(node);
  return own != nullptr ? own->disk : reader_disk;
}

bool FleetSpec::has_disks() const {
  return superpeer_disk.takes_time() || reader_disk.takes_time() ||
         std::any_of(groups.begin(), groups.end(),
                     [](const ReaderGroup& g) { return g.disk.takes_time(); });
}

uint64_t FleetSpec::store_bytes(NodeId node) const {
  if (is_superpeer(node)) return superpeer_store_bytes;
  const ReaderGroup* own = group(node);
  return own != nullptr ? own->store_bytes : reader_store_bytes;
}

uint64_t FleetSpec::memory_bytes(NodeId node) const {
  if (is_superpeer(node)) return superpeer_memory_bytes;
  const ReaderGroup* own = group(node);
  return own != nullptr ? own->memory_bytes : reader_memory_bytes;
}

uint32_t FleetSpec::uploads_max(NodeId node) const {
  if (is_superpeer(node)) return 0;
  const ReaderGroup* own = group(node);
  return own != nullptr ? own->uploads_max : reader_uploads_max;
}

uint32_t FleetSpec::zone(NodeId node) const {
  if (is_superpeer(node)) return node.value() % zones;
  return (racks > 0 ? rack(node) : node.value() - superpeers) % zones;
}

}  // namespace tyto::sim
