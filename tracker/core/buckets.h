// Buckets: their configuration and the policy in force.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "schema/messages/bucket.h"
#include "tracker/core/crossing.h"
#include "tracker/core/policy.h"
#include "tracker/core/rate_limit.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

struct BucketRow {
  BucketConfig config;
  PolicyRef policy;                              // never null
  RateLimit sent;                                // to all readers
  std::map<uint32_t, CrossingBudget> crossings;  // into regions, by Place::region
};

// Bounds: buckets as configured; none goes while the tracker runs.
class Buckets {
 public:
  // Makes the bucket of this name, or replaces its configuration and policy; `policy` null: the
  // default one.
  BucketIndex put(const BucketConfig& config, PolicyRef policy);
  std::optional<BucketIndex> find(const std::string& name) const;
  BucketRow& operator[](BucketIndex index) { return rows_[index.value()]; }
  const BucketRow& operator[](BucketIndex index) const { return rows_[index.value()]; }
  uint32_t size() const { return static_cast<uint32_t>(rows_.size()); }
  // What holds for `bucket`; the default for kNoBucket.
  const Policy& policy(BucketIndex bucket) const {
    return bucket == kNoBucket ? fallback_ : *rows_[bucket.value()].policy;
  }

 private:
  const Policy fallback_{};
  std::vector<BucketRow> rows_;
  std::unordered_map<std::string, BucketIndex> by_name_;
};

}  // namespace tyto::tracker
