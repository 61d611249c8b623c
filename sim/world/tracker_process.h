// A tracker's process: its core, its timer and its processor, and what it writes into the catalog.
#pragma once

#include <deque>
#include <memory>
#include <utility>
#include <variant>

#include "sim/models/processor.h"
#include "sim/world/catalog.h"
#include "tracker/core/tracker_core.h"

namespace tyto::sim {

class World;

// Lives, dies, freezes; hands inputs to the core while it lives. Knows nothing of connections: what
// the core tells peers goes to the control plane, and mail is numbers to it.
//
// Ownership: borrows the world, whose part it is, and the catalog, which outlives it.
// Bounds:    mail that waits is bounded by what the control plane carries.
class TrackerProcess {
 public:
  using LostMail = std::deque<uint64_t>;

  // `index`: which of the scenario's trackers.
  TrackerProcess(World& world, const Scenario& scenario, Catalog& catalog, uint32_t index);

  // --- its life ---
  void start();
  // Returns the mail that dies with it.
  LostMail crash();
  void freeze();
  void thaw();

  // Null while it is dead.
  const tracker::TrackerCore* core() const { return core_.get(); }
  bool is_up() const { return core_ != nullptr && !is_frozen_; }
  // How often it was started.
  uint64_t run() const { return run_; }
  // Of its present or last run, unlike that of any other tracker.
  uint64_t epoch() const { return epoch_; }
  // Counts the times it was frozen or thawed.
  uint64_t upsets() const { return upsets_; }

  // --- what comes to it ---
  // Whether mail can be opened now; it waits in line otherwise, and the control plane is asked to
  // open it in its turn.
  bool takes_mail(uint64_t mail);
  // Whether mail that was opened waits for the process to thaw.
  bool holds_mail(uint64_t mail);
  // Nothing happens while it is dead.
  void step(tracker::Input input);
  void on_timer();
  void on_free();
  // When what it sends now leaves.
  Instant sends_at() const;

 private:
  void charge(const tracker::Effects& effects);
  void carry_out(tracker::Effect effect);
  void wake_line();
  void arm_timer();
  void save(std::variant<VersionFactsRef, std::pair<ChunkId, Digest>> change);
  void write_catalog_until(Instant when);

  World& world_;
  const Scenario& scenario_;
  Catalog& catalog_;
  std::unique_ptr<tracker::TrackerCore> core_;
  tracker::Effects effects_;
  Processor processor_;
  std::deque<uint64_t> line_;  // mail that waits for the processor
  bool has_wake_ = false;      // an event will take from the line
  std::deque<uint64_t> held_;  // mail that waits for a frozen process
  bool is_frozen_ = false;
  const uint32_t index_;
  uint64_t run_ = 0;
  uint64_t epoch_ = 0;
  uint64_t upsets_ = 0;
  Instant timer_at_ = Instant::never();
  struct Unwritten {
    Instant since;
    std::variant<VersionFactsRef, std::pair<ChunkId, Digest>> change;
  };
  std::deque<Unwritten> unwritten_;
};

}  // namespace tyto::sim
