#include <set>

#include "sim/checkers/all.h"
#include "sim/checkers/text.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

class ProgressChecker final : public Checker {
 public:
  std::string_view name() const override { return "progress"; }

  void on_tick(World& world) override {
    const Scenario& scenario = world.scenario();
    Instant calm = world.start_time() + scenario.calm_at;
    for (uint32_t i = 0; i < world.reads().size(); ++i) {
      const ReadState& read = world.read(i);
      bool is_open = read.phase == ReadPhase::kOpening || read.phase == ReadPhase::kReading;
      if (!is_open || late_.contains(i)) continue;
      // A process that stands still can't be blamed.
      if (world.node(scenario.reads[i].node).is_frozen()) continue;
      Instant since = std::max(read.asked_last, calm);
      if (world.now() - since <= scenario.expect.read_time_max) continue;
      late_.insert(i);
      world.violated(text_of_read(i) + " of " + text(scenario.reads[i].node) +
                     " hangs: asked for at " + std::to_string(read.asked_last.ns() / 1'000'000) +
                     " ms, not over");
    }
  }

  void on_read_ended(World& world, uint32_t i) override {
    const ReadState& read = world.read(i);
    if (read.phase == ReadPhase::kFailed && read.error.message.empty())
      world.violated(text_of_read(i) + " failed without a message");
  }

  void on_end(World& world) override {
    for (uint32_t i = 0; i < world.reads().size(); ++i) {
      const ReadState& read = world.read(i);
      bool is_lost = read.phase == ReadPhase::kInterrupted;
      if (read.phase == ReadPhase::kDone || is_lost) continue;
      if (!read.is_over() && !late_.contains(i)) {
        world.violated(text_of_read(i) + " was not over in the end");
      } else if (read.phase == ReadPhase::kFailed && !is_excused(world, i) &&
                 world.scenario().expect.reads == Reads::kAllComplete) {
        world.violated(text_of_read(i) + " of " + text(world.scenario().reads[i].node) +
                       " failed: " + std::string(error_code_name(read.error.code)) + ": " +
                       read.error.message);
      }
    }
  }

 private:
  // For Config::suspicion after a failure, a tracker takes a disk that was full for full still.
  static bool is_excused(World& world, uint32_t i) {
    if (world.read(i).error.code != ErrorCode::kNoSpace) return false;
    uint32_t node = world.scenario().reads[i].node.value();
    for (const FaultSpec& fault : world.scenario().faults) {
      if (fault.kind == FaultKind::kDiskFull && fault.target == node) return true;
    }
    return false;
  }

  std::set<uint32_t> late_;
};

}  // namespace

std::unique_ptr<Checker> progress_checker() {
  return std::make_unique<ProgressChecker>();
}

}  // namespace tyto::sim
