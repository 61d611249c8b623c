// All that a tracker knows, and the vocabulary of its rules. The rules themselves stand in files
// of their own, by subject; each is a free function over this state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "tracker/core/buckets.h"
#include "tracker/core/caching/fleet_shares.h"
#include "tracker/core/caching/pins.h"
#include "tracker/core/cluster/cluster.h"
#include "tracker/core/cluster/homes.h"
#include "tracker/core/config.h"
#include "tracker/core/effects.h"
#include "tracker/core/explain/journal.h"
#include "tracker/core/fleet.h"
#include "tracker/core/holdings.h"
#include "tracker/core/names.h"
#include "tracker/core/origin/desks.h"
#include "tracker/core/origin/reads.h"
#include "tracker/core/overdue.h"
#include "tracker/core/parking.h"
#include "tracker/core/readers.h"
#include "tracker/core/sessions.h"
#include "tracker/core/timers.h"
#include "tracker/core/tracker_core.h"
#include "tracker/core/transfers.h"
#include "tracker/core/versions.h"
#include "tracker/core/worklist.h"

namespace tyto::tracker {

class Selection;

// Purity: pure. Threads: confined to its core's loop.
class State {
 public:
  explicit State(const Config& c)
      : config(c),
        fleet(parking),
        versions(c.assignments_per_peer),
        holdings(fleet, versions, parking),
        transfers(fleet, versions, parking),
        rng(c.seed),
        journal(c.explain) {}

  const Config config;
  Parking parking;
  Fleet fleet;
  Buckets buckets;
  FleetShares fleet_shares;
  Pins pins;
  Versions versions;
  Names names;
  Holdings holdings;
  Transfers transfers;
  Sessions sessions;
  Readers readers;
  OriginDesks origins;
  OriginReads origin_reads;
  Timers timers;
  Rng rng;
  Counters counters;
  Cluster cluster;
  Journal journal;  // for people: nothing is decided by it
  Homes homes;

  TrackerEpoch epoch;
  bool is_loaded = false;
  Instant recovered_at;  // no origin lease before
  uint64_t session_serial = 0;
  Instant terms_due = Instant::never();  // a timer is set for then
  bool is_parked_timer_set = false;
  uint32_t parked_cursor = 0;  // the lot whose readers are told next

  // Work for the next decide().
  Worklist work;
  Overdue overdue;
  std::deque<BucketIndex> dirty_origins;
  std::vector<SessionIndex> touched_sessions;

  // Set for the time of a call.
  Instant now;
  Effects* effects = nullptr;

