#include <deque>
#include <map>
#include <optional>
#include <set>

#include "sim/checkers/all.h"
#include "sim/checkers/excuses.h"
#include "sim/checkers/text.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

class RegionsChecker final : public Checker {
 public:
  std::string_view name() const override { return "regions"; }

  void on_transfer_started(World& world, const Transfer& transfer) override {
    uint64_t rate = world.scenario().policy.selection.bytes_between_regions_per_s;
    if (rate == 0 || !is_crossing(world, transfer) || is_unknown_to_tracker(world, transfer))
      return;
    const FleetSpec& fleet = world.scenario().fleet;
    uint64_t bytes = transfer.order.facts->chunking.length_of(transfer.order.chunk);
    Recent& recent = recent_[fleet.region(transfer.reader)];
    recent.begun.push_back({world.now(), bytes});
    recent.bytes += bytes;
    while (recent.begun.front().at + kWindow < world.now()) {
      recent.bytes -= recent.begun.front().bytes;
      recent.begun.pop_front();
    }
    // Each of the region's trackers may begin one chunk when nothing is left of its part.
    auto span_ms = static_cast<uint64_t>((kWindow + kTogether).ns() / 1'000'000);
    uint64_t most = rate * span_ms / 1000 + world.scenario().trackers * bytes;
    if (recent.bytes > most)
      world.violated(std::to_string(recent.bytes) + " bytes begun to region " +
                     std::to_string(fleet.region(transfer.reader)) + " from others in " +
                     std::to_string(kWindow.ns() / 1'000'000) + " ms, with " +
                     text(transfer.chunk()) + ", at " + std::to_string(rate) + " a second");
  }

  void on_end(World& world) override {
    const Scenario& scenario = world.scenario();
    uint64_t limit = scenario.expect.region_copies_permille_max;
    if (limit == 0) return;
    std::set<uint32_t> objects;
    uint64_t wanted = 0;
    for (const ReadSpec& read : scenario.reads)
      if (objects.insert(read.object).second) wanted += scenario.objects[read.object].bytes;
    const std::vector<uint64_t>& into = world.data().traffic().into_region;
    for (std::size_t region = 0; region < into.size(); ++region)
      if (into[region] * 1000 > wanted * limit)
        world.violated(std::to_string(into[region]) + " bytes came into region " +
                       std::to_string(region) + " from others, of objects of " +
                       std::to_string(wanted));
  }

 private:
  struct Begun {
    Instant at;
    uint64_t bytes = 0;
  };
  struct Recent {
    std::deque<Begun> begun;  // within the window
    uint64_t bytes = 0;       // of these
  };

  static bool is_crossing(World& world, const Transfer& transfer) {
    const FleetSpec& fleet = world.scenario().fleet;
    if (fleet.regions == 0 || transfer.is_origin()) return false;
    std::optional<NodeId> source = world.find(transfer.order.source.address);
    return source && fleet.region(*source) != fleet.region(transfer.reader);
  }

  static constexpr Duration kWindow = Duration::seconds(5);
  // What delays of messages may have brought together, and what was not used before.
  static constexpr Duration kTogether = Duration::seconds(1);
  std::map<uint32_t, Recent> recent_;  // by region
};

}  // namespace

std::unique_ptr<Checker> regions_checker() {
  return std::make_unique<RegionsChecker>();
}

}  // namespace tyto::sim
