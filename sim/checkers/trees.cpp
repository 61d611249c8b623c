#include <set>

#include "sim/checkers/all.h"
#include "sim/checkers/text.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

class TreesChecker final : public Checker {
 public:
  std::string_view name() const override { return "trees"; }

  void on_exchange_down(World& world, NodeId node, const ExchangeDown& down) override {
    for (const Command& command : down.commands) {
      auto* assign = std::get_if<Assign>(&command);
      if (assign == nullptr) continue;
      if (assign->generation <= assign->source.generation)
        world.violated(text(node) + " was assigned " + text(assign->chunk) +
                       " from a copy of its own generation or later");
      for (const Source& fallback : assign->fallbacks) {
        if (fallback.generation != Generation(0))
          world.violated(text(node) + " was given a fall-back that is not a whole copy");
      }
    }
  }

  void on_served(World& world, const Transfer& transfer) override {
    if (transfer.is_relay) follow(world, transfer);
  }

  void on_tick(World& world) override {
    for (const auto& [key, transfer] : world.data().transfers()) {
      if (transfer.state == Transfer::State::kWaiting || transfer.is_relay) follow(world, transfer);
    }
  }

 private:
  // From a copy to the copy it waits for or reads along with, and on.
  void follow(World& world, const Transfer& first) {
    const Transfer* at = &first;
    for (uint32_t steps = 0; at != nullptr && at->source; ++steps) {
      // Readers without a tracker may come to ask each other, and a tracker that has started anew
      // does not know from whom they read since before; their patience ends that.
      if (!at->had_tracker || at->tracker_run != world.control().tracker_run(at->reader)) return;
      // Nobody waits for the process that has taken the place of the one that was asked; a reader
      // that is frozen has not noticed yet.
      if (world.node(*at->source).peer() != at->order.source.peer) return;
      if (steps > world.node_count()) {
        if (!seen_.insert(first.chunk()).second) return;
        world.violated("copies of " + text(first.chunk()) + " wait for one another in a circle");
        return;
      }
      at = world.data().incoming(*at->source, first.chunk());
    }
  }

  std::set<ChunkId> seen_;
};

}  // namespace

std::unique_ptr<Checker> trees_checker() {
  return std::make_unique<TreesChecker>();
}

}  // namespace tyto::sim
