// Who reads an origin that is short: turns, terms, and what a core makes of them.
#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {
namespace {

Policy with(const OriginPolicy& origin) {
  Policy policy;
  policy.origin = origin;
  return policy;
}

// A driver whose bucket has this policy.
TrackerDriver driver(const OriginPolicy& origin, TrackerDriver::Options options = {}) {
  options.policy = with(origin);
  return TrackerDriver(options);
}

int under_way(const TrackerDriver& t) {
  int reads = 0;
  t.core.visit_transfers([&](const TransferPicture& picture) {
    reads += picture.source.kind == SourceKind::kOrigin ? 1 : 0;
  });
  return reads;
}

TEST(OriginTurns, NoMoreReadsAreUnderWayThanTheBucketAllows) {
  TrackerDriver t = driver({.reads = 3});
  t.publish("k", 16);
  t.join_superpeer("s1");
  t.join_superpeer("s2");
  t.send("s1");
  t.send("s2");
  for (auto name : {"a", "b", "c"}) {
    t.join(name);
    t.open(name, "k");
  }
  EXPECT_EQ(under_way(t), 3);
  while (t.finish_one("s1") || t.finish_one("s2")) EXPECT_LE(under_way(t), 3);
  EXPECT_EQ(t.core.counters().leases, 16u);
  t.run_dry();
}

TEST(OriginTurns, ReadsBeginNoOftenerThanTheRequestsOfASecond) {
  TrackerDriver t = driver({.requests_per_s = 4});
  t.publish("k", 16);
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(t.core.counters().leases, 1u);
  for (uint64_t i = 2; i <= 16; ++i) {
    t.advance(Duration::milliseconds(249));
    EXPECT_EQ(t.core.counters().leases, i - 1);
    t.advance(Duration::milliseconds(1));
    EXPECT_EQ(t.core.counters().leases, i);
    while (t.finish_one("s")) {
    }
  }
}

TEST(OriginTurns, BytesAreGrantedAtTheRate) {
  TrackerDriver t = driver({.bytes_per_s = kChunkBytesMin});  // a chunk a second
  t.publish("k", 4);
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  for (uint64_t i = 1; i <= 4; ++i) {
    EXPECT_EQ(t.core.counters().leases, i);
    while (t.finish_one("s")) {
    }
    t.advance(Duration::milliseconds(1001));
  }
}

TEST(OriginTurns, ReadersHaveOneReadEachInTheOrderInWhichTheyCame) {
  TrackerDriver t = driver({.reads = 1});
  for (auto key : {"ka", "kb", "kc"}) t.publish(key, 4);
  t.join_superpeer("s");
  t.send("s");
  for (auto name : {"a", "b", "c"}) {
    t.join(name);
    t.open(name, std::string("k") + name);
  }
  std::string order;
  while (!t["s"].assigns.empty()) {
    order += static_cast<char>(t["s"].assigns[0].chunk.version.digest.bytes[1]);
    t.finish_one("s");
  }
  EXPECT_EQ(order, "aabcabcabcbc");  // the first had come in line again before the others came
}

TEST(OriginTurns, WhoIsUrgentComesFirst) {
  TrackerDriver t = driver({.reads = 1});
  for (auto key : {"ka", "kb", "kc"}) t.publish(key, 1);
  t.join_superpeer("s");
  t.send("s");
  for (auto name : {"a", "b"}) {
    t.join(name);
    t.open(name, std::string("k") + name);
  }
  t.join("c");
  OpenRequested urgent{.open = OpenId(99), .bucket = "b", .key = "kc"};
  urgent.priority = Priority::kUrgent;
  t.send("c", {urgent});
  t.finish_one("s");
  EXPECT_EQ(t["s"].assigns.at(0).chunk.version, TrackerDriver::facts("kc", 1).id);
}

TEST(OriginTurns, OneWhoLeavesGivesUpItsPlace) {
  TrackerDriver t = driver({.reads = 1});
  for (auto key : {"ka", "kb", "kc"}) t.publish(key, 1);
  t.join_superpeer("s");
  t.send("s");
  uint64_t handle = 0;
  for (auto name : {"a", "b", "c"}) {
    t.join(name);
    uint64_t open = t.open(name, std::string("k") + name);
    if (name == std::string("b")) handle = open;
  }
  t.send("b", {OpenClosed{OpenId(handle)}});
  t.finish_one("s");
  EXPECT_EQ(t["s"].assigns.at(0).chunk.version, TrackerDriver::facts("kc", 1).id);
  t.core.check_invariants();
}

TEST(OriginTurns, ALiftedLimitLetsAllGoOn) {
  TrackerDriver t = driver({.reads = 1});
  t.publish("k", 8);
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(under_way(t), 1);
  t.set_policy(with({}));
  EXPECT_EQ(under_way(t), 8);
}

TEST(OriginTurns, ARaisedLimitHoldsAtOnceForThoseWhoWait) {
  TrackerDriver t = driver({.bytes_per_s = 1000});
  t.publish("k", 8);
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  t.advance(Duration::seconds(5));  // of the 262 that the first takes
  EXPECT_EQ(under_way(t), 1);
  t.set_policy(with({.bytes_per_s = 1'000'000'000}));
  t.advance(Duration::milliseconds(10));
  EXPECT_EQ(under_way(t), 8);
}

// Joins a peer that lends room for so many chunks.
void join_with_room(TrackerDriver& t, const std::string& name, uint32_t chunks) {
  RegisterRequest r = t.request(name, "");
  r.store_bytes = uint64_t{chunks} * kChunkBytesMin;
  t.join_as(name, r);
}

TEST(OriginTurns, OneWhoseStoreIsFullHoldsUpNobody) {
  for (SelectionKind kind : {SelectionKind::kHotCold, SelectionKind::kOriginOnly}) {
    TrackerDriver::Options options;
    options.policy.origin.reads = 1;
    options.policy.selection.kind = kind;
    TrackerDriver t(options);
    for (auto key : {"ka", "kb", "kc", "kd"}) t.publish(key, 4);
    join_with_room(t, "tight", 4);
    t.open("tight", "ka");
    t.run_dry();
    t.join("c");
    t.join("d");
    t.open("c", "kc");
    t.open("tight", "kb");  // until its first handle is closed there is no room
    t.open("d", "kd");
    int finished = 0;
    while (t.finish_one("c") || t.finish_one("d")) ++finished;
    EXPECT_EQ(finished, 8);
    EXPECT_EQ(under_way(t), 0);
    t.core.check_invariants();
  }
}

TEST(OriginTurns, ReadsOfAPeerThatDoNotFitTogetherFollowOneAnother) {
  TrackerDriver t = driver({.reads = 1});
  for (auto key : {"ka", "kb"}) t.publish(key, 4);
  join_with_room(t, "tight", 5);
  uint64_t first = t.open("tight", "ka");
  t.open("tight", "kb");
  t.run_dry();
  VersionId ka = TrackerDriver::facts("ka", 4).id;
  EXPECT_EQ(t.core.counters().leases, 5u);  // all of the first, and one that fits beside it
  t.send("tight", {OpenClosed{OpenId(first)}});
  t.advance(Duration::seconds(1));
  ASSERT_TRUE(t.last<Evict>("tight").has_value());
  t.send("tight", {ChunksDropped{ka, 0, 4}});
  t.advance(Duration::seconds(1));
  t.run_dry();
  t.core.visit_peers(
      [](const PeerPicture& peer) { EXPECT_EQ(peer.used_bytes, 4u * kChunkBytesMin); });
  EXPECT_EQ(t.core.counters().leases, 8u);
}

TEST(OriginTurns, OneWhoMakesRoomHasItsTurnWhenThereIsSome) {
  TrackerDriver t = driver({.reads = 1});
  for (auto key : {"ka", "kc", "kx"}) t.publish(key, 2);
  t.publish("kb", 4);
  join_with_room(t, "a", 2);
  t.have("a", "kx", "##");
  t.join("b");
  t.join("c");
  t.open("b", "kb");
  t.open("a", "ka");
  t.open("c", "kc");
  ASSERT_TRUE(t.finish_one("b"));  // which was in line for its second before the others came
  ASSERT_TRUE(t.finish_one("b"));  // now it is a's turn, which is told to make room first
  ASSERT_EQ(t.count<Evict>("a"), 1);
  EXPECT_TRUE(t["a"].assigns.empty());
  EXPECT_EQ(t["c"].assigns.size(), 1u);
  t.send("a", {ChunksDropped{TrackerDriver::facts("kx", 2).id, 0, 2}});
  ASSERT_TRUE(t.finish_one("c"));  // b has been in line all the time
  EXPECT_EQ(t["a"].assigns.size(), 1u);
  t.run_dry();
}

TEST(OriginTurns, AReaderWithoutASuperpeerKeepsToTheBudgetAsWell) {
  TrackerDriver t = driver({.reads = 2});
  t.publish("k", 8);
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(under_way(t), 2);
  t.run_dry();
}

TEST(OriginTerms, AHolderWithoutProgressLosesItsLeaseToAnother) {
  TrackerDriver t = driver({.reads = 1, .lease_term = Duration::seconds(5)});
  t.publish("k", 1);
  for (auto name : {"s1", "s2"}) {
    t.join_superpeer(name);
    t.send(name);
  }
  t.join("r");
  t.open("r", "k");
  std::string first = t["s1"].assigns.empty() ? "s2" : "s1";
  std::string second = first == "s1" ? "s2" : "s1";
  Assign lost = t[first].assigns.at(0);
  t.advance(Duration::milliseconds(4900));
  EXPECT_TRUE(t[second].assigns.empty());
  t.advance(Duration::milliseconds(300));
  ASSERT_EQ(t[second].assigns.size(), 1u);
  EXPECT_EQ(t.last<Cancel>(first)->assignment, lost.assignment);
  EXPECT_EQ(t.core.counters().leases_lost, 1u);
  EXPECT_EQ(under_way(t), 1);
  // What the loser brings all the same is a copy, and ends nobody's read.
  t.send(first, {t.verified(lost)});
  EXPECT_EQ(under_way(t), 1);
  t.core.check_invariants();
  t.finish_one(second);
  EXPECT_EQ(under_way(t), 0);
}

TEST(OriginTerms, ProgressExtendsAllThatTheHolderReadsThere) {
  TrackerDriver t = driver({.lease_term = Duration::seconds(5)});
  t.publish("k", 4);
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  ASSERT_EQ(t["s"].assigns.size(), 4u);
  for (int i = 0; i < 8; ++i) {
    t.advance(Duration::seconds(3));
    t.send("s", {ChunkProgressed{t["s"].assigns[0].assignment, 1}});
    t.send("r");
  }
  EXPECT_EQ(t.core.counters().leases_lost, 0u);
  t.advance(Duration::seconds(6));
  EXPECT_EQ(t.core.counters().leases_lost, 4u);
}

TEST(OriginTerms, ADeadHoldersLeaseIsFreeAtOnce) {
  TrackerDriver t = driver({.reads = 1});
  t.publish("k", 2);
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(under_way(t), 1);
  t.advance(Duration::milliseconds(1));
  t.send("s", {Leaving{}});
  t.input(ConnectionLost{t["s"].connection});
  ASSERT_EQ(t["r"].assigns.size(), 1u);  // for want of a superpeer
  EXPECT_EQ(under_way(t), 1);
  t.core.check_invariants();
}

}  // namespace
}  // namespace tyto::tracker
