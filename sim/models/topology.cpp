#include "sim/models/topology.h"

namespace tyto::sim {

RackId Topology::add_rack(const LinkRates& rates) {
  LinkId up = flows_.add_link(rates.up_bytes_per_s);
  LinkId down = flows_.add_link(rates.down_bytes_per_s);
  racks_.push_back({up, down});
  return RackId(static_cast<uint32_t>(racks_.size() - 1));
}

HostId Topology::add_host(const LinkRates& rates, std::optional<RackId> rack) {
  LinkId up = flows_.add_link(rates.up_bytes_per_s);
  LinkId down = flows_.add_link(rates.down_bytes_per_s);
  hosts_.push_back({rates, {up, down}, rack});
  return HostId(static_cast<uint32_t>(hosts_.size() - 1));
}

std::vector<LinkId> Topology::path(HostId from, HostId to) const {
  if (from == to) return {};
  const Host& source = hosts_[from.value()];
  const Host& target = hosts_[to.value()];
  std::vector<LinkId> links{source.links.up};
  if (source.rack != target.rack) {
    if (source.rack) links.push_back(racks_[source.rack->value()].up);
    if (target.rack) links.push_back(racks_[target.rack->value()].down);
  }
  links.push_back(target.links.down);
  return links;
}

}  // namespace tyto::sim
