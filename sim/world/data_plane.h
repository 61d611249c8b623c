// Transfers: readers' requests, sources' answers, bytes on links.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/limits.h"
#include "peer/core/effects.h"
#include "peer/core/origin_window.h"
#include "sim/models/max_min_network.h"
#include "sim/models/origin.h"
#include "sim/models/tcp.h"
#include "sim/models/topology.h"
#include "sim/world/checker.h"

namespace tyto::sim {

class World;

// One chunk on its way, both ends in one.
struct Transfer {
  enum class State : uint8_t {
    kAsking,   // the request is on its way, or lies at a source that does not react
    kWaiting,  // the source has nothing of the chunk to send yet
    kSending,  // the answer is on its way
    kMoving,   // bytes flow
    kStoring,  // all are here, and the reader's disk takes them
  };
  uint64_t key = 0;
  NodeId reader;
  peer::StartTransfer order;
  State state = State::kAsking;
  std::optional<NodeId> source;  // none: the origin, or nobody is there
  bool has_slot = false;         // occupies an upload of its source, or a read of the origin
  bool has_view = false;         // keeps the source's copy from being freed
  bool is_relay = false;         // reads along what its source is still receiving
  bool is_ensuring = false;      // the source's core was asked to get the chunk
  bool is_held = false;          // the request lies before a source that does not react
  bool is_cut_off = false;       // the source will not answer any more, but for a refusal
  bool has_flow_ended = false;
  FailureKind failure = FailureKind::kCancelled;  // why it ended, if it failed
  std::optional<FailureKind> unheard;             // a failure that a frozen reader has not seen yet
  bool is_from_bad_disk = false;  // the bytes are not those of the source's own leaf hashes
  FlowId flow;
  FlowId disk_flow;    // for kStoring
  uint64_t from = 0;   // bytes of the chunk that were verified here when it began
  uint64_t whole = 0;  // the read of the object that it is part of; 0: none
  // Chunks that one request of the origin reads, one after the other (StartTransfer::run).
  uint64_t request = 0;        // the key of the first of them; of one that is alone its own
  uint64_t behind = 0;         // the one before, whose end it waits for; 0: none
  uint64_t ahead_of = 0;       // the one that waits for its end; 0: none
  uint64_t request_bytes = 0;  // that the request has brought before
  bool is_at_gate = false;     // waits for its turn to ask the origin, or has it
  uint64_t flow_end = 0;       // the chunk's length, or the end of the first wrong block
  uint64_t window = 0;         // bytes, of its connection; 0 as long as nothing flows
  bool is_young = false;       // the window grows
  uint64_t useful = 0;         // bytes that it brought first
  uint64_t moved = 0;          // bytes that crossed links; known when it has ended
  ContentTag content;
  uint64_t silence = 0;  // counts the silences, so that an old patience is known as such
  bool is_silent = false;
  Instant silent_since;
  uint64_t tracker_run = 0;     // that ruled when it began
  uint64_t tracker_upset = 0;   // how often it had been disturbed by then
  uint64_t tracker_view = 0;    // the trackers that it took to live
  bool had_tracker = false;     // the reader was in touch with it
  bool is_for_orphans = false;  // begun while readers without a tracker waited for it here
  Instant since;
  Instant asked;  // of the origin: when its turn came

