// What a bucket lets come into a region from others: how much, to whom, and what is heard of it.
#include "tests/support/tracker_core_driver.h"
#include "tracker/core/explain/sentences.h"

namespace tyto::tracker {
namespace {

constexpr uint32_t kChunks = 40;
constexpr uint64_t kPerSecond = 4;  // chunks
constexpr Duration kStep = Duration::milliseconds(50);

Policy with(uint64_t bytes_per_s) {
  Policy policy;
  policy.selection.bytes_between_regions_per_s = bytes_per_s;
  return policy;
}

// One host of region r0 has what readers of r1 want.
class Crossings : public testing::Test {
 protected:
  Crossings() {
    t.set_policy(with(kPerSecond * kChunkBytesMin));
    t.join("seed", "r0/z/k0/seed");
    t.send("seed");
  }
  void add_object(const std::string& key, uint32_t chunks = kChunks) {
    t.publish(key, chunks);
    t.have("seed", key, std::string(chunks, '#'));
  }
  void add_reader(const std::string& name, const std::string& region, const std::string& key) {
    t.join(name, region + "/z/k" + name + "/" + name);
    t.open(name, key);
  }
  // Transfers take a step.
  void run(Duration span) {
    for (Instant end = t.now + span; t.now < end;) {
      for (auto& [name, peer] : t.peers)
        for (std::size_t n = peer.assigns.size(); n > 0; --n) t.finish_one(name);
      t.advance(kStep);
      t.core.check_invariants();
    }
  }
  uint64_t sent_by_seed(const std::string& reader) {
    uint64_t n = 0;
    for (const Command& command : t[reader].commands)
      if (auto* order = std::get_if<Assign>(&command))
        n += order->source.peer == t["seed"].id ? 1 : 0;
    return n;
  }
  uint64_t sent_by_origin(const std::string& reader) {
    uint64_t n = 0;
    for (const Command& command : t[reader].commands)
      if (auto* order = std::get_if<Assign>(&command))
        n += order->source.kind == SourceKind::kOrigin ? 1 : 0;
    return n;
  }
  uint64_t sent(const std::string& reader) {
    return static_cast<uint64_t>(t.count<Assign>(reader));
  }

