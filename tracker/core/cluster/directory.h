// What the directory's two files know of one another; to be included by these.
#pragma once

#include "tracker/core/state.h"

namespace tyto::tracker {

// Whether the wish's reader may only be sent the chunk from so near, as its bucket says, that the
// origin is read for it though others hold the chunk.
inline bool is_bound(const State& state, VersionIndex version) {
  return state.policy(version).selection.farthest != Nearness::kAnywhere;
}
// Whether somebody who could serve the wish holds the chunk, or is being sent it, busy or not.
bool is_had(const State& state, const Desk& desk, const Waiting& waiting, ChunkKey key);

}  // namespace tyto::tracker
