// Readers are told what they wait for: seldom, and only what is new.
#include <algorithm>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

// The version of the protocol that brought ShowWait.
constexpr uint32_t kProtocolOfWaits = 2;
// Who is served within this need not know.
constexpr Duration kTellAfter = Duration::seconds(1);
constexpr Duration kTellEvery = Duration::seconds(2);
// Even if nothing is new: a reader that hears nothing for a minute gives up.
constexpr Duration kTellAgain = Duration::seconds(20);
// Of a line so many hear of their places, which change all the time; those behind hear only that
// they are in it.
constexpr std::size_t kPlacesTold = 1000;

WaitsFor waits_for(const Reason& lack) {
  switch (lack.choice) {
    // Nobody who is in doubt is worth waiting for: the reader gives up when its own patience ends.
    case Choice::kWaitForSource:
      return lack.rejected_busy > 0 ? WaitsFor::kSource : WaitsFor::kNothing;
    case Choice::kWaitForTurn: return WaitsFor::kSource;
    case Choice::kWaitForLease:
    case Choice::kWaitForTracker:
    case Choice::kWaitForSuperpeer:
    case Choice::kWaitForRetry: return WaitsFor::kLease;
    case Choice::kWaitForRate: return WaitsFor::kBandwidthLimit;
    case Choice::kWaitForOrigin: return WaitsFor::kOriginBudget;
    case Choice::kWaitForSpace: return WaitsFor::kSpace;
    case Choice::kWaitForRecovery: return WaitsFor::kRecovery;
    default: return WaitsFor::kNothing;
  }
}

void tell(State& state, ReaderIndex index, const Wait& wait) {
  Reader& reader = state.readers[index];
  SessionIndex session = state.fleet.peer(reader.peer).session;
  if (state.sessions[session].protocol_version < kProtocolOfWaits) return;
  reader.told.wait = wait;
  reader.told.at = state.now;
  for (OpenId open : reader.opens) state.stage(session, ShowWait{open, wait});
}

void tell_if_new(State& state, ReaderIndex index, const Wait& wait) {
  const ToldWait& told = state.readers[index].told;
  if (told.since.is_never() || state.now - told.since < kTellAfter) return;
  bool is_new = told.wait.what != wait.what || told.wait.place != wait.place;
  bool is_told = told.wait.what != WaitsFor::kNothing;
  if (is_told && state.now - told.at < (is_new ? kTellEvery : kTellAgain)) return;
  tell(state, index, wait);
}

// When the reader at this place of the line has its turn, as far as can be said.
Duration expected(const State& state, const OriginDesk& desk, const Reader& reader,
                  uint32_t place) {
  const VersionRow& version = state.versions[reader.version];
  if (state.cluster.is_several() && needs_permits(state, version.bucket))
    return desk.usual_turn * int64_t{place};
  const OriginBudget& budget = desk.budget;
  Duration span = budget.spacing(version.chunking.chunk_bytes) * int64_t{place - 1};
  if (Instant free = budget.free_at(); free > state.now && !free.is_never())
    span += free - state.now;
  uint32_t reads = budget.limits().reads;
  if (reads == 0) return span;
  return std::max(span, desk.usual_read * int64_t{(place + reads - 1) / reads});
}

}  // namespace

void tell_waiting(State& state, ReaderIndex index) {
  Reader& reader = state.readers[index];
  // Where nothing is on its way out, reads of the same peer stand in each other's way: only that
  // one of them gives up helps.
  bool is_stuck = reader.lack.reason.choice == Choice::kWaitForSpace &&
                  state.fleet.peer(reader.peer).evicting_bytes == 0;
  if (is_stuck) return;
  Wait wait{.what = waits_for(reader.lack.reason)};
  if (wait.what == WaitsFor::kNothing) return;
  if (reader.told.since.is_never()) reader.told.since = state.now;
  // Of its place in a line it hears with the others there.
  if (wait.what != WaitsFor::kOriginBudget) tell_if_new(state, index, wait);
}

void tell_served(State& state, ReaderIndex index) {
  Reader& reader = state.readers[index];
  reader.told.since = Instant::never();
  if (reader.told.wait.what != WaitsFor::kNothing) tell(state, index, {});
}

Instant tell_origin_line(State& state, BucketIndex bucket) {
  OriginDesk& desk = state.origins[bucket];
  if (desk.line.is_empty()) return Instant::never();
  if (desk.tell_at > state.now) return desk.tell_at;
  desk.tell_at = state.now + kTellAfter;
  std::size_t end = std::min(desk.line.size(), kPlacesTold);
  for (std::size_t i = 0; i < end; ++i) {
    auto place = static_cast<uint32_t>(i + 1);
    Duration span = expected(state, desk, state.readers[desk.line[i]], place);
    tell_if_new(state, desk.line[i], {WaitsFor::kOriginBudget, place, span});
  }
  for (std::size_t i = end; i < desk.line.size(); ++i)
    tell_if_new(state, desk.line[i], {.what = WaitsFor::kOriginBudget});
  return desk.tell_at;
}

}  // namespace tyto::tracker