  TrackerDriver t;
};

TEST_F(Crossings, ARegionIsSentFromOthersWhatItsBucketLetsIt) {
  add_object("k");
  add_reader("a", "r1", "k");
  run(Duration::seconds(5));
  EXPECT_GE(sent_by_seed("a"), 5 * kPerSecond - 1);
  EXPECT_LE(sent_by_seed("a"), 5 * kPerSecond + 2);
  run(Duration::seconds(6));
  EXPECT_EQ(sent("a"), kChunks);
  EXPECT_EQ(t.core.counters().bytes_between_regions, uint64_t{kChunks} * kChunkBytesMin);
}

TEST_F(Crossings, ReadersOfTheSourcesOwnRegionAreNotHeldUp) {
  add_object("k");
  add_reader("a", "r0", "k");
  run(Duration::seconds(1));
  EXPECT_EQ(sent("a"), kChunks);
}

TEST_F(Crossings, EachRegionHasItsOwnLimit) {
  add_object("k");
  add_reader("a", "r1", "k");
  run(Duration::seconds(4));
  uint64_t alone = sent("a");
  add_object("l");
  add_reader("b", "r2", "l");
  run(Duration::seconds(4));
  EXPECT_GE(sent("a"), alone + 4 * kPerSecond - 1);
  EXPECT_GE(sent("b"), 4 * kPerSecond - 1);
}

TEST_F(Crossings, EachChunkCrossesOnceAndIsPassedOnInTheRegion) {
  add_object("k");
  for (auto name : {"a", "b", "c", "d"}) add_reader(name, "r1", "k");
  run(Duration::seconds(12));
  uint64_t crossed = 0;
  for (auto name : {"a", "b", "c", "d"}) {
    EXPECT_EQ(sent(name), kChunks);
    crossed += sent_by_seed(name);
  }
  EXPECT_EQ(crossed, kChunks);
}

TEST_F(Crossings, ReadersOfDifferentObjectsTakeTurns) {
  const std::vector<std::string> names{"a", "b", "c", "d", "e"};
  for (const std::string& name : names) {
    add_object(name);
    add_reader(name, "r1", name);
  }
  run(Duration::seconds(10));
  uint64_t all = 0;
  for (const std::string& name : names) {
    EXPECT_GE(sent(name), 2 * kPerSecond - 2) << name;
    EXPECT_LE(sent(name), 2 * kPerSecond + 2) << name;
    all += sent(name);
  }
  EXPECT_LE(all, 10 * kPerSecond + 2);
}

TEST_F(Crossings, WhoHasItsTurnAndNoSourceHoldsUpNobody) {
  add_object("k");
  add_object("l");
  add_reader("a", "r1", "k");
  add_reader("b", "r1", "l");
  run(Duration::milliseconds(300));
  t["a"].keeps_parked = false;
  t["a"].assigns.clear();
  t.input(ConnectionLost{t["a"].connection});
  uint64_t before = sent("b");
  run(Duration::seconds(4));
  EXPECT_GE(sent("b"), before + 4 * kPerSecond - 2);
}

TEST_F(Crossings, AChangeHoldsFromTheNextDecisionOn) {
  t.set_policy(with(0));
  add_object("k", 200);
  add_reader("a", "r1", "k");
  run(Duration::milliseconds(200));
  uint64_t before = sent("a");
  EXPECT_GT(before, 16u);
  t.set_policy(with(kChunkBytesMin));
  run(Duration::seconds(4));
  EXPECT_LE(sent("a"), before + 4 + 2);
  t.set_policy(with(0));
  run(Duration::seconds(2));
  EXPECT_EQ(sent("a"), 200u);
}

TEST_F(Crossings, TheOriginIsNotReadInsteadUnlessThePolicySaysSo) {
  t.join_superpeer("s");
  t.send("s");
  t.set_policy(with(kChunkBytesMin / 4));
  add_object("k");
  add_reader("a", "r1", "k");
  run(Duration::seconds(6));
  EXPECT_EQ(t.count<Assign>("s"), 0);
  EXPECT_LE(sent("a"), 3u);
  Policy near = with(kChunkBytesMin / 4);
  near.selection.farthest = Nearness::kSameRegion;
  t.set_policy(near);
  run(Duration::seconds(6));
  EXPECT_GT(sent_by_origin("s") + sent_by_origin("a"), 0u);
  EXPECT_LE(sent_by_seed("a"), 3u);
}

TEST_F(Crossings, WhoWaitsHearsOfItAndItIsExplained) {
  t.set_policy(with(kChunkBytesMin / 8));
  add_object("k");
  add_reader("a", "r1", "k");
  run(Duration::seconds(4));
  auto told = t.last<ShowWait>("a");
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->wait.what, WaitsFor::kBandwidthLimit);
  std::string text;
  t.core.visit_records({}, [&](const RecordPicture& p) {
    if (p.record.kind == RecordKind::kWaits) text = sentence_of(p);
  });
  EXPECT_NE(text.find("sent as much as it may be from other regions"), std::string::npos) << text;
}

TEST_F(Crossings, NobodyFallsBackOnAnotherRegionUnasked) {
  Policy policy = with(uint64_t{1000} * kChunkBytesMin);
  policy.selection.kind = SelectionKind::kRandom;
  t.set_policy(policy);
  add_object("k");
  for (auto name : {"m", "n"}) {
    t.join(name, std::string("r1/y/k") + name + "/" + name);
    t.have(name, "k", std::string(kChunks, '#'));
    t.send(name);
  }
  add_reader("a", "r1", "k");
  run(Duration::seconds(2));
  int fallbacks = 0;
  for (const Command& command : t["a"].commands) {
    auto* order = std::get_if<Assign>(&command);
    if (order == nullptr || order->source.peer == t["seed"].id) continue;
    for (const Source& fallback : order->fallbacks) EXPECT_NE(fallback.peer, t["seed"].id);
    fallbacks += static_cast<int>(order->fallbacks.size());
  }
  EXPECT_GT(fallbacks, 0);
  EXPECT_GT(sent_by_seed("a"), 0u);
}

}  // namespace
}  // namespace tyto::tracker
