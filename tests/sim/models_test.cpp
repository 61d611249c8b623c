#include <gtest/gtest.h>

#include <map>

#include "sim/models/max_min_network.h"
#include "sim/models/origin.h"
#include "sim/models/processor.h"
#include "sim/models/topology.h"
#include "sim/world/store.h"

namespace tyto::sim {
namespace {

constexpr uint64_t kMB = 1'000'000;

Instant at_ms(int64_t ms) {
  return Instant() + Duration::milliseconds(ms);
}

// Runs a network to the end and notes when each flow ended, in ns.
std::map<FlowId, int64_t> ends(MaxMinNetwork& network) {
  std::map<FlowId, int64_t> ended;
  std::vector<FlowEvent> events;
  for (Instant next = network.next_event(); !next.is_never(); next = network.next_event()) {
    events.clear();
    network.advance(next, events);
    for (const FlowEvent& event : events) {
      if (event.quarter == 4) ended[event.flow] = next.ns();
    }
  }
  return ended;
}

TEST(MaxMinNetwork, OneFlowTakesItsBytesOverTheRate) {
  MaxMinNetwork network;
  LinkId link = network.add_link(10 * kMB);
  FlowId flow = network.start(Instant(), std::vector{link}, 5 * kMB);
  EXPECT_EQ(ends(network)[flow], 500'000'000);
}

TEST(MaxMinNetwork, ReportsEveryQuarterInItsTime) {
  MaxMinNetwork network;
  LinkId link = network.add_link(1000);
  network.start(Instant(), std::vector{link}, 1000);
  std::vector<FlowEvent> events;
  for (int quarter = 1; quarter <= 4; ++quarter) {
    EXPECT_EQ(network.next_event(), at_ms(250 * quarter));
    events.clear();
    network.advance(network.next_event(), events);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].quarter, quarter);
  }
  EXPECT_TRUE(network.next_event().is_never());
}

TEST(MaxMinNetwork, TwoFlowsOverOneLinkGetHalfEach) {
  MaxMinNetwork network;
  LinkId link = network.add_link(10 * kMB);
  FlowId a = network.start(Instant(), std::vector{link}, kMB);
  FlowId b = network.start(Instant(), std::vector{link}, kMB);
  EXPECT_EQ(network.rate(a), 5 * kMB);
  auto ended = ends(network);
  EXPECT_EQ(ended[a], 200'000'000);
  EXPECT_EQ(ended[b], 200'000'000);
}

TEST(MaxMinNetwork, WhatOneFlowCannotUseTheOthersGet) {
  MaxMinNetwork network;
  LinkId wide = network.add_link(10 * kMB);
  LinkId narrow = network.add_link(2 * kMB);
  FlowId slow = network.start(Instant(), std::vector{wide, narrow}, kMB);
  FlowId fast = network.start(Instant(), std::vector{wide}, kMB);
  EXPECT_EQ(network.rate(slow), 2 * kMB);
  EXPECT_EQ(network.rate(fast), 8 * kMB);
}

TEST(MaxMinNetwork, AFlowThatEndsLeavesItsShareToTheOther) {
  MaxMinNetwork network;
  LinkId link = network.add_link(10 * kMB);
  FlowId brief = network.start(Instant(), std::vector{link}, kMB);
  FlowId lasting = network.start(Instant(), std::vector{link}, 2 * kMB);
  auto ended = ends(network);
  EXPECT_EQ(ended[brief], 200'000'000);    // 1 MB at 5 MB/s
  EXPECT_EQ(ended[lasting], 300'000'000);  // then 1 MB at 10 MB/s
}

