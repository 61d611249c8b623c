// What a run is about: who is there, what is read, what goes wrong, and what must hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "peer/core/peer_core.h"
#include "schema/messages/bucket.h"
#include "sim/models/latency.h"
#include "sim/models/origin.h"
#include "sim/models/tcp.h"
#include "sim/models/topology.h"
#include "tracker/core/config.h"
#include "tracker/core/policy.h"

namespace tyto::sim {

// A peer process's place in the fleet: superpeers come first, then readers.
using NodeId = Strong<struct NodeIdTag, uint32_t>;

// What a host's disk moves, in bytes/s; 0: it takes no time.
struct DiskRates {
  uint64_t write_bytes_per_s = 0;
  uint64_t read_bytes_per_s = 0;
  bool takes_time() const { return write_bytes_per_s > 0 || read_bytes_per_s > 0; }
};
// What a disk that is slow moves either way, if it is not slower than that by itself.
inline constexpr uint64_t kSlowDiskBytesPerS = 1'000'000;

// Consecutive readers that differ from the others.
struct ReaderGroup {
  std::string name;
  uint32_t first = 0;  // reader
  uint32_t readers = 0;
  LinkRates link;
  DiskRates disk;
  uint64_t store_bytes = 16 * kGiB;
  uint32_t uploads_max = 0;   // 0: the tracker's default
  bool is_slow = false;       // told apart in reports
  uint64_t memory_bytes = 0;  // lent besides, for what is kept in memory only
};

struct FleetSpec {
  uint32_t superpeers = 1;
  uint32_t readers = 4;
  LinkRates superpeer_link;
  LinkRates reader_link;
  // Readers are dealt out over racks in turn, racks over zones, zones over regions; without racks
  // readers over zones. Superpeers are dealt out over zones. What there is none of is one switch.
  uint32_t racks = 0;
  uint32_t zones = 0;
  uint32_t regions = 0;   // 0 if there are no zones
  LinkRates rack_link;    // of each rack to its zone
  LinkRates zone_link;    // of each zone to its region
  LinkRates region_link;  // of each region to the rest
  DiskRates superpeer_disk;
  DiskRates reader_disk;
  uint64_t superpeer_store_bytes = 64 * kGiB;
  uint64_t reader_store_bytes = 16 * kGiB;
  uint64_t superpeer_memory_bytes = 0;  // lent besides, for what is kept in memory only
  uint64_t reader_memory_bytes = 0;
  uint32_t reader_uploads_max = 0;  // 0: the tracker's default
  std::vector<ReaderGroup> groups;  // which do not overlap

