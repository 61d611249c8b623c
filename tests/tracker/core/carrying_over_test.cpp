// Peers come with transfers under way, from another tracker or from a former run of this one.
#include <gtest/gtest.h>

#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {
namespace {

const VersionFacts kFacts = TrackerDriver::facts("k", 4);

// A tracker that has just been started anew, and knows the object "k".
class CarryingOver : public testing::Test {
 protected:
  CarryingOver() : t(options()) { t.publish("k", 4); }
  static TrackerDriver::Options options() {
    TrackerDriver::Options o;
    o.is_first_run = false;
    o.epoch = TrackerEpoch(2);
    return o;
  }
  static Source from_origin() { return {}; }
  Source from(const std::string& name, uint16_t generation = 0) {
    return {
        SourceKind::kPeer, t.request(name, "").peer, {"10.0.0.1", 7000}, Generation(generation)};
  }
  void come(const std::string& name, uint32_t chunk, const Source& source) {
    if (!t.peers.contains(name)) t.join(name);
    InventoryEntry entry{kFacts.id, kFacts.chunking, Bitmap(4), {}};
    entry.underway = {{chunk, source}};
    t.input(InventoryArrived{t[name].session, {{entry}, true}});
    t.send(name);
    t.core.check_invariants();
  }
  void pass_recovery() { t.advance(Config{}.recovery + Duration::milliseconds(1)); }
  // The peer's assignment of the chunk; null if there is none.
  const Assign* order(const std::string& name, uint32_t chunk) {
    for (const Assign& assign : t[name].assigns)
      if (assign.chunk.index.value() == chunk) return &assign;
    return nullptr;
  }