TEST(MaxMinNetwork, ABlockedFlowMovesNothingAndGivesWay) {
  MaxMinNetwork network;
  LinkId link = network.add_link(10 * kMB);
  FlowId blocked = network.start(Instant(), std::vector{link}, kMB);
  FlowId other = network.start(Instant(), std::vector{link}, kMB);
  network.set_state(at_ms(100), blocked, FlowState::kBlocked);
  EXPECT_EQ(network.rate(other), 10 * kMB);
  EXPECT_EQ(network.moved(at_ms(150), blocked), kMB / 2);
  network.set_state(at_ms(1000), blocked, FlowState::kMoving);
  auto ended = ends(network);
  EXPECT_EQ(ended[blocked], 1'050'000'000);
}

TEST(MaxMinNetwork, StopReturnsWhatMovedAndFreesTheLink) {
  MaxMinNetwork network;
  LinkId link = network.add_link(10 * kMB);
  FlowId gone = network.start(Instant(), std::vector{link}, 10 * kMB);
  FlowId stays = network.start(Instant(), std::vector{link}, 10 * kMB);
  EXPECT_EQ(network.stop(at_ms(200), gone), kMB);
  EXPECT_EQ(network.stop(at_ms(200), gone), 0u);
  EXPECT_EQ(network.rate(stays), 10 * kMB);
}

// Whatever the shape, no link carries more than it can, and none that is wanted idles.
TEST(MaxMinNetwork, SharesAreFeasibleAndLeaveNoWantedLinkIdle) {
  Rng rng(7);
  for (int round = 0; round < 50; ++round) {
    MaxMinNetwork network;
    std::vector<uint64_t> capacity;
    for (uint32_t i = 0; i < 12; ++i) {
      capacity.push_back((1 + rng.below(50)) * kMB);
      network.add_link(capacity.back());
    }
    std::vector<std::pair<FlowId, std::vector<LinkId>>> flows;
    for (int i = 0; i < 30; ++i) {
      std::vector<LinkId> path{LinkId(rng.below(6)), LinkId(6 + rng.below(6))};
      flows.emplace_back(network.start(Instant(), path, 100 * kMB), path);
    }
    std::vector<uint64_t> load(capacity.size());
    for (const auto& [flow, path] : flows) {
      for (LinkId link : path) load[link.value()] += network.rate(flow);
    }
    for (std::size_t i = 0; i < capacity.size(); ++i) EXPECT_LE(load[i], capacity[i]);
    for (const auto& [flow, path] : flows) {
      bool has_full_link = false;
      for (LinkId link : path)
        has_full_link |= load[link.value()] + flows.size() >= capacity[link.value()];
      EXPECT_TRUE(has_full_link);
    }
  }
}

TEST(Topology, PathsCrossRackUplinksOnlyBetweenRacks) {
  MaxMinNetwork network;
  Topology topology(network);
  RackId near = topology.add_rack({kMB, kMB});
  RackId far = topology.add_rack({kMB, kMB});
  HostId a = topology.add_host({kMB, kMB}, near);
  HostId b = topology.add_host({kMB, kMB}, near);
  HostId c = topology.add_host({kMB, kMB}, far);
  HostId bare = topology.add_host({kMB, kMB}, std::nullopt);
  EXPECT_EQ(topology.path(a, a).size(), 0u);
  EXPECT_EQ(topology.path(a, b).size(), 2u);
  EXPECT_EQ(topology.path(a, c).size(), 4u);
  EXPECT_EQ(topology.path(a, bare).size(), 3u);
}

TEST(Topology, PathsClimbToWhereTheyMeet) {
  MaxMinNetwork network;
  Topology topology(network);
  LinkRates link{kMB, kMB};
  RegionId east = topology.add_region(link);
  RegionId west = topology.add_region(link);
  ZoneId e1 = topology.add_zone(link, east);
  ZoneId e2 = topology.add_zone(link, east);
  ZoneId w1 = topology.add_zone(link, west);
  HostId a = topology.add_host(link, topology.add_rack(link, e1));
  HostId same_zone = topology.add_host(link, topology.add_rack(link, e1));
  HostId same_region = topology.add_host(link, topology.add_rack(link, e2));
  HostId elsewhere = topology.add_host(link, topology.add_rack(link, w1));
  HostId in_zone = topology.add_host_in_zone(link, e1);
  HostId bare = topology.add_host(link, std::nullopt);
  EXPECT_EQ(topology.path(a, same_zone).size(), 4u);    // host, rack; rack, host
  EXPECT_EQ(topology.path(a, same_region).size(), 6u);  // and zones
  EXPECT_EQ(topology.path(a, elsewhere).size(), 8u);    // and regions
  EXPECT_EQ(topology.path(a, in_zone).size(), 3u);
  EXPECT_EQ(topology.path(a, bare).size(), 5u);
  EXPECT_EQ(topology.path(bare, a).size(), 5u);
}

// Two racks of two hosts in each of two zones; hosts 8, racks 6, zones 4 MB/s: what crosses zones
// shares the zone's link, and leaves to the others what it cannot use.
TEST(Topology, OversubscribedUplinksAreSharedByWhatCrossesThem) {
  MaxMinNetwork network;
  Topology topology(network);
  std::vector<HostId> hosts;
  for (int zone = 0; zone < 2; ++zone) {
    ZoneId id = topology.add_zone({4 * kMB, 4 * kMB}, std::nullopt);
    for (int rack = 0; rack < 2; ++rack) {
      RackId in = topology.add_rack({6 * kMB, 6 * kMB}, id);
      for (int i = 0; i < 2; ++i) hosts.push_back(topology.add_host({8 * kMB, 8 * kMB}, in));
    }
  }
  auto flow = [&](std::size_t from, std::size_t to) {
    return network.start(Instant(), topology.path(hosts[from], hosts[to]), kMB);
  };
  FlowId far_a = flow(0, 4);                // to the other zone
  FlowId far_b = flow(2, 6);                // the same, from the other rack
  FlowId near = flow(0, 3);                 // to the other rack of its zone
  FlowId within = flow(1, 0);               // within its rack
  EXPECT_EQ(network.rate(far_a), 2 * kMB);  // half of the zone's link
  EXPECT_EQ(network.rate(far_b), 2 * kMB);
  EXPECT_EQ(network.rate(near), 4 * kMB);  // the rest of the rack's uplink
  EXPECT_EQ(network.rate(within), 8 * kMB);
}

TEST(MaxMinNetwork, WhatACapLeavesIsForTheOthers) {
  MaxMinNetwork network;
  LinkId link = network.add_link(10 * kMB);
  FlowId a = network.start(Instant(), std::vector{link}, kMB);
  FlowId b = network.start(Instant(), std::vector{link}, kMB);
  FlowId c = network.start(Instant(), std::vector{link}, kMB);
  network.cap(Instant(), a, 2 * kMB);
  network.cap(Instant(), b, 9 * kMB);  // more than it can have
  EXPECT_EQ(network.rate(a), 2 * kMB);
  EXPECT_EQ(network.rate(b), 4 * kMB);
  EXPECT_EQ(network.rate(c), 4 * kMB);
  network.cap(Instant(), b, kMB);
  EXPECT_EQ(network.rate(c), 7 * kMB);
  network.cap(Instant(), a, kUncapped);
  EXPECT_EQ(network.rate(a), 4'500'000u);
}

TEST(MaxMinNetwork, ACappedFlowIsFollowedAtItsRateAndFallsBehindAFasterOne) {
  MaxMinNetwork network;
  LinkId one = network.add_link(10 * kMB);
  LinkId two = network.add_link(10 * kMB);
  LinkId three = network.add_link(10 * kMB);
  FlowId top = network.start(Instant(), std::vector{one}, kMB);
  FlowId capped = network.start(Instant(), std::vector{two}, kMB);
  FlowId below = network.start(Instant(), std::vector{three}, kMB);
  network.limit(Instant(), capped, {.upstream = top, .lag = 1000});
  network.limit(Instant(), below, {.upstream = capped, .lag = 1000});
  network.cap(Instant(), capped, 2 * kMB);
  std::vector<FlowEvent> events;
  network.advance(at_ms(50), events);
  EXPECT_EQ(network.rate(top), 10 * kMB);
  EXPECT_EQ(network.rate(capped), 2 * kMB);
  EXPECT_EQ(network.rate(below), 2 * kMB);
  EXPECT_NEAR(static_cast<double>(network.moved(at_ms(50), capped)), 99'800, 100);
  EXPECT_NEAR(static_cast<double>(network.moved(at_ms(50), below)), 98'800, 100);
}

TEST(MaxMinNetwork, ALinkThatBecomesSlowerSlowsWhatCrossesIt) {
  MaxMinNetwork network;
  LinkId link = network.add_link(10 * kMB);
  FlowId flow = network.start(Instant(), std::vector{link}, 10 * kMB);
  network.set_link_rate(at_ms(500), link, kMB);
  EXPECT_EQ(network.rate(flow), kMB);
  network.set_link_rate(at_ms(1500), link, 8 * kMB);
  EXPECT_EQ(ends(network)[flow], 2'000'000'000);
}

TEST(Topology, APathLosesWhatItsLinksLoseAndIsAsFastAsTheTightest) {
  MaxMinNetwork network;
  Topology topology(network);
  RackId rack = topology.add_rack({5 * kMB, 3 * kMB, 100});
  HostId inside = topology.add_host({8 * kMB, 8 * kMB, 20}, rack);
  HostId outside = topology.add_host({4 * kMB, 4 * kMB, 3}, std::nullopt);
  EXPECT_EQ(topology.loss_ppm(topology.path(inside, outside)), 123u);
  EXPECT_EQ(topology.tightest(topology.path(inside, outside)), 4 * kMB);
  EXPECT_EQ(topology.tightest(topology.path(outside, inside)), 3 * kMB);
  EXPECT_EQ(topology.loss_ppm(topology.path(inside, inside)), 0u);
}

TEST(Processor, DoesOneThingAfterAnother) {
  Processor processor;
  EXPECT_FALSE(processor.is_busy(at_ms(0)));
  EXPECT_EQ(processor.work(at_ms(10), Duration::milliseconds(5)), at_ms(15));
  EXPECT_EQ(processor.work(at_ms(11), Duration::milliseconds(5)), at_ms(20));
  EXPECT_TRUE(processor.is_busy(at_ms(19)));
  EXPECT_FALSE(processor.is_busy(at_ms(20)));
  EXPECT_EQ(processor.work(at_ms(50), Duration::milliseconds(1)), at_ms(51));
  EXPECT_EQ(processor.busy(), Duration::milliseconds(11));
}

OriginModel origin_of(uint32_t reads_max) {
  return OriginModel({.reads_max = reads_max}, BucketId(1), "b", {{"a", 5 * kChunkBytesMin}});
}

TEST(OriginModel, ServesWhatIsPinnedAndRefusesWhatHasChanged) {
  OriginModel origin = origin_of(4);
  VersionFactsRef before = origin.current(0);
  EXPECT_EQ(origin.admit(*before, 1).admission, OriginModel::Admission::kServe);
  origin.change(0);
  EXPECT_NE(origin.current(0)->id, before->id);
  OriginModel::Answer answer = origin.admit(*before, 2);
  EXPECT_EQ(answer.admission, OriginModel::Admission::kFail);
  EXPECT_EQ(answer.failure, FailureKind::kOriginChanged);
}

TEST(OriginModel, ReadsBeyondItsLimitWaitInLine) {
  OriginModel origin = origin_of(1);
  const VersionFacts& facts = *origin.current(0);
  EXPECT_EQ(origin.admit(facts, 1).admission, OriginModel::Admission::kServe);
  EXPECT_EQ(origin.admit(facts, 2).admission, OriginModel::Admission::kWait);
  EXPECT_EQ(origin.admit(facts, 3).admission, OriginModel::Admission::kWait);
  EXPECT_EQ(origin.next_waiting(), 0u);
  origin.forget(2);
  origin.release();
  EXPECT_EQ(origin.next_waiting(), 3u);
}

TEST(OriginModel, FailsAsManyReadsAsItIsToldToAndNoneOfThoseThatWait) {
  OriginModel origin({.reads_max = 1, .errors_permille = 250}, BucketId(1), "b", {{"a", 1}}, 7);
  uint32_t failed = 0;
  for (uint64_t read = 1; read <= 4000; ++read) {
    OriginModel::Answer answer = origin.admit(*origin.current(0), read);
    if (answer.admission == OriginModel::Admission::kFail) {
      EXPECT_EQ(answer.failure, FailureKind::kOriginFailed);
      ++failed;
    } else {
      ASSERT_EQ(answer.admission, OriginModel::Admission::kServe);
      EXPECT_EQ(origin.admit(*origin.current(0), read + 10'000).admission,
                OriginModel::Admission::kWait);
      origin.forget(read + 10'000);
      origin.release();
    }
  }
  EXPECT_NEAR(failed, 1000, 100);
}

TEST(OriginModel, ItsLatencyIsDrawnWithinItsBoundsAndFixedWithoutJitter) {
  constexpr Duration kBase = Duration::milliseconds(10);
  OriginModel fixed({.latency = kBase}, BucketId(1), "b", {});
  OriginModel drawn({.latency = kBase, .jitter_max = kBase * 3}, BucketId(1), "b", {}, 7);
  Duration least = Duration::forever();
  Duration most;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(fixed.draw_latency(), kBase);
    Duration one = drawn.draw_latency();
    least = std::min(least, one);
    most = std::max(most, one);
  }
  EXPECT_GE(least, kBase);
  EXPECT_LT(least, kBase + Duration::milliseconds(1));
  EXPECT_LE(most, kBase * 4);
  EXPECT_GT(most, kBase * 4 - Duration::milliseconds(1));
}

TEST(Store, NeverTakesMoreThanItsLimit) {
  OriginModel origin = origin_of(1);
  VersionFactsRef facts = origin.current(0);
  Store store(2 * kChunkBytesMin);
  EXPECT_TRUE(store.reserve(facts, ChunkIndex(0)));
  EXPECT_TRUE(store.reserve(facts, ChunkIndex(1)));
  EXPECT_FALSE(store.reserve(facts, ChunkIndex(2)));
  store.release(facts, ChunkIndex(1));
  EXPECT_TRUE(store.reserve(facts, ChunkIndex(2)));
}

TEST(Store, WhatIsInMemoryHasALimitOfItsOwnAndGoesWithTheProcess) {
  OriginModel origin = origin_of(1);
  VersionFactsRef facts = origin.current(0);
  Store store(kChunkBytesMin, kChunkBytesMin);
  ASSERT_TRUE(store.reserve(facts, ChunkIndex(0)));
  ASSERT_TRUE(store.reserve(facts, ChunkIndex(1), Medium::kMemory));
  EXPECT_FALSE(store.reserve(facts, ChunkIndex(2), Medium::kMemory));
  store.commit(facts, ChunkIndex(0), right_content({facts->id, ChunkIndex(0)}));
  store.commit(facts, ChunkIndex(1), right_content({facts->id, ChunkIndex(1)}), Medium::kMemory);
  EXPECT_TRUE(store.is_in_memory({facts->id, ChunkIndex(1)}));
  EXPECT_EQ(store.used_bytes(), kChunkBytesMin);
  EXPECT_EQ(store.used_bytes(Medium::kMemory), kChunkBytesMin);
  ASSERT_EQ(store.inventory().size(), 1u);
  EXPECT_EQ(store.inventory()[0].in_memory.count(), 1u);
  store.process_gone();
  EXPECT_TRUE(store.holds({facts->id, ChunkIndex(0)}));
  EXPECT_FALSE(store.holds({facts->id, ChunkIndex(1)}));
  EXPECT_EQ(store.used_bytes(Medium::kMemory), 0u);
}

TEST(Store, KnowsWhichOfItsChunksAreWrong) {
  OriginModel origin = origin_of(1);
  VersionFactsRef facts = origin.current(0);
  Store store(kGiB);
  ChunkId good{facts->id, ChunkIndex(0)};
  ChunkId bad{facts->id, ChunkIndex(1)};
  ASSERT_TRUE(store.reserve(facts, good.index));
  ASSERT_TRUE(store.reserve(facts, bad.index));
  store.commit(facts, good.index, right_content(good));
  store.commit(facts, bad.index, spoilt(right_content(bad)));
  EXPECT_EQ(store.content(good), right_content(good));
  EXPECT_NE(store.content(bad), right_content(bad));
  EXPECT_EQ(store.used_bytes(), 2 * kChunkBytesMin);
  EXPECT_TRUE(store.drop(bad));
  EXPECT_FALSE(store.holds(bad));
  EXPECT_EQ(store.count(facts->id), 1u);
}

TEST(Store, WhatTurnsBadIsReadWrongAndIndexedAsBefore) {
  OriginModel origin = origin_of(1);
  VersionFactsRef facts = origin.current(0);
  Store store(kGiB);
  for (uint32_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(store.reserve(facts, ChunkIndex(i)));
    store.commit(facts, ChunkIndex(i), right_content({facts->id, ChunkIndex(i)}));
  }
  std::vector<InventoryEntry> before = store.inventory();
  store.spoil_half();
  for (uint32_t i = 0; i < 3; ++i) {
    ChunkId chunk{facts->id, ChunkIndex(i)};
    EXPECT_EQ(store.has_turned_bad(chunk), i != 1);
    EXPECT_EQ(store.content(chunk) != right_content(chunk), i != 1);
    EXPECT_EQ(store.root(chunk), root_of(right_content(chunk)));
  }
  EXPECT_EQ(store.inventory()[0].roots, before[0].roots);
  ChunkId first{facts->id, ChunkIndex(0)};
  EXPECT_TRUE(store.drop(first));
  ASSERT_TRUE(store.reserve(facts, first.index));
  store.commit(facts, first.index, right_content(first));
  EXPECT_EQ(store.content(first), right_content(first));
}

}  // namespace
}  // namespace tyto::sim
