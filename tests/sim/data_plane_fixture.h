// Transfers between stores, without anybody who decides, for tests.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "sim/scenarios/catalogue.h"
#include "sim/world/world.h"

namespace tyto::sim {

inline constexpr uint64_t kRate = 1'000'000;
inline constexpr Duration kLatency = Duration::milliseconds(1);
inline constexpr Duration kMargin = Duration::milliseconds(2);

inline Duration time_of(uint64_t bytes) {
  return Duration::nanoseconds(static_cast<int64_t>(bytes * 1'000'000'000 / kRate));
}

inline Scenario quiet_scenario() {
  Scenario scenario = base_scenario("quiet", {}, {.readers = 4, .chunks = 5});
  scenario.fleet.superpeers = 2;
  scenario.fleet.reader_link = {kRate, kRate};
  scenario.fleet.superpeer_link = {kRate, kRate};
  scenario.latency = {kLatency, Duration()};
  scenario.reads.clear();
  scenario.settle = Duration::seconds(20);
  scenario.expect.inventories_agree = false;
  return scenario;
}

// Does what it is told at a tick, and notes what becomes of transfers.
class Script final : public Checker {
 public:
  using Act = std::function<void(World&)>;
  struct Ended {
    NodeId reader;
    TransferEnd how = TransferEnd::kDone;
    FailureKind failure = FailureKind::kCancelled;
    Instant at;
    uint64_t from = 0;
    uint64_t useful = 0;
  };
  std::string_view name() const override { return "script"; }
  void at_tick(uint32_t tick, Act act) { acts_.emplace(tick, std::move(act)); }
  void on_tick(World& world) override {
    ++ticks_;
    auto [first, last] = acts_.equal_range(ticks_);
    for (auto at = first; at != last; ++at) at->second(world);
  }
  void on_transfer_ended(World& world, const Transfer& transfer, TransferEnd how) override {
    ended.push_back(
        {transfer.reader, how, transfer.failure, world.now(), transfer.from, transfer.useful});
  }
  std::vector<Ended> ended;

 private:
  uint32_t ticks_ = 0;
  std::multimap<uint32_t, Act> acts_;
};

// Two superpeers that hold the object, and four readers. Ticks are 100 ms.
class DataPlaneTest : public testing::Test {
 protected:
  static constexpr uint32_t kFirstTick = 5;  // all are connected by then

  explicit DataPlaneTest(Scenario scenario = quiet_scenario()) : scenario_(std::move(scenario)) {
    auto script = std::make_unique<Script>();
    script_ = script.get();
    checkers_.push_back(std::move(script));
    world_ = std::make_unique<World>(scenario_, checkers_);
    for (uint32_t i = 0; i < 2; ++i) hold(scenario_.fleet.superpeer(i));
  }

  VersionFactsRef facts() { return world_->data().origin().current(0); }
  ChunkId chunk() { return {facts()->id, ChunkIndex(0)}; }
  uint64_t length() { return facts()->chunking.length_of(ChunkIndex(0)); }
  static NodeId reader(uint32_t i) { return NodeId(2 + i); }
  static NodeId superpeer(uint32_t i) { return NodeId(i); }
  Instant tick(uint32_t n) { return world_->start_time() + Duration::milliseconds(100) * n; }

  void hold(NodeId node) {
    Store& store = world_->node(node).store();
    store.remember(facts());
    ASSERT_TRUE(store.reserve(facts(), ChunkIndex(0)));
    store.commit(facts(), ChunkIndex(0), right_content(chunk()));
  }
  peer::TransferId fetch(NodeId to, NodeId from, uint32_t generation,
                         DataPlane::Attempt attempt = DataPlane::Attempt::kOnly) {
    peer::StartTransfer order;
    order.transfer = peer::TransferId(++last_transfer_);
    order.facts = facts();
    order.chunk = ChunkIndex(0);
    order.source = {SourceKind::kPeer, world_->node(from).peer(), world_->node(from).address(),
                    Generation(static_cast<uint16_t>(generation))};
    order.root = root_of(right_content(chunk()));
    order.patience = Duration::milliseconds(800);
    world_->data().start(to, order, attempt);
    return order.transfer;
  }
  void fetch_from_origin(NodeId to) {
    peer::StartTransfer order;
    order.transfer = peer::TransferId(++last_transfer_);
    order.facts = facts();
    order.chunk = ChunkIndex(0);
    order.source.kind = SourceKind::kOrigin;
    order.patience = Duration::seconds(10);
    world_->data().start(to, order);
  }
  void at_tick(uint32_t n, std::function<void()> act) {
    script_->at_tick(n, [act = std::move(act)](World&) { act(); });
  }
  void run() {
    world_->run(Duration::seconds(30));
    for (const Violation& violation : world_->violations()) ADD_FAILURE() << violation.what;
  }
  // The n-th end of a transfer at a node.
  Script::Ended ended(NodeId node, std::size_t n = 0) {
    for (const Script::Ended& end : script_->ended) {
      if (end.reader == node && n-- == 0) return end;
    }
    ADD_FAILURE() << "no such end";
    return {};
  }

  Scenario scenario_;
  std::vector<std::unique_ptr<Checker>> checkers_;
  Script* script_ = nullptr;
  std::unique_ptr<World> world_;
  uint64_t last_transfer_ = 1'000'000;  // far from what the cores number
};

}  // namespace tyto::sim
