// Runs a tracker core on an event loop.
#pragma once

#include <functional>
#include <memory>

#include "io/loop/loop.h"
#include "io/loop/timer.h"
#include "tracker/core/tracker_core.h"

namespace tyto::tracker {

// Hands inputs to a core as they come, and has it decide once for all that came in one turn of
// the loop, so that a burst of exchanges costs one round of decisions. Keeps the core's deadline.
//
// Purity:    shell.
// Threads:   confined to its loop.
// Ownership: borrows the loop.
class CoreDriver {
 public:
  struct Hooks {
    std::function<void(Effect effect)> effect;  // each effect, in order, never inside apply()
    // After a turn: how long deciding took, and over how many inputs.
    std::function<void(Duration took, uint64_t inputs)> decided;
  };
  CoreDriver(io::Loop& loop, const Config& config, Hooks hooks);

  // Effects follow soon after, in the loop's next turn.
  void apply(Input input);
  const TrackerCore& core() const { return core_; }

 private:
  void turn();
  void arm();

  io::Loop& loop_;
  const Hooks hooks_;
  TrackerCore core_;
  Effects effects_;
  uint64_t inputs_ = 0;  // since the last decision
  bool is_turn_posted_ = false;
  Instant armed_for_ = Instant::never();
  io::Timer timer_;
  // Turns that were posted and not run are void once this has gone.
  std::shared_ptr<CoreDriver*> alive_;
};

}  // namespace tyto::tracker
