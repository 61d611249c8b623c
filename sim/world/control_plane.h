// Connections between peers and the tracker, and the tracker's process.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "peer/core/inputs.h"
#include "sim/models/processor.h"
#include "sim/world/scenario.h"
#include "sim/world/world_event.h"
#include "tracker/core/tracker_core.h"

namespace tyto::sim {

class World;

// What the tracker's shell is asked besides what the core sees.
struct RootsAsked {
  VersionId version;
  uint32_t first = 0;
};

// What lasts when a tracker dies: versions, their roots, names.
class Catalog {
 public:
  struct Version {
    VersionFactsRef facts;
    std::map<uint32_t, Digest> roots;
  };
  void put(const VersionFactsRef& facts);
  void put_root(const ChunkId& chunk, const Digest& root);
  // As a tracker reads it at its start.
  std::vector<tracker::Input> load(const Scenario& scenario, TrackerEpoch epoch) const;

 private:
  std::map<VersionId, Version> versions_;
  std::map<std::string, VersionId> names_;
};

// How many of what there are.
struct ControlRecords {
  std::size_t connections = 0;
  std::size_t exchanges = 0;  // that the tracker has not answered
};

// Carries messages with latency and in order, loses connections, hosts the tracker.
//
// Ownership: borrows the world, whose part it is.
// Bounds:    a connection a live process, and those on their way to being closed.
class ControlPlane {
 public:
  ControlPlane(World& world, const Scenario& scenario);

  // --- for peers ---
  void connect(NodeId node, RegisterRequest request);
  void send_inventory(NodeId node, std::vector<InventoryPage> pages);
  void send_exchange(NodeId node, ExchangeUp up);
  void ask_roots(NodeId node, const VersionId& version, uint32_t first);
  // The peer's process ended, or gave its connection up.
  void hang_up(NodeId node);

  // --- events ---
  void on_tracker_free();
  void on_tracker_mail(uint64_t mail);
  void on_peer_mail(uint64_t mail);
  void on_tracker_timer();
  void on_connect_timeout(NodeId node, uint64_t connection);
  void on_cut_timeout(NodeId node, uint64_t cut);

  // --- faults ---
  void start_tracker();
  // Into the catalog, with all roots: a published object.
  void publish(const VersionFactsRef& facts);
  void crash_tracker();
  void freeze_tracker();
  void thaw_tracker();
  void cut(NodeId node);
  void mend(NodeId node);
  // The connection breaks and both sides notice.
  void drop(NodeId node);

  // --- for checkers ---
  // Null while the tracker is dead.
  const tracker::TrackerCore* tracker() const { return core_.get(); }
  uint64_t tracker_run() const { return run_; }
  ControlRecords records() const { return {connections_.size(), tokens_.size()}; }
  // Counts the times the tracker was frozen or thawed.
  uint64_t upsets() const { return upsets_; }
  bool is_tracker_up() const { return core_ != nullptr && !is_frozen_; }
  // Whether the peer has a session, as far as it knows, with the tracker that runs now.
  bool is_connected(NodeId node) const;

 private:
  struct Connection {
    uint64_t id = 0;
    NodeId node;
    uint64_t tracker_run = 0;  // that took it; 0: none yet
    SessionId session;
    bool is_open_at_peer = true;
    bool is_open_at_tracker = false;
    bool is_registered = false;  // as the peer sees it
    Instant last_up;
    Instant last_down;
    uint32_t exchanges_open = 0;
    uint32_t pages_left = 0;
  };
  using ToPeer = std::variant<peer::Input, RootsPage>;
  using ToTracker = std::variant<tracker::Input, RootsAsked>;
  struct Mail {
    uint64_t connection = 0;
    std::variant<ToPeer, ToTracker> content;
  };
  struct Line {  // a peer's way to the tracker
    uint64_t connection = 0;
    bool is_cut = false;
    uint64_t cuts = 0;
    std::deque<uint64_t> held_up;  // mail that waits for the cut's end
    std::deque<uint64_t> held_down;
  };

  Connection* find(uint64_t connection);
  void post_up(Connection& connection, ToTracker content);
  void open_tracker_mail(uint64_t mail);
  void charge(const tracker::Effects& effects);
  void wake_line();
  void post_down(Connection& connection, ToPeer content);
  void close_at_tracker(Connection& connection, Error error);
  void take_at_tracker(Connection& connection, ToTracker content);
  void take_at_peer(Connection& connection, ToPeer content);
  void forget_exchanges(uint64_t connection);
  void tracker_step(tracker::Input input);
  void carry_out(tracker::Effect effect);
  void arm_tracker_timer();
  void save(std::variant<VersionFactsRef, std::pair<ChunkId, Digest>> change);
  void write_catalog_until(Instant when);

  World& world_;
  const Scenario& scenario_;
  std::map<uint64_t, Connection> connections_;
  std::map<uint64_t, Mail> mail_;
  std::vector<Line> lines_;
  uint64_t next_connection_ = 1;
  uint64_t next_mail_ = 1;
  uint64_t next_token_ = 1;
  std::map<uint64_t, uint64_t> tokens_;  // exchange token -> connection
  std::unique_ptr<tracker::TrackerCore> core_;
  tracker::Effects effects_;
  Processor processor_;                   // the tracker's
  std::deque<uint64_t> line_;             // mail that waits for it
  bool has_wake_ = false;                 // an event will take from the line
  std::deque<uint64_t> held_at_tracker_;  // mail that waits for a frozen process
  bool is_frozen_ = false;
  uint64_t run_ = 0;
  uint64_t upsets_ = 0;
  Instant timer_at_ = Instant::never();
  Catalog catalog_;
  struct Unwritten {
    Instant since;
    std::variant<VersionFactsRef, std::pair<ChunkId, Digest>> change;
  };
  std::deque<Unwritten> unwritten_;
  Rng latency_;
};

}  // namespace tyto::sim
