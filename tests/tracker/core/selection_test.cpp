// What a bucket's selection policy and its limits do to the choice of sources.
#include <gtest/gtest.h>

#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {
namespace {

Policy policy_of(SelectionKind kind) {
  Policy policy;
  policy.selection.kind = kind;
  return policy;
}

// A reader in r1/z1/k1, and a holder of a one-chunk object in each place.
class Places {
 public:
  explicit Places(const Policy& policy) {
    t.set_policy(policy);
    t.publish("k", 1);
    t.join("reader", "r1/z1/k1/h0");
  }
  void hold(const std::string& name, const std::string& location) {
    t.join(name, location);
    t.have(name, "k", "#");
  }
  void hold_superpeer(const std::string& name) {
    t.join_superpeer(name);
    t.have(name, "k", "#");
  }
  // Takes an upload of the holder, for a neighbour of its own.
  void keep_busy(const std::string& name, const std::string& location) {
    t.publish("other", 1);
    t.have(name, "other", "#");
    t.join("busy", location);
    t.open("busy", "other");
  }
  // Whom the reader is sent to: a name, "origin", or "nobody".
  std::string source() {
    t.open("reader", "k");
    if (t["reader"].assigns.empty()) return "nobody";
    const Source& source = t["reader"].assigns[0].source;
    if (source.kind == SourceKind::kOrigin) return "origin";
    for (const auto& [name, peer] : t.peers)
      if (peer.id == source.peer) return name;
    return "?";
  }
  Choice choice() { return t["reader"].assigns.at(0).reason.choice; }

