#include "sim/checkers/all.h"
#include "sim/checkers/text.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

class CapsChecker final : public Checker {
 public:
  std::string_view name() const override { return "caps"; }

  void on_uploads(World& world, NodeId node, uint32_t active, uint32_t cap) override {
    if (cap == 0 || active <= cap) return;
    world.violated(text(node) + " has " + std::to_string(active) + " uploads under a cap of " +
                   std::to_string(cap));
  }

  void on_exchanges_open(World& world, NodeId node, uint32_t open) override {
    if (open > kExchangesOpenMax)
      world.violated(text(node) + " has " + std::to_string(open) + " exchanges open");
  }

  void on_exchange_up(World& world, NodeId node, const ExchangeUp& up) override {
    if (up.events.size() > kEventsPerExchangeMax)
      world.violated(text(node) + " sent " + std::to_string(up.events.size()) + " events at once");
    if (up.park > kParkMax) world.violated(text(node) + " asked for too long a park");
  }

  void on_exchange_down(World& world, NodeId node, const ExchangeDown& down) override {
    if (down.commands.size() > kCommandsPerExchangeMax)
      world.violated(text(node) + " was sent " + std::to_string(down.commands.size()) +
                     " commands at once");
  }

  void on_tick(World& world) override {
    for (uint32_t i = 0; i < world.node_count(); ++i) {
      const Store& store = world.node(NodeId(i)).store();
      for (Medium medium : {Medium::kDisk, Medium::kMemory})
        if (store.used_bytes(medium) > store.limit_bytes(medium))
          world.violated(text(NodeId(i)) + " keeps more than it lends");
    }
  }
};

}  // namespace

std::unique_ptr<Checker> caps_checker() {
  return std::make_unique<CapsChecker>();
}

}  // namespace tyto::sim
