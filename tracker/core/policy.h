// What a bucket's owner sets of the tracker's decisions: one value per bucket, replaced whole while
// the tracker runs, and in force from the next decision on.
#pragma once

#include <cstdint>
#include <memory>

#include "base/location.h"
#include "base/time.h"
#include "schema/messages/common.h"

namespace tyto::tracker {

// How the source of a chunk is chosen. Each is a file of tracker/core/selection/.
enum class SelectionKind : uint8_t {
  kLocationAware,  // the nearest, then ordinary peers before superpeers, then the least loaded
  kHotCold,        // hot objects as location-aware; cold ones past the superpeers
  kLeastLoaded,    // the least loaded wherever it is
  kRandom,         // any
  kSuperpeerOnly,  // superpeers only, as a hierarchical cache
  kOriginOnly,     // every reader reads the origin
};

// The longest chain of copies in flight that a policy may allow.
inline constexpr uint32_t kTreeDepthMax = 7;

struct SelectionPolicy {
  SelectionKind kind = SelectionKind::kLocationAware;
  // Uploads at once at which a host is no source for this bucket any more, whatever it serves.
  // Caps of the tracker and of the host itself hold besides. 0: only these.
  uint32_t uploads_per_host = 0;
  uint32_t uploads_per_superpeer = 0;
  // The longest chain of peers that pass a chunk on while they receive it; 0: whole copies only.
  uint32_t tree_depth = kTreeDepthMax;
  // Sources farther off than this are not used: the origin is read instead.
  Nearness farthest = Nearness::kAnywhere;
  // How long a reader waits for a source on this side of a boundary, which has the chunk and is
  // busy, before it reads across; counted from when it was last sent for anything.
  Duration cross_rack_after = Duration::forever();
  Duration cross_zone_after;
  Duration cross_region_after;
  // Bytes a second that all readers of the bucket together are sent; 0: no limit.
  uint64_t bytes_per_s = 0;
  // Bytes a second that may come into a region from peers of others; 0: no limit.
  uint64_t bytes_between_regions_per_s = 0;
  // The bucket's share where buckets compete for uplinks, relative to others' weights.
  uint32_t weight = 1;
  // Attempts at one chunk by one reader before its handle ends with an error; 0: the tracker's.
  uint32_t attempts_max = 0;
  // A reader that was brought no chunk for so long is given up; 0: never.
  Duration give_up;
  // The heat (see heat.h) from which an object is hot.
  uint32_t hot_from = 8;
  bool operator==(const SelectionPolicy&) const = default;
};

// Which copies are kept.
enum class Admit : uint8_t {
  kAll,         // every peer keeps what it reads
  kSuperpeers,  // peers drop what they have read once nobody reads it from them
};
enum class ReplacementKind : uint8_t { kLru, kLeastRare, kHybrid, kTtl, kRandom };

struct CachingPolicy {
  Admit admit = Admit::kAll;
  ReplacementKind replacement = ReplacementKind::kLru;
  Placement placement = Placement::kDisk;
  // Unused for so long, a copy is expired. 0: never.
  Duration ttl;
  // Bytes that this bucket may take of what one peer lends, of its disk and of its memory each; 0:
  // all that is lent.
  uint64_t bytes_per_peer = 0;
  // Bytes that all stores together may keep of it; 0: no limit.
  uint64_t fleet_bytes = 0;
  // Copies of a chunk in the fleet, and in a zone, below which no eviction goes while there is
  // anything else to evict.
  uint32_t copies_floor = 1;
  uint32_t zone_copies_floor = 0;
  // Bytes that may be pinned of this bucket; 0: no limit.
  uint64_t pinned_bytes = 0;
  // The origin may lose what it has: last copies are never evicted.
  bool is_origin_unreliable = false;
};

struct OriginPolicy {
  // For all superpeers and readers together. 0: no limit.
  uint32_t reads = 0;
  uint32_t requests_per_s = 0;
  uint64_t bytes_per_s = 0;
  // Chunks that follow on one another and are read by one request, at most. 1 to kOriginRunMax.
  uint32_t run = 1;
  // A lease without progress for so long is given to another.
  Duration lease_term = Duration::seconds(30);
  // The share of opens that reads straight from the origin, in thousandths, to measure what Tyto
  // brings.
  uint32_t shadow_permille = 0;
};

struct Policy {
  SelectionPolicy selection;
  CachingPolicy caching;
  OriginPolicy origin;
};
using PolicyRef = std::shared_ptr<const Policy>;

}  // namespace tyto::tracker
