// Connections between peers and the tracker.
#pragma once

#include <deque>
#include <map>
#include <variant>
#include <vector>

#include "peer/core/inputs.h"
#include "sim/world/catalog.h"
#include "sim/world/scenario.h"
#include "sim/world/tracker_process.h"
#include "sim/world/world_event.h"

namespace tyto::sim {

class World;

// What the tracker's shell is asked besides what the core sees.
struct RootsAsked {
  VersionId version;
  uint32_t first = 0;
};

// How many of what there are.
struct ControlRecords {
  std::size_t connections = 0;
  std::size_t exchanges = 0;  // that the tracker has not answered
};

// Carries messages with latency and in order, and loses connections.
//
// Ownership: borrows the world, whose part it is. Owns the tracker's process and its catalog.
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
  void on_tracker_free() { tracker_.on_free(); }
  void on_tracker_mail(uint64_t mail);
  void on_peer_mail(uint64_t mail);
  void on_tracker_timer() { tracker_.on_timer(); }
  void on_connect_timeout(NodeId node, uint64_t connection);
  void on_cut_timeout(NodeId node, uint64_t cut);

  // --- for the tracker's process ---
  // It is this mail's turn.
  void open_tracker_mail(uint64_t mail);
  // An answer to a connection, if there still is one.
  void tell_peer(tracker::Effect effect);

  // --- faults ---
  void start_tracker() { tracker_.start(); }
  void publish(const VersionFactsRef& facts) { catalog_.publish(facts); }
  void crash_tracker();
  void freeze_tracker() { tracker_.freeze(); }
  void thaw_tracker() { tracker_.thaw(); }
  void cut(NodeId node);
  void mend(NodeId node);
  // The connection breaks and both sides notice.
  void drop(NodeId node);

  // --- for checkers ---
  // Null while the tracker is dead.
  const tracker::TrackerCore* tracker() const { return tracker_.core(); }
  uint64_t tracker_run() const { return tracker_.run(); }
  ControlRecords records() const { return {connections_.size(), tokens_.size()}; }
  // Counts the times the tracker was frozen or thawed.
  uint64_t upsets() const { return tracker_.upsets(); }
  bool is_tracker_up() const { return tracker_.is_up(); }
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
  void post_down(Connection& connection, ToPeer content);
  void close_at_tracker(Connection& connection, Error error);
  void take_at_tracker(Connection& connection, ToTracker content);
  void take_at_peer(Connection& connection, ToPeer content);
  void forget_exchanges(uint64_t connection);

  World& world_;
  const Scenario& scenario_;
  Catalog catalog_;
  TrackerProcess tracker_;
  std::map<uint64_t, Connection> connections_;
  std::map<uint64_t, Mail> mail_;
  std::vector<Line> lines_;
  uint64_t next_connection_ = 1;
  uint64_t next_mail_ = 1;
  uint64_t next_token_ = 1;
  std::map<uint64_t, uint64_t> tokens_;  // exchange token -> connection
  Rng latency_;
};

}  // namespace tyto::sim
