#include <map>
#include <string>
#include <utility>

#include "sim/checkers/all.h"
#include "sim/checkers/text.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

constexpr uint32_t kTicksBetweenLooks = 3;
constexpr Duration kKeptMax = Duration::seconds(11);
// What is on its way between peers and trackers has come by then: that a copy is to be evicted,
// that a peer has gone to another tracker.
constexpr Duration kUnderwayMax = Duration::seconds(2);

class InventoriesChecker final : public Checker {
 public:
  std::string_view name() const override { return "inventories"; }

  void on_tick(World& world) override {
    if (++ticks_ % kTicksBetweenLooks != 0) return;
    for (uint32_t i = 0; i < world.control().tracker_count(); ++i)
      if (const auto* tracker = world.control().tracker(i)) tracker->check_invariants();
    if (!world.scenario().expect.inventories_agree) return;
    compare_memories(world);
    compare_trackers(world);
  }

  void on_end(World& world) override {
    for (const auto& [place, arriving] : world.data().arriving()) {
      Instant since = arriving.paused_at;
      if (!arriving.transfers.empty() || world.now() - since < kKeptMax) continue;
      world.violated(text(place.first) + " keeps blocks of " + text(place.second) + " for ever");
    }
    if (!world.scenario().expect.inventories_agree) return;
    for (uint32_t i = 0; i < world.node_count(); ++i) compare_store(world, NodeId(i));
    compare_memories(world);
    compare_trackers(world);
    for (const auto& [node, difference] : memories_)
      if (world.now() - difference.since >= kUnderwayMax) world.violated(difference.what);
    for (const auto& [version, difference] : differences_)
      if (world.now() - difference.since >= kUnderwayMax) world.violated(difference.what);
  }

 private:
  struct Counts {
    uint32_t members = 0;
    uint32_t complete = 0;
    bool operator==(const Counts&) const = default;
  };
  struct Difference {
    Instant since;
    std::string what;
  };

  static void compare_store(World& world, NodeId id) {
    const PeerNode& node = world.node(id);
    if (!node.is_alive()) return;
    for (const auto& [version, facts] : world.data().origin().versions()) {
      for (uint32_t i = 0; i < facts->chunking.chunk_count(); ++i) {
        ChunkId chunk{version, ChunkIndex(i)};
        if (node.core()->holds(chunk) == node.store().holds(chunk)) continue;
        world.violated(text(id) + ": core and store do not agree on " + text(chunk));
        return;
      }
    }
  }

  // Notes since when what its tracker thinks is in a peer's memory is not what is there.
  void compare_memories(World& world) {
    std::map<NodeId, Difference> before = std::exchange(memories_, {});
    for (uint32_t i = 0; i < world.node_count(); ++i) {
      std::string what = difference_of_memory(world, NodeId(i));
      if (what.empty()) continue;
      auto known_since = before.find(NodeId(i));
      Instant since = known_since == before.end() ? world.now() : known_since->second.since;
      memories_[NodeId(i)] = {since, what};
    }
  }
  static std::string difference_of_memory(World& world, NodeId id) {
    const PeerNode& node = world.node(id);
    if (!node.is_alive() || !world.control().is_connected(id)) return {};
    uint64_t real = node.store().used_bytes(Medium::kMemory);
    std::string what;
    for (uint32_t i = 0; i < world.control().tracker_count(); ++i) {
      const tracker::TrackerCore* tracker = world.control().tracker(i);
      if (tracker == nullptr) continue;
      tracker->visit_peers([&](const tracker::PeerPicture& picture) {
        bool is_it = picture.peer == node.peer() && picture.is_connected;
        if (!is_it || picture.used_memory_bytes == real) return;
        what = text(id) + " keeps " + std::to_string(real) +
               " bytes in memory; its tracker knows " + std::to_string(picture.used_memory_bytes);
      });
    }
    return what;
  }

  // Notes since when they differ.
  void compare_trackers(World& world) {
    std::map<VersionId, Counts> real;
    for (const auto& [version, facts] : world.data().origin().versions()) {
      for (uint32_t i = 0; i < world.node_count(); ++i) {
        const PeerNode& node = world.node(NodeId(i));
        if (!node.is_alive() || !world.control().is_connected(NodeId(i))) continue;
        uint32_t count = node.store().count(version);
        if (count > 0) ++real[version].members;
        if (count > 0 && count == facts->chunking.chunk_count()) ++real[version].complete;
      }
    }
    std::map<VersionId, Counts> known;
    bool is_any = false;
    for (uint32_t i = 0; i < world.control().tracker_count(); ++i) {
      const tracker::TrackerCore* tracker = world.control().tracker(i);
      if (tracker == nullptr) continue;
      is_any = true;
      tracker->visit_versions([&](const tracker::VersionPicture& picture) {
        known[picture.id].members += picture.members;
        known[picture.id].complete += picture.complete;
      });
    }
    std::map<VersionId, Difference> before = std::exchange(differences_, {});
    if (!is_any) return;
    for (const auto& [version, facts] : world.data().origin().versions()) {
      if (known[version] == real[version]) continue;
      auto known_since = before.find(version);
      Difference& difference = differences_[version];
      difference.since = known_since == before.end() ? world.now() : known_since->second.since;
      difference.what = "version " + version.short_hex() + ": the tracker knows " +
                        std::to_string(known[version].members) + " holders, " +
                        std::to_string(known[version].complete) + " complete; there are " +
                        std::to_string(real[version].members) + " and " +
                        std::to_string(real[version].complete);
    }
  }

  uint32_t ticks_ = 0;
  std::map<VersionId, Difference> differences_;  // at the last look
  std::map<NodeId, Difference> memories_;        // likewise
};

}  // namespace

std::unique_ptr<Checker> inventories_checker() {
  return std::make_unique<InventoriesChecker>();
}

}  // namespace tyto::sim
