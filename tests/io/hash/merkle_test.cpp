#include "io/hash/merkle.h"

#include <gtest/gtest.h>

#include <vector>

#include "io/hash/sha256.h"

namespace tyto::io {
namespace {

Digest leaf(int n) {
  return sha256(std::to_string(n));
}

TEST(Merkle, OneLeafIsItsOwnRoot) {
  Digest only = leaf(1);
  EXPECT_EQ(merkle_root({&only, 1}, 1), only);
}

TEST(Merkle, ThreeLeavesOfFourArePaddedWithTheGivenDigest) {
  std::vector<Digest> leaves{leaf(1), leaf(2), leaf(3)};
  Digest expected = merkle_parent(merkle_parent(leaf(1), leaf(2)), merkle_parent(leaf(3), leaf(9)));
  EXPECT_EQ(merkle_root(leaves, 4, leaf(9)), expected);
}

TEST(Merkle, PaddingWithZeroTreesEqualsPaddingWithZeroLeaves) {
  std::vector<Digest> leaves{leaf(1), leaf(2), leaf(3)};
  std::vector<Digest> padded = leaves;
  padded.resize(64);
  EXPECT_EQ(merkle_root(leaves, 64), merkle_root(padded, 64));
  std::vector<Digest> nothing(64);
  EXPECT_EQ(merkle_zero_root(64), merkle_root(nothing, 64));
}

TEST(Merkle, AnEmptyObjectHasNoPiecesRoot) {
  EXPECT_TRUE(pieces_root_of(Chunking::of(0), {}).is_zero());
}

TEST(Merkle, AnObjectOfOneBlockHasThatBlocksHashAsRoot) {
  auto chunking = Chunking::of(1);
  std::byte byte{0x61};
  Digest root = chunk_root_of_bytes(chunking, ChunkIndex(0), {&byte, 1});
  EXPECT_EQ(root, sha256("a"));
  EXPECT_EQ(pieces_root_of(chunking, {&root, 1}), root);
}

TEST(Merkle, AChunkAloneAndTheSameChunkAmongOthersHaveDifferentRoots) {
  std::vector<std::byte> bytes(3 * kBlockBytes, std::byte{7});
  Chunking alone{bytes.size(), kChunkBytesMin};
  Chunking among{kChunkBytesMin + bytes.size(), kChunkBytesMin};
  EXPECT_NE(chunk_root_of_bytes(alone, ChunkIndex(0), bytes),
            chunk_root_of_bytes(among, ChunkIndex(1), bytes));
}

}  // namespace
}  // namespace tyto::io
