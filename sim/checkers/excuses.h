// What checkers forgive.
#pragma once

#include "sim/world/world.h"

namespace tyto::sim {

// Whether the tracker cannot know that this transfer goes on, or did not order it.
inline bool is_unknown_to_tracker(World& world, const Transfer& transfer) {
  return !transfer.had_tracker || transfer.is_for_orphans || world.was_touched(transfer.reader) ||
         transfer.tracker_run != world.control().tracker_run(transfer.reader) ||
         transfer.tracker_upset != world.control().upsets() ||
         !world.control().is_connected(transfer.reader);
}

}  // namespace tyto::sim
