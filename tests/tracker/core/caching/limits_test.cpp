// What of a store goes, and what stays: quotas, floors, pins, expiry, admission.
#include "tests/tracker/core/caching/caching_driver.h"

namespace tyto::tracker {
namespace {

constexpr uint64_t kChunk = CachingDriver::kChunk;

// r has room for two objects of a chunk and has "old" and "recent"; "new" is at a, which has a copy
// of whatever else there is. r reads "new".
class TwoObjects : public ::testing::Test {
 protected:
  void start(const CachingPolicy& caching) {
    t.put_bucket("b", CachingDriver::keeping(caching));
    for (auto key : {"old", "recent", "new"}) t.publish(key, 1);
    t.join_small("r", 2);
    t.have("r", "old", "#");
    t.advance(Duration::seconds(10));
    t.have("r", "recent", "#");
    t.join("a");
    t.have("a", "new", "#");
  }
  CachingDriver t;
};

TEST_F(TwoObjects, TheLeastRecentlyUsedGoes) {
  start({});
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "old/0+1");
  EXPECT_EQ(t.why_evicted("r"), Choice::kEvictLru);
}

TEST_F(TwoObjects, WithLeastRareTheOneThatOthersHaveGoes) {
  start({.replacement = ReplacementKind::kLeastRare});
  t.have("a", "old", "#");
  for (auto name : {"x", "y"}) {
    t.join(name);
    t.have(name, "recent", "#");
  }
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "recent/0+1");
  EXPECT_EQ(t.why_evicted("r"), Choice::kEvictLeastRare);
  EXPECT_EQ(t.last<Evict>("r")->reason.copies, 2u);  // that are left
}

TEST_F(TwoObjects, WithRandomEitherGoes) {
  start({.replacement = ReplacementKind::kRandom, .copies_floor = 0});
  t.open("r", "new");
  EXPECT_EQ(t.why_evicted("r"), Choice::kEvictRandom);
}

TEST_F(TwoObjects, TheLastCopyStaysWhileAnythingElseCanGo) {
  start({});
  t.have("a", "recent", "#");
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "recent/0+1");
}

TEST_F(TwoObjects, AFloorKeepsAsManyCopiesInTheFleetAsItSays) {
  start({.copies_floor = 2});
  t.have("a", "old", "#");  // two copies: no more than the floor
  t.have("a", "recent", "#");
  t.join("x");
  t.have("x", "recent", "#");
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "recent/0+1");
}

TEST_F(TwoObjects, WhatIsAtItsFloorGoesIfNothingElseIsLeft) {
  start({.copies_floor = 5});
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "old/0+1");
}

TEST_F(TwoObjects, APinnedObjectStays) {
  start({});
  t.pin("b", "old", Duration::seconds(100));
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "recent/0+1");
}

TEST_F(TwoObjects, APinThatHasRunOutHoldsNothing) {
  start({});
  t.pin("b", "old", Duration::seconds(5));
  t.advance(Duration::seconds(5));
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "old/0+1");
}

TEST_F(TwoObjects, WhereEverythingIsPinnedTheReadIsRefusedAtOnceAndSaysSo) {
  start({});
  for (auto key : {"old", "recent"}) t.pin("b", key, Duration::seconds(100));
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "");
  auto ended = t.last<OpenEnded>("r");
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->error.code, ErrorCode::kNoSpace);
  EXPECT_NE(ended->error.message.find("tyto pin ls"), std::string::npos) << ended->error.message;
}

TEST_F(TwoObjects, AnUnpinnedObjectGoes) {
  start({});
  for (auto key : {"old", "recent"}) t.pin("b", key, Duration::seconds(100));
  t.input(PinRemoved{{"b", "recent"}});
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "recent/0+1");
}

TEST_F(TwoObjects, LastCopiesWhoseOriginMayLoseThemStay) {
  start({.is_origin_unreliable = true});
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "");
  ASSERT_TRUE(t.last<OpenEnded>("r").has_value());
  EXPECT_EQ(t.last<OpenEnded>("r")->error.code, ErrorCode::kNoSpace);
  t.have("a", "recent", "#");
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "recent/0+1");
}

TEST_F(TwoObjects, WhatAnOpenHandleWantsIsWaitedForNotRefused) {
  start({});
  uint64_t first = t.open("r", "old");
  uint64_t second = t.open("r", "recent");
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "");
  EXPECT_FALSE(t.last<OpenEnded>("r").has_value());
  t.send("r", {OpenClosed{OpenId(second)}});
  t.advance(Duration::seconds(1));
  EXPECT_EQ(t.evicted("r"), "recent/0+1");
  t.send("r", {OpenClosed{OpenId(first)}});
}

