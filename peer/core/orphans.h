// Reading on without a tracker: sources named before, then superpeers, then the origin itself.
//
// For each chunk the candidates are asked one after the other, in rounds with growing waits.
// Policy::orphan_transfers chunks are fetched at once; the origin is asked for one at a time, and
// no faster than Policy::orphan_origin_bytes_per_s, with jitter, so that a fleet that has lost its
// tracker does not fall upon its origin all at once.
#pragma once

#include <optional>

#include "peer/core/core_state.h"

namespace tyto::peer {

// Starts what can be started, when it is time. To be called at the end of each turn.
void check_orphans(Turn& turn);
Instant orphans_deadline(const CoreState& state);

// A transfer ended (any; others than an orphan's are ignored): nothing in `failure` means that the
// chunk is here.
void orphan_transfer_ended(Turn& turn, const Transfer& transfer,
                           std::optional<FailureKind> failure);

// The superpeers that a reader without a tracker asks for a chunk, best first: rendezvous hashing
// (Thaler and Ravishankar 1998), so that all readers ask the same one, and it reads the origin
// once for all. At most `count`.
std::vector<SuperpeerListed> superpeers_for(const std::vector<SuperpeerListed>& superpeers,
                                            const ChunkId& chunk, std::size_t count);

}  // namespace tyto::peer
