// The tracker's brain.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "tracker/core/config.h"
#include "tracker/core/effects.h"
#include "tracker/core/explain/pictures.h"
#include "tracker/core/inputs.h"

namespace tyto::tracker {

class State;

// Totals since the start, for metrics and tests.
struct Counters {
  uint64_t exchanges = 0;
  uint64_t events = 0;
  uint64_t assignments = 0;
  uint64_t leases = 0;
  uint64_t origin_requests = 0;  // that peers were to make for reads of origins, runs being one
  uint64_t leases_granted = 0;   // as directory of the chunk, to whichever tracker
  uint64_t leases_for_lost = 0;  // of these, of what is a lost member's to lease, should it live
  uint64_t imports = 0;          // assignments to peers of other trackers
  uint64_t exports = 0;          // uploads kept for readers of other trackers
  uint64_t messages_sent = 0;    // to other trackers
  uint64_t leases_lost = 0;      // of these, for want of progress
  uint64_t evictions = 0;
  std::array<uint64_t, static_cast<std::size_t>(kChoiceLast) + 1> evictions_by{};  // by Choice
  uint64_t resolves = 0;
  uint64_t chunks_verified = 0;
  uint64_t source_failures = 0;
  uint64_t assignment_failures = 0;
  uint64_t corrupt_reports = 0;
  uint64_t bytes_from_peers = 0;
  uint64_t bytes_from_superpeers = 0;
  uint64_t bytes_from_origin = 0;      // as reported by those who read it
  uint64_t bytes_between_regions = 0;  // from peers of another region than the reader's
  uint64_t bytes_wasted = 0;
  // Of readers of buckets with a shadow share: those of the share, whose bytes count nowhere else,
  // and the others, to be compared. Times are from the open to the last byte.
  uint64_t shadow_opens = 0;
  uint64_t shadow_completed = 0;
  uint64_t shadow_bytes = 0;
  uint64_t shadow_ns = 0;
  uint64_t compared_completed = 0;
  uint64_t compared_bytes = 0;
  uint64_t compared_ns = 0;
  uint64_t opens = 0;
  uint64_t opens_hot = 0;  // of objects that were hot by then
  uint64_t opens_failed = 0;
};

// See TrackerCore::look_ahead(), in order.
enum class InputStep : uint8_t { kMessage, kSlot, kSession, kPeer, kHost };

// Read-only pictures for the HTTP API; see TrackerCore's visitors.
struct PeerPicture {
  PeerId peer;
  Role role = Role::kPeer;
  std::string name;
  std::string location;
  Endpoint data_address;
  uint64_t store_bytes = 0;
  uint64_t used_bytes = 0;
  uint64_t memory_bytes = 0;       // lent besides, for what is kept in memory only
  uint64_t used_memory_bytes = 0;  // of these
  uint32_t uploads = 0;
  uint32_t uploads_max = 0;
  uint32_t downloads = 0;
  uint32_t opens = 0;
  bool is_connected = false;
  bool is_leaving = false;
  bool is_suspect = false;
  bool is_quarantined = false;
};
// What the peers of this tracker keep of a bucket.
struct BucketPicture {
  std::string name;
  uint64_t kept_bytes = 0;      // held, and on their way; not what was told to go
  uint64_t evicting_bytes = 0;  // told to go, and not confirmed yet
  uint64_t kept_bytes_max = 0;  // its quota, or this tracker's part of it; 0: none
  uint32_t peers = 0;           // that have any of it
};
struct VersionPicture {
  VersionFactsRef facts;  // null for a version known only from inventories
  VersionId id;
  uint32_t chunk_count = 0;
  uint32_t roots_known = 0;
  uint32_t members = 0;    // peers that hold at least a chunk
  uint32_t complete = 0;   // of these, those that hold all
  uint32_t in_memory = 0;  // of these, those that keep something of it in memory only
  uint32_t readers = 0;
  uint32_t copies_min = 0;       // of the rarest chunk
  uint32_t heat_milliopens = 0;  // see heat.h
  bool is_hot = false;           // by its bucket's policy
  bool is_pinned = false;
};
struct TransferPicture {
  AssignmentId assignment;
  ChunkId chunk;
  PeerId reader;
  Source source;
  uint8_t quarters = 0;
  Instant since;
  Reason reason;
};

// A wish to pin an object until a time.
struct PinAsked {
  ObjectName name;
  std::optional<VersionId> version;  // nothing: what the name stands for
  Instant now;
  Instant until;
  WallTime expires;  // the same, for people
};

// How many records of each kind there are.
struct Records {
  uint32_t sessions = 0;
  uint32_t versions = 0;
  uint32_t names = 0;
  uint32_t holdings = 0;
  uint32_t readers = 0;
  uint32_t transfers = 0;
  std::size_t timers = 0;  // those that no longer mean anything, too
};

// Knows peers, what they hold and every transfer under way; names the source of every chunk.
//
// Purity:    pure. Time only as `now`, randomness only from `Config::seed`; the same inputs give
//            the same effects.
// Threads:   confined to its loop.
// Bounds:    Config::max_peers, max_versions, kChunksMax a version, kCommandBacklogMax a session.
//            Beyond: registrations and opens are refused with kOverloaded.
// Errors:    broken input ends the session it came from and nothing else.
class TrackerCore {
 public:
  explicit TrackerCore(const Config& config);
  ~TrackerCore();
  TrackerCore(const TrackerCore&) = delete;
  TrackerCore& operator=(const TrackerCore&) = delete;

