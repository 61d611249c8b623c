// Chunks of which a failed transfer left verified blocks: kept for a while for the next source.
#pragma once

#include "peer/core/core_state.h"

namespace tyto::peer {

// A transfer ended, its blocks are kept by the shell, and none follows it at once. With more than
// kPartialsKept of them, the oldest is given up.
void keep_partial(Turn& turn, const ChunkId& chunk);
// A transfer of the chunk begins: it goes on from there, or the shell drops it.
void use_partial(CoreState& state, const ChunkId& chunk);
// Chunks [first, first + count) of the version are not wanted any more.
void drop_partials(Turn& turn, const VersionId& version, uint32_t first, uint32_t count);
void drop_all_partials(Turn& turn);

// Gives up those whose time is over.
void check_partials(Turn& turn);
Instant partials_deadline(const CoreState& state);

}  // namespace tyto::peer
