// Reads of an origin that are for their reader alone, where its bucket has a budget: each needs a
// permit of the budget's keeper. Permits are a bucket's, not a reader's: whoever comes first in
// this tracker's own line uses the next.
#include <algorithm>
#include <utility>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

// Asked for at once, for one bucket.
constexpr std::size_t kAskedMax = 64;
// One that nobody could use for so long, for want of room in a store, is given back.
constexpr Duration kUnusedMax = Duration::seconds(1);

using Permits = std::map<PermitId, Permit>;

Permits* find_permits(State& state, BucketIndex bucket) {
  auto it = state.cluster.permits.find(bucket);
  return it == state.cluster.permits.end() ? nullptr : &it->second;
}

std::size_t count_not_in_use(const Permits& permits) {
  return static_cast<std::size_t>(std::count_if(permits.begin(), permits.end(), [](const auto& e) {
    return e.second.stage != PermitStage::kInUse;
  }));
}

void tell(State& state, PermitId id, const Permit& permit) {
  tell_member(state, permit.keeper, permit.version,
              PermitWanted{id, state.versions[permit.version].id, permit.bytes,
                           permit.stage == PermitStage::kInUse});
}

PermitId draw(State& state) {
  return PermitId(++state.cluster.permit_serial);
}

// A request for a reader of the version is of so many bytes at most.
uint64_t request_bytes(const State& state, VersionIndex version) {
  const Chunking& chunking = state.versions[version].chunking;
  uint64_t chunks = std::max<uint32_t>(1, state.policy(version).origin.run);
  return std::min(chunks * chunking.chunk_bytes, chunking.object_bytes);
}

void ask(State& state, BucketIndex bucket, ReaderIndex reader) {
  VersionIndex version = state.readers[reader].version;
  PermitId id = draw(state);
  Permit permit{keeper_of(state, bucket), PermitStage::kAsked, state.now, version,
                request_bytes(state, version)};
  tell(state, id, permit);
  state.cluster.permits[bucket].emplace(id, permit);
}

// Those asked for last first, so that no place in the keeper's line is lost.
void give_back(State& state, Permits& permits, std::size_t count) {
  for (PermitStage stage : {PermitStage::kAsked, PermitStage::kGranted}) {
    for (auto it = permits.end(); it != permits.begin() && count > 0;) {
      --it;
      if (it->second.stage != stage) continue;
      tell_member(state, it->second.keeper, PermitEnded{it->first});
      it = permits.erase(it);
      --count;
    }
  }
}

// Reads of this kind that began before the bucket had limits, or under another keeper of these,
// count too.
void hold_permits_for_reads(State& state) {
  std::map<uint64_t, PermitId> of_run;
  for (uint32_t i = 0; i < state.origin_reads.rows(); ++i) {
    if (!state.origin_reads.is_used(ReadIndex(i))) continue;
    OriginRead& read = state.origin_reads[ReadIndex(i)];
    bool is_one = !read.is_of_directory && read.permit == PermitId() && read.bucket != kNoBucket &&
                  needs_permits(state, read.bucket);
    if (!is_one) continue;
    auto [known, is_new] = of_run.try_emplace(read.run);
    if (is_new)
      known->second = hold_permit(state, read.version, request_bytes(state, read.version));
    read.permit = known->second;
  }
}

}  // namespace

bool needs_permits(const State& state, BucketIndex bucket) {
  bool is_limited =
      state.cluster.is_several() && !limits_of(state.buckets.policy(bucket).origin).is_none();
  if (!is_limited) return false;
  const Link* keeper = state.cluster.link(keeper_of(state, bucket));
  return keeper == nullptr || keeper->version >= kClusterVersionOfPermits;
}

bool has_permit(const State& state, BucketIndex bucket) {
  auto permits = state.cluster.permits.find(bucket);
  return permits != state.cluster.permits.end() &&
         std::any_of(permits->second.begin(), permits->second.end(),
                     [](const auto& e) { return e.second.stage == PermitStage::kGranted; });
}

