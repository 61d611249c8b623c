// Buckets that are kept in memory: the second account of peers, and what is told of it.
#include "tests/tracker/core/caching/caching_driver.h"
#include "tracker/core/caching/candidates.h"

namespace tyto::tracker {
namespace {

constexpr uint64_t kChunk = CachingDriver::kChunk;
const CachingPolicy kInMemory{.placement = Placement::kMemory};

class Memory : public ::testing::Test {
 protected:
  Memory() { t.put_bucket("b", CachingDriver::keeping(kInMemory)); }
  // The one assignment that `name` has.
  Assign only(const std::string& name) {
    EXPECT_EQ(t[name].assigns.size(), 1u);
    return t[name].assigns.empty() ? Assign{} : t[name].assigns.front();
  }
  CachingDriver t;
};

TEST_F(Memory, AReaderIsToldToKeepItThereAndItsMemoryIsBooked) {
  t.publish("k", 1);
  t.join_with_memory("r", 2);
  t.join("a");
  t.have("a", "k", "#");
  t.open("r", "k");
  EXPECT_EQ(t.last<Opened>("r")->placement, Placement::kMemory);
  EXPECT_EQ(only("r").placement, Placement::kMemory);
  EXPECT_EQ(t.used_memory("r"), kChunk);  // on its way
  t.run_dry();
  EXPECT_EQ(t.used_memory("r"), kChunk);
  EXPECT_EQ(t.used("r"), 0u);
}

// What is in memory besides is no copy of its own, and no matter of the books.
TEST_F(Memory, WhatIsKeptInBothIsBookedOnDisk) {
  t.put_bucket("b", CachingDriver::keeping({.placement = Placement::kBoth}));
  t.publish("k", 1);
  t.join_with_memory("r", 2);
  t.join("a");
  t.have("a", "k", "#");
  t.open("r", "k");
  EXPECT_EQ(t.last<Opened>("r")->placement, Placement::kBoth);
  EXPECT_EQ(only("r").placement, Placement::kBoth);
  t.run_dry();
  EXPECT_EQ(t.used_memory("r"), 0u);
  EXPECT_EQ(t.used("r"), kChunk);
}

TEST_F(Memory, APeerThatLendsNoneReadsWhatIsKeptInBothAsOnDisk) {
  t.put_bucket("b", CachingDriver::keeping({.placement = Placement::kBoth}));
  t.publish("k", 1);
  t.join("r");
  t.join("a");
  t.have("a", "k", "#");
  t.open("r", "k");
  EXPECT_EQ(t.last<Opened>("r")->placement, Placement::kDisk);
  EXPECT_EQ(only("r").placement, Placement::kDisk);
}

TEST_F(Memory, OtherBucketsAreKeptOnDisk) {
  t.put_bucket("c");
  t.publish("c:k", 1);
  t.join_with_memory("r", 2);
  t.join("a");
  t.have("a", "c:k", "#");
  t.open("r", "c:k");
  EXPECT_EQ(t.last<Opened>("r")->placement, Placement::kDisk);
  EXPECT_EQ(only("r").placement, Placement::kDisk);
  t.run_dry();
  EXPECT_EQ(t.used_memory("r"), 0u);
  EXPECT_EQ(t.used("r"), kChunk);
}

TEST_F(Memory, AReaderThatLendsNoneIsRefusedWithTheNameOfTheFlag) {
  t.publish("k", 1);
  t.join("r");
  t.join("a");
  t.have("a", "k", "#");
  t.open("r", "k");
  auto ended = t.last<OpenEnded>("r");
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->error.code, ErrorCode::kNoSpace);
  EXPECT_NE(ended->error.message.find("--memory-bytes"), std::string::npos);
  EXPECT_TRUE(t["r"].assigns.empty());
}

TEST_F(Memory, APeerOfAnEarlierProtocolLendsNoneWhateverItSays) {
  t.publish("k", 1);
  RegisterRequest r = t.request("r", "");
  r.memory_bytes = 10 * kChunk;
  r.protocol_version = kProtocolOfMemory - 1;
  t.join_as("r", r);
  t.open("r", "k");
  ASSERT_TRUE(t.last<OpenEnded>("r").has_value());
  EXPECT_EQ(t.last<OpenEnded>("r")->error.code, ErrorCode::kNoSpace);
}

TEST_F(Memory, AnObjectThatIsLargerThanTheMemoryIsRefusedAndOneWithoutBytesNever) {
  t.publish("large", 3);
  t.publish("empty", 0);
  t.join_with_memory("r", 2);
  t.open("r", "large");
  ASSERT_TRUE(t.last<OpenEnded>("r").has_value());
  EXPECT_NE(t.last<OpenEnded>("r")->error.message.find("--memory-bytes"), std::string::npos);
  t.join("poor");
  t.open("poor", "empty");
  EXPECT_TRUE(t.last<Opened>("poor").has_value());
}

TEST_F(Memory, ASuperpeerThatLendsNoneIsPassedOver) {
  t.publish("k", 1);
  t.join_superpeer("s");
  t.send("s");
  t.join_with_memory("r", 2);
  t.advance(Duration::seconds(5));  // the tracker's start is over
  t.open("r", "k");
  EXPECT_TRUE(t["s"].assigns.empty());
  EXPECT_EQ(only("r").source.kind, SourceKind::kOrigin);
}

TEST_F(Memory, ASuperpeerThatLendsSomeReadsForAll) {
  t.publish("k", 1);
  RegisterRequest s = t.request("s", "");
  s.role = Role::kSuperpeer;
  s.memory_bytes = 4 * kChunk;
  t.join_as("s", s);
  t.send("s");
  t.join_with_memory("r", 2);
  t.advance(Duration::seconds(5));
  t.open("r", "k");
  EXPECT_EQ(only("s").placement, Placement::kMemory);
  t.run_dry();
  EXPECT_EQ(t.used_memory("s"), kChunk);
  EXPECT_EQ(t.used_memory("r"), kChunk);
}

TEST_F(Memory, OnlyWhatIsInMemoryMakesRoomThere) {
  t.put_bucket("c");
  for (auto key : {"old", "new"}) t.publish(key, 1);
  t.publish("c:older", 1);
  t.join_with_memory("r", 1, 1);
  t.have("r", "c:older", "#");
  t.advance(Duration::seconds(10));
  t.have("r", "old", "m");
  t.join("a");
  t.have("a", "new", "#");
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "old/0+1");
  EXPECT_TRUE(t["r"].assigns.empty());
  t.drop_all("r");
  EXPECT_EQ(t["r"].assigns.size(), 1u);
  t.run_dry();
  EXPECT_EQ(t.used_memory("r"), kChunk);
  EXPECT_EQ(t.used("r"), kChunk);
}

