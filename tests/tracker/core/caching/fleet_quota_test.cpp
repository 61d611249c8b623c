// What all stores together may keep of a bucket: caching.fleet_bytes.
#include "tests/tracker/core/caching/caching_driver.h"

namespace tyto::tracker {
namespace {

constexpr uint64_t kChunk = CachingDriver::kChunk;

// Three peers with room for everything. The fleet may keep four chunks of "b".
class FourChunks : public ::testing::Test {
 protected:
  void start(CachingPolicy caching) {
    caching.fleet_bytes = 4 * kChunk;
    t.put_bucket("b", CachingDriver::keeping(caching));
    for (auto key : {"k1", "k2", "k3", "k4", "k5", "k6"}) t.publish(key, 1);
    for (auto name : {"x", "y", "z"}) t.join_small(name, 100);
  }
  // One after the other, so that each was used at another time.
  void have(const std::string& name, const std::string& key) {
    t.have(name, key, "#");
    t.advance(Duration::seconds(10));
  }
  // Reads it whole, and closes it.
  void read(const std::string& name, const std::string& key) {
    uint64_t open = t.open(name, key);
    t.run_dry();
    t.send(name, {OpenClosed{OpenId(open)}});
  }
  uint64_t kept() { return t.core.bucket_picture("b")->kept_bytes; }
  CachingDriver t;
};

TEST_F(FourChunks, OverItTheLeastRecentlyUsedCopyGoesWhereverItIs) {
  start({});
  for (auto key : {"k1", "k2"}) have("x", key);
  for (auto key : {"k3", "k4"}) have("y", key);
  EXPECT_EQ(kept(), 4 * kChunk);
  t.open("z", "k5");
  EXPECT_EQ(t.evicted("x"), "k1/0+1");
  EXPECT_EQ(t.evicted("y"), "");
  EXPECT_EQ(t.why_evicted("x"), Choice::kEvictFleetQuota);
  EXPECT_EQ(kept(), 4 * kChunk);
  t.core.check_invariants();
}

TEST_F(FourChunks, TheReadDoesNotWaitForTheEviction) {
  start({});
  for (auto key : {"k1", "k2", "k3", "k4"}) have("x", key);
  t.open("z", "k5");
  EXPECT_EQ(t["z"].assigns.size(), 1u);
}

TEST_F(FourChunks, WhatHasCopiesToSpareGoesBeforeLastOnes) {
  start({});
  for (auto key : {"k1", "k2", "k3"}) have("x", key);
  have("y", "k3");
  t.open("z", "k5");
  EXPECT_EQ(t.evicted("x"), "k3/0+1");
}

TEST_F(FourChunks, AFloorHoldsWhileAnythingElseCanGo) {
  start({.copies_floor = 2});
  have("x", "k1");
  have("y", "k1");
  have("x", "k2");
  have("y", "k2");
  have("z", "k2");  // one too many, and one to spare
  EXPECT_EQ(t.evicted("x"), "k2/0+1");
  t.drop_all("x");
  t.open("z", "k5");
  EXPECT_EQ(t.evicted("x"), "k1/0+1");  // at its floor, but nothing else is left
}

TEST_F(FourChunks, TheBucketsReplacementChoosesAmongAllPeersCopies) {
  start({.replacement = ReplacementKind::kLeastRare, .copies_floor = 0});
  for (auto key : {"k1", "k2"}) have("x", key);
  have("y", "k2");
  have("z", "k3");
  t.open("z", "k5");
  EXPECT_EQ(t.evicted("x"), "k2/0+1");
  EXPECT_EQ(t.why_evicted("x"), Choice::kEvictFleetQuota);
}

TEST_F(FourChunks, OtherBucketsHaveNoPartInIt) {
  t.put_bucket("a");
  for (auto key : {"a:1", "a:2"}) t.publish(key, 1);
  start({});
  for (auto key : {"a:1", "k1", "k2", "k3", "k4"}) have("x", key);
  read("y", "a:2");
  EXPECT_EQ(t.evicted("x") + t.evicted("y"), "");
  t.open("y", "k5");
  EXPECT_EQ(t.evicted("x"), "k1/0+1");
}

TEST_F(FourChunks, PinnedObjectsStayAndWhatIsReadBesidesIsKeptAsLongAsItIsRead) {
  start({});
  for (auto key : {"k1", "k2", "k3", "k4"}) {
    have("x", key);
    t.pin("b", key, Duration::seconds(1000));
  }
  uint64_t open = t.open("z", "k5");
  t.run_dry();
  EXPECT_EQ(t.evicted("x") + t.evicted("z"), "");
  EXPECT_EQ(kept(), 5 * kChunk);
  t.send("z", {OpenClosed{OpenId(open)}});
  EXPECT_EQ(t.evicted("z"), "k5/0+1");
  EXPECT_EQ(t.evicted("x"), "");
}

TEST_F(FourChunks, WhenAPinRunsOutItsCopiesGo) {
  start({});
  for (auto key : {"k1", "k2", "k3", "k4"}) {
    have("x", key);
    t.pin("b", key, Duration::seconds(100));
  }
  t.open("z", "k5");
  t.run_dry();
  t.advance(Duration::seconds(102));
  EXPECT_EQ(t.evicted("x"), "k1/0+1");
}

TEST_F(FourChunks, LastCopiesWhoseOriginMayLoseThemStay) {
  start({.is_origin_unreliable = true});
  for (auto key : {"k1", "k2", "k3", "k4"}) have("x", key);
  read("z", "k5");
  EXPECT_EQ(t.evicted("x") + t.evicted("z"), "");
  have("y", "k2");
  EXPECT_EQ(t.evicted("x"), "k2/0+1");  // of a chunk that has two copies
}

TEST_F(FourChunks, TheOnlyCopyOfWhatIsReadElsewhereStays) {
  start({});
  t.publish("wide", 4);
  t.have("x", "wide", "####");
  t.advance(Duration::seconds(10));
  have("y", "k1");  // one too many: the last copy of a chunk that nobody reads
  EXPECT_EQ(t.evicted("x"), "wide/0+1");
  t.drop_all("x");
  t.open("z", "wide");
  EXPECT_EQ(t.evicted("x"), "");
  EXPECT_EQ(t.evicted("y"), "k1/0+1");
}

TEST_F(FourChunks, ThatWasLoweredIsReachedAtOnce) {
  start({});
  for (auto key : {"k1", "k2", "k3", "k4"}) have("x", key);
  t.put_bucket("b", CachingDriver::keeping({.fleet_bytes = 2 * kChunk}));
  EXPECT_EQ(t.evicted("x"), "k1/0+1 k2/0+1");
}

TEST_F(FourChunks, WhatAPeerBringsInItsInventoryCounts) {
  start({});
  for (auto key : {"k1", "k2", "k3", "k4"}) have("x", key);
  t.join_small("w", 100);
  t.have("w", "k5", "#");
  EXPECT_EQ(t.evicted("x"), "k1/0+1");
}

TEST_F(FourChunks, WhatAPeerTakesAwayWithItCountsNoMore) {
  start({});
  for (auto key : {"k1", "k2"}) have("x", key);
  for (auto key : {"k3", "k4"}) have("y", key);
  t.input(ConnectionLost{t["x"].connection});
  t.advance(Duration::seconds(30));
  EXPECT_EQ(kept(), 2 * kChunk);
  read("z", "k5");
  read("z", "k6");
  EXPECT_EQ(t.evicted("y") + t.evicted("z"), "");
  t.core.check_invariants();
}

TEST(FleetQuota, LetsNothingGoBeforeTheFleetHasSaidWhatItHolds) {
  TrackerDriver::Options options;
  options.is_first_run = false;
  options.policy.caching.fleet_bytes = 2 * kChunk;
  TrackerDriver t(options);
  for (auto key : {"k1", "k2", "k3"}) t.publish(key, 1);
  t.join("x");
  t.send("x");
  for (auto key : {"k1", "k2", "k3"}) t.have("x", key, "#");
  EXPECT_FALSE(t.last<Evict>("x").has_value());
  t.advance(options.config.recovery);
  EXPECT_TRUE(t.last<Evict>("x").has_value());
}

TEST(FleetQuota, OfManyPeersIsReachedAfterAWhile) {
  CachingDriver t;
  t.put_bucket("b");
  constexpr int kPeers = 300;
  for (int i = 0; i < kPeers; ++i) {
    t.publish("k" + std::to_string(i), 1);
    t.join("p" + std::to_string(i));
    t.send("p" + std::to_string(i));
    t.have("p" + std::to_string(i), "k" + std::to_string(i), "#");
  }
  t.put_bucket("b", CachingDriver::keeping({.fleet_bytes = 10 * kChunk}));
  t.advance(Duration::seconds(1));
  EXPECT_EQ(t.core.bucket_picture("b")->kept_bytes, 10 * kChunk);
  EXPECT_EQ(t.core.counters().evictions, kPeers - 10u);
  t.core.check_invariants();
}

}  // namespace
}  // namespace tyto::tracker
