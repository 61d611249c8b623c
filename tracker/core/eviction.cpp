// The bytes that peers lend: reserved before a chunk is sent for, freed by the least recent use.
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

// Which chunks of a holding may go.
enum class Pass : uint8_t { kCopiedElsewhere, kAny };

struct Eviction {
  PeerIndex peer;
  SessionIndex session;
  uint64_t wanted = 0;  // bytes still to be found
  VersionIndex for_version{kNone};
};

void evict_run(State& state, const Eviction& eviction, VersionIndex version, uint32_t first,
               uint32_t count, Choice choice) {
  if (count == 0) return;
  Reason reason;
  reason.choice = choice;
  reason.copies = state.versions[version].copies[first];
  state.counters.evictions += count;
  Evict order{state.versions[version].id, first, count, reason};
  note_evicted(state, eviction.peer, order, eviction.for_version);
  state.stage(eviction.session, std::move(order));
}

// Orders chunks of one holding to be freed until enough is found. They are no source from now on.
void evict_from(State& state, Eviction& eviction, HoldingIndex holding, Pass pass) {
  VersionIndex version = state.holdings[holding].version;
  const VersionRow& row = state.versions[version];
  ReaderIndex reader_index = state.readers.find(eviction.peer, version);
  const Reader* reader = reader_index == kNoReader ? nullptr : &state.readers[reader_index];
  if (reader != nullptr && reader->wants_all) return;
  Choice choice = reader == nullptr ? Choice::kEvictLru : Choice::kEvictConsumed;
  uint32_t run_first = 0;
  uint32_t run_count = 0;
  uint32_t left = state.holdings[holding].count;
  for (uint32_t c = 0; c < row.chunk_count() && left > 0 && eviction.wanted > 0; ++c) {
    bool may_go = state.holdings.has(holding, c);
    if (may_go) --left;
    if (reader != nullptr && reader->window.size() != 0 && reader->window.test(c)) may_go = false;
    if (pass == Pass::kCopiedElsewhere && row.copies[c] < 2) may_go = false;
    if (!may_go) continue;
    uint32_t bytes = row.chunking.length_of(ChunkIndex(c));
    unlist_copy(state, eviction.peer, version, c);  // the holding may go with it: left is 0
    eviction.wanted -= std::min<uint64_t>(eviction.wanted, bytes);
    if (run_count > 0 && run_first + run_count != c) {
      evict_run(state, eviction, version, run_first, run_count, choice);
      run_count = 0;
    }
    if (run_count == 0) run_first = c;
    ++run_count;
  }
  evict_run(state, eviction, version, run_first, run_count, choice);
}

void evict(State& state, Eviction& eviction) {
  for (Pass pass : {Pass::kCopiedElsewhere, Pass::kAny}) {
    HoldingIndex holding = state.fleet.peer(eviction.peer).oldest_holding;
    while (holding != kNoHolding && eviction.wanted > 0) {
      HoldingIndex newer = state.holdings[holding].newer;
      evict_from(state, eviction, holding, pass);
      holding = newer;
    }
  }
}

}  // namespace

void unlist_copy(State& state, PeerIndex peer, VersionIndex version, uint32_t chunk) {
  if (!state.holdings.remove(version, peer, chunk)) return;
  PeerRow& row = state.fleet.peer(peer);
  uint32_t bytes = state.versions[version].chunking.length_of(ChunkIndex(chunk));
  if (state.sessions[row.session].evictions.emplace(version, chunk).second) {
    row.evicting_bytes += bytes;
  } else {
    row.used_bytes -= bytes;  // an earlier order covers it: one drop will confirm both
  }
}

void try_full_store_again(State& state, PeerIndex peer) {
  const PeerDetails& details = state.fleet.details(peer);
  if (state.now >= details.full_until) state.fleet.peer(peer).store_bytes = details.lent_bytes;
}

Space reserve(State& state, PeerIndex peer, VersionIndex version, uint32_t bytes) {
  try_full_store_again(state, peer);
  PeerRow& row = state.fleet.peer(peer);
  if (bytes > row.store_bytes) return Space::kImpossible;
  if (row.used_bytes + bytes <= row.store_bytes) {
    row.used_bytes += bytes;
    return Space::kReserved;
  }
  uint64_t lacking = row.used_bytes + bytes - row.store_bytes;
  if (lacking > row.evicting_bytes) {
    Eviction eviction{peer, row.session, lacking - row.evicting_bytes, version};
    evict(state, eviction);
  }
  auto& wants = state.sessions[row.session].wants_space;
  if (std::find(wants.begin(), wants.end(), version) == wants.end()) wants.push_back(version);
  return Space::kPending;
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
    uint32_t bytes = row.chunking.length_of(ChunkIndex(c));
    if (session.evictions.erase({*version, c}) > 0) {
      peer.used_bytes -= bytes;
      peer.evicting_bytes -= bytes;
    }
    if (state.holdings.remove(*version, session.peer, c)) peer.used_bytes -= bytes;
  }
  for (VersionIndex waiting : session.wants_space) state.mark_dirty(waiting);
  session.wants_space.clear();
  for (ReaderIndex reader : session.readers) state.mark_dirty(reader);
}

}  // namespace tyto::tracker