  // --- shared verbs ---
  void emit(Effect effect) { effects->push_back(std::move(effect)); }
  void notice(NoticeKind kind, PeerIndex about, PeerIndex reporter, std::string subject,
              uint32_t chunk = 0, std::string detail = {});
  std::string subject_of(VersionIndex version) const;
  // Null if there is no bucket of this name.
  const BucketConfig* bucket(const std::string& name) const;
  // What holds for a version's bucket.
  const Policy& policy(VersionIndex version) const {
    return buckets.policy(versions[version].bucket);
  }
  // Says what the version is.
  void set_facts(VersionIndex version, VersionFactsRef facts);
  // Commands gather here until decide() numbers and sends them in their order.
  void stage(SessionIndex session, Command command);
  void touch(SessionIndex session);
  void mark_dirty(ReaderIndex reader);
  void mark_dirty(VersionIndex version);
  void push_lot(LotIndex lot);
  // What is to be looked at next; nothing if there is nothing.
  std::optional<Worklist::Item> next_work();
  // Looks at a version's waiting readers again at `due`, or before.
  void recheck(VersionIndex version, Instant due);
  void describe(SessionIndex session, VersionIndex version);
};

// --- registration.cpp: peers come and go ---
void register_peer(State& state, ConnectionId connection, RegisterRequest request);
void take_inventory(State& state, SessionId session, const InventoryPage& page);
void lose_connection(State& state, ConnectionId connection);
enum class EndKind : uint8_t { kLost, kLeft, kReplaced, kProtocolBroken };
void end_session(State& state, SessionIndex session, EndKind kind, const std::string& detail);
void start_leaving(State& state, SessionIndex session);

// --- exchanges.cpp: numbering, parking, answering ---
void take_exchange(State& state, SessionId session, ExchangeToken token, ExchangeUp up);
void answer_touched_sessions(State& state);
void fire_session_timer(State& state, SessionIndex session);
// Sets the session's timer to the earliest thing it waits for.
void arm_session(State& state, SessionIndex session);

// --- opens.cpp: names to versions to readers ---
void open_object(State& state, SessionIndex session, OpenRequested request);
void take_resolution(State& state, SessionIndex session, NameResolved event);
void fire_name_timer(State& state, NameIndex name);
// Has the name looked up, if anybody waits for it.
void start_resolve(State& state, NameIndex name);
// Whether what the name stands for need not be looked up again.
bool is_name_fresh(const State& state, NameIndex name);
// Another tracker has looked the name up.
void take_lookup(State& state, NameIndex name, const NameAnswered& answer);
void move_window(State& state, SessionIndex session, const WindowMoved& event);
void close_open(State& state, SessionIndex session, OpenId open);
void end_open(State& state, SessionIndex session, OpenId open, Error error);
// Ends every open handle of a reader.
void end_reader(State& state, ReaderIndex reader, const Error& error);
// A resolver is gone: the look-ups it was asked for go to another.
void abandon_resolutions(State& state, const std::vector<uint32_t>& names);
// Forgets when the version's name was last checked.
void distrust_name(State& state, VersionIndex version);

// --- results.cpp: what became of assignments ---
void take_verified(State& state, SessionIndex session, const ChunkVerified& event);
void take_source_failed(State& state, SessionIndex session, const SourceFailed& event);
void take_assignment_failed(State& state, SessionIndex session, const AssignmentFailed& event);
void take_progress(State& state, SessionIndex session, const ChunkProgressed& event);
// Versions that readers may now be served from this peer for are looked at: its most recent ones.
void wake_readers_of(State& state, PeerIndex source);
// What a failure of an upload for another tracker's reader says of its source.
void accuse_for_guest(State& state, const Export& kept, MemberId reporter, FailureKind kind);
// Frees a transfer's row and its receiver's reservation; marks who may go on because of it.
void finish_transfer(State& state, TransferIndex transfer);

// --- eviction.cpp: bytes lent ---
enum class Space : uint8_t {
  kReserved,
  kPending,     // evictions are ordered, or readers have to end first: ask again
  kRefused,     // what is there may never be evicted
  kImpossible,  // more than is lent, or than the bucket may have
};
// Reserves bytes for a chunk on a peer, where its bucket has it kept now, ordering evictions if
// need be. A peer that lends no memory refuses what is to be kept there.
Space reserve(State& state, PeerIndex peer, VersionIndex version, uint32_t bytes);
// The same in a medium, whatever the bucket says.
Space reserve_in(State& state, Medium medium, PeerIndex peer, VersionIndex version, uint32_t bytes);
// Why a reservation was refused.
Error why_refused(const State& state, PeerIndex peer, VersionIndex version);
// The same where it is for want of any memory lent.
Error why_no_memory(const State& state, VersionIndex version);
// Whether the bytes would keep each of the peer's readers from all that it reads, where reads of
// origins take turns; see room.cpp.
bool would_lock_up(const State& state, Medium medium, PeerIndex peer, VersionIndex version,
                   uint32_t bytes);
// What the version's bucket may take of what a peer lends, where it is kept now.
uint64_t room_for(const State& state, PeerIndex peer, VersionIndex version);
// Books the bytes of a chunk that the peer holds, there; or that are free again, wherever it was.
void book(State& state, PeerIndex peer, ChunkKey key, Medium medium);
void unbook(State& state, PeerIndex peer, VersionIndex version, uint32_t chunk);
// The same of a chunk that is on its way: without a reservation, and at its end.
void book_transfer(State& state, PeerIndex receiver, ChunkKey key, Medium medium);
void unbook_transfer(State& state, const TransferRow& row);
// The version's bucket became known: its bytes are that bucket's now.
void rebook(State& state, VersionIndex version, BucketIndex from, BucketIndex to);
enum class Pass : uint8_t {
  kSpare,  // only if more of the chunk are left than the bucket's floors ask for
  kAny,    // the last ones go too
};
struct Ousting {
  Pass pass = Pass::kSpare;
  uint64_t bytes = UINT64_MAX;  // that are lacking
  Choice why = Choice::kNone;
  VersionIndex for_version{kNone};    // that needs the room; kNone: none does
  std::optional<Medium> medium = {};  // only what is there; none: wherever it is
};
// Orders the chunks of a holding to be freed that may go in this pass, until enough is found.
// Returns how many bytes were found.
uint64_t evict_from(State& state, HoldingIndex holding, const Ousting& ousting);
// A disk that was full may have room again, after a while: it counts as lent in full once more.
void try_full_store_again(State& state, PeerIndex peer);
// A copy stops being a source; its bytes stay booked until the peer confirms that they are free.
// The caller sends the order, see caching/eviction_orders.h.
void unlist_copy(State& state, PeerIndex peer, VersionIndex version, uint32_t chunk);
// The same for a chunk whose bytes are booked, but which is not listed as a copy.
void begin_evicting(State& state, PeerIndex peer, VersionIndex version, uint32_t chunk);
void take_dropped(State& state, SessionIndex session, const ChunksDropped& event);

// --- expiry.cpp: copies that go without being in the way ---
// Evicts what the peer has not used for longer than its buckets keep copies. Looks at some holdings
// each time, now and then.
void expire_copies(State& state, SessionIndex session);
// Evicts what peers keep of a version that nobody reads any more, if only superpeers are to have
// it.
void drop_unread(State& state, VersionIndex version);

// --- scheduling.cpp: which chunk next ---
void schedule(State& state, ReaderIndex reader);
void fire_tail_timer(State& state, ReaderIndex reader);
// A lease has ended, perhaps, while all readers have as much as they may: the next one is granted
// for the one that was served last.
void keep_origin_busy(State& state, VersionIndex version);

// --- waiting.cpp: readers that found nothing ---
// The reader waits with all others of its version: something anywhere may help it.
void wait(State& state, ReaderIndex reader);
// It waits with those of its rack; see parking.h.
void park(State& state, ReaderIndex reader);
// Ends a reader that was brought nothing for as long as its bucket allows. If its time is not over,
// its version is looked at when it is.
bool is_given_up(State& state, ReaderIndex reader);
void schedule_waiting(State& state, VersionIndex version);
// Looks at the versions that are overdue for longer than since `before`, and that something has
// changed for.
void serve_overdue(State& state, Instant before);
void schedule_lot(State& state, LotIndex lot);
// Tells the readers of some of the lots what they wait for.
void fire_parked_timer(State& state);

// --- reach.cpp: how far a reader may read from ---
// The selection policy of a version's bucket, as it is for this version now.
const Selection& selection_for(const State& state, VersionIndex version);
// Whether somebody so near to the reader is being sent the chunk. Of many, the newest are looked
// at.
bool is_coming_within(const State& state, const Reader& reader, uint32_t chunk, Nearness within);
// Whether a reader has waited long enough for what its rack has. If not, its version is looked at
// again when it has.
bool may_cross_rack(State& state, const Reader& reader);
// How far a source may be for this reader now. If it waits for something nearer, its version is
// looked at again when that is over.
Nearness farthest_now(State& state, const Reader& reader, uint32_t chunk);

// --- crossing.cpp: what comes into a region from others, where the bucket limits that ---
// What may come to a peer so, in bytes a second, of the part of the limit that this tracker keeps;
// nothing where there is no limit.
std::optional<uint64_t> crossing_rate(State& state, VersionIndex version, PeerIndex receiver);
// The budget of the receiver's region. Requires: there is a limit.
CrossingBudget& crossing_budget(State& state, VersionIndex version, PeerIndex receiver);
// Whether a reader may be sent something from another region now. If not, it stands in line, and is
// looked at again when it is its turn.
bool may_cross_regions(State& state, const Reader& reader);
// A chunk is on its way; counted if it comes from another region.
void charge_crossing(State& state, const TransferRow& row, Choice choice);
void fire_crossing_timer(State& state, BucketIndex bucket);
// Whoever waits for the budget is looked at again then, or before.
void set_crossing_timer(State& state, BucketIndex bucket, CrossingBudget& budget, Instant due);

// --- outflow.cpp: how many transfers a host is worth ---
uint32_t upload_slots(const State& state, const HostRow& host);
// Assignments a reader of this version is worth: fewer for those with slower links, whose many slow
// transfers would keep their sources' slots for long; and of a small object fewer (see
// Versions::intern()), unless everybody reads it at the origin, where nobody waits for others.
uint32_t download_slots(const State& state, VersionIndex version, PeerIndex peer);
// Whether the peer's link was seen to bring less than half of what the fastest readers get.
bool is_slow(const State& state, PeerIndex peer);
// Whether the superpeer's free slots are kept for chunks that nobody else has, which are still to
// come from the origin.
bool is_reserved(const State& state, const VersionRow& version, PeerIndex superpeer);
// A transfer brought its chunk: learns from how long it took.
void observe_transfer(State& state, const TransferRow& row, uint32_t bytes, Duration took);

// --- sources.cpp: from whom ---
enum class Scope : uint8_t { kRack, kAnywhere };
struct Found {
  PeerIndex source = kNoPeer;
  uint16_t generation = 0;  // of the source's copy
  std::array<PeerIndex, kFallbacksKept> fallbacks{kNoPeer, kNoPeer, kNoPeer};
  Reason reason;
  uint16_t run = 1;  // chunks from this one on that are read at the origin by one request
  TransferIndex upstream = kNoTransfer;  // of a copy in flight: what brings it
  std::optional<Medium> medium;  // it is on its way there already; none: as its bucket says now
  bool is_found() const { return source != kNoPeer; }
};
Found find_source(State& state, const Reader& reader, uint32_t chunk, Scope scope);
bool is_usable_source(const State& state, PeerIndex peer);
// Whether it has sent wrong bytes of late: nobody reads from it, and it reads for nobody.
bool is_in_quarantine(const State& state, PeerIndex peer);
// Whether all that a search found were copies that the bucket does not let the reader read from.
bool is_forbidden(const Reason& found);
// The same for a reader of another tracker, of which `groups` take their turns.
enum class GuestShare : uint8_t;
struct GuestTerms {
  MemberId asker;
  uint32_t groups = 2;
  GuestShare share;
  bool is_past_superpeers = false;  // whatever this tracker thinks of the object's heat
};
Found find_source_for_guest(State& state, const Reader& reader, uint32_t chunk,
                            const GuestTerms& guest);
// Other trackers on whose copies in flight a peer's copy in flight hangs.
std::vector<MemberId> path_of(const State& state, VersionIndex version, uint32_t chunk,
                              PeerIndex receiver);
// Whether all others in the reader's rack that have something of its version, or are being sent it,
// are at their caps: then no search there finds anybody. The reason is that of such a search.
std::optional<Reason> busy_rack(const State& state, const Reader& reader);

// --- assignments.cpp: orders ---
// How a source is named to peers and people; the origin for kNoPeer.
Source source_of(const State& state, PeerIndex peer, uint16_t generation);
enum class Assignment : uint8_t {
  kOnly,
  kHedge,  // besides another one of the same chunk
};
// Orders the transfer: books it, and stages the command to the receiver.
TransferIndex assign(State& state, PeerIndex receiver, VersionIndex version, uint32_t chunk,
                     const Found& found, Assignment kind = Assignment::kOnly);

// --- carrying_over.cpp: what is under way when a peer comes ---
// Takes a transfer over that the peer began for another tracker, or for none, if that can be.
void carry_over(State& state, PeerIndex peer, VersionIndex version, const ChunkUnderway& what);
// Whether a chunk is on its way to the peer.
bool is_coming_to(const State& state, VersionIndex version, uint32_t chunk, PeerIndex receiver);

// --- hedging.cpp: the tail of a download ---
// Hedges those of a reader's transfers that are late. To be called when there is nothing else left
// for it to be sent. Returns when the next one will be late.
Instant hedge_tail(State& state, ReaderIndex reader);

// --- leases.cpp: who reads from the origin ---
// What asking for a chunk from the origin came to.
enum class LeaseOutcome : uint8_t {
  kGranted,           // a superpeer reads it now
  kAssignedToReader,  // the reader itself does, for want of a superpeer
  kWait,              // later: recovery, back-off, or all superpeers busy
  kNoRoomYet,         // later: the reader would have to, and its store is full for now
  kNoRoom,            // the reader would have to, and has no room that could be made
  kOverBudget,        // later: the bucket's budget is spent, or others come first
  kNever,             // the origin cannot give it; the reader can't be served
};
enum class OriginNeed : uint8_t {
  kNow,    // the reader lacks it, and has nothing better to be sent
  kAhead,  // it will need it next
};
LeaseOutcome lease(State& state, ReaderIndex reader, uint32_t chunk, OriginNeed need);
// The same by leave of the chunk's directory, which keeps the budget. `reader`: whom it is for, or
// kNoReader: for other trackers' readers only.
LeaseOutcome carry_out_lease(State& state, VersionIndex version, uint32_t chunk,
                             ReaderIndex reader);
// Why lease() said kNever of this version.
Error why_never(const State& state, VersionIndex version);
// An origin read failed: waits longer each time, and in the end tells the readers.
void note_origin_failure(State& state, VersionIndex version, const AssignmentFailed& event);

// --- waits.cpp: readers are told what they wait for ---
// The reader got nothing, for the reason that its `lack` says.
void tell_waiting(State& state, ReaderIndex reader);
// It is served again.
void tell_served(State& state, ReaderIndex reader);
// Tells those in line of their places. Returns when to call it next.
Instant tell_origin_line(State& state, BucketIndex bucket);

// --- origin/terms.cpp: how long a lease lasts ---
// The read loses its right if its holder makes no progress within the policy's term.
void watch_term(State& state, ReadIndex read);
// The transfer moves: its holder keeps all that it reads from this origin.
void note_origin_progress(State& state, TransferIndex transfer);
void fire_terms_timer(State& state);

}  // namespace tyto::tracker

#include "tracker/core/cluster/hooks.h"
#include "tracker/core/explain/notes.h"
#include "tracker/core/origin/turns.h"
