#include "tracker/core/buckets.h"

namespace tyto::tracker {

BucketIndex Buckets::put(const BucketConfig& config, PolicyRef policy) {
  if (policy == nullptr) policy = std::make_shared<const Policy>();
  BucketIndex next(size());
  auto [it, is_new] = by_name_.try_emplace(config.name, next);
  if (is_new) rows_.emplace_back();
  BucketRow& row = rows_[it->second.value()];
  // What was taken under another limit is not owed under this one.
  bool is_same_rate = !is_new && row.policy->selection.bytes_per_s == policy->selection.bytes_per_s;
  if (!is_same_rate) row.sent = RateLimit();
  bool is_same_crossing = !is_new && row.policy->selection.bytes_between_regions_per_s ==
                                         policy->selection.bytes_between_regions_per_s;
  for (auto& [region, budget] : row.crossings)
    if (!is_same_crossing) budget.taken = RateLimit();
  row.config = config;
  row.policy = std::move(policy);
  return it->second;
}

std::optional<BucketIndex> Buckets::find(const std::string& name) const {
  auto it = by_name_.find(name);
  if (it == by_name_.end()) return std::nullopt;
  return it->second;
}

}  // namespace tyto::tracker