TEST(Quota, ABucketGivesUpItsOwnWhenItHasAllItMay) {
  CachingDriver t;
  t.put_bucket("a");
  t.put_bucket("b", CachingDriver::keeping({.bytes_per_peer = 2 * kChunk}));
  t.publish("a:other", 1);
  for (auto key : {"k1", "k2", "k3"}) t.publish(key, 1);
  t.join_small("r", 10);
  for (auto key : {"a:other", "k1", "k2"}) t.have("r", key, "#");
  t.join("x");
  t.have("x", "k3", "#");
  t.open("r", "k3");
  EXPECT_EQ(t.evicted("r"), "k1/0+1");  // not "other", which is older
  EXPECT_EQ(t.why_evicted("r"), Choice::kEvictQuota);
  EXPECT_TRUE(t["r"].assigns.empty());
  t.drop_all("r");
  EXPECT_EQ(t["r"].assigns.size(), 1u);
  t.core.check_invariants();
}

TEST(Quota, ABucketThatHasMoreThanItMayGivesBeforeOthers) {
  CachingDriver t;
  t.put_bucket("a");
  t.publish("a:other", 1);
  for (auto key : {"k1", "k2"}) t.publish(key, 1);
  t.publish("a:new", 1);
  t.join_small("r", 3);
  for (auto key : {"a:other", "k1", "k2"}) t.have("r", key, "#");
  t.put_bucket("b", CachingDriver::keeping({.bytes_per_peer = kChunk}));
  t.join("x");
  t.have("x", "new", "#");
  t.open("r", "a:new");
  EXPECT_EQ(t.evicted("r"), "k1/0+1");
  EXPECT_EQ(t.why_evicted("r"), Choice::kEvictQuota);
}

TEST(Quota, AnObjectLargerThanItIsRefusedWithTheNameOfTheSetting) {
  CachingDriver t;
  t.put_bucket("b", CachingDriver::keeping({.bytes_per_peer = 2 * kChunk}));
  t.publish("k", 8);
  t.join("r");
  t.open("r", "k");
  auto ended = t.last<OpenEnded>("r");
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->error.code, ErrorCode::kNoSpace);
  EXPECT_NE(ended->error.message.find("caching.bytes_per_peer"), std::string::npos);
}

TEST(Quota, FollowsAVersionWhoseBucketBecomesKnown) {
  CachingDriver t;
  t.put_bucket("b", CachingDriver::keeping({.bytes_per_peer = 2 * kChunk}));
  t.join_small("r", 10);
  t.have("r", "k1", "#");  // of a version that nobody has said anything of
  t.have("r", "k2", "#");
  t.core.check_invariants();
  for (auto key : {"k1", "k2", "k3"}) t.publish(key, 1);
  t.core.check_invariants();
  t.join("x");
  t.have("x", "k3", "#");
  t.open("r", "k3");
  EXPECT_EQ(t.evicted("r"), "k1/0+1");
}

TEST(Buckets, OfTheirNominationsTheOneUsedLongestAgoGoes) {
  CachingDriver t;
  t.put_bucket("a", CachingDriver::keeping({.replacement = ReplacementKind::kLeastRare}));
  t.publish("a:stale", 1);
  t.publish("middle", 1);
  t.publish("a:common", 1);
  t.publish("new", 1);
  t.join_small("r", 3);
  for (auto key : {"a:stale", "middle", "a:common"}) {
    t.have("r", key, "#");
    t.advance(Duration::seconds(10));
  }
  for (auto name : {"x", "y"}) {
    t.join(name);
    for (auto key : {"a:stale", "middle", "a:common", "new"})
      if (name[0] == 'x' || std::string(key) == "a:common") t.have(name, key, "#");
  }
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "middle/0+1");  // a nominates "common", which was used after that
}

TEST(ZoneFloor, KeepsAsManyCopiesInTheZoneAsItSays) {
  CachingDriver t;
  t.put_bucket("b", CachingDriver::keeping({.zone_copies_floor = 1}));
  for (auto key : {"old", "recent", "new"}) t.publish(key, 1);
  t.join_small("r", 2, "z1/k/r");
  t.have("r", "old", "#");
  t.have("r", "recent", "#");
  t.join("far", "z2/k/far");  // another copy, but in another zone
  t.have("far", "old", "#");
  t.join("near", "z1/k/near");
  t.have("near", "recent", "#");
  t.have("near", "new", "#");
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "recent/0+1");
}

