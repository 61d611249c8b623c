// Chunks on their way here: assigned by the tracker, or fetched without one.
#pragma once

#include <string>

#include "peer/core/core_state.h"

namespace tyto::peer {

// --- as the tracker orders ---
// Starts what is ordered. A chunk that is here is reported at once. One that is on its way by
// itself, or by an order of a session that is over, goes on under the new order's name, and has
// the new order's sources to fall back on; one on its way by an order that still holds goes on,
// and the new order fails: two names for one transfer would make the tracker count it twice.
void assign(Turn& turn, Assign order);
void cancel_assignment(Turn& turn, const AssignmentId& assignment);

// --- without a tracker ---
// Requires: the version's facts are known, the chunk is neither held nor under way, nor being
// dropped; `cause` is not kAssigned.
TransferId start_unassigned(Turn& turn, VersionEntry& version, ChunkIndex chunk, Source source,
                            Cause cause);

// --- as they go ---
void on_transfer_progressed(Turn& turn, TransferProgressed progress);
void on_transfer_done(Turn& turn, TransferDone done);
void on_transfer_failed(Turn& turn, TransferFailed failure);

// Starts the transfers that waited for these chunks' old bytes to be freed.
void start_waiting(Turn& turn, const VersionEntry& version);

void cancel_transfers_of(Turn& turn, const VersionEntry& version, const std::string& why);
void cancel_all_transfers(Turn& turn, const std::string& why);

bool is_under_way(const CoreState& state, const VersionEntry& version, ChunkIndex chunk);

}  // namespace tyto::peer
