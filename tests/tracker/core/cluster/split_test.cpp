// Trackers that do not see one another: what each part of the cluster reads for itself, and how
// often that is.
#include <gtest/gtest.h>

#include "tests/support/populate.h"

namespace tyto::tracker {
namespace {

constexpr uint32_t kChunks = 64;
const Duration kLimit = Duration::seconds(120);

void split(TrackerCluster& t) {
  for (int a : {0, 1})
    for (int b : {2, 3}) t.cut(a, b);
  for (int a : {0, 1}) t.set_members(a, {0, 1});
  for (int b : {2, 3}) t.set_members(b, {2, 3});
}
void heal(TrackerCluster& t) {
  for (int k = 0; k < 4; ++k) t.set_members(k, {0, 1, 2, 3});
  for (int a : {0, 1})
    for (int b : {2, 3}) t.join_link(a, b);
}

uint64_t total(TrackerCluster& t, uint64_t Counters::*counter) {
  uint64_t sum = 0;
  for (int k = 0; k < 4; ++k) sum += t.core(k).counters().*counter;
  return sum;
}

TEST(Split, EachHalfReadsAChunkOnceAndTheReadsTooManyAreCounted) {
  TrackerCluster t({.trackers = 4});
  populate(t, 4, 3);
  t.publish("big", kChunks);
  split(t);
  open_all(t, 4, 3, "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  EXPECT_EQ(most(t.tally.origin), 2);
  EXPECT_EQ(sum(t.tally.origin), 2 * static_cast<int>(kChunks));
  EXPECT_EQ(total(t, &Counters::leases_granted), 2u * kChunks);
  EXPECT_EQ(total(t, &Counters::leases_for_lost), kChunks);
}

TEST(Split, WhatEitherHalfHasReadIsNotReadAgainWhenTheyHaveMet) {
  TrackerCluster t({.trackers = 4});
  populate(t, 4, 3);
  t.publish("big", kChunks);
  t.publish("other", kChunks);
  split(t);
  for (int k : {0, 1}) t.open(reader(k, 0), "big");
  for (int k : {2, 3}) t.open(reader(k, 0), "other");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  heal(t);
  t.run(Duration::seconds(1));
  open_all(t, 4, 3, "big");
  open_all(t, 4, 3, "other");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  EXPECT_EQ(most(t.tally.origin), 1);
  EXPECT_EQ(sum(t.tally.origin), 2 * static_cast<int>(kChunks));
}

TEST(Split, EachHalfKeepsToTheBudgetOfTheOrigin) {
  TrackerCluster::Options options{.trackers = 4};
  options.policy.origin.reads = 3;
  TrackerCluster t(options);
  populate(t, 4, 3);
  t.publish("big", kChunks);
  split(t);
  open_all(t, 4, 3, "big");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  EXPECT_EQ(most(t.tally.origin), 2);
  EXPECT_GT(t.tally.reads_most, 3);
  EXPECT_LE(t.tally.reads_most, 6);
}

// The first tracker lets the second one have all chunks read, whose directory it is not for most of
// them. How many are.
int read_for_first(TrackerCluster& t) {
  std::vector<ClusterMessage> grants;
  for (uint32_t chunk = 0; chunk < kChunks; ++chunk)
    grants.push_back(
        LeaseGranted{TrackerCluster::facts("big", kChunks).id, chunk, WantId(), false});
  t.inject(1, 0, std::move(grants));
  t.run(Duration::seconds(10));
  t.check_invariants();
  return sum(t.tally.origin);
}

// Another one may have had it read for those that the reader's tracker takes to live.
TEST(Split, ATrackerReadsForNobodyWhoTakesOthersToLive) {
  for (bool is_split : {false, true}) {
    TrackerCluster t({.trackers = 3});
    t.publish("big", kChunks);
    t.join("s", 1, Role::kSuperpeer);
    t.run(Duration::seconds(3));
    if (is_split) t.set_members(0, {0, 1});
    t.run(Duration::seconds(3));
    int reads = read_for_first(t);
    EXPECT_EQ(reads == 0, is_split) << reads;
  }
}

}  // namespace
}  // namespace tyto::tracker