  ChunkId chunk() const { return {order.facts->id, order.chunk}; }
  bool is_origin() const { return order.source.kind == SourceKind::kOrigin; }
  bool is_in_flow() const { return flow != FlowId() && !has_flow_ended; }
};

// Bytes of whole chunks by where they came from, and the rest.
struct ByteCounts {
  uint64_t from_peers = 0;
  uint64_t from_superpeers = 0;
  uint64_t from_origin = 0;
  uint64_t wasted = 0;
};

// A chunk on its way to a node, and what is kept of it between two transfers.
struct Arriving {
  VersionFactsRef facts;
  std::vector<uint64_t> transfers;  // under way: none, one, or two with a hedge
  uint64_t verified = 0;            // bytes from peers that may be relayed; whole blocks when kept
  Medium medium = Medium::kDisk;    // where it will be kept
  ContentTag content;               // of these
  ByteCounts useful;                // who brought them; of transfers that have ended
  bool is_reserved = false;         // room in the store
  bool is_whole = false;            // it is about to be stored
  Instant paused_at;                // since when nothing is under way
};

inline uint64_t whole_blocks(uint64_t bytes) {
  return bytes / kBlockBytes * kBlockBytes;
}

// Bytes that crossed links, of whatever became of them.
struct Traffic {
  std::vector<uint64_t> sent_by_node;
  std::vector<uint64_t> into_rack;
  std::vector<uint64_t> into_region;  // from nodes in others, so not from the origin
};

// An object that a node reads at an origin without ranges, from its start to its end. Its chunks
// are had from what has come.
struct WholeRead {
  enum class Phase : uint8_t { kAsking, kMoving, kWhole };
  uint64_t key = 0;
  NodeId reader;
  VersionFactsRef facts;
  Phase phase = Phase::kAsking;
  bool has_slot = false;  // occupies a read of the origin
  FlowId flow;
  std::set<uint64_t> transfers;  // of its chunks
  Instant used;                  // last
};

enum class DiskPace : uint8_t { kUsual, kSlow };

// How many of what there are.
struct DataRecords {
  std::size_t transfers = 0;
  std::size_t ids = 0;  // by which readers' cores call them
  std::size_t flows = 0;
  std::size_t at_sources = 0;  // requests that wait there or read along
  std::size_t at_gates = 0;    // reads of the origin that wait for their turn
  std::size_t views = 0;
  std::size_t arriving = 0;
  std::size_t wholes = 0;  // under way
  uint64_t started = 0;    // transfers, in all
  uint64_t silences = 0;   // whose end is to come, those of transfers that are over included
};

// Moves chunks between the nodes' stores and from the origin.
//
// Ownership: borrows the world, whose part it is.
// Bounds:    a record a transfer under way.
class DataPlane {
 public:
  DataPlane(World& world, const Scenario& scenario);

  // --- for peers ---
  enum class Attempt : uint8_t { kOnly, kHedge };  // a hedge runs beside another transfer
  void start(NodeId reader, const peer::StartTransfer& order, Attempt attempt = Attempt::kOnly);
  void cancel(NodeId reader, peer::TransferId transfer);
  // What is kept of a chunk is of no use any more. Chunks that are under way are left alone.
  void drop_kept(NodeId reader, const ChunkId& chunk);
  // The source's core has answered EnsureAsked.
  void ensured(NodeId source, uint64_t request, bool is_here);
  // The peer's process is gone: its transfers, its uploads, all.
  void process_gone(NodeId node);
  // Whether an upload of this chunk is under way there.
  bool is_uploading(NodeId node, const ChunkId& chunk) const;

  // --- events ---
  void on_flow();
  void on_request(uint64_t transfer);
  void on_body(uint64_t transfer);
  void on_refusal(uint64_t transfer, FailureKind kind);
  void on_patience(uint64_t transfer, uint64_t silence);
  void on_window(uint64_t transfer);
  void on_whole_read(uint64_t whole);

  // --- faults ---
  // The node froze, thawed, was cut off or can be reached again.
  void node_changed(NodeId node);
  void set_origin_mode(OriginModel::Mode mode);
  void set_disk(NodeId node, DiskPace pace);

  // Asks the network when its next event is, and sees to it that on_flow() is called then.
  void arm();

  OriginModel& origin() { return origin_; }
  const Topology& topology() const { return topology_; }
  HostId origin_host() const { return origin_host_; }
  const std::map<uint64_t, Transfer>& transfers() const { return transfers_; }
  // Bytes that a transfer under way has moved so far. Changes nothing.
  uint64_t moved(const Transfer& transfer) const;
  using Place = std::pair<NodeId, ChunkId>;
  // A node's reads of the origin.
  struct Gate {
    peer::OriginWindow window{kOriginReadsMax};
    uint32_t under_way = 0;
    std::deque<uint64_t> waiting;
  };
  static constexpr uint32_t kOriginReadsMax = 16;  // at once by one node
  const std::map<Place, Arriving>& arriving() const { return arriving_; }
  // A transfer by which a node gets a chunk, the one that is ahead; or null.
  const Transfer* incoming(NodeId node, const ChunkId& chunk);
  DataRecords records() const;
  const ByteCounts& bytes() const { return bytes_; }
  const Traffic& traffic() const { return traffic_; }
  // How often each chunk was read at the origin to its end.
  const std::map<ChunkId, uint32_t>& origin_reads() const { return origin_reads_; }
  // Reads of the origin that were begun, runs of chunks being one.
  uint64_t origin_requests() const { return origin_requests_; }
  // Transfers of chunks that the reader held already.
  uint64_t redundant() const { return redundant_; }

