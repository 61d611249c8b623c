#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {
namespace {

TEST(Failure, AStalledSourceIsLeftAloneUntilItSpeaks) {
  TrackerDriver t;
  t.publish("k", 8);
  for (auto name : {"a", "b"}) {
    t.join(name);
    t.have(name, "k", "########");
  }
  t.join("r");
  t.open("r", "k");
  PeerId stalled = t["r"].assigns[0].source.peer;
  std::string name = stalled == t["a"].id ? "a" : "b";
  t.fail_one("r", FailureKind::kStalled);
  EXPECT_EQ(t["r"].assigns.back().source.peer, t[name == "a" ? "b" : "a"].id);
  EXPECT_EQ(t.notices(NoticeKind::kSourceStalled), 1);
  t.join("x");
  t.open("x", "k");
  for (auto& a : t["x"].assigns) EXPECT_NE(a.source.peer, stalled);
  t.send(name);
  t.core.visit_peers([](const PeerPicture& p) { EXPECT_FALSE(p.is_suspect); });
}

TEST(Failure, ALiarIsNamedItsCopyDroppedAndAfterASecondAccuserItIsQuarantined) {
  TrackerDriver::Options options;
  options.config.assignments_per_peer = 1;
  TrackerDriver t(options);
  t.publish("k", 8);
  t.join("liar");
  t.have("liar", "k", "########");
  t.send("liar");
  t.join_superpeer("s");
  t.have("s", "k", "########");
  for (auto name : {"r1", "r2"}) {
    t.join(name);
    t.open(name, "k");
    ASSERT_EQ(t[name].assigns[0].source.peer, t["liar"].id);
    ChunkIndex chunk = t[name].assigns[0].chunk.index;
    t.fail_one(name, FailureKind::kCorrupt);
    EXPECT_EQ(t.last<Evict>("liar")->first, chunk.value());
    EXPECT_NE(t[name].assigns.back().source.peer, t["liar"].id);
    t.send("liar");
  }
  EXPECT_EQ(t.notices(NoticeKind::kSourceCorrupt), 2);
  EXPECT_EQ(t.notices(NoticeKind::kSourceQuarantined), 1);
  t.join("r3");
  t.open("r3", "k");
  for (auto& a : t["r3"].assigns) EXPECT_NE(a.source.peer, t["liar"].id);
  t.core.check_invariants();
}

TEST(Failure, AReaderThatTheOnlySuperpeerLiedToReadsTheOriginItself) {
  TrackerDriver t;
  t.publish("k", 8);
  t.join_superpeer("s");
  t.have("s", "k", "########");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  ASSERT_EQ(t["r"].assigns[0].source.peer, t["s"].id);
  while (t["r"].assigns.back().source.kind != SourceKind::kOrigin) {
    ASSERT_LE(t["r"].assigns.size(), 8u);
    t.fail_one("r", FailureKind::kCorrupt);
  }
  EXPECT_TRUE(t["s"].assigns.empty());
  t.run_dry();
  t.core.check_invariants();
}

TEST(Failure, WhatOnlyALeavingSuperpeerHasIsReadByAnotherHoweverManyHoldTheRest) {
  TrackerDriver t;
  t.publish("k", 8);
  for (auto name : {"leaves", "stays"}) {
    t.join_superpeer(name);
    t.send(name);
  }
  t.have("leaves", "k", "########");
  for (int i = 0; i < 40; ++i) {
    std::string name = "p" + std::to_string(i);
    t.join(name);
    t.have(name, "k", "#######.");
  }
  t.send("leaves", {Leaving{Duration::seconds(5)}});
  t.join("r");
  t.open("r", "k");
  ASSERT_EQ(t["stays"].assigns.size(), 1u);
  EXPECT_EQ(t["stays"].assigns[0].source.kind, SourceKind::kOrigin);
  EXPECT_EQ(t["stays"].assigns[0].chunk.index, ChunkIndex(7));
}

TEST(Failure, A404RepairsTheInventory) {
  TrackerDriver t;
  t.publish("k", 1);
  t.join("a");
  t.have("a", "k", "#");
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  ASSERT_EQ(t["r"].assigns[0].source.peer, t["a"].id);
  t.fail_one("r", FailureKind::kLacking);
  EXPECT_EQ(t["s"].assigns.size(), 1u);
  t.run_dry();
  EXPECT_EQ(t["r"].applied > 0, true);
}

// Two hold the chunk, and a reader is sent it by one of them, with the other to fall back on.
void begin_with_fallback(TrackerDriver& t) {
  t.publish("k", 1);
  for (auto name : {"a", "b"}) {
    t.join(name);
    t.have(name, "k", "#");
  }
  t.join("r");
  t.open("r", "k");
}

TEST(Failure, AFailedSourceMovesTheBookingToTheFallback) {
  TrackerDriver t;
  begin_with_fallback(t);
  Assign a = t["r"].assigns[0];
  ASSERT_EQ(a.fallbacks.size(), 1u);
  t.send("r", {SourceFailed{a.assignment, a.chunk, a.source, FailureKind::kUnreachable, 10}});
  t.core.visit_transfers(
      [&](const TransferPicture& p) { EXPECT_EQ(p.source.peer, a.fallbacks[0].peer); });
  t.core.check_invariants();
  a.source = a.fallbacks[0];
  t.send("r", {t.verified(a)});
  t.core.check_invariants();
  EXPECT_EQ(t.core.counters().bytes_wasted, 10u);
}

TrackerDriver::Options one_upload_each() {
  TrackerDriver::Options options;
  options.config.uploads_per_host = 1;
  return options;
}

// The other one of the two, which has lost the chunk since.
std::string lose_fallback(TrackerDriver& t, const Assign& order) {
  std::string other = order.source.peer == t["a"].id ? "b" : "a";
  EXPECT_EQ(order.fallbacks[0].peer, t[other].id);
  t.send(other, {ChunksDropped{order.chunk.version, order.chunk.index.value(), 1}});
  return other;
}

TEST(Failure, AFallbackThatLostItsCopyIsNotSentToWhoMayComeToIt) {
  TrackerDriver t(one_upload_each());
  begin_with_fallback(t);
  std::string other = lose_fallback(t, t["r"].assigns.at(0));
  t.open(other, "k");
  EXPECT_TRUE(t[other].assigns.empty());
  t.core.check_invariants();
}

TEST(Failure, NobodyHangsOnAReaderWhoseFallbackHasLostItsCopy) {
  TrackerDriver t(one_upload_each());
  begin_with_fallback(t);
  Assign order = t["r"].assigns.at(0);
  t.send("r",
         {SourceFailed{order.assignment, order.chunk, order.source, FailureKind::kUnreachable, 0}});
  lose_fallback(t, order);
  t.join("x");
  t.open("x", "k");
  EXPECT_TRUE(t["x"].assigns.empty());
  t.core.check_invariants();
}

TEST(Failure, ADeadReadersLeaseGoesToAnother) {
  TrackerDriver t;
  t.publish("k", 1);
  t.join_superpeer("s1");
  t.send("s1");
  t.join("r");
  t.open("r", "k");
  ASSERT_EQ(t["s1"].assigns.size(), 1u);
  t.join_superpeer("s2");
  t.send("s2");
  t.input(ConnectionLost{t["s1"].connection});
  t.advance(Config{}.session_grace + Duration::milliseconds(600));
  ASSERT_EQ(t["s2"].assigns.size(), 1u);
  t.core.check_invariants();
}

TEST(Failure, AnOriginThatFailsIsAskedAgainLaterAndLaterAndThenTheReaderIsTold) {
  TrackerDriver t;
  t.publish("k", 1);
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  int tries = 0;
  for (int i = 0; i < 600 && t.count<OpenEnded>("r") == 0; ++i) {
    if (!t["s"].assigns.empty()) {
      ++tries;
      t.fail_one("s", FailureKind::kOriginFailed, "503");
    }
    t.advance(Duration::milliseconds(100));
    t.send("s");
    t.send("r");
  }
  EXPECT_EQ(tries, static_cast<int>(Config{}.attempts_max));
  EXPECT_NE(t.last<OpenEnded>("r")->error.message.find("503"), std::string::npos);
  EXPECT_EQ(t.last<OpenEnded>("r")->error.code, ErrorCode::kUnavailable);
}

// Else an origin that is away for a moment would end all reads of large objects.
TEST(Failure, ReadsThatFailTogetherAreOneFailureOfTheOrigin) {
  TrackerDriver t;
  t.publish("k", 32);
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  ASSERT_GT(t["s"].assigns.size(), 4u);
  for (int round = 0; round < 4; ++round) {
    while (!t["s"].assigns.empty()) t.fail_one("s", FailureKind::kOriginFailed, "503");
    t.advance(Config{}.origin_retry_max);
    t.send("s");
    ASSERT_EQ(t.count<OpenEnded>("r"), 0) << round;
  }
  t.run_dry();
  EXPECT_EQ(t.count<OpenEnded>("r"), 0);
}

TEST(Failure, AnObjectThatChangesAtItsOriginEndsItsReadersClearlyAndIsLookedUpAnew) {
  TrackerDriver t;
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  t.resolve("s", TrackerDriver::facts("k", 8, "1"));
  t.finish_one("s");
  t.fail_one("s", FailureKind::kOriginChanged, "412");
  t.run_dry();
  EXPECT_EQ(t.last<OpenEnded>("r")->error.code, ErrorCode::kConflict);
  t.open("r", "k");
  EXPECT_EQ(t.count<Resolve>("s"), 2);
  t.resolve("s", TrackerDriver::facts("k", 8, "2"));
  EXPECT_EQ(t.last<Opened>("r")->version, TrackerDriver::facts("k", 8, "2").id);
  t.run_dry();
  EXPECT_EQ(t.count<OpenEnded>("r"), 1);
}

TEST(Failure, AnObjectThatChangedAtItsOriginIsStillServedWherePeersHoldAllOfIt) {
  TrackerDriver t;
  t.publish("k", 2);
  t.join("a");
  t.have("a", "k", "##");
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  t.run_dry();
  EXPECT_EQ(t.count<OpenEnded>("r"), 0);
  EXPECT_EQ(t.core.counters().leases, 0u);
}

TEST(Failure, ASuperpeerThatWasSlowButSpeaksIsWaitedForAndTheOriginIsNotReadTwice) {
  TrackerDriver t;
  t.publish("k", 2);
  t.join_superpeer("s");
  t.have("s", "k", "#.");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  ASSERT_EQ(t["r"].assigns.size(), 1u);
  t.fail_one("r", FailureKind::kStalled);
  for (const Assign& a : t["r"].assigns) EXPECT_NE(a.source.kind, SourceKind::kOrigin);
  t.run_dry();
  for (int i = 0; i < 30 && t.core.counters().chunks_verified < 3; ++i) {
    t.advance(Duration::milliseconds(500));
    t.send("s");
    t.send("r");
    t.run_dry();
  }
  EXPECT_EQ(t.core.counters().leases, 1u);
  EXPECT_EQ(t.core.counters().chunks_verified, 3u);  // one by the superpeer, two by the reader
}

TEST(Failure, ASuspectedSuperpeerThatIsSilentIsTakenForDead) {
  TrackerDriver t;
  t.publish("k", 1);
  t.join_superpeer("s");
  t.have("s", "k", "#");
  t.send("s");
  t.advance(Duration::seconds(4));
  t.join("r");
  t.open("r", "k");
  t.fail_one("r", FailureKind::kStalled);
  ASSERT_EQ(t["r"].assigns.size(), 1u);
  EXPECT_EQ(t["r"].assigns[0].source.kind, SourceKind::kOrigin);
}

TEST(Failure, AFullStoreEndsTheOpenWithItsMessage) {
  TrackerDriver t;
  t.publish("k", 2);
  t.join("a");
  t.have("a", "k", "##");
  t.join("r");
  t.open("r", "k");
  t.fail_one("r", FailureKind::kNoSpace, "/data: 262144 bytes needed");
  EXPECT_EQ(t.last<OpenEnded>("r")->error.code, ErrorCode::kNoSpace);
  EXPECT_NE(t.last<OpenEnded>("r")->error.message.find("/data"), std::string::npos);
  t.core.check_invariants();
}

TEST(Failure, ResultsOfAnotherRunOfTheTrackerCountAsInventory) {
  TrackerDriver t;
  t.publish("k", 2);
  t.join("a");
  ChunkVerified v;
  v.assignment = {TrackerEpoch(77), 5};
  v.chunk = {TrackerDriver::facts("k", 2).id, ChunkIndex(1)};
  t.send("a", {v});
  t.core.visit_versions([](const VersionPicture& p) { EXPECT_EQ(p.members, 1u); });
  t.core.check_invariants();
}

TEST(Failure, EventsThatMakeNoSenseChangeNothing) {
  TrackerDriver t;
  t.publish("k", 2);
  t.join("a");
  ChunkId beyond{TrackerDriver::facts("k", 2).id, ChunkIndex(2)};
  ChunkId unknown{TrackerDriver::facts("other", 2).id, ChunkIndex(0)};
  for (const ChunkId& chunk : {beyond, unknown}) {
    ChunkVerified v;
    v.chunk = chunk;
    t.send("a", {v, AssignmentFailed{{}, chunk, {}, FailureKind::kStalled, 0, ""},
                 SourceFailed{{}, chunk, {}, FailureKind::kStalled, 0},
                 ChunksDropped{chunk.version, 0, 0xffffffff}, WindowMoved{OpenId(5), 0, 1},
                 OpenClosed{OpenId(5)}, ChunkProgressed{{}, 3},
                 NameResolved{ResolveId(3), std::nullopt, {}}});
  }
  EXPECT_EQ(t.core.session_count(), 1u);
  t.core.check_invariants();
}

}  // namespace
}  // namespace tyto::tracker
