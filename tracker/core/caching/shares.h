// What each bucket takes of what one peer lends.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "schema/messages/common.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

struct Share {
  BucketIndex bucket = kNoBucket;
  uint32_t place = kNone;  // of the peer, among FleetShare::peers
  // On disk and in memory together.
  uint64_t used_bytes = 0;      // held, and reserved for transfers under way
  uint64_t evicting_bytes = 0;  // of these, ordered to be freed and not confirmed yet
  // Of both, what is in memory only.
  uint64_t memory_used_bytes = 0;
  uint64_t memory_evicting_bytes = 0;

  uint64_t used_in(Medium medium) const {
    return medium == Medium::kMemory ? memory_used_bytes : used_bytes - memory_used_bytes;
  }
  uint64_t evicting_in(Medium medium) const {
    return medium == Medium::kMemory ? memory_evicting_bytes
                                     : evicting_bytes - memory_evicting_bytes;
  }
};

// One row for each bucket of which the peer has, or gets, anything: few, so they are searched in
// turn. Versions that no bucket is known of have a row too (kNoBucket).
//
// Bounds: the buckets.
class Shares {
 public:
  // All zero if there is none.
  Share of(BucketIndex bucket) const {
    for (const Share& row : rows_)
      if (row.bucket == bucket) return row;
    return {.bucket = bucket};
  }
  // Null if there is none.
  Share* find(BucketIndex bucket) {
    for (Share& row : rows_)
      if (row.bucket == bucket) return &row;
    return nullptr;
  }
  void use(BucketIndex bucket, uint64_t bytes, Medium medium = Medium::kDisk) {
    row(bucket).used_bytes += bytes;
    if (medium == Medium::kMemory) row(bucket).memory_used_bytes += bytes;
  }
  void free(BucketIndex bucket, uint64_t bytes, Medium medium = Medium::kDisk) {
    row(bucket).used_bytes -= bytes;
    if (medium == Medium::kMemory) row(bucket).memory_used_bytes -= bytes;
    drop_if_empty(bucket);
  }
  void begin_evicting(BucketIndex bucket, uint64_t bytes, Medium medium = Medium::kDisk) {
    row(bucket).evicting_bytes += bytes;
    if (medium == Medium::kMemory) row(bucket).memory_evicting_bytes += bytes;
  }
  void end_evicting(BucketIndex bucket, uint64_t bytes, Medium medium = Medium::kDisk) {
    row(bucket).evicting_bytes -= bytes;
    if (medium == Medium::kMemory) row(bucket).memory_evicting_bytes -= bytes;
    free(bucket, bytes, medium);
  }
  std::span<const Share> rows() const { return rows_; }

 private:
  Share& row(BucketIndex bucket) {
    for (Share& known : rows_)
      if (known.bucket == bucket) return known;
    return rows_.emplace_back(Share{.bucket = bucket});
  }
  void drop_if_empty(BucketIndex bucket) {
    std::erase_if(
        rows_, [&](const Share& known) { return known.bucket == bucket && known.used_bytes == 0; });
  }

  std::vector<Share> rows_;
};

}  // namespace tyto::tracker
