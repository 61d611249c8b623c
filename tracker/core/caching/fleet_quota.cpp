#include "tracker/core/caching/fleet_quota.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "tracker/core/caching/candidates.h"

namespace tyto::tracker {
namespace {

// Peers among whose copies one is chosen, and how many are looked at to find so many.
constexpr uint32_t kPeersSeen = 8;
constexpr uint32_t kPeersLooked = 64;
// Objects that give up copies at once; the rest follows a moment later.
constexpr int kVictimsAtOnce = 64;
constexpr Duration kRestAfter = Duration::milliseconds(10);
// If nothing could go of those looked at, when the others' turn comes; if these were all, pins may
// have run out by then, or leave have come from other trackers.
constexpr Duration kOthersAfter = Duration::milliseconds(100);
constexpr Duration kBarrenFor = Duration::seconds(1);

uint64_t excess_of(const State& state, BucketIndex bucket) {
  uint64_t quota = fleet_quota(state, bucket);
  const FleetShare* share = state.fleet_shares.find(bucket);
  if (quota == 0 || share == nullptr || share->kept_bytes() <= quota) return 0;
  return share->kept_bytes() - quota;
}

void arm(State& state, BucketIndex bucket, Instant due) {
  FleetShare& share = state.fleet_shares[bucket];
  if (due >= share.look_at) return;
  share.look_at = due;
  state.timers.set({due, TimerKind::kFleetQuota, bucket.value()});
}

struct Found {
  std::vector<Candidate> list;  // the least recently used first
  uint32_t looked = 0;          // at so many peers
};

// From the hand on, which goes round the peers that have something of the bucket.
Found look_around(State& state, BucketIndex bucket, Pass pass) {
  const FleetShare& share = state.fleet_shares[bucket];
  const auto peers = static_cast<uint32_t>(share.peers.size());
  Found found;
  for (uint32_t seen = 0; found.looked < std::min(peers, kPeersLooked) && seen < kPeersSeen;) {
    PeerIndex peer = share.peers[(share.hand + found.looked++) % peers];
    // What others read is not taken from them to be read again: only what is to spare.
    Whose whose = pass == Pass::kSpare ? Whose::kAnybodys : Whose::kNobodys;
    Candidates there =
        find_candidates(state, {.peer = peer, .pass = pass, .bucket = bucket, .whose = whose});
    seen += there.list.empty() ? 0 : 1;
    found.list.insert(found.list.end(), there.list.begin(), there.list.end());
  }
  std::stable_sort(
      found.list.begin(), found.list.end(),
      [](const Candidate& a, const Candidate& b) { return a.unused_for > b.unused_for; });
  return found;
}

void move_hand(FleetShare& share, uint32_t looked) {
  auto peers = static_cast<uint32_t>(share.peers.size());
  share.hand = peers == 0 ? 0 : (share.hand + looked) % peers;
}

// What ordering evictions came to: bytes, and if there are none when to look again.
struct Eviction {
  uint64_t bytes = 0;
  Duration again;
};

Eviction evict_one(State& state, BucketIndex bucket, uint64_t excess) {
  uint32_t looked = 0;
  for (Pass pass : {Pass::kSpare, Pass::kAny}) {
    Found found = look_around(state, bucket, pass);
    looked = found.looked;
    if (found.list.empty()) continue;
    move_hand(state.fleet_shares[bucket], looked);
    Victim victim = choose_of_bucket(state, found.list);
    bool is_due_anyway =
        victim.why == Choice::kEvictExpired || victim.why == Choice::kEvictConsumed;
    if (!is_due_anyway) victim.why = Choice::kEvictFleetQuota;
    Ousting ousting{pass, excess, victim.why, state.fleet_shares[bucket].for_version};
    return {evict_from(state, victim.candidate.holding, ousting), {}};
  }
  FleetShare& share = state.fleet_shares[bucket];
  bool is_all = looked >= share.peers.size();
  move_hand(share, looked);
  return {0, is_all ? kBarrenFor : kOthersAfter};
}

void serve(State& state, BucketIndex bucket) {
  state.fleet_shares[bucket].is_dirty = false;
  // The fleet has not said yet what it holds: what seems to be the last copy may not be.
  if (state.now < state.recovered_at) return arm(state, bucket, state.recovered_at);
  for (int i = 0; i < kVictimsAtOnce; ++i) {
    uint64_t excess = excess_of(state, bucket);
    if (excess == 0) break;
    Eviction done = evict_one(state, bucket, excess);
    if (done.bytes > 0) continue;
    state.fleet_shares[bucket].barren_until = state.now + done.again;
    return arm(state, bucket, state.now + done.again);
  }
  if (excess_of(state, bucket) > 0) arm(state, bucket, state.now + kRestAfter);
  state.fleet_shares[bucket].for_version = VersionIndex(kNone);
}

}  // namespace

uint64_t fleet_quota(const State& state, BucketIndex bucket) {
  uint64_t quota = state.buckets.policy(bucket).caching.fleet_bytes;
  if (quota == 0 || !state.cluster.is_several()) return quota;
  return std::max<uint64_t>(1, quota / std::max<std::size_t>(1, state.cluster.links.size()));
}

void look_at_fleet_quota(State& state, BucketIndex bucket) {
  if (bucket == kNoBucket || excess_of(state, bucket) == 0) return;
  FleetShare& share = state.fleet_shares[bucket];
  if (std::exchange(share.is_dirty, true)) return;
  state.fleet_shares.dirty.push_back(bucket);
}

void note_room_taken(State& state, VersionIndex version) {
  BucketIndex bucket = state.versions[version].bucket;
  if (bucket == kNoBucket || state.now < state.fleet_shares[bucket].barren_until) return;
  state.fleet_shares[bucket].for_version = version;
  look_at_fleet_quota(state, bucket);
}

void fire_fleet_quota_timer(State& state, BucketIndex bucket) {
  FleetShare& share = state.fleet_shares[bucket];
  if (share.look_at > state.now) return;  // superseded
  share.look_at = Instant::never();
  look_at_fleet_quota(state, bucket);
}

bool serve_fleet_quotas(State& state) {
  if (state.fleet_shares.dirty.empty()) return false;
  std::vector<BucketIndex> dirty = std::exchange(state.fleet_shares.dirty, {});
  for (BucketIndex bucket : dirty) serve(state, bucket);
  return true;
}

}  // namespace tyto::tracker
