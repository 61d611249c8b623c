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

// What is lacking of what a peer lends, beyond what evictions on their way will free.
struct Shortage {
  Medium medium = Medium::kDisk;
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
bool is_hopeless(const State& state, PeerIndex peer, VersionIndex version, Medium medium,
                 const Candidates& left) {
  const uint64_t evicting = account_of(state, peer, medium).evicting_bytes;
  ReaderIndex reader = state.readers.find(peer, version);
  bool keeps_all = reader != kNoReader && state.readers[reader].wants_all;
  auto may_end = [&](VersionIndex wanted) { return wanted != version || !keeps_all; };
  return left.is_all && left.list.empty() && evicting == 0 &&
         state.fleet.peer(peer).downloads == 0 &&
         std::none_of(left.wanted.begin(), left.wanted.end(), may_end);
}

Freed make_room(State& state, PeerIndex peer, VersionIndex version, Shortage lack) {
  Ousting passed{.bytes = lack.bytes,
                 .why = Choice::kEvictConsumed,
                 .for_version = version,
                 .medium = lack.medium};
  lack.bytes -= std::min(lack.bytes, evict_passed(state, peer, lack.bucket, passed));
  Candidates left;
  for (Pass pass : {Pass::kSpare, Pass::kAny}) {
    Search search{.peer = peer, .pass = pass, .bucket = lack.bucket, .medium = lack.medium};
    while (lack.bytes > 0) {
      left = find_candidates(state, search);
      if (left.list.empty()) break;
      Victim victim = choose_victim(state, search, left);
      Ousting ousting{pass, lack.bytes, victim.why, version, lack.medium};
      lack.bytes -= std::min(lack.bytes, evict_from(state, victim.candidate.holding, ousting));
    }
  }
  if (lack.bytes == 0) return {.is_enough = true};
  list_kept(state, peer, lack.bucket, left.wanted);
  return {.is_hopeless = is_hopeless(state, peer, version, lack.medium, left)};
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
  const Protection protection(state, holding, ousting.medium);
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

namespace {

// It is not held any more. Returns where it was.
Medium forget_medium(Session& session, VersionIndex version, uint32_t chunk) {
  if (session.memory == nullptr) return Medium::kDisk;
  auto& kept = session.memory->kept;
  auto found = kept.find({version, chunk});
  if (found == kept.end()) return Medium::kDisk;
  kept.erase(found);
  return Medium::kMemory;
}

}  // namespace

void begin_evicting(State& state, PeerIndex peer, VersionIndex version, uint32_t chunk) {
  Session& session = session_of(state, peer);
  // An earlier order covers it: one drop confirms both.
  if (session.evictions.contains({version, chunk})) return unbook(state, peer, version, chunk);
  session.evictions.emplace(version, chunk);
  Medium medium = forget_medium(session, version, chunk);
  if (medium == Medium::kMemory) session.memory->evictions.emplace(version, chunk);
  Books(state, session)
      .begin_evicting(state.versions[version].bucket, length_of(state, version, chunk), medium);
}

void book(State& state, PeerIndex peer, ChunkKey key, Medium medium) {
  Session& session = session_of(state, peer);
  if (medium == Medium::kMemory) memory_of(session).kept.emplace(key.version, key.chunk);
  Books(state, session)
      .use(state.versions[key.version].bucket, length_of(state, key.version, key.chunk), medium);
  note_room_taken(state, key.version);
}

void unbook(State& state, PeerIndex peer, VersionIndex version, uint32_t chunk) {
  Session& session = session_of(state, peer);
  Medium medium = forget_medium(session, version, chunk);
  Books(state, session)
      .free(state.versions[version].bucket, length_of(state, version, chunk), medium);
}

void book_transfer(State& state, PeerIndex receiver, ChunkKey key, Medium medium) {
  uint32_t bytes = length_of(state, key.version, key.chunk);
  Books(state, session_of(state, receiver)).use(state.versions[key.version].bucket, bytes, medium);
  note_room_taken(state, key.version);
}

void unbook_transfer(State& state, const TransferRow& row) {
  Medium medium = row.is_in_memory != 0 ? Medium::kMemory : Medium::kDisk;
  uint32_t bytes = length_of(state, row.version, row.chunk);
  Books(state, session_of(state, row.receiver))
      .free(state.versions[row.version].bucket, bytes, medium);
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
    const VersionBytes in_memory = memory_bytes(state, session, version);
    Books books(state, session);
    auto move = [&](uint64_t held_there, uint64_t evicting_there, Medium medium) {
      books.end_evicting(from, evicting_there, medium);
      books.free(from, held_there, medium);
      books.use(to, held_there + evicting_there, medium);
      books.begin_evicting(to, evicting_there, medium);
    };
    move(held - in_memory.held, evicting - in_memory.evicting, Medium::kDisk);
    if (in_memory.held + in_memory.evicting > 0)
      move(in_memory.held, in_memory.evicting, Medium::kMemory);
  }
  look_at_fleet_quota(state, to);
}

void try_full_store_again(State& state, PeerIndex peer) {
  const PeerDetails& details = state.fleet.details(peer);
  if (state.now >= details.full_until) state.fleet.peer(peer).store_bytes = details.lent_bytes;
  try_full_memory_again(state, peer);
}

uint64_t room_for(const State& state, PeerIndex peer, VersionIndex version) {
  uint64_t lent = account_of(state, peer, medium_now(state, version)).limit_bytes;
  uint64_t quota = state.policy(version).caching.bytes_per_peer;
  return quota == 0 ? lent : std::min(lent, quota);
}

Space reserve(State& state, PeerIndex peer, VersionIndex version, uint32_t bytes) {
  return reserve_in(state, medium_now(state, version), peer, version, bytes);
}

Space reserve_in(State& state, Medium medium, PeerIndex peer, VersionIndex version,
                 uint32_t bytes) {
  try_full_store_again(state, peer);
  if (medium == Medium::kMemory && !lends_memory(state, peer)) return Space::kRefused;
  const uint64_t quota = state.policy(version).caching.bytes_per_peer;
  const uint64_t limit = account_of(state, peer, medium).limit_bytes;
  if (bytes > limit || (quota != 0 && bytes > quota)) return Space::kImpossible;
  const BucketIndex bucket = state.versions[version].bucket;
  Session& session = session_of(state, peer);
  if (would_lock_up(state, medium, peer, version, bytes)) return wait_for_space(session, version);
  auto over_quota = [&] {
    return quota == 0 ? 0 : beyond(session.shares.of(bucket).used_in(medium) + bytes, quota);
  };
  auto over_lent = [&] {
    return beyond(account_of(state, peer, medium).used_bytes + bytes, limit);
  };
  if (over_quota() == 0 && over_lent() == 0) {
    Books(state, session).use(bucket, bytes, medium);
    note_room_taken(state, version);
    return Space::kReserved;
  }
  uint64_t evicting_of_bucket = session.shares.of(bucket).evicting_in(medium);
  Freed freed =
      make_room(state, peer, version, {medium, beyond(over_quota(), evicting_of_bucket), bucket});
  if (freed.is_enough) {
    uint64_t evicting = account_of(state, peer, medium).evicting_bytes;
    freed = make_room(state, peer, version, {medium, beyond(over_lent(), evicting), {}});
  }
  if (freed.is_hopeless) return Space::kRefused;
  return wait_for_space(session, version);
}

Error why_no_memory(const State& state, VersionIndex version) {
  return {ErrorCode::kNoSpace, state.subject_of(version) +
                                   " is to be kept in memory only (caching.placement of its "
                                   "bucket), and this peer lends no memory; start it with "
                                   "--memory-bytes"};
}

Error why_refused(const State& state, PeerIndex peer, VersionIndex version) {
  bool is_memory = medium_now(state, version) == Medium::kMemory;
  if (is_memory && !lends_memory(state, peer)) return why_no_memory(state, version);
  return {ErrorCode::kNoSpace,
          "no room for " + state.subject_of(version) + ": the " +
              std::to_string(room_for(state, peer, version)) + " bytes that it may take of this " +
              "peer's " + (is_memory ? "memory" : "store") +
              " are full of pinned objects, last copies that their origin may lose, and the object "
              "itself; unpin something (tyto pin ls), let the peer lend more" +
              (is_memory ? " (--memory-bytes)" : "") + ", or raise caching.bytes_per_peer"};
}

void take_dropped(State& state, SessionIndex index, const ChunksDropped& event) {
  Session& session = state.sessions[index];
  auto version = state.versions.find(event.version);
  if (!version) return;
  const VersionRow& row = state.versions[*version];
  uint64_t end = std::min<uint64_t>(row.chunk_count(), uint64_t{event.first} + event.count);
  for (uint64_t i = event.first; i < end; ++i) {
    auto c = static_cast<uint32_t>(i);
    if (session.evictions.erase({*version, c}) > 0) {
      bool is_of_memory =
          session.memory != nullptr && session.memory->evictions.erase({*version, c}) > 0;
      Books(state, session)
          .end_evicting(row.bucket, length_of(state, *version, c),
                        is_of_memory ? Medium::kMemory : Medium::kDisk);
    }
    if (state.holdings.remove(*version, session.peer, c)) unbook(state, session.peer, *version, c);
    lose_shadow_copy(state, session.peer, *version, c);
  }
  for (VersionIndex waiting : session.wants_space) state.mark_dirty(waiting);
  session.wants_space.clear();
  for (ReaderIndex reader : session.readers) state.mark_dirty(reader);
}

}  // namespace tyto::tracker
