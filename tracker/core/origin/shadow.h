// Readers that measure what Tyto brings: by lot, they read the origin as if there were no Tyto.
// What they are brought is no copy for others, but takes room in their peer's store: it is booked
// there like a copy, until the peer confirms that it is gone.
#pragma once

#include <optional>
#include <vector>

#include "tracker/core/state.h"

namespace tyto::tracker {

// A reader was opened: draws whether it is one of the shadow share.
void begin_at_origin(State& state, ReaderIndex reader, Instant asked);
// An assignment brought it a chunk.
void note_brought(State& state, ReaderIndex reader, uint32_t bytes);
// A shadow reader keeps what it was brought to itself. Requires: it is one.
void keep_shadow_copy(State& state, ReaderIndex reader, uint32_t chunk, Medium medium);
// The peer has the chunk no more. If a shadow reader kept it, it is to be read again.
void lose_shadow_copy(State& state, PeerIndex peer, VersionIndex version, uint32_t chunk);
// The bytes of a version that its shadow reader at this peer keeps.
uint64_t shadow_bytes(const State& state, PeerIndex peer, VersionIndex version);
// The reader's last handle is closed. What a shadow reader kept is to go.
void end_at_origin(State& state, ReaderIndex reader);

// Of a peer's shadow readers; with a bucket: of those of its versions. Cost: all readers there.
// Orders what they have read and passed to be freed, until enough is found. Returns how many bytes
// were found.
uint64_t evict_passed(State& state, PeerIndex peer, std::optional<BucketIndex> bucket,
                      const Ousting& ousting);
// Adds the versions of which they keep something.
void list_kept(const State& state, PeerIndex peer, std::optional<BucketIndex> bucket,
               std::vector<VersionIndex>& kept);

}  // namespace tyto::tracker
