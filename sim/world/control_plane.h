// Connections between peers and trackers.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <variant>
#include <vector>

#include "peer/core/inputs.h"
#include "sim/world/catalog.h"
#include "sim/world/scenario.h"
#include "sim/world/tracker_links.h"
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
// Ownership: borrows the world, whose part it is. Owns the trackers' processes and their catalog.
// Bounds:    a connection a live process, and those on their way to being closed.
class ControlPlane {
 public:
  ControlPlane(World& world, const Scenario& scenario);

  // --- for peers ---
  void connect(NodeId node, const Endpoint& tracker, RegisterRequest request);
  void send_inventory(NodeId node, std::vector<InventoryPage> pages);
  void send_exchange(NodeId node, ExchangeUp up);
  void ask_roots(NodeId node, const VersionId& version, uint32_t first);
  // The peer's process ended, or gave its connection up.
  void hang_up(NodeId node);

  // --- events ---
  void on_tracker_free(uint32_t tracker) { trackers_[tracker]->on_free(); }
  void on_tracker_mail(uint64_t mail);
  void on_peer_mail(uint64_t mail);
  void on_tracker_timer(uint32_t tracker) { trackers_[tracker]->on_timer(); }
  void on_connect_timeout(NodeId node, uint64_t connection);
  void on_cut_timeout(NodeId node, uint64_t cut);

  // --- for the tracker's process ---
  // It is this mail's turn.
  void open_tracker_mail(uint64_t mail);
  // An answer to a connection, if there still is one.
  void tell_peer(tracker::Effect effect);

  // --- for links between trackers ---
  TrackerLinks& links() { return *links_; }
  const TrackerLinks& links() const { return *links_; }
  void step(uint32_t tracker, tracker::Input input) { trackers_[tracker]->step(std::move(input)); }
  bool is_up(uint32_t tracker) const { return trackers_[tracker]->is_up(); }
  uint64_t epoch(uint32_t tracker) const { return trackers_[tracker]->epoch(); }
  Instant sends_at(uint32_t tracker) const { return trackers_[tracker]->sends_at(); }

  // --- faults ---
  void start_trackers();
  void start_tracker(uint32_t tracker);
  void publish(const VersionFactsRef& facts) { catalog_.publish(facts); }
  void crash_tracker(uint32_t tracker);
  void freeze_tracker(uint32_t tracker);
  void thaw_tracker(uint32_t tracker);
  // Between a tracker and peers.
  void set_reach(uint32_t tracker, Ways ways);
  // Between a tracker and everybody.
  void set_ways(uint32_t tracker, Ways ways);
  void cut(NodeId node);
  void mend(NodeId node);
  // The connection breaks and both sides notice.
  void drop(NodeId node);

  // --- for checkers ---
  uint32_t tracker_count() const { return static_cast<uint32_t>(trackers_.size()); }
  // Null while the tracker is dead.
  const tracker::TrackerCore* tracker(uint32_t i) const { return trackers_[i]->core(); }
  // The run of the tracker that the peer is, or was last, connected to, or tries.
  uint64_t tracker_run(NodeId node) const { return epoch(lines_[node.value()].tracker); }
  bool is_tracker_up(NodeId node) const { return is_up(lines_[node.value()].tracker); }
  // Which trackers that one takes to live.
  uint64_t tracker_view(NodeId node) const { return links_->view(lines_[node.value()].tracker); }
  // Into how many parts the cluster has fallen: of trackers that run, those that take the same ones
  // to live are one. At least 1.
  uint32_t parts() const;
  ControlRecords records() const { return {connections_.size(), tokens_.size()}; }
  // Counts the times that a tracker was frozen or thawed, or a link between them changed.
  uint64_t upsets() const;
  // Whether the peer has a session, as far as it knows, with the tracker that runs now.
  bool is_connected(NodeId node) const;

 private:
  struct Connection {
    uint64_t id = 0;
    NodeId node;
    uint32_t tracker = 0;
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
  struct Line {  // a peer's way to its tracker
    uint64_t connection = 0;
    uint32_t tracker = 0;
    Ways ways = Ways::kBoth;  // as the far end of it has them
    uint64_t cuts = 0;
    std::deque<uint64_t> held_up;  // mail that waits for the cut's end
    std::deque<uint64_t> held_down;
  };

  Connection* find(uint64_t connection);
  // Where mail of the connection waits while no packet passes to the tracker, or from it; null:
  // packets pass.
  Line* blocked_up(const Connection& connection);
  Line* blocked_down(const Connection& connection);
  void post_up(Connection& connection, ToTracker content);
  void post_down(Connection& connection, ToPeer content);
  void close_at_tracker(Connection& connection, Error error);
  void take_at_tracker(Connection& connection, ToTracker content);
  void take_at_peer(Connection& connection, ToPeer content);
  void forget_exchanges(uint64_t connection);
  void release(Line& line);

  World& world_;
  const Scenario& scenario_;
  Catalog catalog_;
  std::vector<std::unique_ptr<TrackerProcess>> trackers_;
  std::unique_ptr<TrackerLinks> links_;
  std::vector<Line> cut_off_;  // for each tracker: mail that waits for its cut's end
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
