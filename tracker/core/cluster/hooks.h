// Where the rules of one tracker meet those of several. Each of these does nothing, or is not
// called, while a tracker is alone. To be included by state.h alone.
#pragma once

#include "tracker/core/state.h"

namespace tyto::tracker {

// --- links.cpp: members, links, time ---
void change_members(State& state, const MembersChanged& input);
// A bucket's limits have changed, and with them its directory, perhaps.
void change_directories(State& state);
void link_up(State& state, const LinkUp& input);
void link_down(State& state, MemberId member);
void fire_cluster_timer(State& state);
// Whether each member has announced all that it holds, for the members that there are now.
bool have_all_announced(const State& state);
// Sees to it that the timer fires by then.
void wake_cluster(State& state, Instant due);
// Sends to a member, or to this tracker itself; dropped if there is no link.
void tell_member(State& state, MemberId to, ClusterMessage message);
// The same of a message that speaks of the version, which is described first.
void tell_member(State& state, MemberId to, VersionIndex version, ClusterMessage message);
// To be called in decide(): before readers are looked at; while there is something to do, in which
// case it returns true; when all is decided.
void begin_cluster(State& state);
bool settle_cluster(State& state);
void flush_cluster(State& state);
MemberId directory_of(const State& state, VersionIndex version, uint32_t chunk);
// Whether a member that was lost, or left, was the chunk's directory.
bool was_directory(const State& state, MemberId lost, ChunkKey key);
// Whose it is to keep the budget of a bucket's origin: the directory of all its chunks, while it
// has limits.
MemberId keeper_of(const State& state, BucketIndex bucket);
// What a bucket's limits leave to this tracker's own desk, for reads that are not for all: nothing
// but its permits, or, where their keeper is of a version without these, an equal part.
OriginLimits own_limits(const State& state, BucketIndex bucket);

// --- inbox.cpp: what members say ---
void take_cluster(State& state, const ClusterArrived& input);
void take_message(State& state, MemberId from, const ClusterMessage& message);
void note_nonsense(State& state, MemberId from, const std::string& what);

// Superpeers of a member's group that can keep a version, where its bucket has it kept now.
uint32_t superpeers_for(const State& state, const Link& link, VersionIndex version);

// --- asking.cpp: what the group lacks ---
// Whether a chunk that nobody of the group has is asked for in the cluster, not read at the origin
// at once: where what is read there is for all.
bool is_shared(const State& state, const Reader& reader, uint32_t chunk);
// Whether other members have superpeers that could read for the reader.
bool have_others_superpeers(const State& state, const Reader& reader);
// Whether what a peer that is no superpeer reads at the origin is for all.
bool can_reader_read_for_all(const State& state, VersionIndex version, uint32_t chunk);
enum class WishOutcome : uint8_t {
  kAsked,
  kOpen,  // it is wished for already
  kFull,  // as many are wished for as may be
};
WishOutcome wish(State& state, ReaderIndex reader, uint32_t chunk);
bool may_wish(const State& state, VersionIndex version);
// The version has a reader, and had none: where its wishes begin.
void begin_wishes(State& state, VersionIndex version);
void take_offer(State& state, MemberId from, const ChunkOffered& offer);
void take_postponed(State& state, const WantPostponed& message);
// What becomes of a transfer, if it is an import or a directory's lease.
void note_cluster_delivered(State& state, TransferIndex transfer);
void note_cluster_failed(State& state, TransferIndex transfer, const AssignmentFailed& event);
void note_cluster_progress(State& state, TransferIndex transfer);
void end_cluster_transfer(State& state, TransferIndex transfer);
// The tracker whose copy in flight the transfer hangs on, if it is an import.
const Import* import_of(const State& state, TransferIndex transfer);
void expire_wishes(State& state);
void forget_wish(State& state, ChunkKey chunk);
// Tells its directory of a wish that is open, under a number of its own.
void tell_wish(State& state, ChunkKey chunk);
// The same, and its directory hears of it.
void withdraw_wish(State& state, ChunkKey chunk);
// A row for a source that is not of this tracker, of which no more is known.
PeerIndex enter_stranger(State& state, const Source& source);

// --- crossings.cpp: wishes that wait until more may come from other regions ---
// For what readers wait that want a chunk which is wished for.
Reason why_wished(const State& state, ChunkKey chunk);
// Whether the reader may take what is offered from that region, for this wish.
bool may_import(State& state, const Wish& wish, ReaderIndex reader, const std::string& region);
// The wish waits for the budget of the reader's region.
void wait_to_cross(State& state, ChunkKey chunk, ReaderIndex reader);
// It does not any more, whether its turn had come or not.
void leave_crossing(State& state, ChunkKey chunk);
// Those whose turn it is are wished for anew.
void serve_crossings(State& state);

// --- duties.cpp: reading the origin for all, by a directory's leave ---
void take_grant(State& state, MemberId from, const LeaseGranted& grant);
void serve_grants(State& state);
// A granted chunk is being read. What is read for a wish of this group may fail: then the wish
// waits at the directory as before.
void begin_reading(State& state, ChunkKey chunk);
void end_duties(State& state);
// Tells a member of the reads under way here of which it is the directory now.
void tell_duties(State& state, MemberId directory);
// A read under way is another tracker's now: what was wished for of it is wished for again. If the
// session's peer may not have heard of it, its lease is given back.
void pass_duty(State& state, SessionIndex session, TransferIndex transfer);

// --- moves.cpp: peers that go from one tracker to another ---
// The peer has told all that it brings: the tracker that it has left hears of it.
void tell_move(State& state, SessionIndex session);
// The same of all that have come from a member, which may not have heard of it.
void tell_moves(State& state, const Member& member);
void take_peer_moved(State& state, const PeerMoved& message);
// A member's run is known of.
void note_run(State& state, const Member& member);
// Others hear of how many peers of members that were lost have come, when what those brought has
// been announced.
void tell_arrivals(State& state);
void take_peers_came(State& state, MemberId from, const PeersCame& message);
// Ends the waiting for those peers: all have come, or the time for it is over.
void forget_ghosts(State& state);
// Whether the session's peer came a moment ago from one of these trackers, where copies in flight
// may still hang on it.
bool was_lately_at(const State& state, const Session& session, const std::vector<MemberId>& path);

// --- serving.cpp: other groups' readers ---
void take_serve_asked(State& state, MemberId from, const ServeAsked& message);
// kFair: guests take no more of a host's uploads than leaves this group its part.
enum class GuestShare : uint8_t { kFair, kAll };
void serve_guests(State& state, GuestShare share);
void take_offer_progressed(State& state, MemberId from, const OfferProgressed& message);
void take_offer_ended(State& state, MemberId from, const OfferEnded& message);
void expire_exports(State& state);

// --- announcing.cpp: what the group holds ---
// A chunk's first copy came, its last one went, or its root became known.
void note_edge(State& state, VersionIndex version, uint32_t chunk);
// The same of all chunks of a version that somebody holds.
void note_copies(State& state, VersionIndex version);
// The directory takes it for none of the group's, until an edge says otherwise.
void forget_announced(State& state, ChunkKey chunk);
// Says so once more, though nothing has changed.
void announce_again(State& state, ChunkKey chunk);
void announce_edges(State& state);
// Announces all that the member is the directory of, in pages.
void begin_sync(State& state, Link& link);
void sync_page(State& state, Link& link);

// --- directory.cpp, granting.cpp: who has what, and who reads it ---
void take_announced(State& state, MemberId from, const CopiesAnnounced& message);
void take_synced(State& state, MemberId from, const CopiesSynced& message);
void take_wanted(State& state, MemberId from, const ChunkWanted& message);
void take_withdrawn(State& state, MemberId from, const WantWithdrawn& message);
void take_refused(State& state, MemberId from, const ServeRefused& message);
void take_lease_failed(State& state, MemberId from, const LeaseFailed& message);
void take_lease_progressed(State& state, MemberId from, const LeaseProgressed& message);
void settle_desks(State& state);
void mark_desk(State& state, ChunkKey chunk);
void mark_all_desks(State& state);
// Nobody has it, and nobody is being sent it: has it read, or says why not.
void grant_lease(State& state, ChunkKey chunk, Desk& desk);
void end_lease(State& state, ChunkKey chunk, Desk& desk);

// --- budgets.cpp: origins with limits, as the keeper of their budget sees them ---
// Whether the bucket's budget has room for a lease; if not, the desk stands in its line.
bool has_budget(State& state, ChunkKey chunk, Desk& desk);
void take_budget(State& state, ChunkKey chunk, Desk& desk);
void end_budget(State& state, ChunkKey chunk, Desk& desk);
void leave_budget_line(State& state, ChunkKey chunk, Desk& desk);
void take_permit_wanted(State& state, MemberId from, const PermitWanted& message);
void take_permit_ended(State& state, MemberId from, const PermitEnded& message);
// The member's link is down: it may come back, and says then what goes on.
void orphan_permits_of(State& state, MemberId member);
// What is not this tracker's to keep any more is forgotten.
void leave_budgets(State& state);
// Those whose turn has come by now.
void serve_budgets(State& state);

// --- permits.cpp: leave for reads that are for their reader alone ---
// Whether this tracker's reads of that kind need permits: where the bucket has limits.
bool needs_permits(const State& state, BucketIndex bucket);
// Whether there is one to be used.
bool has_permit(const State& state, BucketIndex bucket);
// As many are asked for as readers stand in line, and those that are too many given back.
void settle_permits(State& state, BucketIndex bucket);
// Uses one. Zero: none is needed.
PermitId use_permit(State& state, BucketIndex bucket);
// For a read that is under way.
PermitId hold_permit(State& state, VersionIndex version, uint64_t bytes);
void end_permit(State& state, BucketIndex bucket, PermitId permit);
void take_permit_granted(State& state, MemberId from, const PermitGranted& message);
// The members have changed, or limits have: those in use are told to whoever keeps the budget now,
// and the others asked for anew.
void move_permits(State& state);
// The same of one member, which has forgotten them.
void tell_permits(State& state, MemberId keeper);
// Those that were of no use for long are given back.
void expire_permits(State& state);

void lose_member(State& state, MemberId member);
void forget_member(State& state, MemberId member);
// Those of a member that was lost, and whose peers do not go on with them elsewhere.
void end_leases_of(State& state, MemberId member);
void expire_desks(State& state);

// --- lookups.cpp: names ---
// Has another tracker look the name up, if that is its task. False: it is this one's.
bool ask_lookup(State& state, NameIndex name);
void take_name_asked(State& state, MemberId from, const NameAsked& message);
void take_name_answered(State& state, MemberId from, const NameAnswered& message);
// The name was looked up, or could not be: tells those who wait for it.
void answer_lookups(State& state, NameIndex name, const VersionFacts* facts, const Error& error);
bool is_lookup_owed(const State& state, NameIndex name);
void expire_lookups(State& state);

// --- last_copies.cpp ---
// Whether the group's last copy of a chunk has its directory's leave to go.
bool may_last_copy_go(const State& state, VersionIndex version, uint32_t chunk);
// Asks for the leave for what of the holding could go with it. True if an answer is awaited.
bool ask_for_last_copies(State& state, HoldingIndex holding, const std::vector<uint32_t>& chunks);
void take_last_copy_asked(State& state, MemberId from, const LastCopyAsked& message);
void take_last_copy_answered(State& state, MemberId from, const LastCopyAnswered& message);
void expire_last_copies(State& state);

}  // namespace tyto::tracker
