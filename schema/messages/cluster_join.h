// How trackers of one cluster introduce themselves to one another, and what travels at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/messages/cluster.h"
#include "schema/messages/cluster_limits.h"

namespace tyto {

struct TrackerIntroduced {
  Member member;                               // with its epoch
  std::string name;                            // for people: `cluster.id`
  std::string program;                         // for people: its release
  uint32_t cluster_version = kClusterVersion;  // the newest it speaks
  bool operator==(const TrackerIntroduced&) const = default;
};

// Messages of one direction of a link, in their order; none: a sign of life.
struct ClusterBatch {
  std::vector<ClusterMessage> messages;  // at most kClusterMessagesMax
  bool operator==(const ClusterBatch&) const = default;
};

}  // namespace tyto
