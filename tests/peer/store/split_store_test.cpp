// Chunks in a store and chunks in memory, behind one interface.
#include "peer/store/split_store.h"

#include <gtest/gtest.h>

#include "peer/store/disk_store.h"
#include "tests/peer/store/store_support.h"

namespace tyto::peer {
namespace {

constexpr uint64_t kRoom = 6 * kBlockBytes;

class SplitStoreTest : public testing::Test {
 protected:
  SplitStoreTest() { open(); }
  void open() {
    store_.reset();
    auto disk = DiskStore::open(dir(), kRoom);
    ASSERT_TRUE(disk.ok()) << disk.error().message;
    store_ = std::make_unique<SplitStore>(std::move(*disk), kRoom);
  }
  std::string dir() const { return folder_.file("store"); }
  Result<void> put_placed(const TestObject& object, uint32_t chunk, Placement placement) {
    auto writer = store_->begin_placed(object.id(), ChunkIndex(chunk), placement);
    if (!writer) return writer.error();
    return fill(**writer, object, chunk);
  }
  Result<void> put_in_memory(const TestObject& object, uint32_t chunk) {
    return put_placed(object, chunk, Placement::kMemory);
  }
  Result<void> put_in_both(const TestObject& object, uint32_t chunk) {
    return put_placed(object, chunk, Placement::kBoth);
  }
  bool is_served_from_memory(const TestObject& object, uint32_t chunk) const {
    auto view = store_->find(object.chunk_id(chunk));
    return view != nullptr && !view->memory().empty();
  }
  // "mm.d": where each chunk is served from.
  std::string places(const TestObject& object) const {
    std::string places;
    for (uint32_t i = 0; i < object.chunk_count(); ++i) {
      bool is_held = holds(*store_, object, i);
      places += !is_held ? '.' : is_served_from_memory(object, i) ? 'm' : 'd';
    }
    return places;
  }
  // Every byte that is below the store's folder.
  std::string all_bytes() const {
    std::string all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir()))
      if (entry.is_regular_file()) all += file_text(entry.path().string());
    return all;
  }

  TempFolder folder_;
  std::unique_ptr<SplitStore> store_;
};

