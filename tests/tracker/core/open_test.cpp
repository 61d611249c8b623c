#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {
namespace {

std::string failure(TrackerDriver& t, const std::string& peer) {
  auto ended = t.last<OpenEnded>(peer);
  return ended ? std::string(error_code_name(ended->error.code)) : "none";
}

TEST(Open, OfAnUnknownBucketOrABadKeyFailsClearly) {
  TrackerDriver t;
  t.join("a");
  OpenRequested open;
  open.open = OpenId(1);
  open.bucket = "nowhere";
  open.key = "k";
  t.send("a", {open});
  EXPECT_NE(t.last<OpenEnded>("a")->error.message.find("tyto bucket create"), std::string::npos);
  for (const std::string& key : {std::string("../etc"), std::string(4096, 'x'), std::string()}) {
    t.open("a", key);
    EXPECT_EQ(failure(t, "a"), "invalid_argument") << key.size();
  }
}

TEST(Open, TwoBucketsOfOneOriginEachHaveAVersionOfTheirOwn) {
  TrackerDriver t;
  t.set_policy({}, "c");
  t.join_superpeer("s");
  t.send("s");
  t.join("a");
  t.open("a", "k");
  t.resolve("s", TrackerDriver::facts("k", 2));
  OpenRequested open;
  open.open = OpenId(77);
  open.bucket = "c";
  open.key = "k";
  for (int times = 0; times < 2; ++times) {
    t.send("a", {open});
    VersionFacts found = TrackerDriver::facts("k", 2);  // the same id
    found.bucket_name = "c";
    found.bucket = BucketId(2);
    if (times == 0) t.resolve("s", found);
    EXPECT_EQ(t.last<Opened>("a")->open, open.open);
    open.open = OpenId(78);
  }
  ASSERT_NE(t.core.find("b", "k"), nullptr);
  ASSERT_NE(t.core.find("c", "k"), nullptr);
  EXPECT_EQ(t.core.find("b", "k")->bucket_name, "b");
  EXPECT_EQ(t.core.find("c", "k")->bucket_name, "c");
  EXPECT_NE(t.core.find("b", "k")->id, t.core.find("c", "k")->id);
  EXPECT_EQ(t.resolved.size(), 2u);
}

TEST(Open, ANameIsLookedUpOnceForAllWhoWait) {
  TrackerDriver t;
  t.join_superpeer("s");
  t.send("s");
  for (auto name : {"a", "b", "c"}) {
    t.join(name);
    t.open(name, "k");
  }
  EXPECT_EQ(t.count<Resolve>("s"), 1);
  EXPECT_EQ(t.last<Resolve>("s")->url, "http://origin/k");
  t.resolve("s", TrackerDriver::facts("k", 2));
  for (auto name : {"a", "b", "c"}) EXPECT_EQ(t.count<Opened>(name), 1);
  EXPECT_EQ(t.resolved.size(), 1u);
}

TEST(Open, ANameIsLookedUpAgainWhenItsAnswerIsOld) {
  TrackerDriver t;
  t.join_superpeer("s");
  t.send("s");
  t.join("a");
  t.open("a", "k");
  t.resolve("s", TrackerDriver::facts("k", 1));
  for (int i = 0; i < 4; ++i) {
    t.advance(Duration::seconds(9));
    t.send("s");
    t.send("a");
  }
  t.open("a", "k");
  EXPECT_EQ(t.count<Resolve>("s"), 1);
  for (int i = 0; i < 4; ++i) {
    t.advance(Duration::seconds(9));
    t.send("s");
    t.send("a");
  }
  t.open("a", "k");
  EXPECT_EQ(t.count<Resolve>("s"), 2);
}

TEST(Open, KeysArePercentEncodedForTheOrigin) {
  TrackerDriver t;
  t.join_superpeer("s");
  t.send("s");
  t.join("a");
  t.open("a", "a dir/ü#?.bin");
  EXPECT_EQ(t.last<Resolve>("s")->url, "http://origin/a%20dir/%C3%BC%23%3F.bin");
}

TEST(Open, AMissingObjectIsNotFoundForAll) {
  TrackerDriver t;
  t.join_superpeer("s");
  t.send("s");
  t.join("a");
  t.open("a", "k");
  auto order = t.last<Resolve>("s");
  t.send("s", {NameResolved{order->resolve, std::nullopt, {ErrorCode::kNotFound, "no such key"}}});
  EXPECT_EQ(failure(t, "a"), "not_found");
}

TEST(Open, ASilentResolverIsReplacedAndInTheEndTheReaderIsTold) {
  TrackerDriver t;
  for (auto name : {"s1", "s2"}) {
    t.join_superpeer(name);
    t.send(name);
  }
  t.join("a");
  t.open("a", "k");
  for (int i = 0; i < 10; ++i) {
    t.advance(Duration::seconds(5));
    for (auto name : {"s1", "s2", "a"}) t.send(name);
  }
  EXPECT_EQ(t.count<Resolve>("s1") + t.count<Resolve>("s2"), 3);
  EXPECT_GE(t.count<Resolve>("s1"), 1);
  EXPECT_GE(t.count<Resolve>("s2"), 1);
  EXPECT_EQ(failure(t, "a"), "timed_out");
}

// The look-up that the first reader began ends in vain when the second has just asked.
TEST(Open, WhoAsksWhenALookUpIsAboutToFailGetsOneOfItsOwn) {
  TrackerDriver t;
  t.join_superpeer("s");
  t.send("s");
  t.join("a");
  t.join("b");
  t.open("a", "k");
  auto silent = [&] {
    auto order = t.last<Resolve>("s");
    t.send("s", {NameResolved{order->resolve, std::nullopt, {ErrorCode::kTimedOut, "silence"}}});
  };
  silent();
  silent();
  t.advance(Duration::seconds(1));
  t.open("b", "k");
  silent();
  EXPECT_EQ(failure(t, "a"), "timed_out");
  EXPECT_EQ(t.count<OpenEnded>("b"), 0);
  EXPECT_EQ(t.count<Resolve>("s"), 4);
  t.resolve("s", TrackerDriver::facts("k", 2));
  t.send("b");
  EXPECT_EQ(t.count<Opened>("b"), 1);
}

TEST(Open, AResolverThatContradictsItselfIsNotBelieved) {
  TrackerDriver t;
  t.join_superpeer("s");
  t.send("s");
  t.join("a");
  t.open("a", "k");
  t.resolve("s", TrackerDriver::facts("other", 1));
  EXPECT_EQ(failure(t, "a"), "internal");
  EXPECT_EQ(t.notices(NoticeKind::kProtocolBroken), 1);
}

TEST(Open, WithoutSuperpeersEachPeerLooksForItself) {
  TrackerDriver t;
  for (auto name : {"a", "b"}) {
    t.join(name);
    t.open(name, "k");
  }
  EXPECT_EQ(t.count<Resolve>("a"), 1);
  EXPECT_EQ(t.count<Resolve>("b"), 0);
  t.resolve("a", TrackerDriver::facts("k", 1));
  EXPECT_EQ(t.count<Opened>("a"), 1);
  EXPECT_EQ(t.count<Opened>("b"), 0);
  EXPECT_EQ(t.count<Resolve>("b"), 1);
  EXPECT_TRUE(t.resolved.empty());
}

OpenRequested pinned_open(OpenId open, VersionId version) {
  OpenRequested request;
  request.open = open;
  request.bucket = "b";
  request.key = "k";
  request.pinned = version;
  return request;
}

TEST(Open, APinnedVersionIsOpenedAsItIsOrNotAtAll) {
  TrackerDriver t;
  VersionId id = t.publish("k", 1);
  t.join("a");
  t.send("a", {pinned_open(OpenId(1), id)});
  EXPECT_EQ(t.last<Opened>("a")->version, id);
  id.digest.bytes[0] ^= 1;
  t.send("a", {pinned_open(OpenId(2), id)});
  EXPECT_EQ(failure(t, "a"), "not_found");
}

// As after a restart that lost the version: readers that had opened it go on.
TEST(Open, APinnedVersionThatIsUnknownIsLookedUpAndIsOpenedIfItIsThatOne) {
  TrackerDriver t;
  t.join_superpeer("s");
  t.send("s");
  VersionFacts facts = TrackerDriver::facts("k", 2);
  VersionId other = facts.id;
  other.digest.bytes[0] ^= 1;
  for (auto name : {"goes-on", "lost"}) t.join(name);
  t.send("goes-on", {pinned_open(OpenId(1), facts.id)});
  t.send("lost", {pinned_open(OpenId(1), other)});
  EXPECT_EQ(t.count<Resolve>("s"), 1);
  t.resolve("s", facts);
  EXPECT_EQ(t.last<Opened>("goes-on")->version, facts.id);
  EXPECT_EQ(t.count<Opened>("lost"), 0);
  EXPECT_EQ(failure(t, "lost"), "not_found");
  t.send("lost", {pinned_open(OpenId(2), other)});  // just looked up: told at once
  EXPECT_EQ(t.count<OpenEnded>("lost"), 2);
  EXPECT_EQ(t.count<Resolve>("s"), 1);
}

TEST(Open, AnObjectLargerThanTheStoreIsRefusedAtOnceUnlessStreamed) {
  TrackerDriver t;
  t.publish("k", 8);
  auto small = t.request("a", "");
  small.store_bytes = 2 * kChunkBytesMin;
  t.join_as("a", small);
  t.open("a", "k");
  EXPECT_EQ(failure(t, "a"), "no_space");
  t.open("a", "k", ReadMode::kStream);
  EXPECT_EQ(t.count<Opened>("a"), 1);
}

TEST(Open, AnEmptyObjectOpensWithoutAnyAssignment) {
  TrackerDriver t;
  t.publish("empty", 0);
  t.join("a");
  t.open("a", "empty");
  EXPECT_EQ(t.count<Opened>("a"), 1);
  EXPECT_EQ(t.count<Assign>("a"), 0);
  t.core.check_invariants();
}

}  // namespace
}  // namespace tyto::tracker