  NodeId superpeer(uint32_t i) const { return NodeId(i); }
  NodeId reader(uint32_t i) const { return NodeId(superpeers + i); }
  uint32_t size() const { return superpeers + readers; }
  bool is_superpeer(NodeId node) const { return node.value() < superpeers; }
  // The group that a node belongs to; null: none.
  const ReaderGroup* group(NodeId node) const;
  bool is_slow(NodeId node) const { return group(node) != nullptr && group(node)->is_slow; }
  const LinkRates& link(NodeId node) const;
  // Whether any link loses packets.
  bool has_loss() const;
  const DiskRates& disk(NodeId node) const;
  // Whether any disk takes time.
  bool has_disks() const;
  uint64_t store_bytes(NodeId node) const;
  uint64_t memory_bytes(NodeId node) const;
  uint32_t uploads_max(NodeId node) const;
  // Requires: there are racks.
  uint32_t rack(NodeId reader) const { return (reader.value() - superpeers) % racks; }
  // Requires: there are zones.
  uint32_t zone(NodeId node) const;
  // Requires: there are regions.
  uint32_t region(NodeId node) const { return zone(node) % regions; }
};

// A reader opens an object, reads it to its end and closes it.
struct ReadSpec {
  Duration at;  // from the start of the run
  NodeId node;
  uint32_t object = 0;
  ReadMode mode = ReadMode::kWhole;
  uint32_t window = 8;  // chunks ahead, for kStream
};

enum class FaultKind : uint8_t {
  kPeerCrash,          // the process dies; after `lasts` it starts again, on its disk
  kPeerCrashEmpty,     // the same, and the disk is lost
  kPeerFreeze,         // SIGSTOP and SIGCONT
  kPeerLeave,          // a clean exit; after `lasts` it starts again
  kPeerCorrupts,       // sends spoilt bytes
  kPeerForgets,        // loses half of its chunks without noticing
  kDiskFull,           // nothing can be stored
  kControlCut,         // no packet between peer and tracker
  kDataCut,            // no packet between peer and other peers or the origin
  kConnectionDropped,  // the control connection breaks; both sides notice
  kTrackerCrash,       // the process dies; after `lasts` it starts again, on its catalog
  kTrackerFreeze,
  kOriginRefuses,  // 503
  kOriginCuts,     // connections break in mid-body
  kOriginSilent,   // connections are accepted, nothing is answered
  kOriginChanges,  // object `target` is another from now on
  kZoneCut,        // no packet between zone `target` and the rest, the tracker and the origin too
  kDiskSlow,       // the disk moves kSlowDiskBytesPerS, either way
  kDiskCorrupts,   // half of the chunks stored turn bad without notice
  kTrackerCut,     // no packet between tracker `target` and peers
  kTrackerApart,   // none from other trackers to tracker `target`
  kTrackerDeaf,    // none from anybody to tracker `target`; what it sends arrives
  kTrackerMute,    // none from tracker `target` to anybody; it hears them all
};

inline constexpr auto kFaultKindLast = FaultKind::kTrackerMute;
std::string_view fault_kind_name(FaultKind kind);
// Whether its target is a node.
bool is_of_node(FaultKind kind);
// Whether its target is a tracker.
bool is_of_tracker(FaultKind kind);

// Something goes wrong at `at` and, where it can, is mended after `lasts`; forever() is never.
struct FaultSpec {
  Duration at;
  FaultKind kind = FaultKind::kPeerCrash;
  uint32_t target = 0;  // a node, if is_of_node(kind); a tracker, if is_of_tracker(kind); an object
                        // for kOriginChanges, a zone for kZoneCut
  Duration lasts = Duration::forever();
};

enum class Reads : uint8_t {
  kAllComplete,     // every read gets the whole object
  kCompleteOrFail,  // every read ends, with the object or with an error
};
enum class Readers : uint8_t {
  kAskOnce,   // an error is final
  kAskAgain,  // once calm has come, reads that failed are asked for again
};
enum class Leases : uint8_t {
  kStrict,   // never two readers of a chunk at the origin
  kCounted,  // two only if one of them is cut off from the tracker that leased to it, or if their
             // trackers are cut off from one another
};

// What the checkers hold a run to, besides what must hold always.
struct Expectations {
  Reads reads = Reads::kAllComplete;
  Leases leases = Leases::kStrict;
  // A read ends within this, counted from its asking (or from the calm if that is later).
  Duration read_time_max = Duration::seconds(60);
  // Chunks read at the origin for each 1000 distinct ones; 0: counted only.
  uint32_t amplification_permille_max = 1000;
  // Bytes that entered a rack for each 1000 of all objects read; 0: counted only.
  uint32_t rack_copies_permille_max = 0;
  // Bytes that entered a region from peers of others for each 1000 of all objects read; 0: counted
  // only.
  uint32_t region_copies_permille_max = 0;
  // In the end the tracker's picture of the fleet is the fleet.
  bool inventories_agree = true;
};

// Defects put in on purpose, to prove that the checkers see them.
enum class PlantedBug : uint8_t {
  kNone,
  kVerificationSkipped,
  kCapsIgnored,
  kTransfersLost,
  kVersionsMixed,     // the origin gives what an object is now, whatever version was asked for
  kLeasesIgnored,     // peers read at the origin what they were to get elsewhere
  kGenerationsLost,   // the tracker forgets how deep a copy in flight is
  kSourcesInACircle,  // who was sent to another one asks those that read from itself
  kDropsForgotten,    // stores keep what they were told to drop, and say that it has gone
  kRecordsKept,       // the tracker's process keeps a record of each exchange
  kBudgetIgnored,     // the tracker is not told of the bucket's budget of its origin
  kRequestsIgnored,   // nor, of that, of requests a second
  kCrossingsIgnored,  // nor of what may come into a region from others
  kPinsIgnored,       // the tracker is not told of pins
  kAborts,            // an assertion fails in mid-run
};

// What an exchange costs the tracker's processor, which does one thing after another. Nothing
// unless said.
struct ProcessorSpec {
  Duration per_exchange;
  Duration per_decision;  // each command sent
};

// Where peers and trackers reach a tracker.
inline Endpoint tracker_address(uint32_t tracker) {
  return {"t" + std::to_string(tracker), 7400};
}
// What peers are given to find their trackers by.
TrackerListRef tracker_addresses(uint32_t trackers);

// Whose way through the fleet is kept for the report.
struct MeasureSpec {
  uint32_t object = 0;
  std::optional<uint32_t> chunk;  // none: the one in the middle
};

struct Scenario {
  std::string name;
  uint64_t seed = 1;
  FleetSpec fleet;
  OriginSpec origin;
  std::vector<ObjectSpec> objects;
  std::vector<ReadSpec> reads;
  std::vector<FaultSpec> faults;
  LatencyModel latency;
  TcpSpec tcp;
  uint32_t trackers = 1;  // of one cluster
  BucketConfig bucket{.id = BucketId(1), .name = "sim", .origin = "http://origin/"};
  tracker::Policy policy;  // of the bucket
  tracker::Config tracker;
  ProcessorSpec processor;
  peer::Policy reader_policy;
  Duration catalog_lag = Duration::milliseconds(50);  // what a tracker's crash loses of it
  // Everything that can be mended is mended now, and nothing more goes wrong.
  Duration calm_at = Duration::seconds(0);
  Readers readers = Readers::kAskOnce;
  Duration settle = Duration::seconds(12);  // run on after the last read's end
  Expectations expect;
  MeasureSpec measure;
  PlantedBug bug = PlantedBug::kNone;
};

}  // namespace tyto::sim
