// Runs of whole worlds, and of the models alone, against what can be worked out on paper.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "sim/models/max_min_network.h"
#include "sim/scenarios/catalogue.h"
#include "sim/scenarios/run.h"

namespace tyto::sim {
namespace {

constexpr uint64_t kRate = 8'000'000;
constexpr uint64_t kChunk = kChunkBytesMin;
// What opening takes, and what results wait for company; no links are part of it.
constexpr Duration kAround = Duration::milliseconds(60);

Duration time_of(uint64_t bytes, uint64_t rate) {
  return Duration::nanoseconds(static_cast<int64_t>(bytes * 1'000'000'000 / rate));
}

// Everybody's links are equal, and what is small takes no time.
Scenario without_latency(const Defaults& defaults) {
  Scenario scenario = base_scenario("closed_form", {}, defaults);
  scenario.fleet.reader_link = {kRate, kRate};
  scenario.fleet.superpeer_link = {kRate, kRate};
  scenario.origin = {.bytes_per_s = kRate, .latency = Duration()};
  scenario.latency = {Duration(), Duration()};
  return scenario;
}

Duration longest(const RunResult& result) {
  Duration most;
  for (const ReadResult& read : result.reads) most = std::max(most, read.took);
  return most;
}

void expect_within(Duration took, Duration low, Duration high) {
  EXPECT_GE(took.ns(), low.ns());
  EXPECT_LE(took.ns(), high.ns());
}

// --- one source and one reader ---

TEST(ClosedForm, AReaderOfTheOriginTakesTheObjectsBytesOverItsLink) {
  for (uint32_t chunks : {8u, 40u}) {
    Scenario scenario = without_latency({.readers = 1, .chunks = chunks});
    scenario.bucket.trust_peers = true;
    scenario.fleet.superpeers = 0;
    scenario.reads[0].node = scenario.fleet.reader(0);
    Duration ideal = time_of(scenario.objects[0].bytes, kRate);
    expect_within(run(scenario).reads[0].took, ideal, ideal + kAround);
  }
}

TEST(ClosedForm, TheSlowerOfTheTwoLinksDecides) {
  Scenario scenario = without_latency({.readers = 1, .chunks = 16});
  scenario.bucket.trust_peers = true;
  scenario.fleet.superpeers = 0;
  scenario.reads[0].node = scenario.fleet.reader(0);
  scenario.fleet.reader_link.down_bytes_per_s = kRate / 2;
  Duration ideal = time_of(scenario.objects[0].bytes, kRate / 2);
  expect_within(run(scenario).reads[0].took, ideal, ideal + kAround);
}

// --- a chain: origin, superpeer, reader ---

// A chunk from the origin is passed on when it is whole: the last one crosses two links in turn.
// The superpeer reads a few chunks at once, so that its first is whole only after so many.
TEST(ClosedForm, BehindASuperpeerAReaderIsLateByTheChunksThatItReadsAtOnce) {
  for (uint32_t at_once : {2u, 4u, 8u}) {
    Scenario scenario = without_latency({.readers = 1, .chunks = 32});
    scenario.tracker.origin_reads_per_superpeer = at_once;
    uint64_t bytes = scenario.objects[0].bytes;
    Duration low = time_of(bytes + kChunk, kRate);
    Duration high = time_of(bytes + at_once * kChunk, kRate);
    expect_within(run(scenario).reads[0].took, low, high + kAround);
  }
}

// One at a time is stop and wait: the origin stands still while each result waits to be told.
TEST(ClosedForm, OneReadOfTheOriginAtATimeIsStopAndWait) {
  constexpr uint32_t kChunks = 32;
  Scenario scenario = without_latency({.readers = 1, .chunks = kChunks});
  scenario.tracker.origin_reads_per_superpeer = 1;
  Duration moving = time_of((kChunks + 1) * kChunk, kRate);
  Duration ideal = moving + scenario.reader_policy.report_apart * (kChunks - 1);
  expect_within(run(scenario).reads[0].took, ideal, ideal + kAround);
}

// Of k hops that pass on by blocks, each adds a block: B/C + k b/C.
TEST(ClosedForm, AChainOfRelaysTakesAChunkAndABlockForEachHopMore) {
  for (uint32_t hops = 1; hops <= 10; ++hops) {
    MaxMinNetwork network;
    std::vector<FlowId> flows;
    for (uint32_t i = 0; i < hops; ++i) {
      std::vector<LinkId> path{network.add_link(kRate), network.add_link(kRate)};
      flows.push_back(network.start(Instant(), path, kChunk));
      if (i > 0) network.limit(Instant(), flows[i], {.upstream = flows[i - 1], .lag = kBlockBytes});
    }
    Instant last;
    std::vector<FlowEvent> events;
    while (!network.next_event().is_never()) {
      last = network.next_event();
      events.clear();
      network.advance(last, events);
      for (const FlowEvent& event : events) {
        auto at = std::find(flows.begin(), flows.end(), event.flow);
        if (event.quarter == 4 && ++at != flows.end()) network.unlimit(last, *at);
      }
    }
    Duration ideal = time_of(kChunk + (hops - 1) * kBlockBytes, kRate);
    expect_within(last - Instant(), ideal, ideal + Duration::microseconds(5 * hops));
  }
}

// --- the fluid limit ---

// max(F / u_s, F / d, N F / (u_s + sum u)) of Kumar and Ross, "Peer-Assisted File Distribution"
// (2006), for a seed s and N equal readers.
TEST(ClosedForm, TheFluidLimitIsThatOfKumarAndRoss) {
  for (uint32_t readers : {1u, 3u, 8u, 20u}) {
    for (uint64_t up : {kRate / 8, kRate / 2, kRate}) {
      Scenario scenario = without_latency({.readers = readers, .chunks = 32});
      scenario.fleet.reader_link = {up, kRate};
      scenario.origin.bytes_per_s = 100 * kRate;
      uint64_t bytes = scenario.objects[0].bytes;
      Duration ideal =
          std::max(time_of(bytes, kRate), time_of(readers * bytes, kRate + readers * up));
      Duration limit = fluid_limit(scenario, scenario.fleet.reader(0), bytes);
      expect_within(limit, ideal - Duration::microseconds(1), ideal + Duration::microseconds(1));
    }
  }
}

// Equal links all round: a seed's copy each reader passes on. The schedule's overhead over F / u
// is what filling the pipe takes.
TEST(ClosedForm, AllAtOnceEndsWithinAFifthOfTheFluidLimit) {
  for (uint32_t readers : {2u, 4u, 8u}) {
    Scenario scenario = without_latency({.readers = readers, .chunks = 64});
    Duration ideal = fluid_limit(scenario, scenario.fleet.reader(0), scenario.objects[0].bytes);
    expect_within(longest(run(scenario)), ideal, ideal + ideal / 5);
  }
}

// --- a shared bottleneck ---

// Flows of sizes s1 <= s2 <= ... that share a link of rate C end one after the other, the k-th
// when s1 + ... + s(k-1) + (n - k + 1) s(k) bytes have passed: the egalitarian processor sharing.
TEST(ClosedForm, FlowsThatShareALinkEndAsProcessorSharingHasIt) {
  MaxMinNetwork network;
  LinkId link = network.add_link(kRate);
  std::vector<FlowId> flows;
  constexpr uint64_t kFlows = 6;
  for (uint64_t k = 1; k <= kFlows; ++k)
    flows.push_back(network.start(Instant(), std::vector{link}, k * kChunk));
  std::vector<FlowEvent> events;
  while (!network.next_event().is_never()) {
    Instant now = network.next_event();
    events.clear();
    network.advance(now, events);
    for (const FlowEvent& event : events) {
      if (event.quarter < 4) continue;
      uint64_t k =
          static_cast<uint64_t>(std::find(flows.begin(), flows.end(), event.flow) - flows.begin()) +
          1;
      uint64_t passed = (k - 1) * k / 2 * kChunk + (kFlows - k + 1) * k * kChunk;
      expect_within(now - Instant(), time_of(passed, kRate),
                    time_of(passed, kRate) + Duration::microseconds(1));
    }
  }
}

// N readers of a rack behind a link of rate C, who each want something else: nobody can help
// another, and the last ends when N F bytes have passed.
TEST(ClosedForm, ReadersOfDifferentObjectsShareTheirRacksLink) {
  constexpr uint32_t kReaders = 4;
  Scenario scenario = without_latency({.readers = kReaders, .chunks = 16});
  scenario.fleet.superpeer_link = {16 * kRate, 16 * kRate};
  scenario.origin.bytes_per_s = 16 * kRate;
  scenario.fleet.racks = 1;
  scenario.fleet.rack_link = {kRate, kRate};
  uint64_t bytes = scenario.objects[0].bytes;
  for (uint32_t i = 1; i < kReaders; ++i) {
    scenario.objects.push_back({"object-" + std::to_string(i), bytes});
    scenario.reads[i].object = i;
  }
  RunResult result = run(scenario);
  Duration ideal = time_of(kReaders * bytes, kRate);
  EXPECT_EQ(result.bytes_into_rack[0], kReaders * bytes);
  expect_within(longest(result), ideal, ideal + kAround);
}

// --- queues at the origin ---

// Of N reads of S bytes that come at once, c are served at a time, and share the origin's link:
// the k-th is over when ceil(k / c) rounds of c S bytes have passed.
class OriginQueue : public Checker {
 public:
  explicit OriginQueue(uint32_t reads) : reads_(reads) {}
  std::string_view name() const override { return "origin queue"; }
  void on_tick(World& world) override {
    if (++ticks_ != 5) return;
    began_ = world.now();
    for (uint32_t i = 0; i < reads_; ++i) {
      peer::StartTransfer order;
      order.transfer = peer::TransferId(1'000'000 + i);
      order.facts = world.data().origin().current(0);
      order.chunk = ChunkIndex(i);
      order.source.kind = SourceKind::kOrigin;
      order.patience = Duration::seconds(60);
      world.data().start(NodeId(i), order);
    }
  }
  void on_transfer_ended(World& world, const Transfer&, TransferEnd how) override {
    EXPECT_EQ(how, TransferEnd::kDone);
    ended.push_back(world.now() - began_);
  }
  std::vector<Duration> ended;

 private:
  uint32_t reads_;
  uint32_t ticks_ = 0;
  Instant began_;
};

TEST(ClosedForm, ReadsOfTheOriginQueueInRounds) {
  constexpr uint32_t kReads = 10;
  for (uint32_t at_once : {1u, 2u, 3u, 10u}) {
    Scenario scenario = without_latency({.readers = kReads, .chunks = 16});
    scenario.fleet.superpeers = 0;
    scenario.reads.clear();
    scenario.origin.reads_max = at_once;
    scenario.expect.inventories_agree = false;
    std::vector<std::unique_ptr<Checker>> checkers;
    checkers.push_back(std::make_unique<OriginQueue>(kReads));
    World world(scenario, checkers);
    world.run(Duration::seconds(60));
    const auto& ended = static_cast<OriginQueue&>(*checkers[0]).ended;
    ASSERT_EQ(ended.size(), kReads);
    for (uint32_t k = 1; k <= kReads; ++k) {
      uint32_t rounds = (k + at_once - 1) / at_once;
      uint64_t passed = std::min(rounds * at_once, kReads) * kChunk;
      expect_within(ended[k - 1], time_of(passed, kRate),
                    time_of(passed, kRate) + Duration::microseconds(10));
    }
  }
}

}  // namespace
}  // namespace tyto::sim
