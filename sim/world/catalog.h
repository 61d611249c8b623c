// What lasts when a tracker dies.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/world/scenario.h"
#include "tracker/core/inputs.h"

namespace tyto::sim {

// Versions, their roots, names.
class Catalog {
 public:
  struct Version {
    VersionFactsRef facts;
    std::map<uint32_t, Digest> roots;
  };
  void put(const VersionFactsRef& facts);
  void put_root(const ChunkId& chunk, const Digest& root);
  // A published object: with all roots.
  void publish(const VersionFactsRef& facts);
  // Trackers' runs, counted.
  uint64_t draw_epoch() { return ++epochs_; }
  // As a tracker reads it at its start.
  std::vector<tracker::Input> load(const Scenario& scenario, TrackerEpoch epoch) const;

 private:
  uint64_t epochs_ = 0;
  std::map<VersionId, Version> versions_;
  std::map<std::string, VersionId> names_;
};

}  // namespace tyto::sim