void settle_permits(State& state, BucketIndex bucket) {
  const OriginLine& line = state.origins[bucket].line;
  bool is_needed = needs_permits(state, bucket);
  std::size_t wanted = is_needed ? std::min(line.size(), kAskedMax) : 0;
  Permits* permits = find_permits(state, bucket);
  std::size_t have = permits == nullptr ? 0 : count_not_in_use(*permits);
  if (have > wanted) return give_back(state, *permits, have - wanted);
  for (; have < wanted; ++have) ask(state, bucket, line[have]);
}

PermitId use_permit(State& state, BucketIndex bucket) {
  Permits* permits = needs_permits(state, bucket) ? find_permits(state, bucket) : nullptr;
  if (permits == nullptr) return PermitId();
  for (auto& [id, permit] : *permits) {
    if (permit.stage != PermitStage::kGranted) continue;
    permit.stage = PermitStage::kInUse;
    return id;
  }
  return PermitId();
}

PermitId hold_permit(State& state, VersionIndex version, uint64_t bytes) {
  BucketIndex bucket = state.versions[version].bucket;
  if (bucket == kNoBucket || !needs_permits(state, bucket)) return PermitId();
  PermitId id = draw(state);
  Permit permit{keeper_of(state, bucket), PermitStage::kInUse, state.now, version, bytes};
  tell(state, id, permit);
  state.cluster.permits[bucket].emplace(id, permit);
  return id;
}

void end_permit(State& state, BucketIndex bucket, PermitId id) {
  Permits* permits = find_permits(state, bucket);
  if (permits == nullptr) return;
  auto it = permits->find(id);
  if (it == permits->end()) return;
  tell_member(state, it->second.keeper, PermitEnded{id});
  permits->erase(it);
  if (permits->empty()) state.cluster.permits.erase(bucket);
}

void take_permit_granted(State& state, MemberId from, const PermitGranted& message) {
  for (auto& [bucket, permits] : state.cluster.permits) {
    auto it = permits.find(message.permit);
    if (it == permits.end() || it->second.keeper != from) continue;
    if (it->second.stage != PermitStage::kAsked) return;
    it->second.stage = PermitStage::kGranted;
    it->second.since = state.now;
    if (state.origins[bucket].line.is_empty()) return settle_permits(state, bucket);
    note_turn(state, bucket);
    return mark_origin_dirty(state, bucket);
  }
  tell_member(state, from, PermitEnded{message.permit});  // it was given back meanwhile
}

void move_permits(State& state) {
  std::vector<BucketIndex> buckets;
  for (auto& [bucket, permits] : state.cluster.permits) {
    MemberId keeper = keeper_of(state, bucket);
    bool is_needed = needs_permits(state, bucket);
    for (auto it = permits.begin(); it != permits.end();) {
      Permit& permit = it->second;
      bool is_moved = permit.keeper != keeper || !is_needed;
      if (!is_moved) {
        ++it;
        continue;
      }
      tell_member(state, permit.keeper, PermitEnded{it->first});
      bool is_in_use = permit.stage == PermitStage::kInUse;
      permit.keeper = keeper;
      if (is_in_use && is_needed) tell(state, it->first, permit);
      it = is_in_use ? std::next(it) : permits.erase(it);
    }
    buckets.push_back(bucket);
  }
  hold_permits_for_reads(state);
  for (BucketIndex bucket : buckets) mark_origin_dirty(state, bucket);
}

void tell_permits(State& state, MemberId keeper) {
  for (auto& [bucket, permits] : state.cluster.permits) {
    std::erase_if(permits, [&](const auto& entry) {
      return entry.second.keeper == keeper && entry.second.stage != PermitStage::kInUse;
    });
    for (const auto& [id, permit] : permits)
      if (permit.keeper == keeper) tell(state, id, permit);
    mark_origin_dirty(state, bucket);
  }
}

void expire_permits(State& state) {
  std::vector<BucketIndex> buckets;
  for (auto& [bucket, permits] : state.cluster.permits) {
    for (auto it = permits.begin(); it != permits.end();) {
      const Permit& permit = it->second;
      bool is_unused = permit.stage == PermitStage::kGranted;
      if (!is_unused || state.now - permit.since < kUnusedMax) {
        ++it;
        continue;
      }
      tell_member(state, permit.keeper, PermitEnded{it->first});
      it = permits.erase(it);
    }
    buckets.push_back(bucket);
  }
  for (BucketIndex bucket : buckets) settle_permits(state, bucket);
}

}  // namespace tyto::tracker
