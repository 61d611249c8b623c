// A bucket's policy under several trackers: whoever picks the source, it is the reader's bucket
// that says from whom, and no read waits for what its bucket does not let it have.
#include <gtest/gtest.h>

#include <tuple>

#include "tests/support/populate.h"

namespace tyto::tracker {
namespace {

constexpr uint32_t kChunks = 16;
const Duration kLimit = Duration::seconds(60);

TrackerCluster::Options options_of(int trackers, SelectionKind kind,
                                   Nearness farthest = Nearness::kAnywhere) {
  TrackerCluster::Options options{.trackers = trackers};
  options.policy.selection.kind = kind;
  options.policy.selection.farthest = farthest;
  options.policy.selection.hot_from = 1000;  // nothing is hot
  return options;
}

enum class Known : bool { kPublished, kLookedUp };
using EveryPolicy = testing::TestWithParam<std::tuple<int, SelectionKind, Nearness, Known>>;
class PoliciesOfSeveral : public EveryPolicy {};

TEST_P(PoliciesOfSeveral, AllReadToTheEnd) {
  auto [trackers, kind, farthest, known] = GetParam();
  TrackerCluster t(options_of(trackers, kind, farthest));
  populate(t, trackers, 3);
  if (known == Known::kPublished)
    t.publish("big", kChunks);
  else
    t.set_object("big", kChunks);
  open_all(t, trackers, 3, "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  for (const auto& [name, peer] : t.peers) EXPECT_TRUE(peer.failures.empty()) << name;
  // Nobody asks on and on.
  EXPECT_LT(t.messages(), uint64_t{64} * kChunks * static_cast<uint64_t>(trackers));
}

INSTANTIATE_TEST_SUITE_P(
    All, PoliciesOfSeveral,
    testing::Combine(testing::Values(2, 4),
                     testing::Values(SelectionKind::kLocationAware, SelectionKind::kHotCold,
                                     SelectionKind::kLeastLoaded, SelectionKind::kRandom,
                                     SelectionKind::kSuperpeerOnly, SelectionKind::kOriginOnly),
                     testing::Values(Nearness::kSameHost, Nearness::kSameRack, Nearness::kSameZone,
                                     Nearness::kSameRegion, Nearness::kAnywhere),
                     testing::Values(Known::kPublished, Known::kLookedUp)));

TEST(PolicyOfSeveral, WhatIsColdIsReadPastAnotherTrackersSuperpeer) {
  TrackerCluster t(options_of(2, SelectionKind::kHotCold));
  populate(t, 2, 1);
  t.publish("big", kChunks);
  t.have("s0", "big", 0, kChunks);
  t.run(Duration::milliseconds(100));
  t.open(reader(1, 0), "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  EXPECT_EQ(sum(t.tally.imports), 0);
  EXPECT_EQ(sum(t.tally.origin), static_cast<int>(kChunks));
}

TEST(PolicyOfSeveral, WhatIsColdComesFromAnotherTrackersReaders) {
  TrackerCluster t(options_of(2, SelectionKind::kHotCold));
  populate(t, 2, 1);
  t.publish("big", kChunks);
  t.have(reader(0, 0), "big", 0, kChunks);
  t.run(Duration::milliseconds(100));
  t.open(reader(1, 0), "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  EXPECT_EQ(sum(t.tally.imports), static_cast<int>(kChunks));
  EXPECT_EQ(sum(t.tally.origin), 0);
}

// The object is hot where it is asked for, and cold where it lies.
TEST(PolicyOfSeveral, TheReadersTrackerSaysHowHotAnObjectIs) {
  TrackerCluster::Options options = options_of(2, SelectionKind::kHotCold);
  options.policy.selection.hot_from = 1;
  TrackerCluster t(options);
  populate(t, 2, 1);
  t.publish("big", kChunks);
  t.have("s0", "big", 0, kChunks);
  t.run(Duration::milliseconds(100));
  t.open(reader(1, 0), "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  EXPECT_EQ(sum(t.tally.imports), static_cast<int>(kChunks));
  EXPECT_EQ(sum(t.tally.origin), 0);
}

TEST(PolicyOfSeveral, WhatOnlyPeersHoldIsReadAnewBySuperpeersWhereTheyAloneServe) {
  TrackerCluster t(options_of(2, SelectionKind::kSuperpeerOnly));
  populate(t, 2, 2);
  t.publish("big", kChunks);
  t.have(reader(0, 0), "big", 0, kChunks);
  t.run(Duration::milliseconds(100));
  t.open(reader(1, 0), "big");
  t.open(reader(1, 1), "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  EXPECT_EQ(sum(t.tally.origin), static_cast<int>(kChunks));
  EXPECT_EQ(most(t.tally.origin), 1);
  EXPECT_EQ(sum(t.tally.imports), 2 * static_cast<int>(kChunks));
}

// Chunks of one object have different directories, and its name a tracker of its own: each of them
// has heard of the end of a version, and none of them of its return.
TEST(PolicyOfSeveral, AVersionThatIsAtItsOriginAgainIsReadAgain) {
  TrackerCluster t({.trackers = 4});
  populate(t, 4, 1, 0);
  t.set_object("big", 64);
  t.is_origin_broken = true;
  t.origin_failure = FailureKind::kOriginMissing;
  open_all(t, 4, 1, "big");
  t.run(Duration::seconds(10));
  for (int k = 0; k < 4; ++k) ASSERT_FALSE(t.peers.at(reader(k, 0)).failures.empty()) << k;
  t.is_origin_broken = false;
  for (auto& [name, peer] : t.peers) peer.failures.clear();
  open_all(t, 4, 1, "big");
  t.run(Duration::seconds(30));
  t.check_invariants();
  for (int k = 0; k < 4; ++k) {
    if (t.is_complete(reader(k, 0), "big")) continue;
    // Who was told of it by a directory that had not heard looks the name up, and asks once more.
    t.open(reader(k, 0), "big");
  }
  t.run(Duration::seconds(30));
  for (int k = 0; k < 4; ++k) EXPECT_TRUE(t.is_complete(reader(k, 0), "big")) << k;
}

TEST(PolicyOfSeveral, ANameWhoseVersionIsGoneIsLookedUpAnewForWhoeverHasHeard) {
  TrackerCluster t({.trackers = 3});
  populate(t, 3, 1);
  t.set_object("name", 1);
  open_all(t, 3, 1, "name");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  ASSERT_EQ(t.tally.lookups["name"], 1);
  NameAsked asked{LookupId(1), "b", "name", TrackerCluster::facts("name", 1).id};
  for (int k = 0; k < 3; ++k) t.inject(k, (k + 1) % 3, {asked});
  t.run(Duration::seconds(1));
  EXPECT_GE(t.tally.lookups["name"], 2);
  int before = t.tally.lookups["name"];
  asked.gone = TrackerCluster::facts("another", 1).id;
  for (int k = 0; k < 3; ++k) t.inject(k, (k + 1) % 3, {asked});
  t.run(Duration::seconds(1));
  EXPECT_EQ(t.tally.lookups["name"], before);
}

}  // namespace
}  // namespace tyto::tracker
