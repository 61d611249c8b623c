// Wishes whose chunks only other regions have, where the bucket limits what comes from there. Such
// a wish is withdrawn when the first offer comes that may not be taken, stands in line for its
// region's budget, and is made anew when it is its turn: what is offered then is counted when it is
// taken.
#include <algorithm>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

CrossingBudget& budget_of(State& state, const Wish& wish) {
  return state.buckets[wish.bucket].crossings.at(wish.region);
}

uint64_t bytes_of(const State& state, ChunkKey key) {
  return state.versions[key.version].chunking.length_of(ChunkIndex(key.chunk));
}

// Asked for again is what the budget has room for at this moment, and always one at least: it takes
// a while until the offer is here.
bool is_turn_of(const State& state, const CrossingBudget& budget, uint64_t rate) {
  if (!budget.taken.is_open(state.now, rate)) return false;
  if (budget.wishes_asked == 0) return true;
  uint64_t asked = budget.wishes_asked * bytes_of(state, budget.wishes.front());
  return asked <= budget.taken.unused(state.now, rate);
}

// Whether anybody is left in line.
bool serve(State& state, BucketIndex bucket, CrossingBudget& budget) {
  while (!budget.wishes.empty()) {
    ChunkKey key = budget.wishes.front();
    PeerIndex peer = state.fleet.find(state.cluster.wishes.at(key).reader);
    if (peer == kNoPeer) {  // others may wish for it
      forget_wish(state, key);
      state.mark_dirty(key.version);
      continue;
    }
    std::optional<uint64_t> rate = crossing_rate(state, key.version, peer);
    if (rate && !is_turn_of(state, budget, *rate)) break;
    budget.wishes.pop_front();
    state.cluster.wishes.at(key).crossing = Crossing::kAsked;
    ++budget.wishes_asked;
    tell_wish(state, key);
  }
  if (budget.wishes.empty()) return false;
  // If it is open, those who were asked for are to come first.
  Instant opens = budget.taken.opens_at();
  if (opens > state.now) set_crossing_timer(state, bucket, budget, opens);
  return true;
}

}  // namespace

Reason why_wished(const State& state, ChunkKey key) {
  Reason reason{.choice = Choice::kWaitForTracker};
  auto it = state.cluster.wishes.find(key);
  if (it == state.cluster.wishes.end() || it->second.crossing == Crossing::kNotAsked) return reason;
  reason.choice = Choice::kWaitForRate;
  reason.nearness = static_cast<uint8_t>(Nearness::kAnywhere);
  return reason;
}

bool may_import(State& state, const Wish& wish, ReaderIndex index, const std::string& region) {
  const Reader& reader = state.readers[index];
  std::optional<uint64_t> rate = crossing_rate(state, reader.version, reader.peer);
  if (!rate) return true;
  const CrossingBudget& budget = crossing_budget(state, reader.version, reader.peer);
  if (budget.region == region) return true;
  if (!budget.taken.is_open(state.now, *rate)) return false;
  bool is_its_turn =
      wish.crossing == Crossing::kAsked && wish.region == state.fleet.place_of(reader.peer).region;
  return is_its_turn || (!budget.has_wishes() && budget.line.empty() && budget.turn == kNoReader);
}

void wait_to_cross(State& state, ChunkKey key, ReaderIndex index) {
  const Wish before = state.cluster.wishes.at(key);
  leave_crossing(state, key);
  tell_member(state, before.directory, key.version, WantWithdrawn{before.want});
  PeerIndex peer = state.readers[index].peer;
  Wish& wish = state.cluster.wishes.at(key);
  wish.reader = state.fleet.peer(peer).id;
  wish.stage = WishStage::kPostponed;
  wish.until = Instant::never();
  wish.crossing = Crossing::kInLine;
  wish.bucket = state.versions[key.version].bucket;
  wish.region = state.fleet.place_of(peer).region;
  CrossingBudget& budget = crossing_budget(state, key.version, peer);
  if (before.crossing == Crossing::kAsked)
    budget.wishes.push_front(key);
  else
    budget.wishes.push_back(key);
  state.cluster.crossings.insert({wish.bucket, wish.region});
}

void leave_crossing(State& state, ChunkKey key) {
  Wish& wish = state.cluster.wishes.at(key);
  if (wish.crossing == Crossing::kNotAsked) return;
  CrossingBudget& budget = budget_of(state, wish);
  if (wish.crossing == Crossing::kAsked)
    --budget.wishes_asked;
  else
    std::erase(budget.wishes, key);
  wish.crossing = Crossing::kNotAsked;
  bool is_readers_turn = !budget.has_wishes() && !budget.line.empty();
  if (is_readers_turn) set_crossing_timer(state, wish.bucket, budget, state.now);
}

void serve_crossings(State& state) {
  std::erase_if(state.cluster.crossings, [&](const std::pair<BucketIndex, uint32_t>& of) {
    return !serve(state, of.first, state.buckets[of.first].crossings.at(of.second));
  });
}

}  // namespace tyto::tracker
