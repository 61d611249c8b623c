#include "base/rng.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <set>
#include <vector>

namespace tyto {
namespace {

std::vector<uint32_t> draw(Rng rng, int count) {
  std::vector<uint32_t> drawn;
  for (int i = 0; i < count; ++i) drawn.push_back(rng.next32());
  return drawn;
}

// Steele's published sequence for the state 0: mix64 is one step of SplitMix64.
TEST(Mix64, IsSplitMix64) {
  EXPECT_EQ(mix64(0), 0xe220a8397b1dcdafu);
  EXPECT_EQ(mix64(0x9e3779b97f4a7c15), 0x6e789e6aa1b965f4u);
  static_assert(mix64(0) == 0xe220a8397b1dcdafu, "computed by the compiler as well");
}

// A replayed run depends on these numbers: they hold on every machine and in every release.
TEST(Rng, DrawsTheNumbersItAlwaysDrew) {
  EXPECT_EQ(draw(Rng(0), 4),
            (std::vector<uint32_t>{0xb2498d88u, 0x4b9ae863u, 0x5f6e2acbu, 0xc6fef215u}));
  EXPECT_EQ(draw(Rng(42, 7), 4),
            (std::vector<uint32_t>{0x69bf7f16u, 0x11ed6cb3u, 0x090c4a94u, 0x12076a88u}));
}

TEST(Rng, TheSameSeedDrawsTheSameNumbers) {
  EXPECT_EQ(draw(Rng(1234, 5), 1000), draw(Rng(1234, 5), 1000));
}

TEST(Rng, SeedsAndStreamsThatDifferByOneDrawOtherNumbers) {
  std::set<std::vector<uint32_t>> seen;
  for (uint64_t seed = 0; seed < 64; ++seed) {
    for (uint64_t stream = 0; stream < 4; ++stream) seen.insert(draw(Rng(seed, stream), 2));
  }
  EXPECT_EQ(seen.size(), 64u * 4);
}

TEST(Rng, ACopyGoesOnFromTheSamePlace) {
  Rng rng(9);
  rng.next32();
  EXPECT_EQ(draw(rng, 10), draw(rng, 10));
}

TEST(Rng, A64BitNumberIsTwoOf32) {
  Rng halves(3);
  Rng whole(3);
  const uint64_t high = halves.next32();
  const uint64_t low = halves.next32();
  EXPECT_EQ(whole.next64(), high << 32 | low);
}

TEST(Rng, BelowStaysBelowAndReachesEveryNumberAboutEquallyOften) {
  for (uint32_t bound : {1u, 2u, 3u, 7u, 10u}) {
    Rng rng(bound);
    std::vector<int> seen(bound);
    const int draws = 20000;
    for (int i = 0; i < draws; ++i) ++seen.at(rng.below(bound));
    for (int times : seen) {
      const int fair = draws / static_cast<int>(bound);
      EXPECT_NEAR(times, fair, fair / 8 + 1) << bound;
    }
  }
}

TEST(Rng, OneInIsNeverForNoneAndAlwaysForAll) {
  Rng rng(5);
  int hits = 0;
  for (int i = 0; i < 10000; ++i) {
    EXPECT_FALSE(rng.one_in(0, 7));
    EXPECT_TRUE(rng.one_in(7, 7));
    hits += rng.one_in(1, 4) ? 1 : 0;
  }
  EXPECT_NEAR(hits, 2500, 250);
}

TEST(RngDeathTest, HasNoNumberBelowZero) {
  Rng rng(1);
  EXPECT_DEATH(rng.below(0), "assertion failed");
}

TEST(Rng, FitsACore) {
  EXPECT_LE(sizeof(Rng), 32u);
}

}  // namespace
}  // namespace tyto
