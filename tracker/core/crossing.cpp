// What comes into a region from others, where a bucket limits that: each tracker of a region keeps
// its part of the limit.
#include "tracker/core/crossing.h"

#include <algorithm>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

uint64_t limit_of(const State& state, VersionIndex version) {
  if (state.versions[version].bucket == kNoBucket) return 0;
  return state.policy(version).selection.bytes_between_regions_per_s;
}

// The part of this tracker, where others direct peers of that region as well.
uint64_t part_of(const State& state, uint64_t limit, const std::string& region) {
  if (!state.cluster.is_several()) return limit;
  uint64_t there = 0;
  for (const auto& [id, link] : state.cluster.links) there += link.member.region == region ? 1 : 0;
  uint64_t trackers = there > 0 ? there : std::max<std::size_t>(1, state.cluster.links.size());
  return std::max<uint64_t>(1, limit / trackers);
}

Instant next_turn(const State& state, const CrossingBudget& budget) {
  Instant next = budget.taken.opens_at();
  if (budget.has_wishes()) next = std::max(next, budget.owed_until);
  bool is_somebodys = budget.turn != kNoReader;
  if (is_somebodys) next = std::max(next, budget.turn_until);
  return std::max(next, state.now);
}

void wake(State& state, ReaderIndex reader) {
  if (state.readers.is_used(reader)) state.mark_dirty(reader);
}

// The first in line may take a chunk now.
void begin_turn(State& state, CrossingBudget& budget) {
  budget.turn = budget.line.front();
  budget.turn_until = state.now + CrossingBudget::kTurn;
  budget.line.pop_front();
  budget.in_line.erase(budget.turn);
  wake(state, budget.turn);
}

// Who had its turn, and came too late for it, is the first again.
void stand_in_line(CrossingBudget& budget, ReaderIndex reader) {
  if (!budget.in_line.insert(reader).second) return;
  if (budget.turn != reader) return budget.line.push_back(reader);
  budget.line.push_front(reader);
  budget.turn = kNoReader;
}

// There is no limit any more.
void release_all(State& state, CrossingBudget& budget) {
  for (ReaderIndex reader : budget.line) wake(state, reader);
  budget.line.clear();
  budget.in_line.clear();
  budget.turn = kNoReader;
  budget.owed_until = Instant();
}

void look_at(State& state, BucketIndex bucket, CrossingBudget& budget) {
  bool is_limited = state.buckets.policy(bucket).selection.bytes_between_regions_per_s > 0;
  if (!is_limited) return release_all(state, budget);
  Instant next = next_turn(state, budget);
  if (next > state.now) return set_crossing_timer(state, bucket, budget, next);
  budget.turn = kNoReader;
  if (budget.line.empty()) return;
  begin_turn(state, budget);
  set_crossing_timer(state, bucket, budget, budget.turn_until);
}

}  // namespace

void set_crossing_timer(State& state, BucketIndex bucket, CrossingBudget& budget, Instant due) {
  if (budget.due <= due) return;
  budget.due = due;
  state.timers.set({due, TimerKind::kCrossing, bucket.value()});
}

std::optional<uint64_t> crossing_rate(State& state, VersionIndex version, PeerIndex receiver) {
  uint64_t limit = limit_of(state, version);
  if (limit == 0) return std::nullopt;
  return part_of(state, limit, crossing_budget(state, version, receiver).region);
}

CrossingBudget& crossing_budget(State& state, VersionIndex version, PeerIndex receiver) {
  BucketRow& bucket = state.buckets[state.versions[version].bucket];
  auto [it, is_new] = bucket.crossings.try_emplace(state.fleet.place_of(receiver).region);
  if (is_new) {
    auto location = Location::parse(state.fleet.location_of(receiver));
    if (location.ok()) it->second.region = location.value().region;
  }
  return it->second;
}

bool may_cross_regions(State& state, const Reader& reader) {
  std::optional<uint64_t> rate = crossing_rate(state, reader.version, reader.peer);
  if (!rate) return true;
  CrossingBudget& budget = crossing_budget(state, reader.version, reader.peer);
  ReaderIndex index = state.readers.find(reader.peer, reader.version);
  bool is_owed = budget.has_wishes() && budget.owed_until > state.now;
  bool is_open = budget.taken.is_open(state.now, *rate) && !is_owed;
  bool is_its_turn = budget.turn == index || (budget.turn == kNoReader && budget.line.empty());
  if (is_open && is_its_turn) return true;
  stand_in_line(budget, index);
  BucketIndex bucket = state.versions[reader.version].bucket;
  set_crossing_timer(state, bucket, budget, next_turn(state, budget));
  return false;
}

void charge_crossing(State& state, const TransferRow& row, Choice choice) {
  // What was carried over was counted where it began.
  if (row.source == kNoPeer || choice == Choice::kCarriedOver) return;
  Nearness near = nearness(state.fleet.place_of(row.receiver), state.fleet.place_of(row.source));
  if (near <= Nearness::kSameRegion) return;
  std::optional<uint64_t> rate = crossing_rate(state, row.version, row.receiver);
  if (!rate) return;
  const VersionRow& version = state.versions[row.version];
  CrossingBudget& budget = crossing_budget(state, row.version, row.receiver);
  budget.taken.take(state.now, version.chunking.length_of(ChunkIndex(row.chunk)), *rate);
  bool is_of_reader = choice != Choice::kForeignCopy;
  bool is_wish_next = is_of_reader && budget.has_wishes();
  budget.owed_until = is_wish_next ? budget.taken.opens_at() + CrossingBudget::kOwed : Instant();
  if (is_of_reader) budget.turn = kNoReader;
  if (!budget.line.empty() || budget.has_wishes())
    set_crossing_timer(state, version.bucket, budget, std::max(state.now, budget.taken.opens_at()));
}

void fire_crossing_timer(State& state, BucketIndex bucket) {
  for (auto& [region, budget] : state.buckets[bucket].crossings) {
    if (budget.due > state.now) continue;
    budget.due = Instant::never();
    look_at(state, bucket, budget);
  }
}

}  // namespace tyto::tracker
