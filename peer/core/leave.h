// Leaving in order: the tracker is told, and what is under way here ends.
#pragma once

#include "peer/core/core_state.h"

namespace tyto::peer {

void on_leave_asked(Turn& turn, LeaveAsked asked);
// The tracker has acknowledged events: perhaps the leaving as well.
void note_acknowledged(Turn& turn);
// There is nobody to tell any more.
void note_tracker_lost(Turn& turn);
void check_leave(Turn& turn);

}  // namespace tyto::peer
