// Flows that relay what is still arriving, against what can be worked out on paper.
#include <gtest/gtest.h>

#include <map>

#include "base/rng.h"
#include "sim/models/max_min_network.h"
#include "sim/models/topology.h"

namespace tyto::sim {
namespace {

constexpr uint64_t kMB = 1'000'000;
constexpr uint64_t kBlock = 16 * 1024;
constexpr uint64_t kChunk = 16 * kBlock;
constexpr int64_t kNearNs = 5'000;  // what MaxMinNetwork::kNear bytes take, and a little

// Ends flows as a data plane would: what followed a flow that ended may go on to its own end.
class Relays {
 public:
  explicit Relays(MaxMinNetwork& network) : network_(network) {}

  FlowId seed(std::vector<LinkId> path, uint64_t bytes) {
    return network_.start(now_, path, bytes);
  }
  FlowId relay(FlowId upstream, std::vector<LinkId> path, uint64_t bytes) {
    FlowId flow = network_.start(now_, path, bytes);
    network_.limit(now_, flow, {.upstream = upstream, .lag = kBlock});
    followers_[upstream].push_back(flow);
    return flow;
  }
  void run() {
    std::vector<FlowEvent> events;
    for (Instant next = network_.next_event(); !next.is_never(); next = network_.next_event()) {
      now_ = next;
      events.clear();
      network_.advance(next, events);
      for (const FlowEvent& event : events) {
        if (event.quarter < 4) continue;
        ended_[event.flow] = now_;
        for (FlowId follower : followers_[event.flow]) network_.unlimit(now_, follower);
      }
    }
  }
  int64_t end_ns(FlowId flow) const { return ended_.contains(flow) ? ended_.at(flow).ns() : -1; }
  int64_t last_ns() const {
    int64_t last = 0;
    for (const auto& [flow, at] : ended_) last = std::max(last, at.ns());
    return last;
  }

