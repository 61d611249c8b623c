// What every ChunkStore does, in memory, on disk, or on disk beside memory.
#include "peer/store/chunk_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "peer/store/disk_store.h"
#include "peer/store/memory_store.h"
#include "peer/store/split_store.h"
#include "tests/peer/store/store_support.h"

namespace tyto::peer {
namespace {

constexpr uint64_t kLimit = 20 * kBlockBytes;

class ChunkStoreTest : public testing::TestWithParam<const char*> {
 protected:
  ChunkStoreTest() {
    if (std::string_view(GetParam()) == "Memory") {
      store_ = std::make_unique<MemoryStore>(kLimit);
    } else {
      auto opened = DiskStore::open(folder_.file("store"), kLimit);
      EXPECT_TRUE(opened.ok()) << opened.error().message;
      store_ = std::move(opened).value();
      if (std::string_view(GetParam()) == "Split")
        store_ = std::make_unique<SplitStore>(std::move(store_), kLimit);
    }
  }
  TempFolder folder_{Medium::kMemory};
  std::unique_ptr<ChunkStore> store_;
};

INSTANTIATE_TEST_SUITE_P(All, ChunkStoreTest, testing::Values("Memory", "Disk", "Split"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(ChunkStoreTest, AChunkComesBackAsItWasWritten) {
  auto object = TestObject::make(3 * 4 * kBlockBytes + 5, 4 * kBlockBytes);
  put_all(*store_, object);
  EXPECT_EQ(picture(*store_, object), "####");
  EXPECT_EQ(store_->usage().used_bytes, object.facts->chunking.object_bytes);
  EXPECT_EQ(store_->usage().chunks, 4u);
  EXPECT_EQ(store_->usage().limit_bytes, kLimit);
}

TEST_P(ChunkStoreTest, RangesOfAChunkAreReadWhereTheyLie) {
  auto object = TestObject::make(3 * kBlockBytes, 4 * kBlockBytes);
  put_all(*store_, object);
  auto view = store_->find(object.chunk_id(0));
  auto bytes = object.bytes(0);
  std::vector<std::byte> out(1000);
  ASSERT_TRUE(view->read(kBlockBytes + 7, out).ok());
  EXPECT_TRUE(std::equal(out.begin(), out.end(), bytes.begin() + kBlockBytes + 7));
  EXPECT_TRUE(view->read(view->size(), {}).ok());
  EXPECT_NE(view->memory().empty(), view->file().fd < 0);
}

TEST_P(ChunkStoreTest, AChunkIsNotThereBeforeItsCommit) {
  auto object = TestObject::make(2 * kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  auto writer = store_->begin(object.id(), ChunkIndex(0)).value();
  ASSERT_TRUE(writer->write(0, object.bytes(0)).ok());
  EXPECT_EQ(picture(*store_, object), "..");
  EXPECT_EQ(store_->usage().used_bytes, 0u);
  ASSERT_TRUE(writer->set_leaves(object.leaves(0)).ok());
  ASSERT_TRUE(writer->commit(object.root(0)).ok());
  EXPECT_EQ(picture(*store_, object), "#.");
}

TEST_P(ChunkStoreTest, AWriterDestroyedWithoutCommitLeavesNoTrace) {
  auto object = TestObject::make(2 * kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  for (int i = 0; i < 100; ++i) {
    auto writer = store_->begin(object.id(), ChunkIndex(0));
    ASSERT_TRUE(writer.ok()) << writer.error().message;
    ASSERT_TRUE((*writer)->write(0, object.bytes(0)).ok());
  }
  EXPECT_EQ(picture(*store_, object), "..");
  ASSERT_TRUE(put(*store_, object, 0).ok());
  EXPECT_EQ(picture(*store_, object), "#.");
}

TEST_P(ChunkStoreTest, OneWriterAChunkAndNoneForAChunkThatIsHeld) {
  auto object = TestObject::make(2 * kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  {
    auto writer = store_->begin(object.id(), ChunkIndex(0));
    EXPECT_EQ(store_->begin(object.id(), ChunkIndex(0)).error().code, ErrorCode::kConflict);
    EXPECT_TRUE(store_->begin(object.id(), ChunkIndex(1)).ok());
  }
  ASSERT_TRUE(put(*store_, object, 0).ok());
  EXPECT_EQ(store_->begin(object.id(), ChunkIndex(0)).error().code, ErrorCode::kConflict);
}

TEST_P(ChunkStoreTest, AnUnknownVersionOrChunkIsRefused) {
  auto object = TestObject::make(2 * kBlockBytes);
  EXPECT_EQ(store_->begin(object.id(), ChunkIndex(0)).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  EXPECT_EQ(store_->begin(object.id(), ChunkIndex(2)).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(store_->find(object.chunk_id(2)), nullptr);
  EXPECT_EQ(store_->drop(object.id(), 0, 100).value(), 0u);
}

TEST_P(ChunkStoreTest, TheLimitCountsChunksBeingWritten) {
  auto object = TestObject::make(24 * kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  for (uint32_t i = 0; i < 15; ++i) ASSERT_TRUE(put(*store_, object, i).ok());
  std::vector<std::unique_ptr<ChunkWriter>> writers;
  for (uint32_t i = 15; i < 20; ++i)
    writers.push_back(store_->begin(object.id(), ChunkIndex(i)).value());
  auto refused = store_->begin(object.id(), ChunkIndex(20));
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_NE(refused.error().message.find(std::to_string(kLimit)), std::string::npos);
  writers.pop_back();
  EXPECT_TRUE(put(*store_, object, 20).ok());
  EXPECT_EQ(store_->drop(object.id(), 0, 1).value(), 1u);
  EXPECT_TRUE(put(*store_, object, 21).ok());
}

TEST_P(ChunkStoreTest, DropTakesTheRangeAndPassesOverWhatIsNotHeld) {
  auto object = TestObject::make(8 * kBlockBytes);
  ASSERT_TRUE(store_->remember(object.facts).ok());
  for (uint32_t i : {0u, 1u, 3u, 4u, 7u}) ASSERT_TRUE(put(*store_, object, i).ok());
  auto writer = store_->begin(object.id(), ChunkIndex(2)).value();
  EXPECT_EQ(store_->drop(object.id(), 1, 3).value(), 2u);
  EXPECT_EQ(picture(*store_, object), "#...#..#");
  EXPECT_EQ(store_->usage().chunks, 3u);
  EXPECT_EQ(store_->usage().used_bytes, 3u * kBlockBytes);
  EXPECT_EQ(store_->drop(object.id(), 5, ~uint32_t{0}).value(), 1u);
  EXPECT_EQ(picture(*store_, object), "#...#...");
}

TEST_P(ChunkStoreTest, AViewKeepsADroppedChunkReadableAndItsSpaceTaken) {
  auto object = TestObject::make(20 * kBlockBytes);
  auto other = TestObject::make(kBlockBytes, kBlockBytes, 2);
  put_all(*store_, object);
  ASSERT_TRUE(store_->remember(other.facts).ok());
  auto view = store_->find(object.chunk_id(3));
  auto second = store_->find(object.chunk_id(3));
  EXPECT_EQ(store_->drop(object.id(), 3, 1).value(), 1u);
  EXPECT_EQ(store_->find(object.chunk_id(3)), nullptr);
  EXPECT_TRUE(is_right(*view, object, 3));
  second.reset();
  EXPECT_TRUE(is_right(*view, object, 3));
  EXPECT_EQ(put(*store_, other, 0).error().code, ErrorCode::kNoSpace);
  view.reset();
  EXPECT_TRUE(put(*store_, other, 0).ok());
}

TEST_P(ChunkStoreTest, AViewOutlastsTheWholeVersionsDrop) {
  auto object = TestObject::make(4 * kBlockBytes);
  put_all(*store_, object);
  auto view = store_->find(object.chunk_id(2));
  EXPECT_EQ(store_->drop(object.id(), 0, 4).value(), 4u);
  EXPECT_TRUE(store_->inventory().empty());
  EXPECT_TRUE(is_right(*view, object, 2));
}

TEST_P(ChunkStoreTest, ADroppedChunkCanBeWrittenAgainWhileItIsViewed) {
  auto object = TestObject::make(4 * kBlockBytes);
  put_all(*store_, object);
  auto view = store_->find(object.chunk_id(2));
  ASSERT_TRUE(store_->drop(object.id(), 2, 1).ok());
  ASSERT_TRUE(put(*store_, object, 2).ok());
  view.reset();
  EXPECT_EQ(picture(*store_, object), "####");
  view = store_->find(object.chunk_id(2));
  ASSERT_TRUE(store_->drop(object.id(), 2, 1).ok());
  { auto aborted = store_->begin(object.id(), ChunkIndex(2)); }
  EXPECT_TRUE(is_right(*view, object, 2));
}

TEST_P(ChunkStoreTest, FactsAreRememberedWhileThereAreChunks) {
  auto object = TestObject::make(2 * kBlockBytes, kBlockBytes, 5);
  put_all(*store_, object);
  auto remembered = store_->remembered();
  ASSERT_EQ(remembered.size(), 1u);
  EXPECT_EQ(*remembered[0], *object.facts);
  ASSERT_TRUE(store_->drop(object.id(), 0, 2).ok());
  EXPECT_TRUE(store_->remembered().empty());
  EXPECT_TRUE(put(*store_, object, 0).ok());
  EXPECT_EQ(store_->remembered().size(), 1u);
}

TEST_P(ChunkStoreTest, FactsWithoutChunksAreNotKeptForEver) {
  auto first = TestObject::make(kBlockBytes, kBlockBytes, 1);
  ASSERT_TRUE(store_->remember(first.facts).ok());
  for (uint64_t seed = 2; seed < 5000; ++seed)
    ASSERT_TRUE(store_->remember(TestObject::make(kBlockBytes, kBlockBytes, seed).facts).ok());
  EXPECT_EQ(put(*store_, first, 0).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(put(*store_, TestObject::make(kBlockBytes, kBlockBytes, 4999), 0).ok());
}

// Writers, readers and droppers at once on a few chunks: whatever is found is right.
TEST_P(ChunkStoreTest, ThreadsWorkOnTheSameChunksWithoutHarm) {
  const std::vector<TestObject> objects{TestObject::make(6 * kBlockBytes, kBlockBytes, 1),
                                        TestObject::make(5 * kBlockBytes + 9, 2 * kBlockBytes, 2)};
  for (const auto& object : objects) ASSERT_TRUE(store_->remember(object.facts).ok());
  std::atomic<int> wrong = 0, found = 0;
  auto work = [&](uint64_t seed) {
    Rng rng(seed);
    for (int i = 0; i < 300; ++i) {
      const auto& object = objects[rng.below(2)];
      uint32_t chunk = rng.below(object.chunk_count());
      switch (rng.below(4)) {
        case 0:
        case 1: static_cast<void>(put(*store_, object, chunk).ok()); break;
        case 2:
          if (auto view = store_->find(object.chunk_id(chunk))) {
            ++found;
            if (!is_right(*view, object, chunk)) ++wrong;
          }
          break;
        default: static_cast<void>(store_->drop(object.id(), chunk, 1 + rng.below(3)).ok());
      }
    }
  };
  std::vector<std::thread> threads;
  for (uint64_t seed = 1; seed <= 4; ++seed) threads.emplace_back(work, seed);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(found, 0);
  for (const auto& object : objects) picture(*store_, object);
}

}  // namespace
}  // namespace tyto::peer
