// The handles of the embedding program: asked, answered, waiting, closed.
#pragma once

#include "peer/core/core_state.h"

namespace tyto::peer {

// --- from the program ---
void on_open_asked(Turn& turn, OpenRequested request);
void on_window_asked(Turn& turn, WindowAsked asked);
void on_close_asked(Turn& turn, OpenId open);

// --- from the tracker ---
void on_opened(Turn& turn, Opened opened);
void on_open_ended(Turn& turn, OpenEnded ended);
// A handle that is told that it waits for the origin or a limit is not stuck.
void on_show_wait(Turn& turn, const ShowWait& told);

// Tells a new session of all handles, each pinned to the version it has.
void report_opens_again(Turn& turn);

// Fails handles whose patience has ended.
void check_opens(Turn& turn);
Instant opens_deadline(const CoreState& state);

// --- for the other files ---
// A reader of this version came nearer to its end.
void prolong_patience(Turn& turn, const VersionEntry& version);
// A read of the bucket's origin brought something. Reads of an origin wait for their turn in one
// line, so it helps all that wait there.
void origin_moved(Turn& turn, BucketId bucket);
// Whether the chunk is one the handle wants, now or (whole reads) ever.
bool wants(const Open& open, ChunkIndex chunk);
// The first chunk at or after `from` that the handle wants and that is not here; or nothing.
std::optional<ChunkIndex> next_lacking(const Open& open, uint32_t from);
// Whether any handle waits for an answer or for a chunk.
bool anyone_waits(const CoreState& state);
// Whether a handle still needs the chunk to stay.
bool is_in_use(const CoreState& state, const VersionEntry& version, ChunkIndex chunk);
// Fails the handles that want this chunk and lack it.
void fail_opens_lacking(Turn& turn, const VersionEntry& version, ChunkIndex chunk, Error error);
// Fails the handles that have no version yet.
void fail_unanswered_opens(Turn& turn, const Error& error);
void end_all_opens(Turn& turn, const Error& error);

}  // namespace tyto::peer
