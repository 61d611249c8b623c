// What all stores together may keep of a bucket (caching.fleet_bytes).
//
// It bounds what is kept, not what is read: whatever a reader needs is sent to it, and over the
// quota other copies go instead. If none can, since all are being read or pinned or must not be
// lost, the read goes on uncached: when nobody reads the object any more, its copies go.
#pragma once

#include <cstdint>

#include "tracker/core/state.h"

namespace tyto::tracker {

// What this tracker's peers may keep of the bucket: all, or with several trackers its part. 0: no
// limit. Requires: the bucket is known.
uint64_t fleet_quota(const State& state, BucketIndex bucket);
// Something of the bucket may go now, perhaps: if it has more than it may, that is looked at by the
// next decide(). Cost: constant.
void look_at_fleet_quota(State& state, BucketIndex bucket);
// The same, since the version takes room; but not if nothing could go a moment ago.
void note_room_taken(State& state, VersionIndex version);
void fire_fleet_quota_timer(State& state, BucketIndex bucket);
// Orders evictions where buckets have more than they may. False if none was to be looked at.
bool serve_fleet_quotas(State& state);

}  // namespace tyto::tracker
