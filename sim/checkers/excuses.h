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

// Whether the two were ordered in different parts of a cluster that has fallen apart. Trackers that
// take the same ones to live are a part, which has one directory for a chunk and one keeper for a
// budget; what the others have read it cannot know (docs/cluster.md, "When things break").
inline bool are_of_two_parts(const Transfer& a, const Transfer& b) {
  return a.tracker_view != b.tracker_view;
}

}  // namespace tyto::sim
