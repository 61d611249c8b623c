// A fleet, its tracker and its origin in virtual time.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "sim/engine/event_hash.h"
#include "sim/engine/event_queue.h"
#include "sim/engine/random.h"
#include "sim/world/checker.h"
#include "sim/world/control_plane.h"
#include "sim/world/data_plane.h"
#include "sim/world/peer_node.h"
#include "sim/world/world_event.h"

namespace tyto::sim {

enum class ReadPhase : uint8_t { kNotYet, kOpening, kReading, kInterrupted, kDone, kFailed };

// How far a read of the workload is.
struct ReadState {
  ReadPhase phase = ReadPhase::kNotYet;
  Instant asked;       // first
  Instant asked_last;  // after an error or a crash
  Instant ended;
  uint32_t attempts = 0;
  Error error;
  VersionFactsRef facts;
  bool is_over() const { return phase == ReadPhase::kDone || phase == ReadPhase::kFailed; }
};

// Something that should not have happened.
struct Violation {
  Instant at;
  std::string checker;
  std::string what;
};

// Runs a scenario event by event. The same scenario and seed give the same run.
//
// Purity:    pure.
// Ownership: borrows the scenario and the checkers.
// Bounds:    kViolationsMax kept; a run that makes no progress in virtual time is stopped.
class World {
 public:
  static constexpr std::size_t kViolationsMax = 20;
  // When runs start. Not zero, which in the cores may stand for "never yet".
  static constexpr Instant kStart = Instant() + Duration::seconds(1);

  World(const Scenario& scenario, std::vector<std::unique_ptr<Checker>>& checkers);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Runs to the end of all reads and a while longer, or until `until` at the latest.
  void run(Duration until);

  // --- for the parts ---
  Instant now() const { return now_; }
  void schedule(Instant at, EventKind kind, uint64_t a = 0, uint64_t b = 0) {
    queue_.push(at, {kind, a, b});
  }
  EventHash& hash() { return hash_; }
  ControlPlane& control() { return *control_; }
  DataPlane& data() { return *data_; }
  const DataPlane& data() const { return *data_; }
  PeerNode& node(NodeId id) { return *nodes_[id.value()]; }
  const PeerNode& node(NodeId id) const { return *nodes_[id.value()]; }
  uint32_t node_count() const { return static_cast<uint32_t>(nodes_.size()); }
  // Whether no packet passes between a node and another (none: the origin), for a zone is cut off.
  bool is_apart(NodeId reader, std::optional<NodeId> source) const;
  // The process that listens there now; none if nobody does.
  std::optional<NodeId> find(const Endpoint& address) const;
  // As peers are told to find them.
  const TrackerListRef& tracker_addresses() const { return tracker_addresses_; }
  PeerId draw_peer_id() { return PeerId(peer_ids_.next64() | 1); }
  uint64_t draw_seed() { return peer_seeds_.next64(); }
  void look_up(NodeId node, const Resolve& resolve);
  void noticed(const tracker::Notice& notice);
  template <class Call>
  void tell_checkers(const Call& call) {
    for (auto& checker : checkers_) {
      watching_ = checker.get();
      call(*checker);
    }
    watching_ = nullptr;
  }

  // --- reads ---
  ReadState& read(uint32_t index) { return reads_[index]; }
  const std::vector<ReadState>& reads() const { return reads_; }
  void ask(uint32_t read);
  void read_ended(uint32_t read, ReadPhase how);

  // --- for checkers ---
  const Scenario& scenario() const { return scenario_; }
  // Notes a violation, of the checker that is being told something or of `who`.
  void violated(std::string what, std::string_view who = "world");
  const std::vector<Violation>& violations() const { return violations_; }
  uint64_t events() const { return events_; }
  uint64_t events(EventKind kind) const { return events_by_kind_[static_cast<std::size_t>(kind)]; }
  // How often the trackers noted something, by kind.
  const std::map<tracker::NoticeKind, uint64_t>& notices() const { return notices_; }
  Instant start_time() const { return start_; }
  std::size_t lookups() const { return lookups_.size(); }
  std::size_t events_to_come() const { return queue_.size(); }
  // Of these at most so many are the scenario's own: starts, reads, faults.
  std::size_t fixed_events() const {
    return scenario_.fleet.size() + reads_.size() + 2 * scenario_.faults.size() + 2;
  }
  bool is_calm() const { return is_calm_; }
  // A fault of this kind is, or was, part of the run for this node.
  bool was_touched(NodeId node) const { return touched_[node.value()]; }

 private:
  struct Lookup {
    NodeId node;
    PeerId peer;
    ResolveId resolve;
    std::string key;
    bool is_lost = false;
  };
  void show_time_until(Instant at);
  void dispatch(const WorldEvent& event);
  void apply_fault(const FaultSpec& fault);
  void end_fault(const FaultSpec& fault);
  void set_zone_cut(uint32_t zone, bool is_cut);
  void be_calm();
  void tick();
  void answer_lookup(uint64_t lookup);
  bool is_finished();

  const Scenario& scenario_;
  std::vector<std::unique_ptr<Checker>>& checkers_;
  Checker* watching_ = nullptr;
  std::vector<Instant> on_time_at_;  // of each checker
  Instant on_time_next_;             // the least of these
  EventQueue<WorldEvent> queue_;
  EventHash hash_;
  Instant start_;
  Instant now_;
  Rng peer_ids_;
  Rng peer_seeds_;
  Rng latency_;
  TrackerListRef tracker_addresses_;
  std::unique_ptr<ControlPlane> control_;
  std::unique_ptr<DataPlane> data_;
  std::vector<std::unique_ptr<PeerNode>> nodes_;
  std::vector<bool> touched_;
  std::vector<bool> is_zone_cut_;
  std::vector<ReadState> reads_;
  std::map<uint64_t, Lookup> lookups_;
  uint64_t next_lookup_ = 1;
  std::vector<Violation> violations_;
  std::map<tracker::NoticeKind, uint64_t> notices_;
  uint64_t events_ = 0;
  std::array<uint64_t, kEventKinds> events_by_kind_{};
  uint64_t events_now_ = 0;  // at this very instant
  bool is_calm_ = false;
  bool is_stuck_ = false;
  Instant over_since_ = Instant::never();
  Instant faults_over_;
};

}  // namespace tyto::sim
