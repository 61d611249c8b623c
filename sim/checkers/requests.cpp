#include <algorithm>
#include <deque>

#include "sim/checkers/all.h"
#include "sim/checkers/excuses.h"
#include "sim/checkers/text.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

// Whatever the span, no more requests begin in it than the bucket's limit allows for it and for
// what delays of messages may have brought together.
class RequestsChecker final : public Checker {
 public:
  std::string_view name() const override { return "requests"; }

  void on_transfer_started(World& world, const Transfer& transfer) override {
    uint32_t limit = world.scenario().policy.origin.requests_per_s;
    bool is_request = transfer.is_origin() && transfer.request == transfer.key;
    if (limit == 0 || !is_request || is_unknown_to_tracker(world, transfer)) return;
    begun_.push_back({world.now(), world.control().parts()});
    while (begun_.front().at + kWindow < world.now()) begun_.pop_front();
    // Each part of a cluster that has fallen apart keeps a budget of its own.
    uint64_t parts = 1;
    for (const Begun& begun : begun_) parts = std::max<uint64_t>(parts, begun.parts);
    auto span_ms = static_cast<uint64_t>((kWindow + kTogether).ns() / 1'000'000);
    if (begun_.size() > parts * (1 + limit * span_ms / 1000))
      world.violated(std::to_string(begun_.size()) + " requests of the origin begun in " +
                     std::to_string(kWindow.ns() / 1'000'000) + " ms, with that of " +
                     text(transfer.chunk()) + ", where there may be " + std::to_string(limit) +
                     " in a second");
  }

 private:
  static constexpr Duration kWindow = Duration::seconds(2);
  static constexpr Duration kTogether = Duration::seconds(1);
  struct Begun {
    Instant at;
    uint32_t parts = 1;  // of the cluster, then
  };
  std::deque<Begun> begun_;  // within the window
};

}  // namespace

std::unique_ptr<Checker> requests_checker() {
  return std::make_unique<RequestsChecker>();
}

}  // namespace tyto::sim
