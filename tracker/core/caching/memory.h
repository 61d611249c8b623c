// What peers keep in memory only: a second account of bytes lent, beside that of their stores. Few
// peers lend any, so it hangs on the session and not on the peer's row.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "base/time.h"
#include "schema/messages/common.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

class State;
struct Session;

// Of one peer.
//
// Bounds: an entry for each chunk in its memory.
struct MemoryAccount {
  using Chunks = std::multiset<std::pair<VersionIndex, uint32_t>>;

  uint64_t lent_bytes = 0;      // as it said
  uint64_t limit_bytes = 0;     // the same, or less while its memory is full all the same
  uint64_t used_bytes = 0;      // held, and reserved for transfers under way
  uint64_t evicting_bytes = 0;  // of these, ordered to be freed and not confirmed yet
  Instant full_until;           // no attempt to keep more there before
  // Chunks that are booked as held there. One that is booked twice, as a copy and for a shadow
  // reader, stands there twice.
  Chunks kept;
  // Those that the peer was told to free, and has not confirmed; also in Session::evictions.
  std::set<std::pair<VersionIndex, uint32_t>> evictions;
  // Where the next look for something to evict begins.
  VersionIndex hand{0};
};

// One of a peer's two accounts, as it is now.
struct Account {
  uint64_t limit_bytes = 0;
  uint64_t used_bytes = 0;
  uint64_t evicting_bytes = 0;
};
Account account_of(const State& state, PeerIndex peer, Medium medium);

// Where a version's chunks are to be kept that are sent for now.
Medium medium_now(const State& state, VersionIndex version);
// What the peer is told of where to keep a chunk of the version that is booked with that medium.
Placement placement_at(const State& state, PeerIndex peer, VersionIndex version, Medium medium);
// Whether the peer lends memory at all.
bool lends_memory(const State& state, PeerIndex peer);
// Whether the peer can keep anything of the version at all, where its bucket has it kept now.
bool can_keep(const State& state, PeerIndex peer, VersionIndex version);
// Where a chunk is that the peer holds, as a copy or for a shadow reader.
Medium medium_of(const State& state, PeerIndex peer, VersionIndex version, uint32_t chunk);
// How many of a version's chunks are held in the peer's memory.
uint32_t chunks_in_memory(const State& state, PeerIndex peer, VersionIndex version);
// The peer's account, made if there is none.
MemoryAccount& memory_of(Session& session);
// It lends so much from now on.
void set_memory_lent(Session& session, uint64_t bytes);
// Memory that was full may have room again, after a while.
void try_full_memory_again(State& state, PeerIndex peer);

// The bytes of what is in memory of a version, at one peer: held and on its way, and told to go.
struct VersionBytes {
  uint64_t held = 0;
  uint64_t evicting = 0;
};
VersionBytes memory_bytes(const State& state, const Session& session, VersionIndex version);

}  // namespace tyto::tracker
