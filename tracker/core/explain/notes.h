// What the rules write into the journal: one call each, where a thing is decided or becomes known.
// To be included by state.h alone.
#pragma once

#include "tracker/core/state.h"

namespace tyto::tracker {

// --- searches (sources.cpp) ---
// A candidate of the search under way; peer and role are filled in.
// Requires: the journal is tracing.
void note_look(State& state, PeerIndex candidate, Look look);
// A transfer was ordered, from a peer or from the origin. To be called before another search.
void note_assigned(State& state, TransferIndex transfer, Assignment kind);

// --- results (results.cpp) ---
// `transfer`: kNoTransfer if the chunk did not come by an assignment that is known here.
void note_delivered(State& state, PeerIndex peer, VersionIndex version, const ChunkVerified& event,
                    TransferIndex transfer);
// Of the transfer's source, which it still is.
void note_source_failed(State& state, TransferIndex transfer, const SourceFailed& event);
// What was cancelled is no failure, and is not written down.
void note_assignment_failed(State& state, TransferIndex transfer, const AssignmentFailed& event);

// --- waits (scheduling.cpp) ---
// The reader waits, for what its `lack` says. A wait is written down when it is over, and if it was
// not a very short one.
void note_waiting(State& state, ReaderIndex reader);
// It has all it may have, or has gone.
void note_served(State& state, ReaderIndex reader);

// --- evictions ---
// The peer is to free chunks, whose copies are unlisted. `for_version`: what the room is for.
void note_evicted(State& state, PeerIndex peer, const Evict& order,
                  VersionIndex for_version = VersionIndex(kNone));

// --- opens and sessions ---
void note_resolving(State& state, SessionIndex resolver, NameIndex name);
void note_resolved(State& state, SessionIndex resolver, NameIndex name, const NameResolved& event);
// Requires: the open has its version.
void note_opened(State& state, SessionIndex session, const OpenRow& open);
void note_refused(State& state, SessionIndex session, OpenId open, const Error& error);
void note_closed(State& state, SessionIndex session, OpenId open);
// The session ends: its reads, and the first few of the versions it held.
// To be called before its rows go.
void note_gone(State& state, SessionIndex session, const std::string& why);

}  // namespace tyto::tracker
