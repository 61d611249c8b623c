// A peer that moves no byte: the very core and control connection of a real one, on which
// transfers, the store and the origin are played. Thousands of them fit into a process.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "base/rng.h"
#include "io/loop/loop.h"
#include "io/loop/timer.h"
#include "light_counts.h"
#include "peer/core/peer_core.h"
#include "peer/engine/control_link.h"
#include "tracker/core/admission/admission.h"

namespace tyto::bench {

// What a light peer reads.
enum class Reading : uint8_t {
  kNothing,
  kSmall,     // objects of one chunk of 64 KiB
  kBulk,      // objects of 16 chunks of 4 MiB
  kPrefetch,  // as kSmall, and nobody waits for them
};

struct LightTerms {
  std::shared_ptr<const peer::Policy> policy;
  TrackerListRef trackers;
  uint32_t objects = 1000;                     // of each kind, of which each read draws one
  Duration pause = Duration::seconds(2);       // between two reads: half to one and a half of it
  Duration took = Duration::milliseconds(40);  // to receive a small chunk; a large one: five times
};

// Reads one object after the other, with pauses.
//
// Purity:    shell.
// Threads:   confined to its loop.
// Ownership: borrows the loop, the terms and the counts.
class LightPeer {
 public:
  LightPeer(io::Loop& loop, const LightTerms& terms, LightCounts& counts, uint64_t number,
            Location location);
  void start();
  void read(Reading what);

 private:
  struct Due {
    Instant at;
    peer::StartTransfer order;
  };
  struct Sent {
    tracker::ExchangeClass kind;
    uint64_t last = 0;  // its last event
    Instant at;
  };
  peer::ControlLinkHandlers link_handlers();
  void dispatch(peer::Input input);
  void handle(peer::Input input);
  void arm();
  void wake(int turns);
  void work();
  void open_next();
  void end_open();
  void note_answered(const ExchangeDown& down);
  void note_refused(const Refusal& refusal);

  void carry_out(peer::ConnectTracker& order);
  void carry_out(peer::FindTrackers&);
  void carry_out(peer::SendInventory& order) { link_.send_inventory(std::move(order.pages)); }
  void carry_out(peer::SendExchange& order);
  void carry_out(peer::StartTransfer& order);
  void carry_out(peer::CancelTransfer& order);
  void carry_out(peer::DropChunks& order);
  void carry_out(peer::ResolveName& order);
  void carry_out(peer::OpenSucceeded& order);
  void carry_out(peer::OpenFailed& order);
  void carry_out(peer::ChunkReady& order);
  void carry_out(peer::OpenWaits& order);
  void carry_out(peer::TrackerStateChanged& order);
  template <class Other>
  void carry_out(Other&) {}  // nothing that a peer without bytes has to do

  io::Loop& loop_;
  const LightTerms& terms_;
  LightCounts& counts_;
  const uint64_t number_;
  const Location location_;
  Rng rng_;
  peer::PeerCore core_;
  peer::ControlLink link_;
  io::Timer timer_;
  Instant timer_due_ = Instant::never();
  bool is_waking_ = false;  // its time has come, and other things first
  std::deque<peer::Input> inputs_;
  bool is_dispatching_ = false;
  std::deque<Due> due_;  // transfers under way
  Reading reading_ = Reading::kNothing;
  Instant open_at_ = Instant::never();
  OpenId open_;           // the last one
  bool is_open_ = false;  // it is under way
  Instant opened_;
  VersionFactsRef facts_;  // of it, once known
  std::deque<Sent> sent_;  // news that the tracker has not taken yet
  tracker::ExchangeClass last_sent_ = tracker::ExchangeClass::kIdle;
  int open_exchanges_ = 0;
  bool is_connected_ = false;
  Instant lost_ = Instant::never();
  bool was_waiting_ = false;  // when it was lost
};

}  // namespace tyto::bench
