// Several trackers and one object: it leaves its origin once and enters each group once, whoever
// dies.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "tests/support/populate.h"

namespace tyto::tracker {
namespace {

constexpr uint32_t kChunks = 64;
const Duration kLimit = Duration::seconds(120);

uint64_t bytes_between_regions(TrackerCluster& t, int trackers) {
  uint64_t bytes = 0;
  for (int k = 0; k < trackers; ++k) bytes += t.core(k).counters().bytes_between_regions;
  return bytes;
}

class Trackers : public testing::TestWithParam<int> {};

TEST_P(Trackers, AColdStartReadsEachChunkOnceAndSendsItIntoEachGroupOnce) {
  const int n = GetParam();
  TrackerCluster t({.trackers = n});
  populate(t, n, 4);
  t.set_object("big", kChunks);
  open_all(t, n, 4, "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  EXPECT_EQ(t.tally.origin.size(), kChunks);
  EXPECT_EQ(sum(t.tally.origin), static_cast<int>(kChunks));
  EXPECT_EQ(sum(t.tally.imports), static_cast<int>(kChunks) * (n - 1));
  EXPECT_EQ(most(t.tally.imports), n == 1 ? 0 : 1);
  EXPECT_EQ(t.tally.lookups["big"], 1);
  EXPECT_EQ(t.tally.failures, 0);
}

TEST_P(Trackers, APublishedObjectIsReadOnceWithoutSuperpeers) {
  const int n = GetParam();
  TrackerCluster t({.trackers = n});
  populate(t, n, 4, 0);
  t.publish("big", kChunks);
  open_all(t, n, 4, "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  EXPECT_EQ(sum(t.tally.origin), static_cast<int>(kChunks));
  EXPECT_EQ(most(t.tally.imports), n == 1 ? 0 : 1);
}

INSTANTIATE_TEST_SUITE_P(OneTwoFourEight, Trackers, testing::Values(1, 2, 4, 8));

uint64_t messages_of(int trackers, int readers) {
  TrackerCluster t({.trackers = trackers});
  populate(t, trackers, readers);
  t.publish("big", kChunks);
  uint64_t before = t.messages();
  open_all(t, trackers, readers, "big");
  EXPECT_TRUE(t.run_until_complete(kLimit));
  return t.messages() - before;
}

TEST(Several, MessagesGrowWithTrackersAndNotWithReaders) {
  for (int trackers : {2, 4, 8}) {
    uint64_t few = messages_of(trackers, 2);
    uint64_t many = messages_of(trackers, 12);
    std::printf("%d trackers: %.1f messages a chunk with 2 readers each, %.1f with 12\n", trackers,
                static_cast<double>(few) / kChunks, static_cast<double>(many) / kChunks);
    EXPECT_LT(few, 8u * kChunks * static_cast<unsigned>(trackers));
    EXPECT_LT(many, 8u * kChunks * static_cast<unsigned>(trackers));
    EXPECT_LT(many * 4, few * 5);
  }
}

TEST(Several, ASuperpeersOwnGroupDoesNotKeepItToItself) {
  TrackerCluster t({.trackers = 2});
  populate(t, 2, 12);
  t.publish("big", kChunks);
  open_all(t, 2, 12, "big");
  Instant begun = t.now;
  Instant done[2];
  while (done[0] == Instant() || done[1] == Instant()) {
    t.run(Duration::milliseconds(50));
    ASSERT_LT(t.now - begun, kLimit);
    for (int k : {0, 1}) {
      bool is_all = true;
      for (int i = 0; i < 12; ++i) is_all = is_all && t.is_complete(reader(k, i), "big");
      if (is_all && done[k] == Instant()) done[k] = t.now;
    }
  }
  EXPECT_LT((done[1] - begun).ns(), (done[0] - begun).ns() * 2);
}

TEST(Several, ATrackersDeathInMidDownloadEndsNoRead) {
  for (int victim : {0, 1, 2}) {
    SCOPED_TRACE(victim);
    TrackerCluster t({.trackers = 3});
    populate(t, 3, 4);
    t.publish("big", kChunks);
    open_all(t, 3, 4, "big");
    t.run(Duration::milliseconds(300));
    t.kill_tracker(victim);
    ASSERT_TRUE(t.run_until_complete(kLimit));
    t.check_invariants();
    for (const auto& [name, peer] : t.peers) EXPECT_TRUE(peer.failures.empty()) << name;
    // What was being read when the tracker died may be read again.
    EXPECT_LE(sum(t.tally.origin), static_cast<int>(kChunks) + 16);
  }
}

TEST(Several, WhatALostTrackersPeersHoldIsNotReadAnew) {
  TrackerCluster t({.trackers = 3});
  populate(t, 3, 2);
  t.publish("big", kChunks);
  t.have(reader(0, 0), "big", 0, kChunks);
  t.run(Duration::seconds(1));
  t.kill_tracker(0);
  open_all(t, 3, 2, "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  EXPECT_EQ(sum(t.tally.origin), 0);
}

// Until the others have read an object that nobody holds, begun when `victim` is dead; its readers
// come to them after a second, and those named `lost` never.
Duration time_of_read_after_death(int victim, const std::set<std::string>& lost) {
  TrackerCluster t({.trackers = 3});
  populate(t, 3, 3);
  t.publish("big", kChunks);
  t.run(Duration::seconds(1));
  for (const std::string& name : lost) t.kill_peer(name);
  t.kill_tracker(victim);
  const Instant begun = t.now;
  for (int k = 0; k < 3; ++k)
    if (k != victim) t.open(reader(k, 0), "big");
  EXPECT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  EXPECT_EQ(sum(t.tally.origin), static_cast<int>(kChunks));
  return t.now - begun;
}

TEST(Several, WhatALostTrackerKnewIsReadAsSoonAsAllOfItsPeersHaveCome) {
  for (int victim : {0, 1, 2}) {
    const Duration took = time_of_read_after_death(victim, {});
    EXPECT_GE(took.ms(), 1000) << victim;
    EXPECT_LE(took.ms(), 3000) << victim;
  }
}

TEST(Several, APeerThatDiedWithItsTrackerIsWaitedForFiveSeconds) {
  EXPECT_GE(time_of_read_after_death(1, {reader(1, 2)}).ms(), 5000);
}

// Reads of the origin, of 64 chunks, when the only superpeer goes from the first tracker of two to
// the other, which the first one sees or not.
enum class Between : uint8_t { kLinked, kCutMeanwhile };
int reads_while_superpeer_moves(Between between) {
  TrackerCluster t({.trackers = 2});
  populate(t, 2, 3);
  t.set_object("big", kChunks);
  open_all(t, 2, 3, "big");
  t.run(Duration::milliseconds(120));
  EXPECT_LT(sum(t.tally.origin), static_cast<int>(kChunks));
  if (between == Between::kCutMeanwhile) t.cut(0, 1);
  t.move_peer("s0", 1, Duration::milliseconds(1500));
  t.run(Duration::seconds(2));
  if (between == Between::kCutMeanwhile) t.join_link(0, 1);
  EXPECT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  return sum(t.tally.origin);
}

TEST(Several, ASuperpeerOnItsWayToAnotherTrackerIsWaitedFor) {
  // What it was reading when it went may be read again.
  EXPECT_LE(reads_while_superpeer_moves(Between::kLinked), static_cast<int>(kChunks) + 8);
  EXPECT_LE(reads_while_superpeer_moves(Between::kCutMeanwhile), static_cast<int>(kChunks) + 8);
}

TEST(Several, ASuperpeerThatDoesNotComeBackIsWaitedForFiveSecondsAtMost) {
  TrackerCluster t({.trackers = 2});
  populate(t, 2, 1);
  t.set_object("big", kChunks);
  open_all(t, 2, 1, "big");
  t.run(Duration::milliseconds(120));
  t.kill_peer("s0");
  t.run(Duration::seconds(5));
  for (int k : {0, 1}) EXPECT_GT(t.tally.reads_by[reader(k, 0)], 0) << k;
  ASSERT_TRUE(t.run_until_complete(kLimit));
}

TEST(Several, ATrackerHearsOfPeersThatLeftItWhenItIsLinkedAgain) {
  TrackerCluster t({.trackers = 2});
  populate(t, 2, 2);
  t.run(Duration::milliseconds(100));
  const uint32_t before = t.core(0).session_count();
  t.cut(0, 1);
  t.move_peer("s0", 1, Duration::milliseconds(500));
  t.run(Duration::seconds(1));
  EXPECT_EQ(t.core(0).session_count(), before);
  t.join_link(0, 1);
  t.run(Duration::milliseconds(100));
  EXPECT_EQ(t.core(0).session_count(), before - 1);
}

TEST(Several, AnOriginThatFailsEndsTheReadsOfAllWithItsError) {
  TrackerCluster t({.trackers = 3});
  populate(t, 3, 1);
  t.publish("big", 4);
  t.is_origin_broken = true;
  open_all(t, 3, 1, "big");
  t.run(Duration::seconds(120));
  for (int k : {0, 1, 2}) {
    const auto& failures = t.peers.at(reader(k, 0)).failures;
    ASSERT_FALSE(failures.empty()) << k;
    EXPECT_EQ(failures[0].code, ErrorCode::kUnavailable);
    EXPECT_NE(failures[0].message.find("origin"), std::string::npos);
  }
}

TEST(Several, TheBudgetOfAnOriginIsTheClusters) {
  TrackerCluster::Options options{.trackers = 4};
  options.policy.origin.requests_per_s = 20;
  TrackerCluster t(options);
  populate(t, 4, 3);
  t.publish("big", kChunks);
  open_all(t, 4, 3, "big");
  Instant begun = t.now;
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  EXPECT_EQ(sum(t.tally.origin), static_cast<int>(kChunks));
  EXPECT_GE((t.now - begun).ms(), static_cast<int64_t>(kChunks - 1) * 50);
}

TEST(Several, AKilledSourceOfAnotherGroupIsReplaced) {
  TrackerCluster t({.trackers = 2});
  populate(t, 2, 3, 0);
  t.publish("big", kChunks);
  t.have(reader(0, 0), "big", 0, kChunks);
  t.have(reader(0, 1), "big", 0, kChunks);
  t.run(Duration::milliseconds(100));
  t.open(reader(1, 0), "big");
  t.open(reader(1, 1), "big");
  t.run(Duration::milliseconds(100));
  t.kill_peer(reader(0, 0));
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  EXPECT_EQ(sum(t.tally.origin), 0);
}

TEST(Several, ABusySourceOfAnotherGroupIsAskedNowAndThenAndNotWithoutPause) {
  TrackerCluster t({.trackers = 2});
  populate(t, 2, 1, 0);
  t.publish("big", kChunks);
  t.have(reader(0, 0), "big", 0, kChunks);
  t.run(Duration::milliseconds(100));
  t.peers.at(reader(0, 0)).is_busy = true;
  t.open(reader(1, 0), "big");
  uint64_t before = t.messages();
  t.run(Duration::seconds(2));
  EXPECT_GT(t.tally.failures, 0);
  EXPECT_LT(t.messages() - before, 3000u);
  t.peers.at(reader(0, 0)).is_busy = false;
  ASSERT_TRUE(t.run_until_complete(kLimit));
  EXPECT_EQ(sum(t.tally.origin), 0);
}

TEST(Several, AnObjectCrossesToARegionOnceAndNotToEachGroupThere) {
  TrackerCluster t({.trackers = 6, .regions = 2});
  populate(t, 6, 3);
  t.publish("big", kChunks);
  open_all(t, 6, 3, "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  EXPECT_EQ(sum(t.tally.origin), static_cast<int>(kChunks));
  EXPECT_EQ(sum(t.tally.imports), static_cast<int>(kChunks) * 5);
  EXPECT_EQ(sum(t.tally.region_imports), static_cast<int>(kChunks));
  EXPECT_EQ(bytes_between_regions(t, 6), uint64_t{kChunks} * kChunkBytesMin);
}

TEST(Several, AnObjectThatMayNotCrossBetweenRegionsIsReadOnceForEach) {
  TrackerCluster::Options options{.trackers = 4, .regions = 2};
  options.policy.selection.farthest = Nearness::kSameRegion;
  TrackerCluster t(options);
  populate(t, 4, 3);
  t.publish("big", kChunks);
  open_all(t, 4, 3, "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  EXPECT_EQ(sum(t.tally.region_imports), 0);
  EXPECT_EQ(bytes_between_regions(t, 4), 0u);
  EXPECT_EQ(most(t.tally.origin), 2);
  EXPECT_EQ(sum(t.tally.origin), 2 * static_cast<int>(kChunks));
}

TEST(Several, TheFleetsLastCopyOfAnUnreliableOriginIsKeptAndOthersGo) {
  TrackerCluster::Options options{.trackers = 2};
  options.store_bytes = uint64_t{8} * kChunkBytesMin;
  TrackerCluster t(options);
  populate(t, 2, 1, 0);
  t.publish("old", 8);
  t.publish("new", 8);
  t.have(reader(0, 0), "old", 0, 8);
  t.have(reader(1, 0), "old", 0, 8);
  t.run(Duration::seconds(1));
  t.open(reader(0, 0), "new");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  EXPECT_TRUE(t.is_complete(reader(1, 0), "old"));
  // The last copy of the fleet goes too, when there is nothing else to go.
  t.open(reader(1, 0), "new");
  ASSERT_TRUE(t.run_until_complete(kLimit));
}

TEST(Several, ANameIsLookedUpOnceForAllGroups) {
  TrackerCluster t({.trackers = 4});
  populate(t, 4, 3);
  for (int i = 0; i < 6; ++i) {
    std::string key = "name" + std::to_string(i);
    t.set_object(key, 1);
    open_all(t, 4, 3, key);
  }
  ASSERT_TRUE(t.run_until_complete(kLimit));
  for (const auto& [key, count] : t.tally.lookups) EXPECT_EQ(count, 1) << key;
  EXPECT_EQ(t.tally.lookups.size(), 6u);
}

TEST(Several, AMissingNameIsAnErrorForAllGroups) {
  TrackerCluster t({.trackers = 3});
  populate(t, 3, 1);
  open_all(t, 3, 1, "nothing");
  t.run(Duration::seconds(5));
  for (int k : {0, 1, 2}) {
    ASSERT_EQ(t.peers.at(reader(k, 0)).failures.size(), 1u) << k;
    EXPECT_EQ(t.peers.at(reader(k, 0)).failures[0].code, ErrorCode::kNotFound);
  }
}

// A plan of faults by lot; then quiet, in which all that live must end.
void run_plan(uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Rng rng(seed);
  const int n = 2 + static_cast<int>(rng.below(4));
  const int readers = 2 + static_cast<int>(rng.below(4));
  TrackerCluster t({.trackers = n, .seed = seed});
  populate(t, n, readers, 1 + static_cast<int>(rng.below(2)));
  t.publish("big", kChunks);
  t.set_object("found", 24);
  std::set<std::pair<int, int>> cuts;
  bool is_killed = false;
  for (int i = 0; i < 30; ++i) {
    int a = static_cast<int>(rng.below(static_cast<uint32_t>(n)));
    int b = static_cast<int>(rng.below(static_cast<uint32_t>(n)));
    std::string who = reader(a, static_cast<int>(rng.below(static_cast<uint32_t>(readers))));
    bool lives = !t.peers.at(who).is_dead;
    switch (rng.below(8)) {
      case 0:
        if (!is_killed && a != b && !cuts.contains({std::min(a, b), std::max(a, b)})) {
          t.cut(a, b);
          cuts.insert({std::min(a, b), std::max(a, b)});
        }
        break;
      case 1:
        for (const auto& [c, d] : cuts) t.join_link(c, d);
        cuts.clear();
        break;
      case 2:
        if (n > 2 && cuts.empty() && !is_killed && rng.one_in(1, 3)) {
          t.kill_tracker(a);
          is_killed = true;
        }
        break;
      case 3:
        if (lives && rng.one_in(1, 3)) t.kill_peer(who);
        break;
      case 4:
        if (lives) t.open(who, "found");
        break;
      default:
        if (lives) t.open(who, "big");
    }
    t.run(Duration::milliseconds(rng.below(300)));
    t.check_invariants();
  }
  for (const auto& [c, d] : cuts) t.join_link(c, d);
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  // Faults cost reads, but not without bound.
  EXPECT_LE(sum(t.tally.origin), 3 * static_cast<int>(kChunks + 24));
}

TEST(Several, WhateverFailsThoseWhoLiveReadToTheEnd) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    run_plan(seed);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Several, ARerunSendsTheSameMessages) {
  uint64_t messages[2];
  for (uint64_t& count : messages) {
    TrackerCluster t({.trackers = 4, .seed = 7});
    populate(t, 4, 5);
    t.publish("big", kChunks);
    open_all(t, 4, 5, "big");
    ASSERT_TRUE(t.run_until_complete(kLimit));
    count = t.messages() * 1000 + static_cast<uint64_t>(t.tally.transfers);
  }
  EXPECT_EQ(messages[0], messages[1]);
}

}  // namespace
}  // namespace tyto::tracker
