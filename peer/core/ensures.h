// Serving readers that have lost their tracker: a superpeer reads the origin once for them all.
#pragma once

#include "peer/core/core_state.h"

namespace tyto::peer {

// Answered at once if the chunk is here, or can't be had (no facts, no origin, no such policy, too
// many wait); otherwise when it has come, or Policy::open_timeout has passed.
void on_ensure_asked(Turn& turn, const EnsureAsked& asked);
// A transfer ended, of whatever cause: tells those who waited for its chunk.
void ensured_transfer_ended(Turn& turn, const Transfer& transfer);
// Starts what can be started and answers those who have waited too long. To be called at the end
// of each turn.
void check_ensures(Turn& turn);
Instant ensures_deadline(const CoreState& state);
void refuse_all_ensures(Turn& turn);

}  // namespace tyto::peer