  TrackerDriver t;
};

TEST(Selection, EachPolicyChoosesAmongTheSameHolders) {
  struct Row {
    SelectionKind kind;
    const char* expected;
  };
  for (Row row :
       {Row{SelectionKind::kLocationAware, "near"}, Row{SelectionKind::kLeastLoaded, "near"},
        Row{SelectionKind::kSuperpeerOnly, "super"}, Row{SelectionKind::kOriginOnly, "origin"},
        Row{SelectionKind::kHotCold, "near"}}) {
    Places places(policy_of(row.kind));
    places.hold("near", "r1/z1/k1/h1");
    places.hold("far", "r2/z1/k1/h2");
    places.hold_superpeer("super");
    EXPECT_EQ(places.source(), row.expected) << static_cast<int>(row.kind);
  }
}

TEST(Selection, LeastLoadedPrefersAFarIdleHostToANearBusyOne) {
  for (SelectionKind kind : {SelectionKind::kLocationAware, SelectionKind::kLeastLoaded}) {
    Places places(policy_of(kind));
    places.hold("near", "r1/z1/k1/h1");
    places.hold("far", "r2/z1/k1/h2");
    places.t.publish("other", 4);
    places.t.have("near", "other", "####");
    places.t.join("busy", "r1/z1/k1/h3");
    places.t.open("busy", "other");
    EXPECT_EQ(places.source(), kind == SelectionKind::kLeastLoaded ? "far" : "near");
  }
}

TEST(Selection, RandomUsesNearAndFarAlike) {
  int near = 0;
  const int kTimes = 60;
  for (int i = 0; i < kTimes; ++i) {
    TrackerDriver::Options options;
    options.config.seed = static_cast<uint64_t>(i) + 1;
    TrackerDriver t(options);
    t.set_policy(policy_of(SelectionKind::kRandom));
    t.publish("k", 1);
    t.join("near", "r1/z1/k1/h1");
    t.have("near", "k", "#");
    t.join("far", "r2/z1/k1/h2");
    t.have("far", "k", "#");
    t.join("reader", "r1/z1/k1/h0");
    t.open("reader", "k");
    near += t["reader"].assigns.at(0).source.peer == t["near"].id ? 1 : 0;
  }
  EXPECT_GT(near, kTimes / 4);
  EXPECT_LT(near, kTimes * 3 / 4);
}

TEST(Selection, ColdObjectsGoPastSuperpeersAndHotOnesThroughThem) {
  Policy policy = policy_of(SelectionKind::kHotCold);
  policy.selection.hot_from = 3;
  TrackerDriver t;
  t.set_policy(policy);
  t.publish("k", 1);
  t.join_superpeer("super");
  t.send("super");
  for (auto name : {"r1", "r2", "r3"}) t.join(name);
  t.open("r1", "k");
  ASSERT_EQ(t["r1"].assigns.size(), 1u);
  EXPECT_EQ(t["r1"].assigns[0].source.kind, SourceKind::kOrigin);
  EXPECT_EQ(t["r1"].assigns[0].reason.choice, Choice::kOriginCold);
  t.open("r2", "k");  // waits for the first: one reads the origin for all
  EXPECT_TRUE(t["r2"].assigns.empty());
  t.run_dry();
  EXPECT_EQ(t["super"].commands.size(), 0u);
  EXPECT_EQ(t.core.counters().bytes_from_origin, uint64_t{kChunkBytesMin});

  t.publish("hot", 1);
  for (auto name : {"r1", "r2", "r3"}) t.open(name, "hot");
  for (auto name : {"r1", "r2"}) EXPECT_LE(t[name].assigns.size(), 1u);
}

TEST(Selection, AnObjectThatBecomesHotIsReadBySuperpeers) {
  Policy policy = policy_of(SelectionKind::kHotCold);
  policy.selection.hot_from = 2;
  TrackerDriver t;
  t.set_policy(policy);
  t.publish("k", 64);
  t.join_superpeer("super");
  t.send("super");
  t.join("r1");
  t.join("r2");
  t.open("r1", "k");
  EXPECT_TRUE(t["super"].assigns.empty());
  t.open("r2", "k");
  EXPECT_FALSE(t["super"].assigns.empty());
  EXPECT_EQ(t["super"].assigns[0].reason.choice, Choice::kOriginLease);
}

TEST(Selection, OriginOnlyReadersEachReadAllOfTheObject) {
  TrackerDriver t;
  t.set_policy(policy_of(SelectionKind::kOriginOnly));
  t.publish("k", 4);
  t.join_superpeer("super");
  t.send("super");
  for (auto name : {"r1", "r2"}) {
    t.join(name);
    t.open(name, "k");
  }
  t.run_dry();
  EXPECT_EQ(t.core.counters().bytes_from_origin, uint64_t{8} * kChunkBytesMin);
  EXPECT_EQ(t.core.counters().bytes_from_peers, 0u);
  EXPECT_TRUE(t["super"].commands.empty());
}

TEST(Selection, SuperpeerOnlyReadersNeverServe) {
  TrackerDriver t;
  t.set_policy(policy_of(SelectionKind::kSuperpeerOnly));
  t.publish("k", 8);
  t.join_superpeer("super");
  t.send("super");
  for (auto name : {"r1", "r2", "r3"}) {
    t.join(name);
    t.open(name, "k");
  }
  t.run_dry();
  EXPECT_EQ(t.core.counters().bytes_from_origin, uint64_t{8} * kChunkBytesMin);
  EXPECT_EQ(t.core.counters().bytes_from_superpeers, uint64_t{24} * kChunkBytesMin);
  EXPECT_EQ(t.core.counters().bytes_from_peers, 0u);
}

TEST(Selection, SourcesBeyondTheFarthestAreLeftAndTheOriginIsReadInstead) {
  struct Row {
    Nearness farthest;
    const char* expected;
  };
  for (Row row : {Row{Nearness::kAnywhere, "far"}, Row{Nearness::kSameRegion, "origin"},
                  Row{Nearness::kSameRack, "origin"}}) {
    Policy policy;
    policy.selection.farthest = row.farthest;
    Places places(policy);
    places.hold("far", "r2/z1/k1/h1");
    EXPECT_EQ(places.source(), row.expected);
  }
}

TEST(Selection, WithinTheFarthestTheOriginIsReadOnceForARack) {
  Policy policy;
  policy.selection.farthest = Nearness::kSameRack;
  TrackerDriver t;
  t.set_policy(policy);
  t.publish("k", 4);
  t.join("far", "r2/z1/k9/h");
  t.have("far", "k", "####");
  for (auto name : {"r1", "r2", "r3"}) {
    t.join(name, std::string("r1/z1/k1/") + name);
    t.open(name, "k");
  }
  t.run_dry();
  EXPECT_EQ(t.core.counters().bytes_from_origin, uint64_t{4} * kChunkBytesMin);
  EXPECT_EQ(t.core.counters().bytes_from_peers, uint64_t{8} * kChunkBytesMin);
}

TEST(Selection, AReaderWaitsForABusySourceInItsRackBeforeItCrosses) {
  Policy policy;
  policy.selection.cross_rack_after = Duration::seconds(2);
  policy.selection.uploads_per_host = 1;
  policy.selection.tree_depth = 0;
  Places places(policy);
  TrackerDriver& t = places.t;
  places.hold("near", "r1/z1/k1/h1");
  places.hold("far", "r1/z1/k2/h2");
  places.keep_busy("near", "r1/z1/k1/h3");
  EXPECT_EQ(places.source(), "nobody");
  t.advance(Duration::milliseconds(1900));
  EXPECT_TRUE(t["reader"].assigns.empty());
  t.advance(Duration::milliseconds(200));
  ASSERT_EQ(t["reader"].assigns.size(), 1u);
  EXPECT_EQ(t["reader"].assigns[0].source.peer, t["far"].id);
}

TEST(Selection, NobodyWaitsForARackThatHasNothing) {
  Policy policy;
  policy.selection.cross_rack_after = Duration::seconds(2);
  policy.selection.cross_zone_after = Duration::seconds(2);
  Places places(policy);
  places.hold("far", "r1/z2/k2/h2");
  EXPECT_EQ(places.source(), "far");
}

TEST(Selection, ATreeIsNoDeeperThanTheBucketAllows) {
  for (uint32_t depth : {0u, 1u, 3u}) {
    Policy policy;
    policy.selection.tree_depth = depth;
    TrackerDriver::Options options;
    options.config.uploads_per_host = 1;
    options.config.assignments_per_peer = 1;
    TrackerDriver t(options);
    t.set_policy(policy);
    t.publish("k", 1);
    t.join("a");
    t.have("a", "k", "#");
    std::size_t served = 0;
    for (int i = 0; i < 6; ++i) {
      std::string name = "r" + std::to_string(i);
      t.join(name);
      t.open(name, "k");
      served += t[name].assigns.size();
    }
    EXPECT_EQ(served, depth + 1);
    t.run_dry();
    EXPECT_EQ(t.core.counters().chunks_verified, 6u);
  }
}

TEST(Selection, WhatIsComingIntoARackAtTheEndOfAChainDoesNotComeInAgain) {
  Policy policy;
  policy.selection.tree_depth = 1;
  TrackerDriver::Options options;
  options.config.uploads_per_host = 1;
  TrackerDriver t(options);
  t.set_policy(policy);
  t.publish("k", 1);
  t.join("a", "r1/z1/k1/a");
  t.have("a", "k", "#");
  for (const char* reader : {"r1/z1/k2/b", "r1/z1/k3/c", "r1/z1/k3/d"}) {
    t.join(reader, reader);
    t.open(reader, "k");
  }
  ASSERT_EQ(t["r1/z1/k2/b"].assigns.size(), 1u);
  ASSERT_EQ(t["r1/z1/k3/c"].assigns.size(), 1u);  // from b, to which it is on its way
  t.join("e", "r1/z1/k4/e");
  t.have("e", "k", "#");
  EXPECT_EQ(t["r1/z1/k3/d"].assigns.size(), 0u);
  t.finish_one("r1/z1/k2/b");
  t.finish_one("r1/z1/k3/c");
  ASSERT_EQ(t["r1/z1/k3/d"].assigns.size(), 1u);
  EXPECT_EQ(t["r1/z1/k3/d"].assigns[0].source.peer, t["r1/z1/k3/c"].id);
}

TEST(Selection, ABucketsOutflowCapsHoldBesideTheTrackers) {
  Policy policy;
  policy.selection.uploads_per_host = 2;
  policy.selection.uploads_per_superpeer = 3;
  policy.selection.tree_depth = 0;
  TrackerDriver t;
  t.set_policy(policy);
  t.publish("k", 32);
  t.join("a");
  t.have("a", "k", std::string(32, '#'));
  t.join_superpeer("s");
  t.have("s", "k", std::string(32, '#'));
  t.join("r");
  t.open("r", "k");
  std::map<PeerId, int> from;
  for (const Assign& order : t["r"].assigns) ++from[order.source.peer];
  EXPECT_EQ(from[t["a"].id], 2);
  EXPECT_EQ(from[t["s"].id], 3);
}

TEST(Selection, ABucketIsSentNoMoreThanItsRate) {
  Policy policy;
  policy.selection.bytes_per_s = uint64_t{4} * kChunkBytesMin;
  TrackerDriver t;
  t.set_policy(policy);
  t.publish("k", 64);
  t.join("a");
  t.have("a", "k", std::string(64, '#'));
  for (auto name : {"r1", "r2"}) {
    t.join(name);
    t.open(name, "k");
  }
  for (int quarter = 0; quarter < 40; ++quarter) {
    while (t.finish_one("r1") || t.finish_one("r2")) {
    }
    t.advance(Duration::milliseconds(250));
  }
  // Ten seconds, and what was not used before them.
  EXPECT_GE(t.core.counters().chunks_verified, 39u);
  EXPECT_LE(t.core.counters().chunks_verified, 42u);
}

TEST(Selection, AHigherRateHoldsAtOnceWhateverWasTakenUnderALowerOne) {
  Policy policy;
  policy.selection.bytes_per_s = 1;
  TrackerDriver t;
  t.set_policy(policy);
  t.publish("k", 8);
  t.join("a");
  t.have("a", "k", "########");
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(t["r"].assigns.size(), 1u);
  t.advance(Duration::seconds(60));
  EXPECT_EQ(t["r"].assigns.size(), 1u);
  policy.selection.bytes_per_s = 1'000'000'000;
  t.set_policy(policy);
  t.advance(Duration::seconds(1));
  EXPECT_EQ(t["r"].assigns.size(), 8u);
}

// Published, and held by one peer or superpeer, but with no origin to read it from.
void hold_without_origin(TrackerDriver& t, Role role) {
  auto facts = std::make_shared<VersionFacts>(TrackerDriver::facts("k", 1));
  facts->is_published = true;
  facts->origin = {};
  t.input(VersionLoaded{facts, {TrackerDriver::root(0)}});
  t.input(NameLoaded{"b", "k", facts->id, true});
  if (role == Role::kSuperpeer)
    t.join_superpeer("holder");
  else
    t.join("holder");
  t.have("holder", "k", "#");
  t.join("r");
  t.open("r", "k");
}

TEST(Selection, WhereOnlyForbiddenCopiesAreLeftTheReaderIsTold) {
  TrackerDriver t;
  t.set_policy(policy_of(SelectionKind::kSuperpeerOnly));
  hold_without_origin(t, Role::kPeer);
  ASSERT_EQ(t.count<OpenEnded>("r"), 1);
  EXPECT_EQ(t.last<OpenEnded>("r")->error.code, ErrorCode::kUnavailable);
  EXPECT_NE(t.last<OpenEnded>("r")->error.message.find("selection.policy"), std::string::npos);
}

TEST(Selection, WhatHasNoOriginIsReadFromSuperpeersHoweverColdItIs) {
  TrackerDriver t;
  t.set_policy(policy_of(SelectionKind::kHotCold));
  hold_without_origin(t, Role::kSuperpeer);
  ASSERT_EQ(t["r"].assigns.size(), 1u);
  EXPECT_EQ(t["r"].assigns[0].source.peer, t["holder"].id);
}

TEST(Selection, AReaderThatWaitsForABusyNeighbourDoesNotReadTheOriginAnew) {
  Policy policy;
  policy.selection.cross_zone_after = Duration::seconds(5);
  policy.selection.uploads_per_host = 1;
  policy.selection.tree_depth = 0;
  Places places(policy);
  TrackerDriver& t = places.t;
  places.hold("near", "r1/z1/k2/h1");
  places.hold("far", "r2/z1/k2/h2");
  places.keep_busy("near", "r1/z1/k2/h3");
  EXPECT_EQ(places.source(), "nobody");
  t.advance(Duration::seconds(6));
  EXPECT_EQ(t["reader"].assigns.at(0).source.peer, t["far"].id);
}

TEST(Selection, AReaderThatGetsNothingIsGivenUpWhenItsBucketSays) {
  Policy policy;
  policy.selection.give_up = Duration::seconds(20);
  TrackerDriver t;
  t.set_policy(policy);
  t.publish("k", 1);
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");  // the superpeer reads, and says nothing
  t.advance(Duration::milliseconds(19'000));
  EXPECT_EQ(t.count<OpenEnded>("r"), 0);
  t.advance(Duration::milliseconds(1'100));
  ASSERT_EQ(t.count<OpenEnded>("r"), 1);
  EXPECT_EQ(t.last<OpenEnded>("r")->error.code, ErrorCode::kTimedOut);
}

TEST(Selection, TriesAreCountedAsTheBucketSays) {
  Policy policy;
  policy.selection.attempts_max = 2;
  TrackerDriver t;
  t.set_policy(policy);
  t.publish("k", 1);
  for (auto name : {"a", "b", "c"}) {
    t.join(name);
    t.have(name, "k", "#");
  }
  t.join("r");
  t.open("r", "k");
  t.fail_one("r", FailureKind::kStalled);
  EXPECT_EQ(t.count<OpenEnded>("r"), 0);
  t.advance(Duration::milliseconds(10));
  t.fail_one("r", FailureKind::kStalled);
  EXPECT_EQ(t.count<OpenEnded>("r"), 1);
}

TEST(Selection, AChangeOfPolicyHoldsFromTheNextDecisionOn) {
  TrackerDriver t;
  Policy policy;
  policy.selection.tree_depth = 0;
  policy.selection.uploads_per_host = 1;
  t.set_policy(policy);
  t.publish("k", 8);
  t.join("a");
  t.have("a", "k", "########");
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(t["r"].assigns.size(), 1u);
  policy.selection.uploads_per_host = 4;
  t.set_policy(policy);
  EXPECT_EQ(t["r"].assigns.size(), 4u);
  EXPECT_GT(t["r"].assigns[3].reason.policy_version, t["r"].assigns[0].reason.policy_version);
}

}  // namespace
}  // namespace tyto::tracker