 private:
  MaxMinNetwork& network_;
  Instant now_;
  std::map<FlowId, std::vector<FlowId>> followers_;
  std::map<FlowId, Instant> ended_;
};

int64_t ns_of(uint64_t bytes, uint64_t rate) {
  return static_cast<int64_t>(bytes * 1'000'000'000 / rate);
}

// Hosts on one switch, with links of the same rate both ways.
struct Star {
  explicit Star(uint32_t hosts, uint64_t rate) : topology(network) {
    for (uint32_t i = 0; i < hosts; ++i) topology.add_host({rate, rate}, std::nullopt);
  }
  std::vector<LinkId> path(uint32_t from, uint32_t to) const {
    return topology.path(HostId(from), HostId(to));
  }
  MaxMinNetwork network;
  Topology topology;
};

TEST(Relay, AChainCostsABlockAHop) {
  constexpr uint32_t kRelays = 7;
  Star star(kRelays + 2, kMB);
  Relays relays(star.network);
  FlowId last = relays.seed(star.path(0, 1), kChunk);
  for (uint32_t i = 1; i <= kRelays; ++i) last = relays.relay(last, star.path(i, i + 1), kChunk);
  relays.run();
  EXPECT_NEAR(relays.end_ns(last), ns_of(kChunk + kRelays * kBlock, kMB), kRelays * kNearNs);
}

TEST(Relay, AFastHopBehindASlowOneGoesAtTheSlowOnesRate) {
  MaxMinNetwork network;
  LinkId slow = network.add_link(kMB);
  LinkId fast = network.add_link(10 * kMB);
  LinkId shared = network.add_link(10 * kMB);
  Relays relays(network);
  FlowId first = relays.seed({slow}, kChunk);
  FlowId second = relays.relay(first, {fast, shared}, kChunk);
  FlowId other = relays.seed({shared}, 100 * kChunk);
  std::vector<FlowEvent> events;
  network.advance(Instant() + Duration::nanoseconds(ns_of(kChunk / 2, kMB)), events);
  EXPECT_EQ(network.rate(second), kMB);
  EXPECT_EQ(network.rate(other), 9 * kMB);  // what the relay can't use
  relays.run();
  EXPECT_NEAR(relays.end_ns(second), ns_of(kChunk, kMB) + ns_of(kBlock, 5 * kMB), kNearNs);
}

TEST(Relay, ASlowHopBehindAFastOneGoesAtItsOwnRate) {
  MaxMinNetwork network;
  LinkId fast = network.add_link(10 * kMB);
  LinkId slow = network.add_link(kMB);
  Relays relays(network);
  FlowId first = relays.seed({fast}, kChunk);
  FlowId second = relays.relay(first, {slow}, kChunk);
  relays.run();
  EXPECT_NEAR(relays.end_ns(second), ns_of(kBlock, 10 * kMB) + ns_of(kChunk, kMB), kNearNs);
}

// Who starts late runs at the full rate until it has caught up.
TEST(Relay, ALateOneCatchesUpAndThenKeepsPace) {
  MaxMinNetwork network;
  LinkId slow = network.add_link(kMB);
  LinkId fast = network.add_link(2 * kMB);
  FlowId first = network.start(Instant(), std::vector{slow}, kChunk);
  Instant half = Instant() + Duration::nanoseconds(ns_of(kChunk / 2, kMB));
  std::vector<FlowEvent> events;
  network.advance(half, events);
  FlowId second = network.start(half, std::vector{fast}, kChunk);
  network.limit(half, second, {.upstream = first, .lag = kBlock});
  EXPECT_EQ(network.rate(second), 2 * kMB);
  // It gains kMB a second on half a chunk less a block.
  Instant even = half + Duration::nanoseconds(ns_of(kChunk / 2 - kBlock, kMB) + kNearNs);
  network.advance(even, events);
  EXPECT_EQ(network.rate(second), kMB);
}

TEST(Relay, WithoutItsUpstreamAFlowStallsWhereItIsUntilItGetsAnother) {
  MaxMinNetwork network;
  LinkId link = network.add_link(kMB);
  LinkId down = network.add_link(kMB);
  FlowId first = network.start(Instant(), std::vector{link}, kChunk);
  FlowId second = network.start(Instant(), std::vector{down}, kChunk);
  network.limit(Instant(), second, {.upstream = first, .lag = kBlock});
  Instant cut = Instant() + Duration::nanoseconds(ns_of(4 * kBlock, kMB));
  std::vector<FlowEvent> events;
  network.advance(cut, events);
  network.stop(cut, first);
  Instant later = cut + Duration::seconds(1);
  EXPECT_EQ(network.rate(second), 0u);
  EXPECT_LE(network.moved(later, second), 3 * kBlock);
  EXPECT_GE(network.moved(later, second) + MaxMinNetwork::kNear, 3 * kBlock);
  EXPECT_EQ(network.idle_since(second), cut);
  // Upstream goes on at block 4, and the flow with it, once a fifth block is there.
  network.limit(later, second, {.floor = 4 * kBlock});
  FlowId again = network.start(later, std::vector{link}, kChunk, 4 * kBlock);
  network.limit(later, second, {.floor = 4 * kBlock, .upstream = again, .lag = kBlock});
  EXPECT_EQ(network.rate(second), kMB);
  Instant idle = later + Duration::nanoseconds(ns_of(kBlock, kMB) - kNearNs);
  network.advance(idle, events);
  EXPECT_LE(network.moved(idle, second), 4 * kBlock);
  Instant on = later + Duration::nanoseconds(ns_of(3 * kBlock, kMB));
  network.advance(on, events);
  EXPECT_NEAR(static_cast<double>(network.moved(on, second)), 6.0 * kBlock, 64);
}

TEST(Relay, ABlockedUpstreamHoldsTheWholeChain) {
  Star star(4, kMB);
  Relays relays(star.network);
  FlowId a = relays.seed(star.path(0, 1), kChunk);
  FlowId b = relays.relay(a, star.path(1, 2), kChunk);
  FlowId c = relays.relay(b, star.path(2, 3), kChunk);
  std::vector<FlowEvent> events;
  Instant half = Instant() + Duration::nanoseconds(ns_of(kChunk / 2, kMB));
  star.network.advance(half, events);
  star.network.set_state(half, a, FlowState::kBlocked);
  EXPECT_EQ(star.network.rate(b), 0u);
  EXPECT_EQ(star.network.rate(c), 0u);
  Instant later = half + Duration::seconds(1);
  star.network.set_state(later, a, FlowState::kMoving);
  EXPECT_EQ(star.network.rate(c), kMB);
}

TEST(Relay, AFlowThatStartsInTheMiddleMovesOnlyTheRest) {
  MaxMinNetwork network;
  LinkId link = network.add_link(kMB);
  FlowId flow = network.start(Instant(), std::vector{link}, kChunk, kChunk / 2);
  std::vector<FlowEvent> events;
  Instant end = Instant() + Duration::nanoseconds(ns_of(kChunk / 2, kMB));
  network.advance(end, events);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].quarter, 3);
  EXPECT_EQ(events[1].quarter, 4);
  EXPECT_EQ(network.stop(end, flow), 0u);  // forgotten
}

// Mutualcast: the seed gives each reader another chunk, and each relays its own to all others
// as it arrives. All uplinks are busy all the time, so the last ends at the fluid limit.
TEST(Relay, AMutualcastStarReachesTheFluidLimitToWithinAChunk) {
  constexpr uint32_t kReaders = 8;
  constexpr uint64_t kRate = 8 * kMB;
  constexpr uint64_t kShare = 16 * kChunk;
  Star star(kReaders + 1, kRate);
  Relays relays(star.network);
  for (uint32_t reader = 1; reader <= kReaders; ++reader) {
    FlowId share = relays.seed(star.path(0, reader), kShare);
    for (uint32_t other = 1; other <= kReaders; ++other) {
      if (other != reader) relays.relay(share, star.path(reader, other), kShare);
    }
  }
  relays.run();
  int64_t limit = ns_of(kShare * kReaders, kRate);
  EXPECT_GE(relays.last_ns(), limit);
  EXPECT_LE(relays.last_ns(), limit + ns_of(kChunk, kRate));
}

// A follower that never catches up, on a link of its own, ends in its time all the same.
TEST(Relay, AFollowerThatIsNeverHeldUpEndsAtItsOwnRate) {
  MaxMinNetwork network;
  LinkId first = network.add_link(2 * kMB);
  LinkId second = network.add_link(kMB);
  Relays relays(network);
  FlowId upstream = relays.seed({first}, kChunk);
  FlowId relay = relays.relay(upstream, {second}, kChunk);
  network.limit(Instant(), relay, {.floor = kChunk / 2, .upstream = upstream, .lag = kBlock});
  relays.run();
  EXPECT_NEAR(relays.end_ns(relay), ns_of(kChunk, kMB), kNearNs);
}

TEST(Relay, FlowsThatFollowOneAnotherInACircleMoveNothing) {
  Star star(2, kMB);
  FlowId there = star.network.start(Instant(), star.path(0, 1), kChunk);
  FlowId back = star.network.start(Instant(), star.path(1, 0), kChunk);
  star.network.limit(Instant(), there, {.upstream = back, .lag = kBlock});
  star.network.limit(Instant(), back, {.upstream = there, .lag = kBlock});
  EXPECT_EQ(star.network.rate(there), 0u);
  EXPECT_EQ(star.network.rate(back), 0u);
  EXPECT_TRUE(star.network.next_event().is_never());
}

// Whatever the shape: no link carries more than it can, and nobody is ahead of its upstream.
TEST(Relay, RandomForestsKeepLinksAndLimits) {
  Rng rng(11);
  for (int round = 0; round < 30; ++round) {
    Star star(10, kMB);
    std::vector<std::pair<FlowId, FlowId>> edges;
    std::vector<FlowId> flows;
    std::vector<FlowEvent> events;
    Instant now;
    for (int i = 0; i < 40; ++i) {
      uint32_t from = rng.below(10);
      uint32_t to = (from + 1 + rng.below(9)) % 10;
      FlowId flow = star.network.start(now, star.path(from, to), kChunk);
      if (!flows.empty() && rng.one_in(2, 3)) {
        FlowId upstream = flows[rng.below(static_cast<uint32_t>(flows.size()))];
        star.network.limit(now, flow, {.upstream = upstream, .lag = kBlock});
        edges.emplace_back(flow, upstream);
      }
      flows.push_back(flow);
      now = now + Duration::milliseconds(rng.below(40));
      events.clear();
      star.network.advance(now, events);
      uint64_t sum = 0;
      for (FlowId each : flows) sum += star.network.rate(each);
      EXPECT_LE(sum, 10 * kMB);
      for (const auto& [follower, upstream] : edges) {
        uint64_t ahead = star.network.moved(now, follower);
        if (star.network.rate(upstream) == 0) continue;  // it may have ended
        EXPECT_LE(ahead, star.network.moved(now, upstream));
      }
    }
    EXPECT_LT(events.size(), 200u);
  }
}

}  // namespace
}  // namespace tyto::sim
