#include "sim/report/link_meter.h"

#include <algorithm>

namespace tyto::sim {
namespace {

HostId host_of(const World& world, std::optional<NodeId> node) {
  return node ? world.node(*node).host() : world.data().origin_host();
}

std::optional<RackId> rack_of(const World& world, std::optional<NodeId> node) {
  return world.data().topology().rack(host_of(world, node));
}

uint16_t permille(uint64_t bytes, uint64_t bytes_per_s, Duration span) {
  auto most = static_cast<unsigned __int128>(bytes_per_s) * static_cast<uint64_t>(span.ns());
  if (most == 0) return 0;
  auto share = static_cast<unsigned __int128>(bytes) * 1'000'000'000'000 / most;
  return static_cast<uint16_t>(std::min<unsigned __int128>(share, 1000));
}

}  // namespace

LinkMeter::LinkMeter(const Scenario& scenario) {
  const FleetSpec& fleet = scenario.fleet;
  group(LinkGroup::kOrigin).push_back({scenario.origin.bytes_per_s});
  for (uint32_t i = 0; i < fleet.racks; ++i) {
    group(LinkGroup::kRackUp).push_back({fleet.rack_link.up_bytes_per_s});
    group(LinkGroup::kRackDown).push_back({fleet.rack_link.down_bytes_per_s});
  }
  for (uint32_t i = 0; i < fleet.size(); ++i) {
    NodeId node(i);
    bool is_superpeer = i < fleet.superpeers;
    add_host(is_superpeer ? LinkGroup::kSuperpeerUp : LinkGroup::kReaderUp,
             is_superpeer ? LinkGroup::kSuperpeerDown : LinkGroup::kReaderDown, fleet.link(node));
  }
}

void LinkMeter::add_host(LinkGroup up, LinkGroup down, const LinkRates& rates) {
  places_.push_back({up, down, group(up).size()});
  group(up).push_back({rates.up_bytes_per_s});
  group(down).push_back({rates.down_bytes_per_s});
}

void LinkMeter::note(const World& world, std::optional<NodeId> source, NodeId reader,
                     uint64_t bytes) {
  if (bytes == 0 || source == reader) return;
  if (source) {
    const Place& from = places_[source->value()];
    group(from.up)[from.at].bytes += bytes;
  } else {
    group(LinkGroup::kOrigin)[0].bytes += bytes;
  }
  const Place& to = places_[reader.value()];
  group(to.down)[to.at].bytes += bytes;
  std::optional<RackId> from_rack = rack_of(world, source);
  std::optional<RackId> to_rack = rack_of(world, reader);
  if (from_rack == to_rack) return;
  if (from_rack) group(LinkGroup::kRackUp)[from_rack->value()].bytes += bytes;
  if (to_rack) group(LinkGroup::kRackDown)[to_rack->value()].bytes += bytes;
}

void LinkMeter::take(Duration span, std::array<LinkLoad, kLinkGroups>& loads) {
  for (std::size_t i = 0; i < kLinkGroups; ++i) {
    uint16_t busiest = 0;
    for (Link& link : groups_[i]) {
      busiest = std::max(busiest, permille(link.bytes, link.bytes_per_s, span));
      totals_[i] += link.bytes;
      link.bytes = 0;
    }
    loads[i] = {totals_[i], busiest};
  }
}

std::array<LinkGroupSize, kLinkGroups> LinkMeter::sizes() const {
  std::array<LinkGroupSize, kLinkGroups> sizes;
  for (std::size_t i = 0; i < kLinkGroups; ++i) {
    sizes[i].links = static_cast<uint32_t>(groups_[i].size());
    for (const Link& link : groups_[i]) sizes[i].bytes_per_s += link.bytes_per_s;
  }
  return sizes;
}

Tier tier_between(const World& world, std::optional<NodeId> source, NodeId reader) {
  return rack_of(world, source) == rack_of(world, reader) ? Tier::kLocal : Tier::kRack;
}

}  // namespace tyto::sim
