// A fleet of up to a million peers in virtual time: the same cores as sim/world has, on models made
// for size.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/engine/event_hash.h"
#include "sim/fleet/control.h"
#include "sim/fleet/peers.h"
#include "sim/models/origin.h"
#include "sim/scenarios/run.h"

namespace tyto::sim::fleet {

struct Options {
  // How often a receiver looks at its flows at least: shorter is more exact and takes longer.
  Duration refresh = Duration::milliseconds(20);
  // What a decision takes of the tracker's one processor; zero: nothing.
  Duration tracker_per_decision;
};

// How far a run is.
struct Progress {
  Duration virtual_time;
  uint64_t events = 0;
  uint32_t reads_over = 0;
  uint64_t bytes_wanted = 0;     // by all reads
  uint64_t bytes_delivered = 0;  // to readers
};

// What of a scenario this world does not have, in one sentence that says what to do; nothing if it
// can run it.
Result<void> check_supported(const Scenario& scenario);

// Runs a scenario tick by tick. The same scenario, seed and options give the same run.
//
// Purity:    pure.
// Ownership: borrows the scenario.
// Bounds:    about 10 KiB a peer that downloads.
class World {
 public:
  // Requires: check_supported(scenario).
  World(const Scenario& scenario, const Options& options);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // To the end of all reads, or until `until` at the latest. `report` is called now and then.
  void run(Duration until, const std::function<void(const Progress&)>& report = {});
  // Of a run that is over.
  RunResult result();

  // --- for the parts ---
  Tick tick() const { return tick_; }
  Instant start_time() const { return start_; }
  Instant now() const { return start_ + kTick * int64_t{tick_}; }
  EventHash& hash() { return hash_; }
  void count(EventKind kind) { ++events_[static_cast<std::size_t>(kind)]; }
  void wake(uint32_t node, Tick at) { wheel_.wake(node, at); }
  const TimeWheel& wheel() const { return wheel_; }
  Chunks& chunks() { return chunks_; }
  const Chunks& chunks() const { return chunks_; }
  Network& network() { return network_; }
  Control& control() { return control_; }
  Peers& peers() { return peers_; }
  OriginModel& origin() { return origin_; }
  void violated(std::string what);

 private:
  struct Planned {
    Tick at = 0;
    EventKind kind = EventKind::kNodeStart;
    uint32_t index = 0;
  };
  static Chunks lay_out(const Scenario& scenario, const OriginModel& origin);
  void plan();
  void carry_out(const Planned& planned);
  void apply_fault(const FaultSpec& fault);
  void end_fault(const FaultSpec& fault);
  void step();
  Progress progress() const;
  void check_end(RunResult& result);
  void add_reads(RunResult& result);

  const Scenario& scenario_;
  const Options options_;
  const Instant start_;
  OriginModel origin_;
  Chunks chunks_;
  Network network_;
  Control control_;
  Peers peers_;
  TimeWheel wheel_;
  EventHash hash_;
  Tick tick_ = 0;
  std::vector<Planned> planned_;  // by time
  std::size_t next_planned_ = 0;
  std::vector<uint32_t> due_;
  std::array<uint64_t, kEventKinds> events_{};
  uint64_t bytes_wanted_ = 0;
  std::vector<Violation> violations_;
};

// check_supported(), and a World's run.
Result<RunResult> run(const Scenario& scenario, const Options& options = {},
                      const std::function<void(const Progress&)>& report = {});

}  // namespace tyto::sim::fleet
