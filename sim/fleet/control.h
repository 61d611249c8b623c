// The trackers of a fleet, and the mail between them and with the peers, in batches.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "peer/core/inputs.h"
#include "sim/fleet/mail_bags.h"
#include "sim/fleet/time_wheel.h"
#include "sim/world/scenario.h"
#include "tracker/core/tracker_core.h"

namespace tyto::sim::fleet {

class World;

// Hosts the tracker cores, each on a processor of its own, linked from the start. What has arrived
// by a tick is taken note of, and then decided on, all at once; a message takes the mean latency,
// rounded up to whole ticks.
//
// Ownership: borrows the world, whose part it is.
// Bounds:    the mail on its way: two exchanges a peer, what registers, and what trackers send one
//            another.
class Control {
 public:
  Control(World& world, const Scenario& scenario, Duration tracker_per_decision);

  // --- for peers ---
  // In place of the connection that the peer had, if it had one.
  void connect(uint32_t node, const Endpoint& tracker, RegisterRequest request);
  void send_inventory(uint32_t node, std::vector<InventoryPage> pages);
  void send_exchange(uint32_t node, ExchangeUp up);
  // The peer's process ended.
  void hang_up(uint32_t node);
  // Something for a peer that comes from elsewhere, after `delay`.
  void post_to_peer(uint32_t node, Duration delay, peer::Input input);

  // --- for the world ---
  void start_trackers();
  // Hands peers what has arrived by now.
  void deliver(Tick now);
  // Trackers take what has arrived, and decide, unless they are still busy with what came before.
  void run_trackers(Tick now);

  // --- what came of it ---
  uint32_t tracker_count() const { return static_cast<uint32_t>(trackers_.size()); }
  const tracker::TrackerCore& tracker(uint32_t index) const { return *trackers_[index].core; }
  const std::map<tracker::NoticeKind, uint64_t>& notices() const { return notices_; }
  // Between trackers, and the deliveries in which they went.
  uint64_t cluster_messages() const { return cluster_messages_; }
  uint64_t cluster_deliveries() const { return cluster_deliveries_; }

 private:
  struct UpMail {
    uint32_t tracker = 0;
    tracker::Input input;
  };
  struct DownMail {
    uint32_t node = 0;
    uint16_t life = 0;
    std::optional<tracker::ConnectionId> connection;  // none: not from a tracker
    peer::Input input;
  };
  // A peer's way to its tracker.
  struct Line {
    tracker::ConnectionId connection;  // 0: none
    SessionId session;
    uint32_t tracker = 0;
  };
  struct Tracker {
    std::unique_ptr<tracker::TrackerCore> core;
    std::deque<UpMail> inbox;  // arrived, and not taken note of yet
    Duration busy_until;       // from the start
    uint64_t decisions = 0;
  };

  bool is_of_line(uint64_t number) const;
  void post_up(uint32_t tracker, Tick delay, tracker::Input input);
  void post_down(uint32_t node, peer::Input input);
  void load_catalog(uint32_t tracker);
  void link_trackers();
  void look_ahead(const tracker::Effect& effect) const;
  void look_ahead(const Tracker& tracker) const;
  void run_tracker(uint32_t tracker, Tick now);
  void decide(uint32_t tracker);
  void carry_out(uint32_t tracker, tracker::Effect& effect);
  void send(uint32_t tracker, tracker::SendToMember& order);

  World& world_;
  const Scenario& scenario_;
  const Duration per_decision_;
  const Tick latency_;
  std::vector<Tracker> trackers_;
  std::map<std::string, uint32_t> tracker_at_;  // by address
  tracker::Effects effects_;
  MailBags<UpMail> up_;
  MailBags<DownMail> down_;
  std::vector<Line> lines_;
  uint64_t serial_ = 0;
  uint64_t cluster_messages_ = 0;
  uint64_t cluster_deliveries_ = 0;
  std::map<tracker::NoticeKind, uint64_t> notices_;
};

}  // namespace tyto::sim::fleet
