#include "peer/transfer/partial_chunk.h"

#include <gtest/gtest.h>

#include "io/loop/loop.h"
#include "peer/store/memory_store.h"
#include "peer/transfer/chunk_feed.h"
#include "peer/transfer/failure.h"
#include "tests/support/chunk_fixture.h"

namespace tyto::peer {
namespace {

using support::logging_writer;
using support::make_object;
using support::TestObject;
using support::WriterLog;

std::string representation_of(const TestObject& object) {
  std::string whole;
  for (const Digest& leaf : object.leaves(0))
    whole.append(reinterpret_cast<const char*>(leaf.bytes.data()), Digest::kSize);
  return whole + object.chunk_bytes(0);
}

// Appends in pieces of `piece` bytes; the first error ends it.
Result<void> feed_in(ChunkFeed& feed, std::string_view bytes, std::size_t piece) {
  while (!bytes.empty()) {
    auto part = bytes.substr(0, piece);
    auto taken = feed.append(std::as_bytes(std::span(part.data(), part.size())));
    if (!taken) return taken;
    bytes.remove_prefix(part.size());
  }
  return {};
}

class PartialChunkTest : public testing::Test {
 protected:
  std::shared_ptr<PartialChunk> begin(const TestObject& object) {
    log_ = std::make_shared<WriterLog>();
    return std::make_shared<PartialChunk>(loop_, object.facts->chunking, ChunkIndex(0),
                                          object.roots[0], logging_writer(log_));
  }
  io::Loop loop_;
  std::shared_ptr<WriterLog> log_;
};

TEST_F(PartialChunkTest, TakesARepresentationWhateverThePieces) {
  for (uint64_t size : {uint64_t{1}, uint64_t{kBlockBytes - 1}, uint64_t{kBlockBytes},
                        uint64_t{kBlockBytes + 1}, 300 * kKiB + 7, 1 * kMiB, 1 * kMiB + 1}) {
    TestObject object = make_object(size, size, 2 * kMiB);
    for (std::size_t piece : {std::size_t{1000}, std::size_t{kBlockBytes}, std::size_t{100'000},
                              std::size_t{262'144}, std::size_t{4 * kMiB}}) {
      auto chunk = begin(object);
      ChunkFeed feed(chunk);
      ASSERT_TRUE(feed_in(feed, representation_of(object), piece)) << size << " in " << piece;
      EXPECT_TRUE(feed.is_done());
      EXPECT_EQ(feed.new_bytes(), size);
      EXPECT_EQ(chunk->quarters(), 4);
      auto root = chunk->finish();
      ASSERT_TRUE(root) << root.error().message;
      EXPECT_TRUE(log_->bytes == object.bytes) << size << " in " << piece;
      EXPECT_EQ(log_->root, object.roots[0]);
      EXPECT_EQ(log_->leaves, object.leaves(0));
    }
  }
}

TEST_F(PartialChunkTest, TakesNoLeavesOfAnotherRoot) {
  TestObject object = make_object(100'000);
  auto chunk = begin(object);
  auto leaves = object.leaves(0);
  leaves[3].bytes[31] ^= 1;
  auto taken = chunk->accept_leaves(leaves);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(chunk->accept_leaves(object.leaves(0)));
  EXPECT_FALSE(chunk->accept_leaves(leaves));  // nor of a further source
}

TEST_F(PartialChunkTest, KeepsWhatCameBeforeABadBlockAndGoesOnFromThere) {
  TestObject object = make_object(40 * kBlockBytes + 9, 4, 1 * kMiB);
  const std::string good = representation_of(object);
  const uint64_t leaf_end = 41 * Digest::kSize;
  for (std::size_t bad = 0; bad < 41; ++bad) {
    for (std::size_t piece : {std::size_t{5000}, std::size_t{kBlockBytes}, std::size_t{4 * kMiB}}) {
      auto chunk = begin(object);
      std::string bytes = good;
      bytes[leaf_end + bad * kBlockBytes + 8] ^= 0x10;
      ChunkFeed liar(chunk);
      auto taken = feed_in(liar, bytes, piece);
      ASSERT_FALSE(taken) << bad;
      EXPECT_EQ(taken.error().code, ErrorCode::kCorrupt);
      EXPECT_EQ(chunk->verified_bytes(), bad * kBlockBytes);
      EXPECT_TRUE(log_->bytes == object.bytes.substr(0, bad * kBlockBytes));
      ChunkFeed next(chunk);
      EXPECT_EQ(next.wanted_from(), leaf_end + bad * kBlockBytes);
      next.begin(next.wanted_from());
      ASSERT_TRUE(feed_in(next, std::string_view(good).substr(next.wanted_from()), piece));
      EXPECT_EQ(next.new_bytes(), object.bytes.size() - bad * kBlockBytes);
      ASSERT_TRUE(chunk->finish());
      EXPECT_TRUE(log_->bytes == object.bytes);
    }
  }
}

TEST_F(PartialChunkTest, PassesOverWhatAnotherSourceBroughtBefore) {
  TestObject object = make_object(10 * kBlockBytes, 5, 1 * kMiB);
  const std::string good = representation_of(object);
  auto chunk = begin(object);
  ChunkFeed slow(chunk);
  ChunkFeed fast(chunk);
  const std::size_t half = 10 * Digest::kSize + 4 * kBlockBytes;
  ASSERT_TRUE(feed_in(slow, std::string_view(good).substr(0, half + 100), 9999));
  ASSERT_TRUE(feed_in(fast, std::string_view(good).substr(0, good.size() - 5), 7777));
  EXPECT_EQ(fast.new_bytes(), 5 * kBlockBytes);
  ASSERT_TRUE(feed_in(slow, std::string_view(good).substr(half + 100), 9999));
  EXPECT_TRUE(chunk->is_whole());
  EXPECT_EQ(slow.new_bytes(), 5 * kBlockBytes);
  ASSERT_TRUE(chunk->finish());
  EXPECT_TRUE(log_->bytes == object.bytes);
  ASSERT_TRUE(feed_in(fast, std::string_view(good).substr(good.size() - 5), 5));  // of no use
}

TEST_F(PartialChunkTest, RefusesMoreBytesThanTheChunkHas) {
  TestObject object = make_object(100);
  auto chunk = begin(object);
  ChunkFeed feed(chunk);
  EXPECT_FALSE(feed_in(feed, representation_of(object) + "x", 1000));
  EXPECT_EQ(chunk->verified_bytes(), 0u);
}

TEST_F(PartialChunkTest, PassesTheStoresErrorOnAndIsDeadThen) {
  TestObject object = make_object(1 * kMiB, 6, 1 * kMiB);
  auto chunk = begin(object);
  log_->writes_until_failure = 1;
  ChunkFeed feed(chunk);
  auto taken = feed_in(feed, representation_of(object), 20'000);
  ASSERT_FALSE(taken);
  EXPECT_EQ(failure_of_assembly(taken.error()), FailureKind::kNoSpace);
  EXPECT_FALSE(chunk->is_usable());
  EXPECT_TRUE(log_->is_destroyed);
}

TEST_F(PartialChunkTest, IsReadAlongAsItGrowsAndAfter) {
  TestObject object = make_object(3 * kBlockBytes, 7, 1 * kMiB);
  MemoryStore store(1 * kMiB);
  auto chunk =
      std::make_shared<PartialChunk>(loop_, object.facts->chunking, ChunkIndex(0), object.roots[0],
                                     support::begin_chunk(store, object, 0));
  EXPECT_EQ(chunk->relayed(), nullptr);
  ChunkFeed feed(chunk);
  const std::string good = representation_of(object);
  const std::size_t cut = 3 * Digest::kSize + 2 * kBlockBytes;
  ASSERT_TRUE(feed_in(feed, std::string_view(good).substr(0, 3 * Digest::kSize), 10));
  auto relayed = chunk->relayed();
  ASSERT_NE(relayed, nullptr);
  EXPECT_EQ(*relayed->leaves(), object.leaves(0));
  int news = 0;
  auto who = std::make_shared<int>();
  relayed->follow(who, [&] { ++news; });
  ASSERT_TRUE(
      feed_in(feed, std::string_view(good).substr(3 * Digest::kSize, 2 * kBlockBytes), 1000));
  ASSERT_TRUE(loop_.run_until([&] { return news > 0; }, Duration::seconds(10)));
  EXPECT_EQ(news, 1);  // once for both blocks
  EXPECT_EQ(relayed->verified_bytes(), 2 * kBlockBytes);
  std::string read(2 * kBlockBytes, '\0');
  ASSERT_TRUE(relayed->bytes()->read(0, std::as_writable_bytes(std::span(read))));
  EXPECT_TRUE(read == object.bytes.substr(0, 2 * kBlockBytes));
  ASSERT_TRUE(feed_in(feed, std::string_view(good).substr(cut), 100'000));
  ASSERT_TRUE(chunk->finish());
  chunk.reset();
  EXPECT_EQ(relayed->state(), RelayedChunk::State::kWhole);
}

TEST_F(PartialChunkTest, TellsThoseWhoReadAlongWhenItIsGivenUp) {
  TestObject object = make_object(3 * kBlockBytes, 7, 1 * kMiB);
  MemoryStore store(1 * kMiB);
  auto chunk =
      std::make_shared<PartialChunk>(loop_, object.facts->chunking, ChunkIndex(0), object.roots[0],
                                     support::begin_chunk(store, object, 0));
  ASSERT_TRUE(chunk->accept_leaves(object.leaves(0)));
  auto relayed = chunk->relayed();
  int news = 0;
  auto who = std::make_shared<int>();
  relayed->follow(who, [&] { ++news; });
  chunk.reset();
  ASSERT_TRUE(loop_.run_until([&] { return news > 0; }, Duration::seconds(10)));
  EXPECT_EQ(relayed->state(), RelayedChunk::State::kGivenUp);
}

}  // namespace
}  // namespace tyto::peer
