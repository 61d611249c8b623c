// Reads of an origin that are for their reader alone, under several trackers: one budget for all of
// them and for what is read for all, kept by one tracker.
#include <gtest/gtest.h>

#include "tests/support/populate.h"

namespace tyto::tracker {
namespace {

constexpr uint32_t kChunks = 16;
const Duration kLimit = Duration::seconds(120);

// All readers read all at the origin.
TrackerCluster::Options options_of(int trackers, OriginPolicy origin) {
  TrackerCluster::Options options{.trackers = trackers};
  options.policy.origin = origin;
  options.policy.origin.shadow_permille = 1000;
  return options;
}

// The most reads that began within a second.
int most_in_a_second(const std::vector<Instant>& begun) {
  std::size_t most = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < begun.size(); ++i) {
    while (begun[i] - begun[first] >= Duration::seconds(1)) ++first;
    most = std::max(most, i - first + 1);
  }
  return static_cast<int>(most);
}

int failures(const TrackerCluster& t) {
  int failures = 0;
  for (const auto& [name, peer] : t.peers) failures += static_cast<int>(peer.failures.size());
  return failures;
}

class Permits : public testing::TestWithParam<int> {};

TEST_P(Permits, AsManyReadAtOnceAsTheBucketAllowsAndAllReadToTheEnd) {
  const int trackers = GetParam();
  TrackerCluster t(options_of(trackers, {.reads = 3}));
  populate(t, trackers, 3);
  t.publish("big", kChunks);
  open_all(t, trackers, 3, "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  EXPECT_EQ(failures(t), 0);
  EXPECT_EQ(t.tally.reads_most, 3);
  EXPECT_EQ(sum(t.tally.origin), trackers * 3 * static_cast<int>(kChunks));
}

TEST_P(Permits, AsManyBeginWithinASecondAsTheBucketAllows) {
  const int trackers = GetParam();
  TrackerCluster t(options_of(trackers, {.requests_per_s = 20}));
  populate(t, trackers, 2);
  t.publish("big", kChunks);
  open_all(t, trackers, 2, "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  // Orders take a moment, which is not the same for all.
  EXPECT_LE(most_in_a_second(t.tally.reads_begun), 21);
  EXPECT_GE(most_in_a_second(t.tally.reads_begun), 19);
}

TEST_P(Permits, BytesAreSpacedToo) {
  const int trackers = GetParam();
  TrackerCluster t(options_of(trackers, {.bytes_per_s = 10 * uint64_t{kChunkBytesMin}}));
  populate(t, trackers, 2);
  t.publish("big", kChunks);
  open_all(t, trackers, 2, "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  EXPECT_LE(most_in_a_second(t.tally.reads_begun), 11);
  EXPECT_GE(most_in_a_second(t.tally.reads_begun), 9);
}

// The keeper is one of them: in turn, it is the one that is lost, and one that is not.
TEST_P(Permits, TheBudgetHoldsWhenTrackersAreLostAndComeBack) {
  const int trackers = GetParam();
  for (int lost = 0; lost < trackers; ++lost) {
    TrackerCluster t(options_of(trackers, {.reads = 2}));
    populate(t, trackers, 2);
    t.publish("big", kChunks);
    open_all(t, trackers, 2, "big");
    t.run(Duration::milliseconds(300));
    for (int other = 0; other < trackers; ++other)
      if (other != lost) t.cut(lost, other);
    t.run(Duration::milliseconds(500));
    for (int other = 0; other < trackers; ++other)
      if (other != lost) t.join_link(lost, other);
    ASSERT_TRUE(t.run_until_complete(kLimit)) << lost;
    t.check_invariants();
    EXPECT_EQ(failures(t), 0) << lost;
    EXPECT_LE(t.tally.reads_most, 2) << lost;
  }
}

TEST_P(Permits, AKilledTrackersPermitsAreFreeInTheEnd) {
  const int trackers = GetParam();
  for (int killed = 0; killed < trackers; ++killed) {
    TrackerCluster t(options_of(trackers, {.reads = 2}));
    populate(t, trackers, 2, 0);
    t.publish("big", kChunks);
    open_all(t, trackers, 2, "big");
    t.run(Duration::milliseconds(300));
    t.kill_tracker(killed);
    ASSERT_TRUE(t.run_until_complete(kLimit)) << killed;
    t.check_invariants();
    EXPECT_EQ(failures(t), 0) << killed;
  }
}

INSTANTIATE_TEST_SUITE_P(Trackers, Permits, testing::Values(2, 3, 4));

TEST(PermitsOfSeveral, EachReaderHasItsTurnWhereverItIs) {
  TrackerCluster t(options_of(2, {.requests_per_s = 20}));
  populate(t, 2, 4);
  t.publish("big", 256);
  for (int i = 0; i < 4; ++i) t.open(reader(0, i), "big");
  t.open(reader(1, 0), "big");
  t.run(Duration::seconds(20));
  ASSERT_EQ(t.tally.reads_by.size(), 5u);
  for (const auto& [name, reads] : t.tally.reads_by) EXPECT_NEAR(reads, 80, 8) << name;
}

TEST(PermitsOfSeveral, LeasesAndPermitsAreOfOneBudget) {
  TrackerCluster::Options options{.trackers = 3};
  options.policy.origin = {.reads = 2};
  options.policy.selection.kind = SelectionKind::kHotCold;
  options.policy.selection.hot_from = 4;  // so that the first are cold, and the later ones hot
  TrackerCluster t(options);
  populate(t, 3, 4);
  t.publish("big", 64);
  for (int i = 0; i < 4; ++i) {
    for (int k = 0; k < 3; ++k) t.open(reader(k, i), "big");
    t.run(Duration::milliseconds(200));
  }
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  EXPECT_EQ(failures(t), 0);
  EXPECT_LE(t.tally.reads_most, 2);
}

TEST(PermitsOfSeveral, LimitsThatComeAndGoHoldForWhatIsUnderWay) {
  TrackerCluster::Options options = options_of(3, {});
  options.origin_read = Duration::milliseconds(500);
  TrackerCluster t(options);
  populate(t, 3, 2);
  t.publish("big", 64);
  open_all(t, 3, 2, "big");
  t.run(Duration::milliseconds(200));
  EXPECT_GT(t.tally.reads_most, 6);
  Policy limited = options.policy;
  limited.origin.reads = 2;
  t.set_policy(limited);
  t.run(Duration::milliseconds(1'000));  // what was under way has ended
  t.check_invariants();
  t.tally.reads_most = 0;
  t.run(Duration::seconds(3));
  EXPECT_EQ(t.tally.reads_most, 2);
  t.set_policy(options.policy);
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
}

TEST(PermitsOfSeveral, AReaderThatLeavesTheLineFreesItsTurn) {
  TrackerCluster t(options_of(2, {.reads = 1}));
  populate(t, 2, 2);
  t.publish("big", kChunks);
  open_all(t, 2, 2, "big");
  t.run(Duration::milliseconds(120));
  for (int k : {0, 1}) t.kill_peer(reader(k, 0));
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  EXPECT_LE(t.tally.reads_most, 1);
}

// As much as no request is of; the member is another one's fault.
TEST(PermitsOfSeveral, NoPermitIsOfMoreThanTheLargestRequest) {
  TrackerCluster t(options_of(3, {.bytes_per_s = uint64_t{kChunkBytesMin} * 1000}));
  populate(t, 3, 1);
  t.publish("huge", 300'000);
  PermitWanted wanted{PermitId(1'000), TrackerCluster::facts("huge", 300'000).id, UINT64_MAX,
                      false};
  for (int k = 0; k < 3; ++k) t.inject(k, (k + 1) % 3, {wanted});
  wanted.is_in_use = true;
  for (int k = 0; k < 3; ++k) t.inject(k, (k + 2) % 3, {wanted});
  t.publish("big", kChunks);
  open_all(t, 3, 1, "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
}

// One of a version that knows no permits has its equal part, as before.
TEST(PermitsOfSeveral, AKeeperOfAnEarlierVersionIsNotAsked) {
  TrackerCluster::Options options = options_of(2, {.reads = 4});
  options.cluster_version = kClusterVersionOfPermits - 1;
  TrackerCluster t(options);
  populate(t, 2, 2);
  t.publish("big", kChunks);
  open_all(t, 2, 2, "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  EXPECT_EQ(failures(t), 0);
}

}  // namespace
}  // namespace tyto::tracker
