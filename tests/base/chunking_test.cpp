#include "base/chunking.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace tyto {
namespace {

constexpr uint64_t kBlock = kBlockBytes;
constexpr uint64_t kTiB = 1024 * kGiB;

// What chunk_size_for() promises, found by trying.
uint64_t chunk_size_by_search(uint64_t object_bytes) {
  uint64_t chunks_most = object_bytes <= kMiB ? 1 : 256;
  for (uint64_t size = kChunkBytesMin; size < kChunkBytesMax; size *= 2) {
    if ((object_bytes + size - 1) / size <= chunks_most) return size;
  }
  return kChunkBytesMax;
}

TEST(ChunkSize, IsTheSmallestThatGivesAtMost256ChunksOrOneOfASmallObject) {
  const std::vector<uint64_t> edges = {
      0,          1,          kBlock, 256 * kKiB, 512 * kKiB, kMiB,     64 * kMiB, 128 * kMiB,
      256 * kMiB, 512 * kMiB, kGiB,   2 * kGiB,   4 * kGiB,   8 * kGiB, kTiB,      16 * kTiB};
  for (uint64_t edge : edges) {
    for (uint64_t bytes : {edge - (edge > 0), edge, edge + 1}) {
      EXPECT_EQ(chunk_size_for(bytes), chunk_size_by_search(bytes)) << bytes;
    }
  }
}

TEST(ChunkSize, DoublesOneByteAfterEachLimit) {
  EXPECT_EQ(chunk_size_for(256 * kKiB), 256 * kKiB);
  EXPECT_EQ(chunk_size_for(256 * kKiB + 1), 512 * kKiB);
  EXPECT_EQ(chunk_size_for(kMiB), kMiB);
  EXPECT_EQ(chunk_size_for(kMiB + 1), 256 * kKiB);
  EXPECT_EQ(chunk_size_for(64 * kMiB), 256 * kKiB);
  EXPECT_EQ(chunk_size_for(64 * kMiB + 1), 512 * kKiB);
  EXPECT_EQ(chunk_size_for(2 * kGiB), 8 * kMiB);
  EXPECT_EQ(chunk_size_for(2 * kGiB + 1), 16 * kMiB);
  EXPECT_EQ(chunk_size_for(4 * kGiB + 1), 16 * kMiB) << "the greatest size there is";
}

TEST(Chunking, AnEmptyObjectHasNoChunk) {
  const Chunking cut = Chunking::of(0);
  EXPECT_TRUE(cut.is_valid());
  EXPECT_EQ(cut.chunk_count(), 0u);
}

struct Case {
  uint64_t object_bytes;
  uint32_t chunks;
  uint32_t last_length;
  uint32_t last_blocks;
};

TEST(Chunking, CutsAtBlocksAndChunksGiveOrTakeAByte) {
  constexpr uint32_t kChunk = kChunkBytesMin;
  const std::vector<Case> cases = {
      {1, 1, 1, 1},
      {kBlock - 1, 1, kBlockBytes - 1, 1},
      {kBlock, 1, kBlockBytes, 1},
      {kBlock + 1, 1, kBlockBytes + 1, 2},
      {kChunk - 1, 1, kChunk - 1, 16},
      {kChunk, 1, kChunk, 16},
      {kChunk + 1, 2, 1, 1},
      {3 * kChunk + 5 * kBlock + 7, 4, 5 * kBlockBytes + 7, 6},
  };
  for (const Case& expected : cases) {
    const Chunking cut{expected.object_bytes, kChunk};
    EXPECT_TRUE(cut.is_valid());
    EXPECT_EQ(cut.chunk_count(), expected.chunks) << expected.object_bytes;
    const ChunkIndex last(expected.chunks - 1);
    EXPECT_EQ(cut.length_of(last), expected.last_length) << expected.object_bytes;
    EXPECT_EQ(cut.blocks_of(last), expected.last_blocks) << expected.object_bytes;
  }
}

TEST(Chunking, ChunksCoverTheObjectOnceAndInOrder) {
  for (uint64_t bytes : {uint64_t{1}, 64 * kMiB - 1, 64 * kMiB, 64 * kMiB + 1, 5 * kGiB + 12345}) {
    const Chunking cut = Chunking::of(bytes);
    uint64_t covered = 0;
    for (uint32_t i = 0; i < cut.chunk_count(); ++i) {
      ASSERT_EQ(cut.offset_of(ChunkIndex(i)), covered);
      ASSERT_EQ(cut.chunk_at(covered), ChunkIndex(i));
      covered += cut.length_of(ChunkIndex(i));
      ASSERT_EQ(cut.chunk_at(covered - 1), ChunkIndex(i));
    }
    EXPECT_EQ(covered, bytes);
  }
}

TEST(Chunking, TheGreatestObjectHas2To20Chunks) {
  const Chunking cut = Chunking::of(kObjectBytesMax);
  EXPECT_EQ(kObjectBytesMax, 16 * kTiB);
  EXPECT_TRUE(cut.is_valid());
  EXPECT_EQ(cut.chunk_count(), kChunksMax);
  const ChunkIndex last(kChunksMax - 1);
  EXPECT_EQ(cut.offset_of(last), kObjectBytesMax - kChunkBytesMax);
  EXPECT_EQ(cut.length_of(last), kChunkBytesMax);
  EXPECT_EQ(cut.blocks_of(last), kChunkBytesMax / kBlockBytes);
  EXPECT_EQ(cut.chunk_at(kObjectBytesMax - 1), last);
}

TEST(Chunking, RefusesWhatNoManifestMaySay) {
  EXPECT_FALSE((Chunking{1, 0}).is_valid());
  EXPECT_FALSE((Chunking{1, kBlockBytes / 2}).is_valid()) << "less than a block";
  EXPECT_FALSE((Chunking{1, kBlockBytes * 3}).is_valid()) << "not a power of two";
  EXPECT_FALSE((Chunking{1, kChunkBytesMax * 2}).is_valid());
  EXPECT_FALSE((Chunking{kObjectBytesMax + 1, kChunkBytesMax}).is_valid());
  EXPECT_FALSE((Chunking{~uint64_t{0}, kChunkBytesMax}).is_valid()) << "the sum wraps";
  EXPECT_FALSE((Chunking{16 * kGiB + 1, kBlockBytes}).is_valid()) << "2^20 chunks and one";
  EXPECT_TRUE((Chunking{16 * kGiB, kBlockBytes}).is_valid()) << "2^20 chunks";
  EXPECT_TRUE((Chunking{1, kBlockBytes}).is_valid()) << "as other makers of torrents cut";
}

TEST(ChunkingDeathTest, HasNoLengthPastItsEnd) {
  const Chunking cut = Chunking::of(kChunkBytesMin);
  EXPECT_DEATH(static_cast<void>(cut.length_of(ChunkIndex(1))), "assertion failed");
  EXPECT_DEATH(static_cast<void>(cut.chunk_at(kChunkBytesMin)), "assertion failed");
}

}  // namespace
}  // namespace tyto