TEST_F(SplitStoreTest, ChunksOfBothAreFoundAndTold) {
  auto object = TestObject::make(4 * kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  ASSERT_TRUE(put(*store_, object, 0).ok());
  ASSERT_TRUE(put_in_memory(object, 1).ok());
  ASSERT_TRUE(put(*store_, object, 3).ok());
  EXPECT_EQ(picture(*store_, object), "##.#");
  auto inventory = store_->inventory();
  ASSERT_EQ(inventory.size(), 1u);
  EXPECT_EQ(inventory[0].in_memory.count(), 1u);
  EXPECT_TRUE(inventory[0].in_memory.test(1));
  EXPECT_EQ(store_->remembered().size(), 1u);
  StoreUsage usage = store_->usage();
  EXPECT_EQ(usage.used_bytes, 2u * kBlockBytes);
  EXPECT_EQ(usage.memory_used_bytes, 1u * kBlockBytes);
  EXPECT_EQ(usage.chunks, 3u);
  EXPECT_EQ(usage.limit_bytes, kRoom);
  EXPECT_EQ(usage.memory_limit_bytes, kRoom);
}

TEST_F(SplitStoreTest, WhatIsInMemoryLeavesNothingOnDiskAndIsGoneWithTheProcess) {
  auto object = TestObject::make(2 * kBlockBytes);
  auto other = TestObject::make(kBlockBytes, kBlockBytes, 2);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  ASSERT_TRUE(store_->remember(other.facts).ok());
  for (uint32_t i : {0u, 1u}) ASSERT_TRUE(put_in_memory(object, i).ok());
  ASSERT_TRUE(put(*store_, other, 0).ok());
  std::string on_disk = all_bytes();
  EXPECT_NE(on_disk.find(object_text(other)), std::string::npos);
  EXPECT_EQ(on_disk.find(object_text(object).substr(0, 64)), std::string::npos);
  EXPECT_EQ(on_disk.find(object.facts->key), std::string::npos);
  open();
  EXPECT_EQ(picture(*store_, object), "..");
  EXPECT_EQ(picture(*store_, other), "#");
}

TEST_F(SplitStoreTest, EachHasItsOwnLimit) {
  auto object = TestObject::make(16 * kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  for (uint32_t i = 0; i < 6; ++i) ASSERT_TRUE(put_in_memory(object, i).ok());
  EXPECT_EQ(put_in_memory(object, 6).error().code, ErrorCode::kNoSpace);
  for (uint32_t i = 6; i < 12; ++i) ASSERT_TRUE(put(*store_, object, i).ok());
  EXPECT_EQ(put(*store_, object, 12).error().code, ErrorCode::kNoSpace);
}

TEST_F(SplitStoreTest, AChunkIsInOneOfThem) {
  auto object = TestObject::make(2 * kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  ASSERT_TRUE(put_in_memory(object, 0).ok());
  ASSERT_TRUE(put(*store_, object, 1).ok());
  EXPECT_EQ(put(*store_, object, 0).error().code, ErrorCode::kConflict);
  EXPECT_EQ(put_in_memory(object, 1).error().code, ErrorCode::kConflict);
}

TEST_F(SplitStoreTest, ADropFreesChunksOfBoth) {
  auto object = TestObject::make(4 * kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  for (uint32_t i : {0u, 2u}) ASSERT_TRUE(put_in_memory(object, i).ok());
  for (uint32_t i : {1u, 3u}) ASSERT_TRUE(put(*store_, object, i).ok());
  EXPECT_EQ(store_->drop(object.id(), 0, 3).value(), 3u);
  EXPECT_EQ(picture(*store_, object), "...#");
  EXPECT_EQ(store_->usage().memory_used_bytes, 0u);
  EXPECT_TRUE(put(*store_, object, 0).ok());
}

// The disk has forgotten a version that only memory has had chunks of for long.
TEST_F(SplitStoreTest, AVersionThatOneOfThemHasChunksOfIsKnownToBoth) {
  auto object = TestObject::make(2 * kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  ASSERT_TRUE(put_in_memory(object, 0).ok());
  for (uint64_t seed = 2; seed < 5000; ++seed)
    ASSERT_TRUE(store_->remember(TestObject::make(kBlockBytes, kBlockBytes, seed).facts).ok());
  EXPECT_TRUE(put(*store_, object, 1).ok());
  EXPECT_EQ(picture(*store_, object), "##");
}

TEST_F(SplitStoreTest, WhatIsInBothIsServedFromMemoryCountsOnDiskAndIsThereAfterARestart) {
  auto object = TestObject::make(2 * kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  for (uint32_t i : {0u, 1u}) ASSERT_TRUE(put_in_both(object, i).ok());
  EXPECT_EQ(picture(*store_, object), "##");
  EXPECT_EQ(places(object), "mm");
  auto inventory = store_->inventory();
  ASSERT_EQ(inventory.size(), 1u);
  EXPECT_TRUE(inventory[0].in_memory.none());
  StoreUsage usage = store_->usage();
  EXPECT_EQ(usage.used_bytes, 2u * kBlockBytes);
  EXPECT_EQ(usage.memory_used_bytes, 0u);
  EXPECT_EQ(usage.memory_copies_bytes, 2u * kBlockBytes);
  EXPECT_EQ(usage.chunks, 2u);
  open();
  EXPECT_EQ(picture(*store_, object), "##");
  EXPECT_EQ(places(object), "dd");
}

TEST_F(SplitStoreTest, WhatIsInMemoryOnlyTakesTheRoomOfCopiesTheLongestUnusedFirst) {
  auto object = TestObject::make(12 * kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  for (uint32_t i = 0; i < 6; ++i) ASSERT_TRUE(put_in_both(object, i).ok());
  store_->find(object.chunk_id(0));
  ASSERT_TRUE(put_in_memory(object, 6).ok());
  ASSERT_TRUE(put_in_memory(object, 7).ok());
  EXPECT_EQ(places(object), "mddmmmmm....");
  EXPECT_EQ(picture(*store_, object), "########....");
  EXPECT_EQ(store_->usage().memory_used_bytes, 2u * kBlockBytes);
  EXPECT_EQ(store_->usage().memory_copies_bytes, 4u * kBlockBytes);
}

TEST_F(SplitStoreTest, ANewCopyTakesTheRoomOfAnOldOneAndNeverOfWhatIsInMemoryOnly) {
  auto object = TestObject::make(12 * kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  for (uint32_t i = 0; i < 5; ++i) ASSERT_TRUE(put_in_memory(object, i).ok());
  ASSERT_TRUE(put_in_both(object, 5).ok());
  EXPECT_EQ(places(object), "mmmmmm......");
  ASSERT_TRUE(put_in_both(object, 6).ok());
  EXPECT_EQ(places(object), "mmmmmdm.....");
  ASSERT_TRUE(store_->drop(object.id(), 6, 1).ok());
  ASSERT_TRUE(put_in_memory(object, 7).ok());
  ASSERT_TRUE(put_in_both(object, 8).ok());
  EXPECT_EQ(places(object), "mmmmmd.md...");
}

// A copy under way is no reason to refuse what memory is lent for.
TEST_F(SplitStoreTest, ACopyThatIsBeingWrittenIsGivenUpForWhatIsInMemoryOnly) {
  auto object = TestObject::make(12 * kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  for (uint32_t i = 0; i < 5; ++i) ASSERT_TRUE(put_in_memory(object, i).ok());
  auto writer = store_->begin_placed(object.id(), ChunkIndex(5), Placement::kBoth);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(put_in_memory(object, 6).ok());
  ASSERT_TRUE(fill(**writer, object, 5).ok());
  EXPECT_EQ(places(object), "mmmmmdm.....");
  EXPECT_EQ(picture(*store_, object), "#######.....");
}

TEST_F(SplitStoreTest, AWriterWithoutACommitLeavesNoCopy) {
  auto object = TestObject::make(kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  { auto aborted = store_->begin_placed(object.id(), ChunkIndex(0), Placement::kBoth); }
  EXPECT_EQ(places(object), ".");
  EXPECT_EQ(store_->usage().memory_copies_bytes, 0u);
  EXPECT_TRUE(put_in_both(object, 0).ok());
}

TEST_F(SplitStoreTest, ADropTakesACopyWithIt) {
  auto object = TestObject::make(3 * kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  for (uint32_t i : {0u, 1u, 2u}) ASSERT_TRUE(put_in_both(object, i).ok());
  EXPECT_EQ(store_->drop(object.id(), 0, 2).value(), 2u);
  EXPECT_EQ(places(object), "..m");
  EXPECT_EQ(store_->usage().memory_copies_bytes, 1u * kBlockBytes);
  EXPECT_TRUE(put(*store_, object, 0).ok());
  EXPECT_EQ(places(object), "d.m");
}

TEST_F(SplitStoreTest, WhatIsInBothAndWhatIsInMemoryOnlyAreToldApartWithTheirRoots) {
  auto object = TestObject::make(4 * kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  ASSERT_TRUE(put_in_both(object, 0).ok());
  ASSERT_TRUE(put_in_memory(object, 1).ok());
  ASSERT_TRUE(put(*store_, object, 3).ok());
  auto inventory = store_->inventory();
  ASSERT_EQ(inventory.size(), 1u);
  EXPECT_EQ(inventory[0].in_memory.count(), 1u);
  EXPECT_TRUE(inventory[0].in_memory.test(1));
  EXPECT_EQ(inventory[0].roots, (std::vector{object.root(0), object.root(1), object.root(3)}));
}

TEST(ChunkStores, AStoreWithoutMemoryNeverPutsElsewhereWhatIsToBeThere) {
  TempFolder folder;
  auto disk = DiskStore::open(folder.file("store"), kRoom);
  ASSERT_TRUE(disk.ok());
  auto object = TestObject::make(kBlockBytes);
  ASSERT_TRUE((*disk)->remember(object.facts).ok());
  auto refused = (*disk)->begin_placed(object.id(), ChunkIndex(0), Placement::kMemory);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_NE(refused.error().message.find("--memory-bytes"), std::string::npos);
}

}  // namespace
}  // namespace tyto::peer
