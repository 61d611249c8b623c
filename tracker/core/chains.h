// What a copy in flight hangs on: the chain of transfers up to a whole copy.
#pragma once

#include <cstdint>

#include "tracker/core/state.h"

namespace tyto::tracker {

// The transfers by which a peer is sent a chunk: one, but for hedges.
struct ChunkOf {
  VersionIndex version{kNone};
  uint32_t chunk = 0;
};
struct Incoming {
  TransferIndex transfer = kNoTransfer;
  uint32_t count = 0;
};
inline Incoming incoming(const State& state, PeerIndex peer, const ChunkOf& what) {
  Incoming found;
  SessionIndex session = state.fleet.peer(peer).session;
  if (session == kNoSession) return found;
  for (const Download& download : state.sessions[session].downloads) {
    if (download.version != what.version || download.chunk != what.chunk) continue;
    found.transfer = download.transfer;
    state.transfers.look_ahead(found.transfer);
    ++found.count;
  }
  return found;
}

// Whether a copy in flight comes from a whole one in the end, through copies in flight that are on
// their way, and none of them at `reader`. Generations grow along a tree, but after a failure they
// are given out anew above those who still wait. What comes in two ways is no source: to tell that
// neither leads back here would take a search.
bool is_sound(const State& state, const TransferRow& copy, PeerIndex reader);

}  // namespace tyto::tracker
