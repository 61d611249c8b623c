// Chunks on their way here, whoever wanted them: started, going on, done, failed, cancelled.
#pragma once

#include <string>

#include "peer/core/core_state.h"

namespace tyto::peer {

// Hands a transfer to the shell under a new id, or lets it wait until the chunk's old bytes are
// free. Requires: the chunk is not under way already, except where this is a hedge, and the
// version's facts are known.
void start_transfer(Turn& turn, Transfer transfer);
// Cancels the transfer at `index` of the table, and tells whom it concerns.
void cancel_transfer(Turn& turn, std::size_t index, const std::string& why);
// Gives back the room of transfers that are over.
void trim_transfers(CoreState& state);
// Keeps a holder in mind for when there is no tracker.
void note_holder(Version& version, const Source& source);

// Requires: the version's facts are known, the chunk is neither held nor under way, nor being
// dropped; `cause` is not kAssigned.
TransferId start_unassigned(Turn& turn, VersionEntry& version, ChunkIndex chunk, Source source,
                            Cause cause, Ask ask = Ask::kWhatItHas);

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
