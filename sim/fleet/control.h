// The tracker of a fleet, and the mail between it and the peers, in batches.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "peer/core/inputs.h"
#include "sim/fleet/mail_bags.h"
#include "sim/fleet/time_wheel.h"
#include "sim/world/scenario.h"
#include "tracker/core/tracker_core.h"

namespace tyto::sim::fleet {

class World;

// Hosts one tracker core. What has arrived by a tick is taken note of, and then decided on, all at
// once; a message takes the mean latency, rounded up to whole ticks.
//
// Ownership: borrows the world, whose part it is.
// Bounds:    the mail on its way: two exchanges a peer, and what registers.
class Control {
 public:
  Control(World& world, const Scenario& scenario, Duration tracker_per_decision);

  // --- for peers ---
  void connect(uint32_t node, RegisterRequest request);
  void send_inventory(uint32_t node, std::vector<InventoryPage> pages);
  void send_exchange(uint32_t node, ExchangeUp up);
  // The peer's process ended.
  void hang_up(uint32_t node);
  // Something for a peer that comes from elsewhere, after `delay`.
  void post_to_peer(uint32_t node, Duration delay, peer::Input input);

  // --- for the world ---
  void start_tracker();
  // Hands peers what has arrived by now.
  void deliver(Tick now);
  // The tracker takes what has arrived, and decides, unless it is still busy with what came before.
  void run_tracker(Tick now);
  const tracker::TrackerCore& tracker() const { return *core_; }
  const std::map<tracker::NoticeKind, uint64_t>& notices() const { return notices_; }

 private:
  struct UpMail {
    uint32_t node = 0;
    uint16_t life = 0;  // of the node that sent it
    tracker::Input input;
  };
  struct DownMail {
    uint32_t node = 0;
    uint16_t life = 0;
    peer::Input input;
  };
  struct Line {
    SessionId session;
    tracker::ConnectionId connection;
    uint16_t life = 0;  // of the process that is connected; 0: none
  };

  void post_up(uint32_t node, Tick delay, tracker::Input input);
  void post_down(uint32_t node, peer::Input input);
  void take(UpMail& mail);
  void decide();
  void carry_out(tracker::Effect& effect);
  uint32_t node_of(uint64_t number) const;

  World& world_;
  const Scenario& scenario_;
  const Duration per_decision_;
  const Tick latency_;
  std::unique_ptr<tracker::TrackerCore> core_;
  tracker::Effects effects_;
  MailBags<UpMail> up_;
  std::deque<UpMail> inbox_;  // arrived, and not taken note of yet
  MailBags<DownMail> down_;
  std::vector<Line> lines_;
  uint64_t serial_ = 0;
  Duration busy_until_;  // from the start
  uint64_t decisions_ = 0;
  std::map<tracker::NoticeKind, uint64_t> notices_;
};

}  // namespace tyto::sim::fleet
