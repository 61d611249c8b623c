#include <map>
#include <set>

#include "sim/checkers/all.h"
#include "sim/checkers/excuses.h"
#include "sim/checkers/text.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

class LeasesChecker final : public Checker {
 public:
  std::string_view name() const override { return "leases"; }

  void on_transfer_started(World& world, const Transfer& transfer) override {
    if (!transfer.is_origin()) return;
    std::set<uint64_t>& readers = readers_[transfer.chunk()];
    for (uint64_t other : readers) {
      const Transfer& before = world.data().transfers().at(other);
      if (is_excused(world, transfer) || is_excused(world, before)) continue;
      // So there are at most as many at once as parts.
      bool is_strict = world.scenario().expect.leases == Leases::kStrict;
      if (!is_strict && are_of_two_parts(transfer, before)) continue;
      world.violated(text(before.reader) + " and " + text(transfer.reader) + " both read " +
                     text(transfer.chunk()) + " at the origin");
    }
    readers.insert(transfer.key);
  }

  void on_transfer_ended(World&, const Transfer& transfer, TransferEnd) override {
    if (transfer.is_origin()) readers_[transfer.chunk()].erase(transfer.key);
  }

  void on_end(World& world) override {
    uint32_t limit = world.scenario().expect.amplification_permille_max;
    if (limit == 0) return;
    uint64_t reads = 0;
    uint64_t distinct = world.data().origin_reads().size();
    for (const auto& [chunk, times] : world.data().origin_reads()) reads += times;
    if (reads * 1000 > distinct * limit) {
      world.violated(std::to_string(reads) + " reads of " + std::to_string(distinct) +
                     " chunks at the origin");
    }
  }

 private:
  // Whether the bucket's policy has readers go to the origin for what others are reading there.
  static bool reads_for_itself(const tracker::Policy& policy) {
    return policy.selection.kind == tracker::SelectionKind::kOriginOnly ||
           policy.selection.farthest != Nearness::kAnywhere || policy.origin.shadow_permille > 0;
  }
  // Whether the tracker cannot know, or need not, that this read goes on.
  static bool is_excused(World& world, const Transfer& transfer) {
    if (reads_for_itself(world.scenario().policy)) return true;
    // Where peers are not trusted to learn roots, one that reads for itself reads for nobody else.
    bool is_peer = world.node(transfer.reader).role() == Role::kPeer;
    if (is_peer && !world.scenario().bucket.trust_peers) return true;
    if (world.scenario().expect.leases == Leases::kStrict) return false;
    const PeerNode& node = world.node(transfer.reader);
    return !transfer.had_tracker || transfer.is_for_orphans || world.was_touched(transfer.reader) ||
           !world.control().is_tracker_up(transfer.reader) ||
           transfer.tracker_run != world.control().tracker_run(transfer.reader) ||
           !world.control().is_connected(transfer.reader) || node.is_frozen() ||
           transfer.tracker_upset != world.control().upsets();
  }

  std::map<ChunkId, std::set<uint64_t>> readers_;
};

}  // namespace

std::unique_ptr<Checker> leases_checker() {
  return std::make_unique<LeasesChecker>();
}

}  // namespace tyto::sim
