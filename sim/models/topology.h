// Hosts, racks, zones, regions and the links between them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/models/flow_model.h"

namespace tyto::sim {

using HostId = Strong<struct HostIdTag, uint32_t>;
using RackId = Strong<struct RackIdTag, uint32_t>;
using ZoneId = Strong<struct ZoneIdTag, uint32_t>;
using RegionId = Strong<struct RegionIdTag, uint32_t>;

// Rates of a full-duplex link, in bytes/s, and how many packets of a million it loses either way.
struct LinkRates {
  uint64_t up_bytes_per_s = 125'000'000;
  uint64_t down_bytes_per_s = 125'000'000;
  uint32_t loss_ppm = 0;
};

// Where a host hangs: what is left out it is not in. A rack brings its zone along, a zone its
// region.
struct Site {
  std::optional<RackId> rack;
  std::optional<ZoneId> zone;
  std::optional<RegionId> region;
};

// A tree: hosts hang on racks, racks on zones, zones on regions, and regions on one switch that is
// never a bottleneck. Every step may be left out: what hangs on nothing hangs on the switch. Each
// link has two directions that do not disturb each other.
//
// Ownership: borrows the flow model.
class Topology {
 public:
  explicit Topology(FlowModel& flows) : flows_(flows) {}
  RegionId add_region(const LinkRates& rates);
  ZoneId add_zone(const LinkRates& rates, std::optional<RegionId> region);
  RackId add_rack(const LinkRates& rates, std::optional<ZoneId> zone = std::nullopt);
  HostId add_host(const LinkRates& rates, std::optional<RackId> rack);
  HostId add_host_in_zone(const LinkRates& rates, std::optional<ZoneId> zone);
  // One direction of a host's disk, which no path leads through.
  LinkId add_disk(uint64_t bytes_per_s) { return add_link({bytes_per_s, 0}); }
  // The links from a host to another, in order, up to where their ways meet and down again; none
  // within a host.
  std::vector<LinkId> path(HostId from, HostId to) const;
  // Packets of a million that are lost on the way, by what its links lose: their sum, since losses
  // are rare, a million at most.
  uint32_t loss_ppm(std::span<const LinkId> path) const;
  // The least rate of the path's links, in bytes/s; UINT64_MAX within a host.
  uint64_t tightest(std::span<const LinkId> path) const;
  const LinkRates& rates(HostId host) const { return hosts_[host.value()].rates; }
  const Site& site(HostId host) const { return hosts_[host.value()].site; }
  std::optional<RackId> rack(HostId host) const { return site(host).rack; }

 private:
  struct Ends {
    LinkId up;
    LinkId down;
  };
  struct Link {
    uint64_t bytes_per_s = 0;
    uint32_t loss_ppm = 0;
  };
  struct Group {
    Ends links;
    Site site;
  };
  struct Host {
    LinkRates rates;
    Ends links;
    Site site;
  };
  Ends add_ends(const LinkRates& rates);
  LinkId add_link(const Link& link);
  HostId add(const LinkRates& rates, const Site& site);

  FlowModel& flows_;
  std::vector<Link> links_;  // by id
  std::vector<Group> racks_;
  std::vector<Group> zones_;
  std::vector<Ends> regions_;
  std::vector<Host> hosts_;
};

}  // namespace tyto::sim