  TrackerDriver t;
};

TEST_F(CarryingOver, ATransferFromAPeerIsAssignedFromTheVerySameSource) {
  t.join("s");
  t.have("s", "k", "####");
  come("r", 2, from("s"));
  ASSERT_NE(order("r", 2), nullptr);
  EXPECT_EQ(order("r", 2)->source.peer, t["s"].id);
  EXPECT_EQ(order("r", 2)->generation, Generation(1));
  EXPECT_EQ(order("r", 2)->reason.choice, Choice::kCarriedOver);
  t.open("r", "k");
  t.run_dry();
  EXPECT_EQ(t.count<Assign>("r"), 4);
}

// Found by a tracker that came back: a peer that refuses an answer comes again, and hears it again.
TEST_F(CarryingOver, WhereTheRootIsNotKnownTheOrderIsForThoseWhoTakeItWithout) {
  const VersionFacts facts = TrackerDriver::facts("looked", 4);
  t.input(VersionLoaded{std::make_shared<const VersionFacts>(facts), {}});
  for (uint32_t protocol : {kProtocolOfUnknownRoots, kProtocolOfUnknownRoots - 1}) {
    const std::string name = "r" + std::to_string(protocol);
    RegisterRequest r = t.request(name, "");
    r.protocol_version = protocol;
    t.join_as(name, r);
    InventoryEntry entry{facts.id, facts.chunking, Bitmap(4), {}};
    entry.underway = {{2, from("s")}};
    t.input(InventoryArrived{t[name].session, {{entry}, true}});
    t.send(name);
    t.core.check_invariants();
    bool is_told = protocol >= kProtocolOfUnknownRoots;
    ASSERT_EQ(t.count<Assign>(name), is_told ? 1 : 0) << protocol;
    if (!is_told) continue;
    EXPECT_FALSE(order(name, 2)->root.has_value());
  }
}

TEST_F(CarryingOver, AReadOfTheOriginGoesOnAsTheLeaseAndNobodyElseReadsTheChunk) {
  t.join_superpeer("s");
  come("s", 0, from_origin());
  ASSERT_NE(order("s", 0), nullptr);
  EXPECT_EQ(order("s", 0)->source.kind, SourceKind::kOrigin);
  t.join("r");
  t.open("r", "k");
  pass_recovery();
  int reads = 0;
  for (const Assign& assign : t["s"].assigns) reads += assign.chunk.index.value() == 0 ? 1 : 0;
  EXPECT_EQ(reads, 1);
  EXPECT_EQ(order("r", 0), nullptr);
  t.run_dry();
  EXPECT_EQ(t.count<Assign>("s"), 4);
  EXPECT_EQ(t.count<Assign>("r"), 4);
}

TEST_F(CarryingOver, AReadOfTheOriginGoesOnThoughTheBudgetIsSpent) {
  Policy policy;
  policy.origin.reads = 1;
  t.set_policy(policy);
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  pass_recovery();
  ASSERT_NE(order("s", 0), nullptr);
  t.join_superpeer("late");
  come("late", 2, from_origin());
  EXPECT_NE(order("late", 2), nullptr);
  t.finish_one("s");
  EXPECT_TRUE(t["s"].assigns.empty());  // the one that came counts, too
  t.run_dry();
  EXPECT_EQ(t.core.counters().leases, 3u);
}

TEST_F(CarryingOver, OfTwoReadsOfTheSameChunkOneIsTheLease) {
  come("a", 0, from_origin());
  come("b", 0, from_origin());
  EXPECT_NE(order("a", 0), nullptr);
  EXPECT_EQ(order("b", 0), nullptr);
}

TEST_F(CarryingOver, WhomACopyComesFromIsNotSentThereForItWhenItComesLater) {
  come("r", 1, from("s", 1));
  ASSERT_NE(order("r", 1), nullptr);
  t.join("s");
  t.open("s", "k");
  pass_recovery();
  for (const Assign& assign : t["s"].assigns) EXPECT_NE(assign.source.peer, t["r"].id);
}

TEST_F(CarryingOver, ACircleThroughAThirdPeerIsSeen) {
  come("r", 1, from("s", 2));
  come("q", 1, from("r", 3));
  come("s", 1, from("t", 1));
  t.join("t");
  t.open("t", "k");
  pass_recovery();
  t.core.check_invariants();
  const Assign* assign = order("t", 1);
  EXPECT_TRUE(assign == nullptr || assign->source.kind == SourceKind::kOrigin);
}

TEST_F(CarryingOver, WhatComesFromAStrangerIsPassedOnOnlyWhenItIsWhole) {
  come("r", 1, from("elsewhere", 1));
  t.join("q");
  t.open("q", "k");
  pass_recovery();
  const Assign* early = order("q", 1);
  EXPECT_TRUE(early == nullptr || early->source.peer != t["r"].id);
  t.send("r", {t.verified(*order("r", 1))});
  t.core.check_invariants();
}

TEST_F(CarryingOver, NonsenseIsPassedOver) {
  come("r", 4, from("s"));       // no such chunk
  come("r", 0, from("r"));       // from itself
  come("r", 1, from("s", 200));  // deeper than any tree
  InventoryEntry entry{TrackerDriver::facts("unknown", 4).id, kFacts.chunking, Bitmap(4), {}};
  entry.underway = {{0, from("s")}};
  t.input(InventoryArrived{t["r"].session, {{entry}, true}});
  t.send("r");
  t.core.check_invariants();
  EXPECT_EQ(t.count<Assign>("r"), 0);
}

// --- from one tracker to another ---

Members two_members() {
  return {.serial = 1,
          .members = {{MemberId(1), {"t1", 7400}, "", TrackerEpoch(2)},
                      {MemberId(2), {"t2", 7400}, "", TrackerEpoch(7)}}};
}

class Moving : public CarryingOver {
 protected:
  Moving() {
    give(MembersChanged{MemberId(1), two_members()});
    give(LinkUp{MemberId(2), TrackerEpoch(7)});
  }
  void give(Input input) {
    Effects effects;
    t.core.handle(t.now, std::move(input), effects);
    for (Effect& effect : effects) {
      auto* batch = std::get_if<SendToMember>(&effect);
      if (batch == nullptr) continue;
      for (ClusterMessage& message : batch->messages)
        if (auto* moved = std::get_if<PeerMoved>(&message)) told.push_back(*moved);
    }
  }
  int peers() const {
    int n = 0;
    t.core.visit_peers([&](const PeerPicture&) { ++n; });
    return n;
  }
  std::vector<PeerMoved> told;
};

TEST_F(Moving, TheTrackerThatAPeerHasLeftHearsOfItWhenAllIsTold) {
  RegisterRequest request = t.request("r", "");
  request.moves = kMovesMax;  // wherever its home is
  request.resume_session = SessionId(5);
  request.resume_epoch = TrackerEpoch(7);
  t.join_as("r", request);
  EXPECT_TRUE(told.empty());
  give(ExchangeArrived{t["r"].session, ExchangeToken(900), {}});
  EXPECT_EQ(told, (std::vector<PeerMoved>{{t["r"].id, SessionId(5)}}));
  give(ExchangeArrived{t["r"].session, ExchangeToken(901), {}});
  EXPECT_EQ(told.size(), 1u);
}

TEST_F(Moving, APeerThatHasMovedIsGoneAtOnce) {
  RegisterRequest request = t.request("r", "");
  request.moves = kMovesMax;
  t.join_as("r", request);
  t.have("r", "k", "##..");
  give(ClusterArrived{MemberId(2), {PeerMoved{PeerId(99), t["r"].session}}});  // somebody else
  give(ClusterArrived{MemberId(2), {PeerMoved{t["r"].id, SessionId(99)}}});    // a former session
  EXPECT_EQ(peers(), 1);
  give(ClusterArrived{MemberId(2), {PeerMoved{t["r"].id, t["r"].session}}});
  EXPECT_EQ(peers(), 0);
  t.core.check_invariants();
}

}  // namespace
}  // namespace tyto::tracker
