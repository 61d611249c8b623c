// The bytes that peers lend: reserved before a chunk is sent for, freed by evictions. What goes is
// chosen in caching/.
#include <algorithm>

#include "tracker/core/caching/books.h"
#include "tracker/core/caching/candidates.h"
#include "tracker/core/caching/eviction_orders.h"
#include "tracker/core/caching/fleet_quota.h"
#include "tracker/core/origin/shadow.h"

namespace tyto::tracker {
namespace {

uint32_t length_of(const State& state, VersionIndex version, uint32_t chunk) {
  return state.versions[version].chunking.length_of(ChunkIndex(chunk));
}

Session& session_of(State& state, PeerIndex peer) {
  return state.sessions[state.fleet.peer(peer).session];
}

// What is lacking of a peer's store, beyond what evictions on their way will free.
struct Shortage {
  uint64_t bytes = 0;
  std::optional<BucketIndex> bucket;  // that must give it; none: any
};

// What ordering evictions came to.
struct Freed {
  bool is_enough = false;
  bool is_hopeless = false;  // everything that is left may never go
};

// Whether what is left will never make room: nothing is on its way in or out, and no reader keeps
// anything that could go when it has read on, but this one of the whole version.
bool is_hopeless(const State& state, PeerIndex peer, VersionIndex version, const Candidates& left) {
  const PeerRow& row = state.fleet.peer(peer);
  ReaderIndex reader = state.readers.find(peer, version);
  bool keeps_all = reader != kNoReader && state.readers[reader].wants_all;
  auto may_end = [&](VersionIndex wanted) { return wanted != version || !keeps_all; };
  return left.is_all && left.list.empty() && row.evicting_bytes == 0 && row.downloads == 0 &&
         std::none_of(left.wanted.begin(), left.wanted.end(), may_end);
}

Freed make_room(State& state, PeerIndex peer, VersionIndex version, Shortage lack) {
  Ousting passed{.bytes = lack.bytes, .why = Choice::kEvictConsumed, .for_version = version};
  lack.bytes -= std::min(lack.bytes, evict_passed(state, peer, lack.bucket, passed));
  Candidates left;
  for (Pass pass : {Pass::kSpare, Pass::kAny}) {
    Search search{peer, pass, lack.bucket};
    while (lack.bytes > 0) {
      left = find_candidates(state, search);
      if (left.list.empty()) break;
      Victim victim = choose_victim(state, search, left);
      Ousting ousting{pass, lack.bytes, victim.why, version};
      lack.bytes -= std::min(lack.bytes, evict_from(state, victim.candidate.holding, ousting));
    }
  }
  if (lack.bytes == 0) return {.is_enough = true};
  list_kept(state, peer, lack.bucket, left.wanted);
  return {.is_hopeless = is_hopeless(state, peer, version, left)};
}

uint64_t beyond(uint64_t used, uint64_t limit) {
  return used > limit ? used - limit : 0;
}

// The version is looked at again when something was evicted there.
Space wait_for_space(Session& session, VersionIndex version) {
  auto& wants = session.wants_space;
  if (std::find(wants.begin(), wants.end(), version) == wants.end()) wants.push_back(version);
  return Space::kPending;
}

}  // namespace

uint64_t evict_from(State& state, HoldingIndex holding, const Ousting& ousting) {
  const PeerIndex peer = state.holdings[holding].peer;
  const VersionIndex version = state.holdings[holding].version;
  const Protection protection(state, holding);
  EvictionOrders orders(state, peer, version, ousting);
  uint64_t found = 0;
  uint32_t left = state.holdings[holding].count;
  for (uint32_t c = protection.next(ousting.pass, 0); c != kNone && found < ousting.bytes;) {
    found += length_of(state, version, c);
    unlist_copy(state, peer, version, c);
    orders.add(c);
    c = --left == 0 ? kNone
                    : protection.next(ousting.pass, c + 1);  // without chunks there is no holding
  }
  orders.finish();
  return found;
}

void unlist_copy(State& state, PeerIndex peer, VersionIndex version, uint32_t chunk) {
  if (state.holdings.remove(version, peer, chunk)) begin_evicting(state, peer, version, chunk);
}

void begin_evicting(State& state, PeerIndex peer, VersionIndex version, uint32_t chunk) {
  Session& session = session_of(state, peer);
  if (session.evictions.emplace(version, chunk).second) {
    uint32_t bytes = length_of(state, version, chunk);
    state.fleet.peer(peer).evicting_bytes += bytes;
    Books(state, session).begin_evicting(state.versions[version].bucket, bytes);
  } else {
    unbook(state, peer, version, chunk);  // an earlier order covers it: one drop confirms both
  }
}

void book(State& state, PeerIndex peer, VersionIndex version, uint32_t chunk) {
  uint32_t bytes = length_of(state, version, chunk);
  state.fleet.peer(peer).used_bytes += bytes;
  Books(state, session_of(state, peer)).use(state.versions[version].bucket, bytes);
  note_room_taken(state, version);
}

void unbook(State& state, PeerIndex peer, VersionIndex version, uint32_t chunk) {
  uint32_t bytes = length_of(state, version, chunk);
  state.fleet.peer(peer).used_bytes -= bytes;
  Books(state, session_of(state, peer)).free(state.versions[version].bucket, bytes);
}

void rebook(State& state, VersionIndex version, BucketIndex from, BucketIndex to) {
  if (from == to) return;
  const uint32_t chunks = state.versions[version].chunk_count();
  for (uint32_t s = 0; s < state.sessions.rows(); ++s) {
    if (!state.sessions.is_used(SessionIndex(s))) continue;
    Session& session = state.sessions[SessionIndex(s)];
    HoldingIndex holding = state.holdings.find(version, session.peer);
    uint64_t held = shadow_bytes(state, session.peer, version);
    uint64_t evicting = 0;
    for (uint32_t c = 0; holding != kNoHolding && c < chunks; ++c)
      held += state.holdings.has(holding, c) ? length_of(state, version, c) : 0;
    for (const Download& download : session.downloads)
      held += download.version == version ? length_of(state, version, download.chunk) : 0;
    for (auto it = session.evictions.lower_bound({version, 0});
         it != session.evictions.end() && it->first == version; ++it)
      evicting += length_of(state, version, it->second);
    if (held + evicting == 0) continue;
    Books books(state, session);
    books.end_evicting(from, evicting);
    books.free(from, held);
    books.use(to, held + evicting);
    books.begin_evicting(to, evicting);
  }
  look_at_fleet_quota(state, to);
}

void try_full_store_again(State& state, PeerIndex peer) {
  const PeerDetails& details = state.fleet.details(peer);
  if (state.now >= details.full_until) state.fleet.peer(peer).store_bytes = details.lent_bytes;
}

uint64_t room_for(const State& state, PeerIndex peer, VersionIndex version) {
  uint64_t store = state.fleet.peer(peer).store_bytes;
  uint64_t quota = state.policy(version).caching.bytes_per_peer;
  return quota == 0 ? store : std::min(store, quota);
}

Space reserve(State& state, PeerIndex peer, VersionIndex version, uint32_t bytes) {
  try_full_store_again(state, peer);
  if (bytes > room_for(state, peer, version)) return Space::kImpossible;
  const PeerRow& row = state.fleet.peer(peer);
  const BucketIndex bucket = state.versions[version].bucket;
  const uint64_t quota = state.policy(version).caching.bytes_per_peer;
  Session& session = session_of(state, peer);
  if (would_lock_up(state, peer, version, bytes)) return wait_for_space(session, version);
  auto over_quota = [&] {
    return quota == 0 ? 0 : beyond(session.shares.of(bucket).used_bytes + bytes, quota);
  };
  auto over_store = [&] { return beyond(row.used_bytes + bytes, row.store_bytes); };
  if (over_quota() == 0 && over_store() == 0) {
    state.fleet.peer(peer).used_bytes += bytes;
    Books(state, session).use(bucket, bytes);
    note_room_taken(state, version);
    return Space::kReserved;
  }
  Freed freed = make_room(state, peer, version,
                          {beyond(over_quota(), session.shares.of(bucket).evicting_bytes), bucket});
  if (freed.is_enough)
    freed = make_room(state, peer, version, {beyond(over_store(), row.evicting_bytes), {}});
  if (freed.is_hopeless) return Space::kRefused;
  return wait_for_space(session, version);
}

Error why_refused(const State& state, PeerIndex peer, VersionIndex version) {
  return {ErrorCode::kNoSpace,
          "no room for " + state.subject_of(version) + ": the " +
              std::to_string(room_for(state, peer, version)) +
              " bytes that it may take of this peer's store are full of pinned objects, last "
              "copies that their origin may lose, and the object itself; unpin something (tyto "
              "pin ls), let the peer lend more, or raise caching.bytes_per_peer"};
}

void take_dropped(State& state, SessionIndex index, const ChunksDropped& event) {
  Session& session = state.sessions[index];
  auto version = state.versions.find(event.version);
  if (!version) return;
  const VersionRow& row = state.versions[*version];
  PeerRow& peer = state.fleet.peer(session.peer);
  uint64_t end = std::min<uint64_t>(row.chunk_count(), uint64_t{event.first} + event.count);
  for (uint64_t i = event.first; i < end; ++i) {
    auto c = static_cast<uint32_t>(i);
    if (session.evictions.erase({*version, c}) > 0) {
      uint32_t bytes = length_of(state, *version, c);
      peer.used_bytes -= bytes;
      peer.evicting_bytes -= bytes;
      Books(state, session).end_evicting(row.bucket, bytes);
    }
    if (state.holdings.remove(*version, session.peer, c)) unbook(state, session.peer, *version, c);
    lose_shadow_copy(state, session.peer, *version, c);
  }
  for (VersionIndex waiting : session.wants_space) state.mark_dirty(waiting);
  session.wants_space.clear();
  for (ReaderIndex reader : session.readers) state.mark_dirty(reader);
}

}  // namespace tyto::tracker
