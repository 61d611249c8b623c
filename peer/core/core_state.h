// What a peer core knows: plain data, shared by the files of this folder. Who changes what is said
// by the headers session.h, exchange.h, commands.h, assignments.h, transfers.h, partials.h,
// opens.h, cache.h, orphans.h and ensures.h.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bitmap.h"
#include "base/rng.h"
#include "peer/core/peer_core.h"
#include "schema/messages/numbered.h"

namespace tyto::peer {

// Bounds. What happens at each is said where it is used.
inline constexpr std::size_t kUnheardEventsMax = 16384;  // then the session is started anew
inline constexpr std::size_t kProgressBacklogMax = 256;  // then progress marks are left out
inline constexpr std::size_t kVersionsIdleMax = 65536;   // then the session is started anew
inline constexpr std::size_t kTransfersMax = 1024;       // then assignments fail with kBusy
inline constexpr std::size_t kOpensMax = 8192;           // then opens fail with kOverloaded
inline constexpr std::size_t kResolvesMax = 256;         // then resolutions fail, kOverloaded
inline constexpr std::size_t kEnsuresMax = 4096;         // then answered at once: not here
inline constexpr std::size_t kCancelledKept = 64;        // the oldest is forgotten
inline constexpr std::size_t kPartialsKept = 8;          // the oldest is given up
inline constexpr std::size_t kSourcesKept = 8;           // per version; the oldest is forgotten
inline constexpr std::size_t kOriginsKept = 8;           // the one that moved first is forgotten
inline constexpr std::size_t kSuperpeersTried = 3;       // per chunk and round of an orphan

// Chunks of one version on their way out.
struct Evictions {
  Bitmap doomed;    // held and still read; dropped when nobody reads them any more
  Bitmap dropping;  // DropChunks was asked for: not held, but their bytes are not free yet
};

// One version this peer holds chunks of, reads, or was told of in this session.
struct Version {
  VersionFactsRef facts;  // null if only the store speaks of it
  Chunking chunking;
  Bitmap held;
  std::unique_ptr<Bitmap> in_memory;     // of those held, those in memory only; null: none
  std::unique_ptr<Evictions> evictions;  // null: none
  std::vector<Digest> roots;             // superpeers only: one per chunk, zero where unknown
  std::vector<Source> sources;  // peers and superpeers named or seen as holders; kSourcesKept
  bool is_remembered = false;   // the store has its facts
  // Where the tracker wanted chunks of it kept last.
  Placement placement = Placement::kDisk;
};
// Ordered, so that nothing that goes through it depends on a hash. Nodes stay where they are.
using Versions = std::map<VersionId, Version>;
using VersionEntry = Versions::value_type;

// Why a transfer runs, and so who hears of its end.
enum class Cause : uint8_t {
  kAssigned,  // by a tracker
  kOrphan,    // for a reader here, without a tracker
  kEnsured,   // for a reader elsewhere, without a tracker
};

// What a source is asked for.
enum class Ask : uint8_t {
  kWhatItHas,
  kToGetIt,  // a superpeer: to read the origin if it lacks the chunk
};

// One chunk on its way here. At most one per chunk, two where a tracker hedges: both from peers,
// and the first to be done ends the other.
struct Transfer {
  TransferId id;
  VersionEntry* version = nullptr;  // never null
  ChunkIndex chunk;
  Cause cause = Cause::kAssigned;
  Ask ask = Ask::kWhatItHas;
  bool is_waiting_for_drop = false;  // not started: the chunk's old bytes are being freed
  bool is_fallback = false;
  bool is_of_old_session = false;  // its assignment means nothing to the tracker any more
  uint16_t run = 1;                // see StartTransfer
  Placement placement = Placement::kDisk;
  AssignmentId assignment;  // zero unless kAssigned
  Source source;
  std::vector<Source> fallbacks;  // not tried yet
  Digest root;                    // zero: none was given
  Duration patience;
  Instant started;

