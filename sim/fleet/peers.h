// The peers of a fleet: their cores, and what a shell does for them, in one place for all.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "peer/core/origin_window.h"
#include "peer/core/peer_core.h"
#include "sim/fleet/network.h"
#include "sim/world/data_plane.h"
#include "sim/world/world.h"

namespace tyto::sim::fleet {

class World;

// How far a read of the workload is: a ReadState without what a million of them need not have.
struct ReadRow {
  ReadPhase phase = ReadPhase::kNotYet;
  uint32_t attempts = 0;
  Tick asked = kNever;  // first
  Tick ended = kNever;
  bool is_over() const { return phase == ReadPhase::kDone || phase == ReadPhase::kFailed; }
};

// Drives every peer's core: hands it what happens, carries out what it wants.
//
// Ownership: borrows the world, whose part it is.
// Bounds:    a core a live process.
class Peers {
 public:
  Peers(World& world, const Scenario& scenario);

  // --- life ---
  void start(uint32_t node);
  enum class Disk : uint8_t { kKept, kLost };
  void crash(uint32_t node, Disk disk);
  void leave(uint32_t node);

  // --- what happens ---
  void deliver(uint32_t node, peer::Input input);
  // Flows, timers: whatever is due at the node by now.
  void wake(uint32_t node);
  // The same for all of these, in their order; what each looks at is fetched while those before it
  // have their turn.
  void wake(const std::vector<uint32_t>& nodes);
  void ask(uint32_t read);
  // Fetches into the caches what an input of a node will look at, in steps that each need what the
  // one before has fetched. Changes nothing.
  enum class Ahead : uint8_t { kRow, kCore, kState, kLists };
  void look_ahead(uint32_t node, Ahead what) const;

  // --- what came of it ---
  const std::vector<ReadRow>& reads() const { return reads_; }
  uint32_t reads_over() const { return reads_over_; }
  const Error& error(uint32_t read) const;
  const ByteCounts& bytes() const { return bytes_; }
  const std::vector<uint32_t>& origin_reads() const { return origin_reads_; }
  // By readers, of what they want.
  uint64_t bytes_delivered() const { return bytes_delivered_; }
  uint64_t redundant() const { return redundant_; }
  std::size_t core_bytes_max(Role role) const {
    return role == Role::kSuperpeer ? superpeer_core_bytes_max_ : reader_core_bytes_max_;
  }
  // Looks at every core. While a run goes on, every kMeasuredOf-th one is looked at with each
  // chunk that comes.
  void measure_cores();

 private:
  static constexpr uint32_t kMeasuredOf = 32;
  struct OpenRead {
    OpenId open;
    uint32_t read = 0;
    uint32_t object = 0;
  };
  struct alignas(64) Peer {
    std::unique_ptr<peer::PeerCore> core;
    std::vector<OpenRead> opens;
    Tick due = kNever;  // the core's deadline
    PeerId id;
    uint64_t next_open = 1;
    bool is_leaving = false;
    bool is_exiting = false;
  };
  // As a node's shell keeps it; see peer/core/origin_window.h.
  struct Gate {
    peer::OriginWindow window{16};
    uint32_t under_way = 0;
    std::deque<uint32_t> waiting;  // transfers
  };

  bool is_superpeer(uint32_t node) const { return node < scenario_.fleet.superpeers; }
  void step(uint32_t node, peer::Input input);
  void carry_out(uint32_t node, peer::Effect& effect);
  void connect(uint32_t node, const peer::ConnectTracker& order);
  void start_transfer(uint32_t node, const peer::StartTransfer& order);
  void cancel_transfer(uint32_t node, peer::TransferId transfer);
  void drop_chunks(uint32_t node, const peer::DropChunks& order);
  void resolve(uint32_t node, const Resolve& order);
  void fail(uint32_t node, const peer::StartTransfer& order, FailureKind kind);
  void open_failed(uint32_t node, const peer::OpenFailed& effect);
  void read_on(uint32_t node);
  void read_ended(uint32_t read, ReadPhase how);
  void flow_ended(uint32_t node, const EndedFlow& ended);
  void flow_failed(uint32_t node, const Flow& flow, FailureKind kind);
  void tell_quarters(uint32_t node);
  void cancel_others(uint32_t node, uint32_t chunk);
  void look_at_flows(uint32_t node);
  void open_gate(uint32_t node);
  void leave_gate(uint32_t node, const Flow& flow, TransferEnd how);
  void process_gone(uint32_t node);
  std::vector<InventoryEntry> inventory(uint32_t node) const;
  uint64_t& counter(const Flow& flow);
  void measure_core(uint32_t node);

  World& world_;
  const Scenario& scenario_;
  std::shared_ptr<const peer::Policy> reader_policy_;
  std::shared_ptr<const peer::Policy> superpeer_policy_;
  std::vector<Peer> peers_;
  std::map<uint32_t, Gate> gates_;  // of nodes that read from the origin
  std::vector<ReadRow> reads_;
  std::map<uint32_t, Error> errors_;
  uint32_t reads_over_ = 0;
  std::vector<EndedFlow> ended_;
  std::deque<std::pair<uint32_t, peer::Input>> inbox_;
  bool is_stepping_ = false;
  peer::Effects effects_;
  ByteCounts bytes_;
  std::vector<uint32_t> origin_reads_;
  uint64_t bytes_delivered_ = 0;
  uint64_t redundant_ = 0;
  std::size_t reader_core_bytes_max_ = 0;
  std::size_t superpeer_core_bytes_max_ = 0;
  Rng ids_;
  Rng seeds_;
  Rng latency_;
  TrackerListRef trackers_;  // as peers are told to find them
};

}  // namespace tyto::sim::fleet
