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
      if (!is_unknown_to_tracker(world, other)) under_way.insert(other.request);
    }
    if (limits.reads > 0 && under_way.size() > limits.reads)
      world.violated(std::to_string(under_way.size()) +
                     " reads of the origin at once, with that of " + text(transfer.chunk()) +
                     ", where there may be " + std::to_string(limits.reads));
    look_at_bytes(world, transfer, limits.bytes_per_s);
  }

  void on_transfer_ended(World&, const Transfer& transfer, TransferEnd) override {
    reads_.erase(transfer.key);
  }

 private:
  // Since the first read no more than the rate, what was begun last, and what delays of messages
  // may have brought together.
  void look_at_bytes(World& world, const Transfer& transfer, uint64_t rate) {
    uint64_t length = transfer.order.facts->chunking.length_of(transfer.order.chunk);
    if (bytes_ == 0) began_ = world.now();
    bytes_ += length;
    if (rate == 0) return;
    auto span_ms = static_cast<uint64_t>((world.now() - began_ + kTogether).ns() / 1'000'000);
    uint64_t last = length * world.scenario().policy.origin.run;
    if (bytes_ > last + rate * span_ms / 1000)
      world.violated(std::to_string(bytes_) + " bytes of the origin begun in " +
                     std::to_string(span_ms) + " ms at " + std::to_string(rate) + " a second");
  }

  static constexpr Duration kTogether = Duration::seconds(1);
  std::set<uint64_t> reads_;
  uint64_t bytes_ = 0;
  Instant began_;
};

}  // namespace

std::unique_ptr<Checker> budgets_checker() {
  return std::make_unique<BudgetsChecker>();
}

}  // namespace tyto::sim
