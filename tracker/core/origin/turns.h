// Budgets of origins, and whose turn it is. Included by state.h, whose other parts are there as
// well.
#pragma once

#include "tracker/core/state.h"

namespace tyto::tracker {

OriginLimits limits_of(const OriginPolicy& policy);
// Whether a read may begin for this reader now. If not, a reader in need is in the line then.
bool has_origin_turn(State& state, ReaderIndex reader, OriginNeed need);
// Has `holder` read a chunk of the reader's version at the origin, and in the same request those
// that follow, as far as the policy's runs go. `found` says why. Requires: has_origin_turn(), and
// that the chunk's bytes are reserved.
void assign_origin_read(State& state, ReaderIndex reader, PeerIndex holder, uint32_t chunk,
                        const Found& found);
// The same by leave of the chunks' directory, which keeps the budget: of all by one request, in
// their order. Requires: a wish for each.
void begin_granted_read(State& state, VersionIndex version, PeerIndex holder,
                        const std::vector<uint32_t>& chunks, const Found& found);
// Has `holder` go on with a read that it began for another tracker, or for none. Requires: the
// bytes are booked.
void carry_over_read(State& state, ChunkKey key, PeerIndex holder, const Found& found);
// If the transfer was a read of an origin, that is over.
void end_origin_transfer(State& state, TransferIndex transfer);
// A permit has come, for whoever is first in the line.
void note_turn(State& state, BucketIndex bucket);
void mark_origin_dirty(State& state, BucketIndex bucket);
void leave_origin_line(State& state, ReaderIndex reader);
// The reader has its turn, and no room in its own store: those behind it go first. When it asks
// again, its place is in front.
void pass_origin_turn(State& state, ReaderIndex reader);
void fire_origin_timer(State& state, BucketIndex bucket);
// Of buckets whose budget has room, perhaps: one read for each reader in its turn, as long as the
// budget allows. False if there is none.
bool serve_origin_lines(State& state);

}  // namespace tyto::tracker
