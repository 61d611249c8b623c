#include "sim/models/topology.h"

#include <algorithm>

namespace tyto::sim {

Topology::Ends Topology::add_ends(const LinkRates& rates) {
  LinkId up = add_link({rates.up_bytes_per_s, rates.loss_ppm});
  LinkId down = add_link({rates.down_bytes_per_s, rates.loss_ppm});
  return {up, down};
}

LinkId Topology::add_link(const Link& link) {
  LinkId id = flows_.add_link(link.bytes_per_s);
  if (links_.size() <= id.value()) links_.resize(id.value() + 1);
  links_[id.value()] = link;
  return id;
}

uint32_t Topology::loss_ppm(std::span<const LinkId> path) const {
  constexpr uint32_t kAll = 1'000'000;
  uint32_t lost = 0;
  for (LinkId id : path) lost = std::min(kAll, lost + links_[id.value()].loss_ppm);
  return lost;
}

uint64_t Topology::tightest(std::span<const LinkId> path) const {
  uint64_t least = UINT64_MAX;
  for (LinkId id : path) least = std::min(least, links_[id.value()].bytes_per_s);
  return least;
}

RegionId Topology::add_region(const LinkRates& rates) {
  regions_.push_back(add_ends(rates));
  return RegionId(static_cast<uint32_t>(regions_.size() - 1));
}

ZoneId Topology::add_zone(const LinkRates& rates, std::optional<RegionId> region) {
  ZoneId zone(static_cast<uint32_t>(zones_.size()));
  zones_.push_back({add_ends(rates), {std::nullopt, zone, region}});
  return zone;
}

RackId Topology::add_rack(const LinkRates& rates, std::optional<ZoneId> zone) {
  RackId rack(static_cast<uint32_t>(racks_.size()));
  Site site = zone ? zones_[zone->value()].site : Site();
  site.rack = rack;
  racks_.push_back({add_ends(rates), site});
  return rack;
}

HostId Topology::add_host(const LinkRates& rates, std::optional<RackId> rack) {
  return add(rates, rack ? racks_[rack->value()].site : Site());
}

HostId Topology::add_host_in_zone(const LinkRates& rates, std::optional<ZoneId> zone) {
  return add(rates, zone ? zones_[zone->value()].site : Site());
}

HostId Topology::add(const LinkRates& rates, const Site& site) {
  hosts_.push_back({rates, add_ends(rates), site});
  return HostId(static_cast<uint32_t>(hosts_.size() - 1));
}

std::vector<LinkId> Topology::path(HostId from, HostId to) const {
  if (from == to) return {};
  const Host& source = hosts_[from.value()];
  const Host& target = hosts_[to.value()];
  bool is_other_region = source.site.region != target.site.region;
  bool is_other_zone = is_other_region || source.site.zone != target.site.zone;
  bool is_other_rack = is_other_zone || source.site.rack != target.site.rack;
  std::vector<LinkId> links{source.links.up};
  if (is_other_rack && source.site.rack)
    links.push_back(racks_[source.site.rack->value()].links.up);
  if (is_other_zone && source.site.zone)
    links.push_back(zones_[source.site.zone->value()].links.up);
  if (is_other_region && source.site.region)
    links.push_back(regions_[source.site.region->value()].up);
  if (is_other_region && target.site.region)
    links.push_back(regions_[target.site.region->value()].down);
  if (is_other_zone && target.site.zone)
    links.push_back(zones_[target.site.zone->value()].links.down);
  if (is_other_rack && target.site.rack)
    links.push_back(racks_[target.site.rack->value()].links.down);
  links.push_back(target.links.down);
  return links;
}

}  // namespace tyto::sim
