#include "io/hash/sha256.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "base/rng.h"
#include "io/hash/random.h"

namespace tyto::io {
namespace {

std::vector<std::byte> random_bytes(std::size_t count, uint64_t seed) {
  Rng rng(seed);
  std::vector<std::byte> bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::byte>(rng.next32());
  return bytes;
}

TEST(Sha256, AgreesWithTheStandardsExamples) {
  EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc").hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, PiecesGiveTheSameDigestAsTheWholeAndFinishStartsAnew) {
  auto bytes = random_bytes(100'003, 1);
  Sha256 hash;
  for (int round = 0; round < 2; ++round) {
    std::span<const std::byte> rest = bytes;
    for (std::size_t piece = 1; !rest.empty(); piece = piece * 3 + 1) {
      auto part = rest.first(std::min(piece, rest.size()));
      hash.update(part);
      rest = rest.subspan(part.size());
    }
    EXPECT_EQ(hash.finish(), sha256(bytes));
  }
}

TEST(HashBlocks, LanesAgreeWithOpenSslForEveryLengthAroundABlock) {
  for (std::size_t blocks : {1u, 2u, 3u, 7u, 8u, 9u, 16u, 17u, 27u, 64u, 300u}) {
    for (std::ptrdiff_t tail : {-16383, -16320, -65, -64, -63, -56, -55, -1, 0, 1, 63}) {
      auto count =
          static_cast<std::size_t>(static_cast<std::ptrdiff_t>(blocks * kBlockBytes) + tail);
      auto bytes = random_bytes(count, blocks * 100 + count);
      std::vector<Digest> best(block_count(count)), plain(block_count(count));
      hash_blocks(bytes, best);
      hash_blocks(bytes, plain, BlockHasher::kOpenSsl);
      ASSERT_EQ(best, plain) << blocks << " blocks, " << tail;
    }
  }
}

TEST(HashBlocks, NothingGivesNothing) {
  std::vector<Digest> none;
  hash_blocks({}, none);
  EXPECT_TRUE(none.empty());
}

TEST(HashBlocks, ThreadsDoNotDisturbEachOther) {
  auto bytes = random_bytes(64 * kBlockBytes, 9);
  std::vector<Digest> expected(64);
  hash_blocks(bytes, expected, BlockHasher::kOpenSsl);
  std::vector<std::vector<Digest>> found(4, std::vector<Digest>(64));
  std::vector<std::thread> threads;
  for (auto& out : found)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) hash_blocks(bytes, out);
    });
  for (auto& thread : threads) thread.join();
  for (const auto& out : found) EXPECT_EQ(out, expected);
}

TEST(Random, NumbersDoNotRepeat) {
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random_u64());
  EXPECT_EQ(seen.size(), 1000u);
}

}  // namespace
}  // namespace tyto::io