TEST(Expiry, WhatWasNotUsedForSoLongGoesThoughThereIsRoom) {
  CachingDriver t;
  t.put_bucket("b", CachingDriver::keeping(
                        {.replacement = ReplacementKind::kTtl, .ttl = Duration::seconds(60)}));
  t.publish("old", 2);
  t.publish("used", 1);
  t.publish("last", 1);
  t.join_small("r", 10);
  t.have("r", "old", "##");
  t.have("r", "used", "#");
  t.have("r", "last", "#");
  t.join_small("a", 10);
  t.have("a", "old", "##");
  t.have("a", "used", "#");
  t.advance(Duration::seconds(30));
  t.open("r", "used");
  t.advance(Duration::seconds(40));
  t.send("r");
  EXPECT_EQ(t.evicted("a"), "old/0+2 used/0+1");
  EXPECT_EQ(t.why_evicted("a"), Choice::kEvictExpired);
  EXPECT_EQ(t.evicted("r"), "");  // last copies stay while nobody needs their room
  t.core.check_invariants();
}

TEST(Expiry, WhatHasExpiredMakesRoomBeforeWhatIsOlderInOtherBuckets) {
  CachingDriver t;
  t.put_bucket("a");
  t.put_bucket("b", CachingDriver::keeping({.ttl = Duration::seconds(20)}));
  t.publish("a:older", 1);
  t.publish("expired", 1);
  t.publish("new", 1);
  t.join_small("r", 2);
  t.have("r", "a:older", "#");
  t.advance(Duration::seconds(2));
  t.have("r", "expired", "#");
  t.advance(Duration::seconds(19));
  t.join_small("x", 10);
  for (auto key : {"a:older", "expired", "new"}) t.have("x", key, "#");
  t.advance(Duration::seconds(2));
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "expired/0+1");
  EXPECT_EQ(t.why_evicted("r"), Choice::kEvictExpired);
}

TEST(Admission, PeersDropWhatNobodyReadsAnyMoreAndSuperpeersKeepIt) {
  CachingDriver t;
  t.put_bucket("b", CachingDriver::keeping({.admit = Admit::kSuperpeers}));
  t.publish("k", 2);
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.join("x");
  uint64_t first = t.open("r", "k");
  uint64_t second = t.open("x", "k");
  t.run_dry();
  t.send("r", {OpenClosed{OpenId(first)}});
  EXPECT_EQ(t.evicted("r"), "");  // x reads it still
  t.send("x", {OpenClosed{OpenId(second)}});
  t.send("r");
  EXPECT_EQ(t.evicted("r"), "k/0+2");
  EXPECT_EQ(t.evicted("x"), "k/0+2");
  EXPECT_EQ(t.evicted("s"), "");
  EXPECT_EQ(t.why_evicted("r"), Choice::kEvictNotAdmitted);
  t.core.check_invariants();
}

TEST(PinQuota, APinBeyondItIsRefusedWithTheFigures) {
  CachingDriver t;
  t.put_bucket("b", CachingDriver::keeping({.pinned_bytes = 3 * kChunk}));
  t.publish("two", 2);
  t.publish("one", 1);
  t.publish("more", 1);
  auto plan = [&](const std::string& key) {
    return t.core.plan_pin({{"b", key}, std::nullopt, t.now, t.now + Duration::seconds(60)});
  };
  t.pin("b", "two", Duration::seconds(60));
  EXPECT_TRUE(plan("two").ok());  // again: it is charged once
  t.pin("b", "one", Duration::seconds(60));
  auto refused = plan("more");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_NE(refused.error().message.find("caching.pinned_max"), std::string::npos);
  t.advance(Duration::seconds(61));
  EXPECT_TRUE(plan("more").ok());
}

TEST(PinQuota, WhatTheTrackerDoesNotKnowCannotBePinned) {
  CachingDriver t;
  auto plan = [&](const ObjectName& name, std::optional<VersionId> version) {
    return t.core.plan_pin({name, version, t.now, t.now + Duration::seconds(60)});
  };
  EXPECT_EQ(plan({"b", "k"}, std::nullopt).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(plan({"none", "k"}, std::nullopt).error().code, ErrorCode::kNotFound);
  VersionId other = t.publish("other", 1);
  t.publish("k", 1);
  EXPECT_TRUE(plan({"b", "k"}, std::nullopt).ok());
  EXPECT_EQ(plan({"b", "k"}, other).error().code, ErrorCode::kNotFound);
}

TEST(Heat, IsCountedAndShownAndGoesWithTime) {
  CachingDriver t;
  t.put_bucket("b");
  VersionId k = t.publish("k", 1);
  t.join("r");
  for (int i = 0; i < 8; ++i) t.open("r", "k");
  EXPECT_EQ(t.core.version_picture(k)->heat_milliopens, 8000u);
  EXPECT_TRUE(t.core.version_picture(k)->is_hot);
  EXPECT_EQ(t.core.counters().opens_hot, 1u);
  t.advance(Duration::seconds(601));
  EXPECT_LE(t.core.version_picture(k)->heat_milliopens, 4000u);
  EXPECT_FALSE(t.core.version_picture(k)->is_hot);
}

}  // namespace
}  // namespace tyto::tracker
