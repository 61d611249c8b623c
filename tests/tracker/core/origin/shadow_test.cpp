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

RegisterRequest small_store(TrackerDriver& t, const std::string& name, uint64_t chunks) {
  RegisterRequest request = t.request(name, "");
  request.store_bytes = chunks * kChunkBytesMin;
  return request;
}

// The peer frees all that it was told to.
void drop_all(TrackerDriver& t, const std::string& name) {
  std::vector<Event> events;
  for (const Command& command : t[name].commands)
    if (auto* order = std::get_if<Evict>(&command))
      events.push_back(ChunksDropped{order->version, order->first, order->count});
  std::erase_if(t[name].commands, [](auto& c) { return std::holds_alternative<Evict>(c); });
  t.send(name, events);
}

// The peer drops and finishes until it has nothing more to do. Returns the chunks that came.
int read_on(TrackerDriver& t, const std::string& name) {
  int came = 0;
  for (int i = 0; i < 4; ++i) {
    drop_all(t, name);
    while (t.finish_one(name)) ++came;
  }
  t.core.check_invariants();
  return came;
}

uint64_t open_stream(TrackerDriver& t, const std::string& name, const std::string& key) {
  OpenRequested open;
  open.open = OpenId(1000);
  open.bucket = TrackerDriver::bucket_of(key);
  open.key = key;
  open.mode = ReadMode::kStream;
  open.window_count = 2;
  t.send(name, {open});
  return 1000;
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
  auto order = t.last<Evict>("r");
  ASSERT_TRUE(order.has_value());
  EXPECT_EQ(order->first, 0u);
  EXPECT_EQ(order->count, 4u);
  t.core.check_invariants();
  drop_all(t, "r");
  t.core.check_invariants();
  t.core.visit_peers([](const PeerPicture& peer) { EXPECT_EQ(peer.used_bytes, 0u); });
}

TEST(Shadow, ItsBytesCountForTheBucketsQuotaUntilTheyAreGone) {
  TrackerDriver::Options options = with_share(1000);
  options.policy.caching.bytes_per_peer = 4 * kChunkBytesMin;
  TrackerDriver t(options);
  t.publish("k", 4);
  t.publish("next", 4);
  t.join("r");
  uint64_t open = t.open("r", "k");
  EXPECT_EQ(read_on(t, "r"), 4);
  options.policy.origin.shadow_permille = 0;
  t.set_policy(options.policy);
  t.open("r", "next");
  EXPECT_EQ(read_on(t, "r"), 0);  // the quota is spent
  t.send("r", {OpenClosed{OpenId(open)}});
  EXPECT_EQ(read_on(t, "r"), 4);
}

TEST(Shadow, ItsBytesGoWithTheVersionToAnotherBucket) {
  TrackerDriver t(with_share(1000));
  t.publish("k", 4);
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(read_on(t, "r"), 4);
  t.set_policy({}, "c");
  auto moved = std::make_shared<VersionFacts>(TrackerDriver::facts("k", 4));
  moved->bucket_name = "c";
  moved->bucket = BucketId(2);
  t.input(VersionLoaded{moved, {}});
  t.core.check_invariants();
}

TEST(Shadow, AStreamThatIsLargerThanTheStoreIsReadToItsEnd) {
  TrackerDriver t(with_share(1000));
  t.publish("k", 16);
  t.join_as("r", small_store(t, "r", 4));
  uint64_t open = open_stream(t, "r", "k");
  int came = read_on(t, "r");
  for (uint32_t first = 1; first + 2 <= 16; ++first) {
    t.send("r", {WindowMoved{OpenId(open), first, 2}});
    came += read_on(t, "r");
  }
  EXPECT_EQ(came, 16);
  EXPECT_EQ(t.count<OpenEnded>("r"), 0);
  EXPECT_EQ(t.core.counters().shadow_bytes, 16u * kChunkBytesMin);
}

TEST(Shadow, OthersAtItsPeerWaitForTheRoomThatItsStreamTakes) {
  TrackerDriver t(with_share(1000));
  t.publish("k", 4);
  t.publish("c:k", 2);
  t.set_policy({}, "c");
  t.join_as("r", small_store(t, "r", 2));
  uint64_t open = open_stream(t, "r", "k");
  EXPECT_EQ(read_on(t, "r"), 2);
  t.open("r", "c:k");
  EXPECT_EQ(read_on(t, "r"), 0);
  EXPECT_EQ(t.count<OpenEnded>("r"), 0);  // not refused: the stream will read on, or end
  t.send("r", {OpenClosed{OpenId(open)}});
  EXPECT_EQ(read_on(t, "r"), 2);
}

TEST(Shadow, WhatItsPeerLostIsReadAgain) {
  TrackerDriver t(with_share(1000));
  VersionId version = t.publish("k", 4);
  t.join("r");
  uint64_t open = t.open("r", "k");
  EXPECT_EQ(read_on(t, "r"), 4);
  t.send("r", {ChunksDropped{version, 1, 2}});
  EXPECT_EQ(read_on(t, "r"), 2);
  t.send("r", {OpenClosed{OpenId(open)}});
  drop_all(t, "r");
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
