#include "tracker/core/chains.h"

#include <algorithm>

namespace tyto::tracker {
namespace {

// Whether a reader may hang on a copy in flight of another tracker's peer. That it does not lead
// back to this tracker is seen to when it is offered; that it does not lead back to who was a peer
// there a moment ago, here. Of what was carried over, nothing is known.
bool may_hang_elsewhere(const State& state, const TransferRow& row, PeerIndex reader) {
  const Import* import = import_of(state, state.transfers.find(row.n));
  if (import == nullptr) return true;
  if (import->is_of_stranger()) return false;
  SessionIndex session = state.fleet.peer(reader).session;
  return session == kNoSession || !was_lately_at(state, state.sessions[session], import->path);
}

// Whether the peer is what the transfer comes from, or goes on to when that fails: whoever had the
// chunk and lost it may be named there still.
bool may_come_from(const TransferRow& row, PeerIndex peer) {
  return row.source == peer ||
         std::find(row.fallbacks.begin(), row.fallbacks.end(), peer) != row.fallbacks.end();
}

}  // namespace

bool is_sound(const State& state, const TransferRow& copy, PeerIndex reader) {
  const ChunkOf what{copy.version, copy.chunk};
  const TransferRow* row = &copy;
  for (uint32_t steps = 0; steps <= kTreeDepthMax + 1; ++steps) {
    if (row->is_double != 0 || row->source == kNoPeer || may_come_from(*row, reader)) return false;
    // A fall-back was whole when it was named, and may be receiving the chunk itself by now.
    if (row->source_generation == 0 && row->is_moved == 0) return true;
    const TransferRow* above = state.transfers.upstream(*row);
    if (above == nullptr) {
      PeerIndex at = row->source;
      if (state.fleet.peer(at).is_foreign != 0) {
        // Who has come here since is looked at as one of this tracker's.
        at = state.fleet.find(state.fleet.peer(at).id);
        bool is_here = at != kNoPeer && state.fleet.peer(at).session != kNoSession;
        if (!is_here) return may_hang_elsewhere(state, *row, reader);
        if (at == reader) return false;
      }
      TransferIndex way = incoming(state, at, what).transfer;
      if (way == kNoTransfer)
        return state.holdings.has(state.holdings.find(what.version, at), what.chunk);
      above = &state.transfers[way];
    }
    row = above;
  }
  return false;
}

}  // namespace tyto::tracker
