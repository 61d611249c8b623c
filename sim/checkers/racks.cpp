// What is read crosses into a rack about once.
#include <set>

#include "sim/checkers/all.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

class RacksChecker final : public Checker {
 public:
  std::string_view name() const override { return "racks"; }

  void on_end(World& world) override {
    const Scenario& scenario = world.scenario();
    uint64_t limit = scenario.expect.rack_copies_permille_max;
    if (limit == 0) return;
    std::set<uint32_t> objects;
    uint64_t wanted = 0;
    for (const ReadSpec& read : scenario.reads) {
      if (objects.insert(read.object).second) wanted += scenario.objects[read.object].bytes;
    }
    const std::vector<uint64_t>& into = world.data().traffic().into_rack;
    for (std::size_t rack = 0; rack < into.size(); ++rack) {
      if (into[rack] * 1000 <= wanted * limit) continue;
      world.violated(std::to_string(into[rack]) + " bytes entered rack " + std::to_string(rack) +
                     ", of objects of " + std::to_string(wanted));
    }
  }
};

}  // namespace

std::unique_ptr<Checker> racks_checker() {
  return std::make_unique<RacksChecker>();
}

}  // namespace tyto::sim