  ChunkId chunk_id() const { return {version->first, chunk}; }
};

// A transfer that was cancelled, and may be done all the same.
struct CancelledTransfer {
  TransferId id;
  AssignmentId assignment;
  ChunkId chunk;
  Source source;
  Medium medium = Medium::kDisk;
};

// A chunk that no transfer receives, of which the shell keeps verified blocks.
struct KeptPartial {
  ChunkId chunk;
  Instant until;
};

// One handle of the embedding program.
struct Open {
  OpenRequested request;  // window kept up to date
  Instant asked;
  VersionEntry* version = nullptr;  // null until Opened
  // Without a version: fails then. With one: fails then if it lacks something, and is moved on by
  // whatever gets it nearer.
  Instant patience_ends;
};

// When reads of a bucket's origin last brought something.
struct OriginMoved {
  BucketId bucket;
  Instant at;
};

// One chunk that a reader fetches without a tracker, from one source after the other.
struct OrphanFetch {
  VersionEntry* version = nullptr;  // never null
  ChunkIndex chunk;
  uint32_t round = 0;
  // Asked in this round: named holders (of which some may be forgotten meanwhile, and others come),
  // then superpeers, then the origin.
  uint32_t holders_asked = 0;
  uint32_t superpeers_asked = 0;
  bool is_origin_asked = false;
  bool was_busy = false;  // in this round, a source was at its cap: the round does not count
  bool is_superpeer_busy = false;  // in this round, it was a superpeer: the origin is not asked
  TransferId transfer;             // zero: none under way
  Instant next;                    // not before
};

struct Orphans {
  std::vector<OrphanFetch> fetches;  // at most Policy::orphan_transfers
  Instant origin_free;               // the origin may be asked again
};

// A reader elsewhere that waits for a chunk from here.
struct EnsureWait {
  uint64_t request = 0;
  ChunkId chunk;
  Instant until;
};

struct PendingResolve {
  ResolveId ours;
  ResolveId theirs;
};

// A tracker as this peer knows it; zero: its id is not known.
struct TrackerPlace {
  MemberId id;
  Endpoint address;
};
struct AvoidedTracker {
  MemberId id;
  Instant until;
  uint32_t times = 0;  // in a row
};
// Where trackers are, and which of them is this peer's.
struct Trackers {
  uint64_t home_key = 0;                // of this peer; see schema/messages/home.h
  std::string region;                   // likewise
  TrackerListRef found;                 // as this peer was told to find them; null: none yet
  TrackerListRef listed;                // of the cluster, as a tracker said; null: none did
  TrackerPlace current;                 // that it is registered with, or tries; none at first
  TrackerPlace served_by;               // whose session it has, or may go on with
  std::vector<uint64_t> tried;          // in vain since it was registered, in this round
  std::vector<AvoidedTracker> avoided;  // at most kTrackersAvoidedMax
  uint32_t moves = 0;                   // in a row
  MemberId home;                        // that it should go to; zero: it is there
  Instant go_at = Instant::never();     // when it does
  Instant go_latest;                    // no matter what is under way
};

enum class SessionPhase : uint8_t {
  kNone,         // before StoreLoaded, and after LeaveDone
  kWaiting,      // until `until`, then connect
  kRegistering,  // ConnectTracker is out
  kInventory,    // SendInventory is out
  kExchanging,
};

struct Session {
  SessionPhase phase = SessionPhase::kNone;
  bool can_resume = false;      // a tracker may still know the session: numbering goes on
  bool ask_again = false;       // the tracker has more commands
  bool owes_inventory = false;  // pages were begun and not confirmed
  uint8_t exchanges_open = 0;
  uint32_t attempt = 0;   // counts those that failed
  uint32_t failures = 0;  // in a row, of all trackers
  SessionId id;
  TrackerEpoch epoch;
  Instant until = Instant::never();      // kWaiting: connect then; else: answer due then
  Instant lost = Instant::never();       // when the tracker was lost; never while connected
  Instant report_at = Instant::never();  // events not sent yet are due
  Instant heard;                         // last answer, or last thing sent
  Instant hold;                          // no exchange before: the tracker has too much to do
  Instant probe_from;                    // no probe before: it lives, and has too much to do
  NumberedOutbox<Event> events;
  uint64_t events_acknowledged = 0;
  NumberedInbox commands;
  Error last_error;  // why there is no connection
};

struct Leave {
  bool is_asked = false;
  bool is_done = false;
  Instant until = Instant::never();
  uint64_t event = 0;  // number of the Leaving event
};

struct CoreState {
  CoreState(std::shared_ptr<const Policy> p, uint64_t seed)
      : shared_policy(std::move(p)), policy(*shared_policy), rng(seed), salt(mix64(seed)) {}

  const std::shared_ptr<const Policy> shared_policy;
  const Policy& policy;
  Rng rng;
  const uint64_t salt;  // makes peers differ where all have the same to choose from
  Session session;
  Trackers trackers;
  Leave leave;
  Versions versions;
  std::vector<Transfer> transfers;  // by id
  std::vector<Open> opens;          // by when they were asked
  std::vector<CancelledTransfer> cancelled;
  std::vector<KeptPartial> partials;  // by until
  std::vector<OriginMoved> origins;   // by `at`
  std::vector<PendingResolve> resolves;
  std::vector<EnsureWait> ensures;
  std::vector<SuperpeerListed> superpeers;
  Orphans orphans;
  std::size_t versions_looked_through = kVersionsIdleMax;  // see has_room_for_version()
  uint64_t last_transfer = 0;
  uint64_t last_resolve = 0;
};

// One call of PeerCore::handle: the state, the time it is, and where effects go.
struct Turn {
  CoreState& state;
  Instant now;
  Effects& effects;

  void emit(Effect effect) { effects.push_back(std::move(effect)); }
};

// The version's entry, or null.
inline VersionEntry* find_version(CoreState& state, const VersionId& id) {
  auto found = state.versions.find(id);
  return found == state.versions.end() ? nullptr : &*found;
}

// Where a chunk is kept. Requires: it is held.
inline Medium medium_of(const Version& version, ChunkIndex chunk) {
  bool is_in_memory = version.in_memory && version.in_memory->test(chunk.value());
  return is_in_memory ? Medium::kMemory : Medium::kDisk;
}

// Whether a chunk is here, whole. Any index.
inline bool is_held(const Version& version, ChunkIndex chunk) {
  return chunk.value() < version.held.size() && version.held.test(chunk.value());
}

}  // namespace tyto::peer
