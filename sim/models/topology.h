// Hosts, racks and the links between them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/models/flow_model.h"

namespace tyto::sim {

using HostId = Strong<struct HostIdTag, uint32_t>;
using RackId = Strong<struct RackIdTag, uint32_t>;

// Rates of a full-duplex link, in bytes/s.
struct LinkRates {
  uint64_t up_bytes_per_s = 125'000'000;
  uint64_t down_bytes_per_s = 125'000'000;
};

// A tree of two levels: hosts hang on racks, racks on one switch that is never a bottleneck; a
// host without a rack hangs on the switch.
//
// Ownership: borrows the flow model.
class Topology {
 public:
  explicit Topology(FlowModel& flows) : flows_(flows) {}
  RackId add_rack(const LinkRates& rates);
  HostId add_host(const LinkRates& rates, std::optional<RackId> rack);
  // The links from a host to another, in order; none within a host.
  std::vector<LinkId> path(HostId from, HostId to) const;
  const LinkRates& rates(HostId host) const { return hosts_[host.value()].rates; }
  std::optional<RackId> rack(HostId host) const { return hosts_[host.value()].rack; }

 private:
  struct Ends {
    LinkId up;
    LinkId down;
  };
  struct Host {
    LinkRates rates;
    Ends links;
    std::optional<RackId> rack;
  };
  FlowModel& flows_;
  std::vector<Ends> racks_;
  std::vector<Host> hosts_;
};

}  // namespace tyto::sim
