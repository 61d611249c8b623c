// Trackers with as many readers each: what most tests of several trackers begin with.
#pragma once

#include <algorithm>
#include <string>

#include "tests/support/tracker_cluster.h"

namespace tyto::tracker {

inline std::string reader(int tracker, int i) {
  return "p" + std::to_string(tracker) + "-" + std::to_string(i);
}

// The superpeers, s0 and so on, are the first tracker's.
inline void populate(TrackerCluster& t, int trackers, int readers, int superpeers = 1) {
  for (int i = 0; i < superpeers; ++i) t.join("s" + std::to_string(i), 0, Role::kSuperpeer);
  t.run(Duration::milliseconds(20));
  for (int k = 0; k < trackers; ++k)
    for (int i = 0; i < readers; ++i) t.join(reader(k, i), k);
}

inline void open_all(TrackerCluster& t, int trackers, int readers, const std::string& key) {
  for (int k = 0; k < trackers; ++k)
    for (int i = 0; i < readers; ++i) t.open(reader(k, i), key);
}

// Of a tally of the cluster: the largest count, and all counts together.
int most(const auto& tally) {
  int n = 0;
  for (const auto& [key, count] : tally) n = std::max(n, count);
  return n;
}
int sum(const auto& tally) {
  int n = 0;
  for (const auto& [key, count] : tally) n += count;
  return n;
}

}  // namespace tyto::tracker
