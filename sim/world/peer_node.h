// One peer process, its disk and its readers: the shell around a peer core.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "peer/core/peer_core.h"
#include "sim/world/scenario.h"
#include "sim/world/store.h"

namespace tyto::sim {

class World;

// Owns a core while the process lives, and what outlives it.
//
// Ownership: borrows the world, whose part it is.
class PeerNode {
 public:
  PeerNode(World& world, const Scenario& scenario, NodeId id, HostId host);

  // --- life ---
  void start();
  // The process dies at once.
  void crash();
  void freeze();
  void thaw();
  // Asks the core to leave; the process ends when it is done.
  void leave(Duration deadline);
  void lose_disk();
  // Loses every other chunk, and nobody is told.
  void forget_half();

  // --- inputs ---
  // Hands an input to the core now, or when the process reacts again; the dead hear nothing.
  void deliver(peer::Input input);
  void on_timer(uint64_t incarnation);
  void roots_arrived(const RootsPage& page);
  void open(uint32_t read);

  // --- the chunk server's side ---
  bool is_here(const Endpoint& address) const { return is_alive() && address == address_; }
  uint32_t uploads_max() const { return limits_.uploads_max; }
  uint32_t uploads = 0;
  // A chunk was asked for that the store has not got: if the core counts on it, it is told.
  void missed(const ChunkId& chunk);
  // A view of a chunk was given back.
  void upload_ended(const ChunkId& chunk);

  // --- state ---
  bool is_alive() const { return core_ != nullptr; }
  bool is_frozen() const { return is_frozen_; }
  bool is_leaving = false;
  bool is_corrupting = false;
  bool is_data_cut = false;
  NodeId id() const { return id_; }
  HostId host() const { return host_; }
  PeerId peer() const { return peer_; }
  Role role() const { return policy_.role; }
  const peer::Policy& policy() const { return policy_; }
  const Endpoint& address() const { return address_; }
  const peer::PeerCore* core() const { return core_.get(); }
  Store& store() { return store_; }
  const Store& store() const { return store_; }
  // What the version's manifest says of a chunk, as far as this process was told.
  std::optional<Digest> manifest_root(const ChunkId& chunk) const;
  // The greatest core there was here, in bytes.
  std::size_t core_bytes_max() const { return core_bytes_max_; }

 private:
  struct Handle {
    uint32_t read = 0;
    VersionFactsRef facts;
    Bitmap taken;
    uint32_t next = 0;  // for kStream
  };

  void step(peer::Input input);
  void arm_timer();
  void carry_out(peer::Effect& effect);
  void connect(const peer::ConnectTracker& order);
  void drop_chunks(const peer::DropChunks& order);
  void open_succeeded(const peer::OpenSucceeded& effect);
  void open_failed(const peer::OpenFailed& effect);
  void chunk_ready(const ChunkId& chunk);
  // Takes what a handle can; closes it at its end.
  void read_on(OpenId open);
  bool take(Handle& handle, uint32_t chunk);
  void process_gone();

  World& world_;
  const Scenario& scenario_;
  NodeId id_;
  HostId host_;
  peer::Policy policy_;
  Store store_;
  std::unique_ptr<peer::PeerCore> core_;
  peer::Effects effects_;
  std::deque<peer::Input> inbox_;
  bool is_stepping_ = false;
  bool is_frozen_ = false;
  bool is_exiting_ = false;
  PeerId peer_;
  Endpoint address_;
  uint32_t incarnation_ = 0;
  uint64_t next_open_ = 1;
  SetLimits limits_;
  std::map<OpenId, Handle> handles_;
  std::map<VersionId, std::vector<Digest>> manifests_;
  // Ranges whose bytes are not all free yet.
  struct Dropping {
    peer::DropChunks order;
    uint32_t left = 0;
  };
  std::vector<Dropping> dropping_;
  Instant timer_at_ = Instant::never();
  std::size_t core_bytes_max_ = 0;
};

}  // namespace tyto::sim
