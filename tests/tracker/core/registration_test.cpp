#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {
namespace {

TEST(Registration, GivesASessionWithTheSuperpeersOfTheMoment) {
  TrackerDriver t;
  t.join_superpeer("s");
  auto& a = t.join("a");
  EXPECT_NE(a.session, SessionId(0));
  EXPECT_FALSE(a.reply.resumed);
  ASSERT_EQ(a.reply.superpeers.size(), 1u);
  EXPECT_EQ(a.reply.superpeers[0].peer, t["s"].id);
  EXPECT_EQ(a.reply.limits.uploads_max, Config{}.uploads_per_host);
}

TEST(Registration, RefusesPeerIdZeroAndPeersOverTheLimit) {
  TrackerDriver::Options options;
  options.config.max_peers = 1;
  TrackerDriver t(options);
  auto nobody = t.request("x", "");
  nobody.peer = PeerId(0);
  EXPECT_EQ(t.join_as("x", nobody).refused->code, ErrorCode::kInvalidArgument);
  t.join("a");
  EXPECT_EQ(t.join("b").refused->code, ErrorCode::kOverloaded);
}

TEST(Registration, ALostConnectionIsResumedWithItsNumbering) {
  TrackerDriver t;
  auto& a = t.join("a");
  SessionId session = a.session;
  t.send("a", {Leaving{}});  // any event
  t.advance(Duration::milliseconds(1));
  TrackerDriver::Peer before = a;
  auto again = t.request("b", "");
  t.join("b");
  t.input(ConnectionLost{t["b"].connection});
  again.resume_session = t["b"].session;
  again.resume_epoch = TrackerEpoch(1);
  SessionId b_session = t["b"].session;
  t.advance(Duration::seconds(1));
  EXPECT_TRUE(t.join_as("b", again).reply.resumed);
  EXPECT_EQ(t["b"].session, b_session);
  EXPECT_NE(session, b_session);
}

TEST(Registration, ALostConnectionThatIsNotResumedEndsTheSession) {
  TrackerDriver t;
  t.join("a");
  t.input(ConnectionLost{t["a"].connection});
  t.advance(Config{}.session_grace + Duration::milliseconds(1));
  EXPECT_EQ(t.core.session_count(), 0u);
  EXPECT_EQ(t.notices(NoticeKind::kPeerLost), 1);
}

TEST(Registration, ASilentPeerIsTakenForDeadAndAParkedOneIsNot) {
  TrackerDriver t;
  t.join("silent");
  t.join("parked");
  for (int i = 0; i < 10; ++i) {
    t.send("parked");
    t.advance(Duration::seconds(19));
  }
  EXPECT_EQ(t.core.session_count(), 1u);
  EXPECT_EQ(t.notices(NoticeKind::kPeerLost), 1);
}

TEST(Registration, AnotherRunOfTheSamePeerReplacesTheFirst) {
  TrackerDriver t;
  t.publish("k", 2);
  t.join("a");
  t.have("a", "k", "##");
  t.join("a");
  EXPECT_EQ(t.core.session_count(), 1u);
  t.core.visit_versions([](const VersionPicture& v) { EXPECT_EQ(v.members, 0u); });
}

TEST(Registration, ALeavingPeerIsNoSourceAnyMore) {
  TrackerDriver t;
  t.publish("k", 1);
  t.join("a");
  t.have("a", "k", "#");
  t.send("a", {Leaving{Duration::seconds(5)}});
  t.join("r");
  t.open("r", "k");
  ASSERT_EQ(t["r"].assigns.size(), 1u);
  EXPECT_EQ(t["r"].assigns[0].source.kind, SourceKind::kOrigin);
  t.input(ConnectionLost{t["a"].connection});
  EXPECT_EQ(t.notices(NoticeKind::kPeerLeft), 1);
}

TEST(Registration, NothingIsLeasedBeforeTheFleetCouldAnnounceItselfAfterARestart) {
  TrackerDriver::Options options;
  options.is_first_run = false;
  options.epoch = TrackerEpoch(2);
  TrackerDriver t(options);
  t.publish("k", 1);
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(t["s"].assigns.size(), 0u);
  t.join("late");
  t.have("late", "k", "#");
  t.advance(Config{}.recovery + Duration::milliseconds(1));
  EXPECT_EQ(t["s"].assigns.size(), 0u);
  ASSERT_EQ(t["r"].assigns.size(), 1u);
  EXPECT_EQ(t["r"].assigns[0].source.peer, t["late"].id);
}

TEST(Registration, ASuperpeersInventoryTeachesRootsAndIsHeldAgainstThoseKnown) {
  TrackerDriver t;
  t.publish("known", 2);
  auto fresh = std::make_shared<const VersionFacts>(TrackerDriver::facts("fresh", 2));
  t.input(VersionLoaded{fresh, {}});
  t.join_superpeer("s");
  t.send("s");
  InventoryPage page;
  for (const char* key : {"known", "fresh"}) {
    InventoryEntry entry;
    entry.version = TrackerDriver::facts(key, 2).id;
    entry.chunking = TrackerDriver::facts(key, 2).chunking;
    entry.chunks = Bitmap::full(2);
    entry.roots = {TrackerDriver::root(0), TrackerDriver::root(9)};
    page.entries.push_back(entry);
  }
  t.input(InventoryArrived{t["s"].session, page});
  EXPECT_EQ(t.learned.size(), 2u);
  EXPECT_EQ(t.notices(NoticeKind::kRootConflict), 1);
  ASSERT_EQ(t.count<Evict>("s"), 1);
  EXPECT_EQ(t.last<Evict>("s")->version, TrackerDriver::facts("known", 2).id);
  EXPECT_EQ(t.last<Evict>("s")->first, 1u);
  t.core.check_invariants();
}

}  // namespace
}  // namespace tyto::tracker