 private:
  void add_hosts(const FleetSpec& fleet);
  Transfer* find(uint64_t key);
  void serve(Transfer& transfer);
  void bend_into_circle(Transfer& transfer);  // PlantedBug::kSourcesInACircle
  void serve_origin(Transfer& transfer);
  void ask(Transfer& transfer);
  void enter_gate(Transfer& transfer);
  // --- runs of chunks ---
  bool join_run(Transfer& transfer);
  void hand_on(Transfer& transfer);
  uint64_t cut_run(Transfer& transfer, FailureKind kind);
  void leave_run(Transfer& transfer, TransferEnd how);
  void leave_gate(const Transfer& transfer, TransferEnd how);
  void open_gate(Gate& gate);
  void begin_body(Transfer& transfer);
  void take_view(Transfer& transfer);
  ContentTag origin_content(const Transfer& transfer) const;
  void refuse(Transfer& transfer, FailureKind kind);
  void cut_off(Transfer& transfer);
  void fail(uint64_t key, FailureKind kind);
  void finish(uint64_t key);
  void store(uint64_t key);
  // Takes a transfer out of all tables; returns the bytes that it moved in vain.
  uint64_t end(uint64_t key, TransferEnd how);
  HostId source_host(const Transfer& transfer) const;
  IdleConnections::Ends ends_of(const Transfer& transfer) const;
  std::vector<LinkId> path_of(const Transfer& transfer) const;
  std::vector<peer::TransferFailed> cancel_others(const Place& place);
  bool make_room(const Place& place, Arriving& arriving);
  uint64_t position(const Transfer& transfer);

  // --- chunks on their way ---
  Arriving* arriving(const Place& place);
  bool is_under_way(const Place& place);
  bool is_relayable(const Place& place);
  Transfer* leader(const Arriving& arriving);
  void advance(Arriving& arriving);
  void keep(Arriving& arriving, Transfer& ended);
  void replace(Arriving& arriving, Transfer& ended);
  void pause(const Place& place);
  void drop_partial(const Place& place);
  void feed(Transfer& relay);
  void feed_relays(const Place& place);
  void refuse_relays(const Place& place);
  void free_slot(Transfer& transfer);
  void pump_origin();
  void wake(const Place& place);
  // --- origins without ranges ---
  static constexpr Duration kSpoolKept = Duration::seconds(60);
  WholeRead* whole_of(NodeId reader, const VersionId& version);
  void serve_whole(Transfer& transfer);
  std::optional<FailureKind> admit_whole(WholeRead& whole);
  void start_spooled(Transfer& transfer);
  void whole_moved(WholeRead& whole, uint8_t quarter);
  void break_whole(uint64_t key, FailureKind kind);
  void drop_whole(uint64_t key);
  void wholes_changed(NodeId node);
  // --- disks ---
  struct DiskLinks {
    std::optional<LinkId> write;
    std::optional<LinkId> read;
  };
  void add_disks(const FleetSpec& fleet);
  bool begin_storing(Transfer& transfer);
  void disk_changed(const Transfer& transfer);
  void start_flow(Transfer& transfer);
  void cap_flow(Transfer& transfer, std::span<const LinkId> path);
  void set_silent(Transfer& transfer);
  void watch(Instant until, uint64_t key, uint64_t silence);
  void set_heard(Transfer& transfer);
  bool is_reachable(const Transfer& transfer) const;
  bool is_dead_in_flight(const Transfer& transfer) const;
  bool is_right(const Transfer& transfer) const;
  uint64_t& counter(ByteCounts& counts, const Transfer& transfer) const;
  void note_traffic(const Transfer& transfer, uint64_t bytes);
  bool is_between_regions(const Transfer& transfer) const;

  World& world_;
  const Scenario& scenario_;
  MaxMinNetwork network_;
  Topology topology_;
  OriginModel origin_;
  HostId origin_host_;
  std::vector<DiskLinks> disks_;  // of each node
  Duration round_trip_;
  IdleConnections connections_;
  std::map<uint64_t, Transfer> transfers_;
  std::map<std::pair<NodeId, peer::TransferId>, uint64_t> by_id_;
  std::map<FlowId, uint64_t> by_flow_;
  std::map<Place, Arriving> arriving_;
  std::map<Place, std::set<uint64_t>> waiting_;  // at a source, for its own copy
  std::map<Place, std::set<uint64_t>> relays_;   // that read along there
  std::map<NodeId, Gate> gates_;
  std::map<uint64_t, WholeRead> wholes_;
  std::map<Place, uint32_t> views_;  // of a source's copy
  uint64_t next_key_ = 1;
  uint64_t silences_ = 0;
  Instant flow_at_ = Instant::never();
  ByteCounts bytes_;
  Traffic traffic_;
  std::map<ChunkId, uint32_t> origin_reads_;
  uint64_t redundant_ = 0;
  uint64_t origin_requests_ = 0;
  Rng latency_;
};

}  // namespace tyto::sim
