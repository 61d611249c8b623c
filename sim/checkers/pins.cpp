#include <algorithm>
#include <set>
#include <variant>

#include "sim/checkers/all.h"
#include "sim/checkers/text.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

// The pinned objects of a scenario are published, and pinned from the start to the end.
class PinsChecker final : public Checker {
 public:
  std::string_view name() const override { return "pins"; }

  void on_exchange_down(World& world, NodeId node, const ExchangeDown& down) override {
    if (!has_looked_) look(world);
    if (pinned_.empty()) return;
    for (const Command& command : down.commands) {
      const auto* order = std::get_if<Evict>(&command);
      if (order == nullptr || !pinned_.contains(order->version)) continue;
      if (may_go(world, order->reason.choice)) continue;
      world.violated(text(node) + " is told to free chunk " + std::to_string(order->first) +
                     " of " + order->version.short_hex() +
                     ", which is pinned: " + std::string(choice_words(order->reason.choice)));
    }
  }

 private:
  void look(World& world) {
    has_looked_ = true;
    const auto& objects = world.scenario().objects;
    for (uint32_t i = 0; i < objects.size(); ++i)
      if (objects[i].is_pinned) pinned_.insert(world.data().origin().current(i)->id);
  }

  // A pin holds good copies; what a shadow reader was brought is none.
  static bool may_go(const World& world, Choice why) {
    bool is_bad = why == Choice::kEvictCorrupt || why == Choice::kEvictConflict;
    bool is_shadow =
        why == Choice::kEvictConsumed && world.scenario().policy.origin.shadow_permille > 0;
    return is_bad || is_shadow;
  }

  std::set<VersionId> pinned_;
  bool has_looked_ = false;
};

}  // namespace

std::unique_ptr<Checker> pins_checker() {
  return std::make_unique<PinsChecker>();
}

}  // namespace tyto::sim
