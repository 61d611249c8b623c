#include <algorithm>
#include <set>

#include "sim/checkers/all.h"
#include "sim/checkers/excuses.h"
#include "sim/checkers/text.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

class BudgetsChecker final : public Checker {
 public:
  std::string_view name() const override { return "budgets"; }

  void on_transfer_started(World& world, const Transfer& transfer) override {
    if (!transfer.is_origin() || is_unknown_to_tracker(world, transfer)) return;
    const tracker::OriginPolicy& limits = world.scenario().policy.origin;
    reads_.insert(transfer.key);
    std::set<uint64_t> under_way;
    for (uint64_t key : reads_) {
      const Transfer& other = world.data().transfers().at(key);
      // Each part of a cluster that has fallen apart keeps a budget of its own.
      if (!is_unknown_to_tracker(world, other) && !are_of_two_parts(transfer, other))
        under_way.insert(other.request);
    }
    if (limits.reads > 0 && under_way.size() > limits.reads)
      world.violated(std::to_string(under_way.size()) +
                     " reads of the origin at once, with that of " + text(transfer.chunk()) +
                     ", where there may be " + std::to_string(limits.reads));
    look_at_bytes(world, transfer, limits.bytes_per_s);
  }

  void on_tick(World& world) override {
    if (bytes_ > 0) look_at_parts(world);
  }

  void on_transfer_ended(World&, const Transfer& transfer, TransferEnd) override {
    reads_.erase(transfer.key);
  }

 private:
  // Since the first read no more than the rate, what was begun last, and what delays of messages
  // may have brought together: in each part of the cluster, for as long as there was that part.
  void look_at_bytes(World& world, const Transfer& transfer, uint64_t rate) {
    uint64_t length = transfer.order.facts->chunking.length_of(transfer.order.chunk);
    if (bytes_ == 0) seen_at_ = world.now();
    bytes_ += length;
    look_at_parts(world);
    if (rate == 0) return;
    uint64_t span_us = open_us_ + most_parts_ * us(kTogether);
    uint64_t last = length * world.scenario().policy.origin.run * most_parts_;
    if (bytes_ > last + rate * span_us / 1'000'000)
      world.violated(std::to_string(bytes_) + " bytes of the origin begun in " +
                     std::to_string(span_us / 1000) + " ms at " + std::to_string(rate) +
                     " a second");
  }
  void look_at_parts(World& world) {
    uint32_t parts = world.control().parts();
    most_parts_ = std::max(most_parts_, parts);
    open_us_ += std::max(parts, parts_) * us(world.now() - seen_at_);
    parts_ = parts;
    seen_at_ = world.now();
  }
  static uint64_t us(Duration span) { return static_cast<uint64_t>(span.ns() / 1000); }

  static constexpr Duration kTogether = Duration::seconds(1);
  std::set<uint64_t> reads_;
  uint64_t bytes_ = 0;
  uint64_t open_us_ = 0;  // since the first read, of all parts together
  uint32_t parts_ = 1;
  uint32_t most_parts_ = 1;
  Instant seen_at_;
};

}  // namespace

std::unique_ptr<Checker> budgets_checker() {
  return std::make_unique<BudgetsChecker>();
}

}  // namespace tyto::sim