TEST_F(Memory, WhatIsInMemoryMakesNoRoomOnDisk) {
  t.put_bucket("c");
  for (auto key : {"c:old", "c:new"}) t.publish(key, 1);
  t.publish("older", 1);
  t.join_with_memory("r", 1, 1);
  t.have("r", "older", "m");
  t.advance(Duration::seconds(10));
  t.have("r", "c:old", "#");
  t.join("a");
  t.have("a", "c:new", "#");
  t.open("r", "c:new");
  EXPECT_EQ(t.evicted("r"), "c:old/0+1");
}

// Far more on disk than is looked at, all of it older.
TEST_F(Memory, MemoryIsSearchedWhateverThereIsOnDisk) {
  t.put_bucket("c");
  for (uint32_t i = 0; i < kSteps + 10; ++i) {
    std::string key = "c:" + std::to_string(i);
    t.publish(key, 1);
    if (i == 0) t.join_with_memory("r", 1, 2 * kSteps);
    t.have("r", key, "#");
  }
  for (auto key : {"old", "new"}) t.publish(key, 1);
  t.have("r", "old", "m");
  t.join("a");
  t.have("a", "new", "#");
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "old/0+1");
}

TEST_F(Memory, TheLeastRecentlyUsedGoesFirst) {
  for (auto key : {"a1", "a2", "a3", "new"}) t.publish(key, 1);
  t.join_with_memory("r", 3);
  for (auto key : {"a2", "a1", "a3"}) {
    t.have("r", key, "m");
    t.advance(Duration::seconds(10));
  }
  t.join("a");
  t.have("a", "new", "#");
  t.open("r", "new");
  EXPECT_EQ(t.evicted("r"), "a2/0+1");
  EXPECT_EQ(t.why_evicted("r"), Choice::kEvictLru);
}

TEST_F(Memory, AQuotaOfEachPeerHoldsInMemoryToo) {
  t.put_bucket(
      "b", CachingDriver::keeping({.placement = Placement::kMemory, .bytes_per_peer = 2 * kChunk}));
  for (auto key : {"k1", "k2", "k3"}) t.publish(key, 1);
  t.join_with_memory("r", 10);
  t.have("r", "k1", "m");
  t.advance(Duration::seconds(10));
  t.have("r", "k2", "m");
  t.join("a");
  t.have("a", "k3", "#");
  t.open("r", "k3");
  EXPECT_EQ(t.evicted("r"), "k1/0+1");
  EXPECT_EQ(t.why_evicted("r"), Choice::kEvictQuota);
}

TEST_F(Memory, ABucketThatMovesToMemoryLeavesOnDiskWhatIsThere) {
  t.put_bucket("b");
  t.publish("k", 2);
  t.join_with_memory("r", 2);
  t.have("r", "k", "#.");
  t.put_bucket("b", CachingDriver::keeping(kInMemory));
  t.join("a");
  t.have("a", "k", "##");
  t.open("r", "k");
  t.run_dry();
  EXPECT_EQ(t.used("r"), kChunk);
  EXPECT_EQ(t.used_memory("r"), kChunk);
}

TEST_F(Memory, WhatWasFetchedForDiskIsBookedThereThoughTheBucketMovedMeanwhile) {
  t.put_bucket("b");
  t.publish("k", 1);
  t.join_with_memory("r", 2);
  t.join("a");
  t.have("a", "k", "#");
  t.open("r", "k");
  t.put_bucket("b", CachingDriver::keeping(kInMemory));
  t.run_dry();
  EXPECT_EQ(t.used("r"), kChunk);
  EXPECT_EQ(t.used_memory("r"), 0u);
}

