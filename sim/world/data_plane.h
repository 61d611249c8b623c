// Transfers: readers' requests, sources' answers, bytes on links.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "peer/core/effects.h"
#include "sim/models/max_min_network.h"
#include "sim/models/origin.h"
#include "sim/models/topology.h"
#include "sim/world/checker.h"

namespace tyto::sim {

class World;

// One chunk on its way, both ends in one.
struct Transfer {
  enum class State : uint8_t {
    kAsking,   // the request is on its way, or lies at a source that does not react
    kWaiting,  // the source has not got the chunk whole yet
    kSending,  // the answer is on its way
    kMoving,   // bytes flow
  };
  uint64_t key = 0;
  NodeId reader;
  peer::StartTransfer order;
  State state = State::kAsking;
  std::optional<NodeId> source;  // none: the origin, or nobody is there
  bool has_slot = false;         // occupies an upload of its source, or a read of the origin
  bool has_view = false;         // keeps the source's copy from being freed
  bool is_ensuring = false;      // the source's core was asked to get the chunk
  bool is_held = false;          // the request lies before a source that does not react
  bool is_cut_off = false;       // the source will not answer any more, but for a refusal
  bool has_flow_ended = false;
  FailureKind failure = FailureKind::kCancelled;  // why it ended, if it failed
  std::optional<FailureKind> unheard;             // a failure that a frozen reader has not seen yet
  FlowId flow;
  ContentTag content;
  uint64_t silence = 0;  // counts the silences, so that an old patience is known as such
  bool is_silent = false;
  uint64_t tracker_run = 0;     // that ruled when it began
  uint64_t tracker_upset = 0;   // how often it had been disturbed by then
  bool had_tracker = false;     // the reader was in touch with it
  bool is_for_orphans = false;  // begun while readers without a tracker waited for it here
  Instant since;

  ChunkId chunk() const { return {order.facts->id, order.chunk}; }
  bool is_origin() const { return order.source.kind == SourceKind::kOrigin; }
};

// Bytes of whole chunks by where they came from, and the rest.
struct ByteCounts {
  uint64_t from_peers = 0;
  uint64_t from_superpeers = 0;
  uint64_t from_origin = 0;
  uint64_t wasted = 0;
};

// Bytes that crossed links, of whatever became of them.
struct Traffic {
  std::vector<uint64_t> sent_by_node;
  std::vector<uint64_t> into_rack;
};

// Moves chunks between the nodes' stores and from the origin.
//
// Ownership: borrows the world, whose part it is.
// Bounds:    a record a transfer under way.
class DataPlane {
 public:
  DataPlane(World& world, const Scenario& scenario);

  // --- for peers ---
  void start(NodeId reader, const peer::StartTransfer& order);
  void cancel(NodeId reader, peer::TransferId transfer);
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

  // --- faults ---
  // The node froze, thawed, was cut off or can be reached again.
  void node_changed(NodeId node);
  void set_origin_mode(OriginModel::Mode mode);

  // Asks the network when its next event is, and sees to it that on_flow() is called then.
  void arm();

  OriginModel& origin() { return origin_; }
  const Topology& topology() const { return topology_; }
  HostId origin_host() const { return origin_host_; }
  const std::map<uint64_t, Transfer>& transfers() const { return transfers_; }
  // The transfer by which a node gets a chunk, or null.
  const Transfer* incoming(NodeId node, const ChunkId& chunk) const;
  const ByteCounts& bytes() const { return bytes_; }
  const Traffic& traffic() const { return traffic_; }
  // How often each chunk was read at the origin to its end.
  const std::map<ChunkId, uint32_t>& origin_reads() const { return origin_reads_; }
  // Transfers of chunks that the reader held already.
  uint64_t redundant() const { return redundant_; }

 private:
  using Place = std::pair<NodeId, ChunkId>;

  Transfer* find(uint64_t key);
  void serve(Transfer& transfer);
  void serve_origin(Transfer& transfer);
  void begin_body(Transfer& transfer);
  void refuse(Transfer& transfer, FailureKind kind);
  void fail(uint64_t key, FailureKind kind);
  void finish(uint64_t key);
  uint64_t end(uint64_t key, TransferEnd how);
  void free_slot(Transfer& transfer);
  void pump_origin();
  void wake_waiters(const Place& place);
  void set_silent(Transfer& transfer);
  void set_heard(Transfer& transfer);
  bool is_reachable(const Transfer& transfer) const;
  bool is_right(const Transfer& transfer) const;
  void count(const Transfer& transfer, uint64_t bytes);
  void note_traffic(const Transfer& transfer, uint64_t bytes);

  World& world_;
  const Scenario& scenario_;
  MaxMinNetwork network_;
  Topology topology_;
  OriginModel origin_;
  HostId origin_host_;
  std::map<uint64_t, Transfer> transfers_;
  std::map<std::pair<NodeId, peer::TransferId>, uint64_t> by_id_;
  std::map<FlowId, uint64_t> by_flow_;
  std::map<Place, uint64_t> incoming_;
  std::map<Place, std::set<uint64_t>> waiting_;  // at a source, for its own copy
  std::map<Place, uint32_t> views_;              // of a source's copy
  uint64_t next_key_ = 1;
  Instant flow_at_ = Instant::never();
  ByteCounts bytes_;
  Traffic traffic_;
  std::map<ChunkId, uint32_t> origin_reads_;
  uint64_t redundant_ = 0;
  Rng latency_;
};

}  // namespace tyto::sim
