// How loaded the links of a fleet are, from one sample to the next.
#pragma once

#include <array>
#include <vector>

#include "sim/report/measured.h"
#include "sim/world/world.h"

namespace tyto::sim {

// Adds up the bytes that cross each link.
//
// Purity: pure.
// Bounds: a number a link.
class LinkMeter {
 public:
  explicit LinkMeter(const Scenario& scenario);

  // Bytes went from `source` (none: the origin) to `reader`.
  void note(const World& world, std::optional<NodeId> source, NodeId reader, uint64_t bytes);
  // The loads since the last call, `span` ago, and begins anew.
  void take(Duration span, std::array<LinkLoad, kLinkGroups>& loads);
  std::array<LinkGroupSize, kLinkGroups> sizes() const;

 private:
  struct Link {
    uint64_t bytes_per_s = 0;
    uint64_t bytes = 0;  // since the last take()
  };
  std::vector<Link>& group(LinkGroup group) { return groups_[static_cast<std::size_t>(group)]; }
  void add_groups(LinkGroup up, LinkGroup down, uint32_t count, const LinkRates& rates);
  // Bytes left one group of hosts for another; none: where there is no such group.
  void note_crossing(LinkGroup up, std::optional<uint32_t> from, LinkGroup down,
                     std::optional<uint32_t> to, uint64_t bytes);
  void add_host(LinkGroup up, LinkGroup down, const LinkRates& rates);

  struct Place {
    LinkGroup up = LinkGroup::kReaderUp;
    LinkGroup down = LinkGroup::kReaderDown;
    std::size_t at = 0;  // in both groups
  };
  std::vector<Place> places_;  // of each node
  std::array<std::vector<Link>, kLinkGroups> groups_;
  std::array<uint64_t, kLinkGroups> totals_{};
};

// The widest uplinks between a node (none: the origin) and another.
Tier tier_between(const World& world, std::optional<NodeId> source, NodeId reader);

}  // namespace tyto::sim
