#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {
namespace {

constexpr uint64_t kChunk = kChunkBytesMin;

// Confirms every eviction ordered so far.
void drop_all(TrackerDriver& t, const std::string& name) {
  std::vector<Event> events;
  for (const Command& c : t[name].commands)
    if (auto* e = std::get_if<Evict>(&c))
      events.push_back(ChunksDropped{e->version, e->first, e->count});
  std::erase_if(t[name].commands, [](auto& c) { return std::holds_alternative<Evict>(c); });
  t.send(name, events);
}

TEST(Eviction, TheLeastRecentlyUsedVersionGoesFirst) {
  TrackerDriver t;
  VersionId old = t.publish("old", 2);
  t.publish("recent", 2);
  t.publish("new", 1);
  auto small = t.request("r", "");
  small.store_bytes = 4 * kChunk;
  t.join_as("r", small);
  t.have("r", "old", "##");
  t.have("r", "recent", "##");
  t.join("a");
  t.have("a", "new", "#");
  t.open("r", "new");
  ASSERT_EQ(t.count<Evict>("r"), 1);
  EXPECT_EQ(t.last<Evict>("r")->version, old);
  EXPECT_EQ(t.last<Evict>("r")->count, 1u);
  EXPECT_EQ(t.last<Evict>("r")->reason.choice, Choice::kEvictLru);
  EXPECT_TRUE(t["r"].assigns.empty());  // its bytes are not free yet
  drop_all(t, "r");
  EXPECT_EQ(t["r"].assigns.size(), 1u);
  t.core.check_invariants();
}

TEST(Eviction, ACopyIsNoSourceFromTheMomentItsEvictionIsSent) {
  TrackerDriver t;
  t.publish("old", 1);
  t.publish("new", 1);
  auto small = t.request("r", "");
  small.store_bytes = kChunk;
  t.join_as("r", small);
  t.have("r", "old", "#");
  t.join("a");
  t.have("a", "new", "#");
  t.open("r", "new");
  ASSERT_EQ(t.count<Evict>("r"), 1);
  t.join("x");
  t.open("x", "old");
  ASSERT_EQ(t["x"].assigns.size(), 1u);
  EXPECT_EQ(t["x"].assigns[0].source.kind, SourceKind::kOrigin);
}

TEST(Eviction, ChunksWithOtherCopiesGoBeforeTheLast) {
  TrackerDriver t;
  t.publish("old", 2);
  t.publish("new", 1);
  auto small = t.request("r", "");
  small.store_bytes = 2 * kChunk;
  t.join_as("r", small);
  t.have("r", "old", "##");
  t.join("a");
  t.have("a", "old", ".#");
  t.have("a", "new", "#");
  t.open("r", "new");
  EXPECT_EQ(t.last<Evict>("r")->first, 1u);
}

TEST(Eviction, AStreamLargerThanTheStoreGivesUpWhatItsReaderHasPassed) {
  TrackerDriver t;
  t.publish("k", 16);
  t.join("a");
  t.have("a", "k", std::string(16, '#'));
  auto small = t.request("r", "");
  small.store_bytes = 4 * kChunk;
  t.join_as("r", small);
  OpenRequested open;
  open.open = OpenId(1);
  open.bucket = "b";
  open.key = "k";
  open.mode = ReadMode::kStream;
  open.window_count = 2;
  t.send("r", {open});
  for (uint32_t first = 0; first + 2 <= 16; ++first) {
    t.send("r", {WindowMoved{OpenId(1), first, 2}});
    for (int i = 0; i < 3; ++i) {
      drop_all(t, "r");
      while (t.finish_one("r")) {
      }
    }
    t.core.check_invariants();
  }
  uint64_t used = 0;
  t.core.visit_peers([&](const PeerPicture& p) {
    if (p.name == "r") used = p.used_bytes;
  });
  EXPECT_LE(used, 4 * kChunk);
  EXPECT_GE(t.core.counters().evictions, 12u);
}

TEST(Eviction, ASuperpeersCacheTurnsOver) {
  TrackerDriver t;
  for (auto key : {"k1", "k2", "k3"}) t.publish(key, 4);
  auto s = t.request("s", "");
  s.role = Role::kSuperpeer;
  s.store_bytes = 6 * kChunk;
  t.join_as("s", s);
  t.send("s");
  t.join("r");
  for (auto key : {"k1", "k2", "k3"}) {
    t.open("r", key);
    for (int i = 0; i < 20; ++i) {
      t.run_dry();
      drop_all(t, "s");
    }
  }
  EXPECT_EQ(t.core.counters().leases, 12u);
  t.core.visit_versions([](const VersionPicture& v) { EXPECT_GE(v.complete, 1u); });
}

}  // namespace
}  // namespace tyto::tracker
