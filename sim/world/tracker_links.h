// Links between trackers: who reaches whom, and what they say to one another.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "schema/messages/cluster.h"
#include "sim/engine/random.h"
#include "sim/world/scenario.h"
#include "tracker/core/effects.h"

namespace tyto::sim {

class World;

// In which directions packets pass a tracker's door.
enum class Ways : uint8_t { kBoth, kIn, kOut, kNone };
inline bool lets_in(Ways ways) {
  return ways == Ways::kBoth || ways == Ways::kIn;
}
inline bool lets_out(Ways ways) {
  return ways == Ways::kBoth || ways == Ways::kOut;
}

// What a tracker's shell does about the others: links that are up or down, members after a while,
// messages with latency and in order. Silence ends a link after kSilence, the end of a process at
// once. Messages on a link that ends are lost.
//
// Ownership: borrows the world, whose part it is.
// Bounds:    messages on their way are bounded by what trackers send.
class TrackerLinks {
 public:
  TrackerLinks(World& world, const Scenario& scenario);

  uint32_t count() const { return static_cast<uint32_t>(ends_.size()); }
  static MemberId id_of(uint32_t tracker) { return MemberId(tracker + 1); }
  Member member(uint32_t tracker) const;

  // --- processes ---
  // All at once, knowing one another already: the start of a run.
  void started_together();
  void started(uint32_t tracker);
  void died(uint32_t tracker);
  // It froze or thawed.
  void pace_changed(uint32_t tracker);
  // Whether it knows its members, and so takes peers.
  bool is_ready(uint32_t tracker) const { return ends_[tracker].is_ready; }
  // Which trackers it takes to live, itself among them: one bit each.
  uint64_t view(uint32_t tracker) const;

  void send(uint32_t from, tracker::SendToMember order);

  // --- faults ---
  // Between the tracker and all others.
  void set_ways(uint32_t tracker, Ways ways);

  // --- events ---
  void on_mail(uint64_t mail);
  void on_link(uint64_t link, uint64_t changes);
  void on_members(uint32_t tracker, uint64_t serial);

  // --- for figures and checkers ---
  uint64_t messages() const { return messages_; }
  uint64_t deliveries() const { return deliveries_; }
  // Counts changes of links.
  uint64_t upsets() const { return upsets_; }

 private:
  struct Pair {  // of trackers a < b
    uint32_t a = 0;
    uint32_t b = 0;
    bool is_up = false;
    bool is_reachable = false;
    uint64_t incarnation = 0;
    uint64_t changes = 0;
    std::deque<uint64_t> held;  // mail that waits for packets to pass again, or to be listened to
  };
  struct End {                   // a tracker's view
    std::set<uint32_t> members;  // told, itself apart
    std::set<uint32_t> up;       // links told
    bool is_alive = false;
    bool is_ready = false;
    Ways ways = Ways::kBoth;
    uint64_t serial = 0;  // of its members, told and to be told
  };
  struct Mail {
    uint32_t from = 0;
    uint32_t to = 0;
    uint64_t incarnation = 0;
    std::vector<ClusterMessage> messages;
  };

  Pair& pair(uint32_t a, uint32_t b);
  uint64_t index_of(uint32_t a, uint32_t b) const;
  bool is_listening(uint32_t tracker) const;
  // Whether a packet passes from the one to the other.
  bool passes(uint32_t from, uint32_t to) const;
  void look_at(uint32_t tracker);
  void look_at(Pair& link);
  void take_down(Pair& link);
  void tell_up(uint32_t at, uint32_t other);
  void tell_down(uint32_t at, uint32_t other);
  void change_members_later(uint32_t tracker, Duration after);
  void tell_members(uint32_t tracker);
  void release(Pair& link);

  World& world_;
  const Scenario& scenario_;
  std::vector<End> ends_;
  std::vector<Pair> pairs_;
  std::map<uint64_t, Mail> mail_;
  std::map<std::pair<uint32_t, uint32_t>, Instant> last_;  // arrival on that way
  uint64_t next_mail_ = 1;
  uint64_t messages_ = 0;
  uint64_t deliveries_ = 0;
  uint64_t upsets_ = 0;
  Rng latency_;
};

}  // namespace tyto::sim
