#include "sim/report/link_meter.h"

#include <algorithm>

namespace tyto::sim {
namespace {

HostId host_of(const World& world, std::optional<NodeId> node) {
  return node ? world.node(*node).host() : world.data().origin_host();
}

template <class Id>
std::optional<uint32_t> index_of(std::optional<Id> id) {
  return id ? std::optional(id->value()) : std::nullopt;
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
  add_groups(LinkGroup::kRackUp, LinkGroup::kRackDown, fleet.racks, fleet.rack_link);
  add_groups(LinkGroup::kZoneUp, LinkGroup::kZoneDown, fleet.zones, fleet.zone_link);
  add_groups(LinkGroup::kRegionUp, LinkGroup::kRegionDown, fleet.regions, fleet.region_link);
  for (uint32_t i = 0; i < fleet.size(); ++i) {
    NodeId node(i);
    bool is_superpeer = i < fleet.superpeers;
    add_host(is_superpeer ? LinkGroup::kSuperpeerUp : LinkGroup::kReaderUp,
             is_superpeer ? LinkGroup::kSuperpeerDown : LinkGroup::kReaderDown, fleet.link(node));
  }
}

void LinkMeter::add_groups(LinkGroup up, LinkGroup down, uint32_t count, const LinkRates& rates) {
  group(up).assign(count, {rates.up_bytes_per_s});
  group(down).assign(count, {rates.down_bytes_per_s});
}

void LinkMeter::note_crossing(LinkGroup up, std::optional<uint32_t> from, LinkGroup down,
                              std::optional<uint32_t> to, uint64_t bytes) {
  if (from) group(up)[*from].bytes += bytes;
  if (to) group(down)[*to].bytes += bytes;
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
  const Site& here = world.data().topology().site(host_of(world, source));
  const Site& there = world.data().topology().site(host_of(world, reader));
  Tier tier = tier_between(world, source, reader);
  if (tier >= Tier::kRack)
    note_crossing(LinkGroup::kRackUp, index_of(here.rack), LinkGroup::kRackDown,
                  index_of(there.rack), bytes);
  if (tier >= Tier::kZone)
    note_crossing(LinkGroup::kZoneUp, index_of(here.zone), LinkGroup::kZoneDown,
                  index_of(there.zone), bytes);
  if (tier >= Tier::kRegion)
    note_crossing(LinkGroup::kRegionUp, index_of(here.region), LinkGroup::kRegionDown,
                  index_of(there.region), bytes);
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
  const Site& from = world.data().topology().site(host_of(world, source));
  const Site& to = world.data().topology().site(host_of(world, reader));
  if (from.region != to.region) return Tier::kRegion;
  if (from.zone != to.zone) return Tier::kZone;
  return from.rack != to.rack ? Tier::kRack : Tier::kLocal;
}

}  // namespace tyto::sim
