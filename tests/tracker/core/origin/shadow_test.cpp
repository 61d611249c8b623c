// The shadow share: readers that read the origin as if there were no Tyto, and are counted apart.
#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {
namespace {

TrackerDriver::Options with_share(uint32_t permille, const OriginPolicy& origin = {}) {
  TrackerDriver::Options options;
  options.policy.origin = origin;
  options.policy.origin.shadow_permille = permille;
  return options;
}

TEST(Shadow, AReaderOfTheShareReadsTheOriginThoughPeersHoldAll) {
  TrackerDriver t(with_share(1000));
  t.publish("k", 4);
  t.join_superpeer("s");
  t.have("s", "k", "####");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  ASSERT_EQ(t["r"].assigns.size(), 4u);
  for (const Assign& order : t["r"].assigns) {
    EXPECT_EQ(order.source.kind, SourceKind::kOrigin);
    EXPECT_EQ(order.reason.choice, Choice::kOriginShadow);
  }
  t.advance(Duration::seconds(2));
  t.run_dry();
  const Counters& counters = t.core.counters();
  EXPECT_EQ(counters.shadow_opens, 1u);
  EXPECT_EQ(counters.shadow_completed, 1u);
  EXPECT_EQ(counters.shadow_bytes, 4u * kChunkBytesMin);
  EXPECT_EQ(counters.shadow_ns, 2'000'000'000u);
  EXPECT_EQ(counters.bytes_from_origin, 0u);
  EXPECT_EQ(counters.leases, 0u);
}

TEST(Shadow, WhatItReadIsNoCopyForOthersAndGoesWhenItCloses) {
  TrackerDriver t(with_share(1000));
  t.publish("k", 4);
  t.join("r");
  uint64_t open = t.open("r", "k");
  t.run_dry();
  auto version = t.core.version_picture(TrackerDriver::facts("k", 4).id);
  EXPECT_EQ(version->members, 0u);
  t.send("r", {OpenClosed{OpenId(open)}});
  EXPECT_EQ(t.count<Evict>("r"), 4);
  t.core.check_invariants();
  for (uint32_t c = 0; c < 4; ++c)
    t.send("r", {ChunksDropped{TrackerDriver::facts("k", 4).id, c, 1}});
  t.core.check_invariants();
  t.core.visit_peers([](const PeerPicture& peer) { EXPECT_EQ(peer.used_bytes, 0u); });
}

TEST(Shadow, NobodyWaitsForWhatItReads) {
  TrackerDriver t(with_share(1000));
  t.publish("k", 4);
  t.join_superpeer("s");
  t.send("s");
  t.join("shadow");
  t.open("shadow", "k");
  t.set_policy({});
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(t["s"].assigns.size(), 4u);
  t.run_dry();
  t.advance(Duration::seconds(3));  // it counts as one that could pass chunks on
  t.run_dry();
  EXPECT_EQ(t.core.counters().bytes_from_origin, 4u * kChunkBytesMin);
  EXPECT_EQ(t.core.counters().bytes_from_superpeers, 4u * kChunkBytesMin);
}

TEST(Shadow, ItKeepsToTheBudgetOfTheOrigin) {
  TrackerDriver t(with_share(1000, {.reads = 2}));
  t.publish("k", 8);
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(t["r"].assigns.size(), 2u);
  while (t.finish_one("r")) EXPECT_LE(t["r"].assigns.size(), 2u);
  EXPECT_EQ(t.core.counters().shadow_completed, 1u);
}

TEST(Shadow, TheShareIsDrawnByLotAndTheOthersAreCountedBesideIt) {
  TrackerDriver t(with_share(250));
  t.publish("k", 1);
  t.join_superpeer("s");
  t.have("s", "k", "#");
  t.send("s");
  for (int i = 0; i < 400; ++i) {
    std::string name = "r" + std::to_string(i);
    t.join(name);
    t.open(name, "k");
    t.finish_one(name);
  }
  const Counters& counters = t.core.counters();
  EXPECT_GT(counters.shadow_completed, 60u);
  EXPECT_LT(counters.shadow_completed, 140u);
  EXPECT_EQ(counters.shadow_completed + counters.compared_completed, 400u);
}

}  // namespace
}  // namespace tyto::tracker
