// What each bucket takes of all stores together.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

struct FleetShare {
  uint64_t used_bytes = 0;      // held, and reserved for transfers under way
  uint64_t evicting_bytes = 0;  // of these, ordered to be freed and not confirmed yet
  // That have any of it, in no order that means anything; each peer's Share says where it stands.
  std::vector<PeerIndex> peers;
  uint32_t hand = 0;                // where among them the next look for something to evict begins
  VersionIndex for_version{kNone};  // that took room last
  Instant look_at = Instant::never();  // a timer is set for then
  Instant barren_until;                // nothing could go: what takes room is no reason to look
  bool is_dirty = false;               // in FleetShares::dirty

  // What was told to go counts no more: it is no copy.
  uint64_t kept_bytes() const { return used_bytes - evicting_bytes; }
};

// Bounds: one row a bucket, made when it is first asked for; 4 bytes besides for each peer that has
//         some of a bucket.
class FleetShares {
 public:
  FleetShare& operator[](BucketIndex bucket) {
    if (bucket.value() >= rows_.size()) rows_.resize(bucket.value() + 1);
    return rows_[bucket.value()];
  }
  // Null if nothing was ever kept of it.
  const FleetShare* find(BucketIndex bucket) const {
    return bucket.value() < rows_.size() ? &rows_[bucket.value()] : nullptr;
  }
  uint32_t size() const { return static_cast<uint32_t>(rows_.size()); }

  std::vector<BucketIndex> dirty;  // to be looked at by the next decide()

 private:
  std::vector<FleetShare> rows_;
};

}  // namespace tyto::tracker