  // Takes note of an input; answers what can be answered without a decision.
  // Requires: `now` never goes back.
  void apply(Instant now, Input input, Effects& effects);
  // Fetches into the caches what apply() will look at, in steps that each need what those before
  // have fetched: who has a batch of inputs may have some waited for while others are taken in.
  // Changes nothing.
  void look_ahead(const Input& input, InputStep step) const;
  // Takes the decisions that the inputs since the last call ask for, and sends what there is to
  // say. Call after one input, or after a batch of them.
  void decide(Instant now, Effects& effects);
  // apply() and decide() in one.
  void handle(Instant now, Input input, Effects& effects) {
    apply(now, std::move(input), effects);
    decide(now, effects);
  }
  // When TimePassed is to be handed in next; Instant::never() if there is nothing to wait for.
  Instant next_deadline() const;

  // The roots known of a version, from `first` on: at most kRootsPerPageMax. Empty if the version
  // is unknown or `first` is past its end.
  RootsPage roots(const VersionId& version, uint32_t first) const;

  const Counters& counters() const;
  uint32_t session_count() const;
  // Cost: the versions and the rows of readers.
  Records records() const;
  // The picture of one bucket; nothing if it is unknown.
  std::optional<BucketPicture> bucket_picture(const std::string& name) const;
  // Each visitor is called in a fixed order (by registration, by version id, by assignment).
  void visit_peers(const std::function<void(const PeerPicture&)>& visit) const;
  void visit_versions(const std::function<void(const VersionPicture&)>& visit) const;
  void visit_transfers(const std::function<void(const TransferPicture&)>& visit) const;
  // What the journal keeps of the records selected, from the oldest to the newest, and then what
  // readers wait for now. Cost: all that is kept, and the rows of readers.
  RecordsSeen visit_records(const RecordFilter& filter,
                            const std::function<void(const RecordPicture&)>& visit) const;
  JournalCounts journal_counts() const;
  // The picture of one version; nothing if it is unknown. Cost: its chunks.
  std::optional<VersionPicture> version_picture(const VersionId& version) const;
  // What a pin would hold, to be made lasting and then handed in.
  // Errors: kNotFound: no such bucket, or the object is not known; kNoSpace: beyond the bucket's
  //         quota of pins; kOverloaded: too many pins.
  Result<PinSet> plan_pin(const PinAsked& asked) const;
  // Those in force, in the order of their names.
  void visit_pins(Instant now, const std::function<void(const PinSet&)>& visit) const;
  // The version a name stands for now, as far as known.
  const VersionFacts* find(const std::string& bucket, const std::string& key) const;

  // Aborts if the tables contradict one another. Cost: all of the state.
  void check_invariants() const;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace tyto::tracker
