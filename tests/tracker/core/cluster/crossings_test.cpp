// Several trackers in two regions, between which a bucket lets so many bytes cross each second.
#include <gtest/gtest.h>

#include "tests/support/populate.h"
#include "tracker/core/rate_limit.h"

namespace tyto::tracker {
namespace {

constexpr uint32_t kChunks = 64;
constexpr uint64_t kPerSecond = 16;  // chunks
const Duration kLimit = Duration::seconds(120);

TrackerCluster::Options options_of(int trackers) {
  TrackerCluster::Options options{.trackers = trackers, .regions = 2};
  options.policy.selection.bytes_between_regions_per_s = kPerSecond * kChunkBytesMin;
  return options;
}

// In no span did more come than the limit, what was not used before, and a chunk for each of the
// region's trackers.
void check_limit(const std::vector<Instant>& crossed, int trackers_there) {
  auto allowed = [&](Duration span) {
    Duration whole = span + RateLimit::kBurst;
    return static_cast<double>(whole.ns()) * kPerSecond / 1e9 + trackers_there;
  };
  for (std::size_t i = 0; i < crossed.size(); ++i)
    for (std::size_t j = i; j < crossed.size(); ++j)
      ASSERT_LE(static_cast<double>(j - i + 1), allowed(crossed[j] - crossed[i]));
}

class ClusterCrossings : public testing::TestWithParam<int> {};

TEST_P(ClusterCrossings, AnObjectCrossesOnceAndNoFasterThanItMay) {
  const int n = GetParam();
  TrackerCluster t(options_of(n));
  populate(t, n, 4);
  t.publish("big", kChunks);
  open_all(t, n, 4, "big");
  Instant begun = t.now;
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  const std::vector<Instant>& crossed = t.tally.crossed[1];
  EXPECT_EQ(crossed.size(), kChunks);
  check_limit(crossed, n / 2);
  EXPECT_TRUE(t.tally.crossed[0].empty());
  EXPECT_EQ(sum(t.tally.origin), static_cast<int>(kChunks));
  EXPECT_EQ(sum(t.tally.imports), static_cast<int>(kChunks) * (n - 1));
  EXPECT_EQ(t.tally.failures, 0);
  // Nor is it much slower.
  Duration least = Duration::milliseconds(int64_t{1000} * kChunks / kPerSecond);
  EXPECT_GE(t.now - begun, least - Duration::seconds(1));
  EXPECT_LE(t.now - begun, least + Duration::seconds(2));
}

INSTANTIATE_TEST_SUITE_P(TwoFourEight, ClusterCrossings, testing::Values(2, 4, 8));

TEST(ClusterCrossing, WhatTheOtherRegionHoldsIsWaitedForAndNotReadAtTheOrigin) {
  TrackerCluster t(options_of(2));
  populate(t, 2, 2);
  t.publish("big", kChunks);
  t.have(reader(0, 0), "big", 0, kChunks);
  t.run(Duration::milliseconds(100));
  uint64_t before = t.messages();
  open_all(t, 2, 2, "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  EXPECT_EQ(sum(t.tally.origin), 0);
  EXPECT_EQ(t.tally.crossed[1].size(), kChunks);
  // A wish that waits costs one offer that is refused; it does not ask on and on.
  EXPECT_LT(t.messages() - before, uint64_t{24} * kChunks);
}

TEST(ClusterCrossing, TheLimitHoldsFromTheNextDecisionOnAndIsLiftedSo) {
  TrackerCluster t(options_of(4));
  populate(t, 4, 2);
  t.publish("big", 4 * kChunks);
  open_all(t, 4, 2, "big");
  t.run(Duration::seconds(3));
  EXPECT_LE(t.tally.crossed[1].size(), 3 * kPerSecond + kPerSecond / 4 + 2);
  t.set_policy(Policy{});
  t.run(Duration::seconds(5));
  EXPECT_EQ(t.tally.crossed[1].size(), 4 * kChunks);
  t.check_invariants();
}

TEST(ClusterCrossing, WishesOfManyObjectsTakeTurns) {
  TrackerCluster t(options_of(2));
  constexpr int kObjects = 4;
  populate(t, 2, kObjects);
  for (int i = 0; i < kObjects; ++i) {
    std::string key = "k" + std::to_string(i);
    t.publish(key, kChunks);
    t.have(reader(0, i), key, 0, kChunks);
    t.open(reader(1, i), key);
  }
  t.run(Duration::seconds(8));
  t.check_invariants();
  for (int i = 0; i < kObjects; ++i) {
    auto held =
        t.peers.at(reader(1, i)).held[TrackerCluster::facts("k" + std::to_string(i), kChunks).id];
    EXPECT_GE(held.size(), 16u) << i;
  }
  ASSERT_TRUE(t.run_until_complete(kLimit));
}

TEST(ClusterCrossing, ReadersAndWishesOfOneTrackerTakeTurns) {
  TrackerCluster t(options_of(2));
  populate(t, 2, 2);
  // A peer of the first region that the second one's tracker directs.
  t.join("stray", 1, Role::kPeer, "r0");
  for (auto key : {"here", "there"}) t.publish(key, kChunks);
  t.have("stray", "here", 0, kChunks);
  t.have(reader(0, 0), "there", 0, kChunks);
  t.run(Duration::milliseconds(100));
  t.open(reader(1, 0), "here");
  t.open(reader(1, 1), "there");
  t.run(Duration::seconds(4));
  t.check_invariants();
  auto count = [&](int i, const std::string& key) {
    return t.peers.at(reader(1, i)).held[TrackerCluster::facts(key, kChunks).id].size();
  };
  EXPECT_GE(count(0, "here"), 20u);
  EXPECT_GE(count(1, "there"), 20u);
  check_limit(t.tally.crossed[1], 1);
  ASSERT_TRUE(t.run_until_complete(kLimit));
  check_limit(t.tally.crossed[1], 1);
}

TEST(ClusterCrossing, ATrackersDeathWhileItsWishesWaitEndsNoRead) {
  for (int victim : {0, 1, 2, 3}) {
    SCOPED_TRACE(victim);
    TrackerCluster t(options_of(4));
    populate(t, 4, 2);
    t.publish("big", kChunks);
    open_all(t, 4, 2, "big");
    t.run(Duration::milliseconds(700));
    t.kill_tracker(victim);
    ASSERT_TRUE(t.run_until_complete(kLimit));
    t.check_invariants();
  }
}

}  // namespace
}  // namespace tyto::tracker
