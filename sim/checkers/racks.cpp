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
    for (std::string& what :
         racks_entered_too_often(world.data().traffic().into_rack, wanted, limit))
      world.violated(std::move(what));
  }
};

}  // namespace

std::vector<std::string> racks_entered_too_often(const std::vector<uint64_t>& into_rack,
                                                 uint64_t bytes_wanted, uint64_t permille_max) {
  std::vector<std::string> said;
  for (std::size_t rack = 0; permille_max > 0 && rack < into_rack.size(); ++rack) {
    if (into_rack[rack] * 1000 <= bytes_wanted * permille_max) continue;
    said.push_back(std::to_string(into_rack[rack]) + " bytes entered rack " + std::to_string(rack) +
                   ", of objects of " + std::to_string(bytes_wanted));
  }
  return said;
}

std::unique_ptr<Checker> racks_checker() {
  return std::make_unique<RacksChecker>();
}

}  // namespace tyto::sim