TEST_F(Memory, ThePeersWordIsTakenForWhereAChunkIs) {
  t.publish("k", 1);
  t.join_with_memory("r", 2);
  t.join("a");
  t.have("a", "k", "#");
  t.open("r", "k");
  ChunkVerified brought = t.verified(only("r"));
  brought.medium = Medium::kDisk;  // it was on its way there already
  t["r"].assigns.clear();
  t.send("r", {brought});
  EXPECT_EQ(t.used("r"), kChunk);
  EXPECT_EQ(t.used_memory("r"), 0u);
  t.core.check_invariants();
}

TEST_F(Memory, AReaderWhosePeerLendsNoneAnyMoreIsToldSo) {
  t.publish("k", 2);
  t.join_with_memory("r", 2);
  t.join("a");
  t.have("a", "k", "##");
  uint64_t open = t.open("r", "k", ReadMode::kStream);
  t.send("r", {StoreResized{100 * kChunk, 0}, WindowMoved{OpenId(open), 0, 1}});
  ASSERT_TRUE(t.last<OpenEnded>("r").has_value());
  EXPECT_NE(t.last<OpenEnded>("r")->error.message.find("--memory-bytes"), std::string::npos);
}

TEST_F(Memory, MoreThatIsLentIsUsed) {
  t.publish("k", 2);
  t.join_with_memory("r", 1);
  t.open("r", "k");
  ASSERT_TRUE(t.last<OpenEnded>("r").has_value());
  t.send("r", {StoreResized{100 * kChunk, 2 * kChunk}});
  t.open("r", "k");
  EXPECT_TRUE(t.last<Opened>("r").has_value());
}

TEST_F(Memory, MemoryThatIsFullBeforeItsLimitIsLeftAloneForAWhile) {
  t.publish("k", 1);
  t.join_with_memory("r", 2);
  t.join("a");
  t.have("a", "k", "#");
  t.open("r", "k");
  t.fail_one("r", FailureKind::kNoSpace, "no memory");
  EXPECT_EQ(t.notices(NoticeKind::kStoreFull), 1);
  t.open("r", "k");
  EXPECT_EQ(t.last<OpenEnded>("r")->error.code, ErrorCode::kNoSpace);
  t.advance(Duration::seconds(6));
  t.open("r", "k");
  EXPECT_EQ(t["r"].assigns.size(), 1u);
}

TEST_F(Memory, WhatAPeerSaysIsInItsMemoryIsThereAndWhatItDoesNotSayIsGone) {
  t.publish("k", 2);
  t.join_with_memory("r", 2);
  t.have("r", "k", "m#");
  EXPECT_EQ(t.used_memory("r"), kChunk);
  EXPECT_EQ(t.used("r"), kChunk);
  EXPECT_EQ(t.core.version_picture(TrackerDriver::facts("k", 2).id)->in_memory, 1u);
  t.join_with_memory("r", 2);  // started anew: only the disk has something
  t.have("r", "k", ".#");
  EXPECT_EQ(t.used_memory("r"), 0u);
  EXPECT_EQ(t.used("r"), kChunk);
  EXPECT_EQ(t.core.version_picture(TrackerDriver::facts("k", 2).id)->in_memory, 0u);
  t.core.check_invariants();
}

TEST_F(Memory, TheFleetsQuotaCountsBoth) {
  t.put_bucket(
      "b", CachingDriver::keeping({.placement = Placement::kMemory, .fleet_bytes = 2 * kChunk}));
  for (auto key : {"k1", "k2", "k3"}) t.publish(key, 1);
  t.join_with_memory("r", 10);
  t.have("r", "k1", "#");
  t.advance(Duration::seconds(10));
  for (auto key : {"k2", "k3"}) t.have("r", key, "m");
  EXPECT_EQ(t.core.bucket_picture("b")->kept_bytes, 2 * kChunk);
  EXPECT_EQ(t.evicted("r"), "k1/0+1");
}

TEST_F(Memory, ATransferIntoMemoryThatWasBegunForAnotherTrackerIsBookedThere) {
  t.publish("k", 2);
  t.join("a");
  t.have("a", "k", "##");
  t.join_with_memory("r", 4);
  InventoryEntry entry{
      TrackerDriver::facts("k", 2).id, TrackerDriver::facts("k", 2).chunking, Bitmap(2), {}};
  Source source{SourceKind::kPeer, t["a"].id, {"10.0.0.1", 7000}, Generation(0)};
  entry.underway = {{0, source, Medium::kMemory}, {1, source, Medium::kDisk}};
  t.input(InventoryArrived{t["r"].session, {{entry}, true}});
  EXPECT_EQ(t.used_memory("r"), kChunk);
  EXPECT_EQ(t.used("r"), kChunk);
  t.core.check_invariants();
}

}  // namespace
}  // namespace tyto::tracker
