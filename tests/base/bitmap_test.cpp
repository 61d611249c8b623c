#include "base/bitmap.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace tyto {
namespace {

// Sizes about the edges of words, and the greatest that a manifest allows for.
const std::vector<uint32_t> kSizes = {0, 1, 2, 63, 64, 65, 127, 128, 129, 256, 1u << 20};

TEST(Bitmap, StartsWithoutMembers) {
  for (uint32_t size : kSizes) {
    Bitmap bits(size);
    EXPECT_EQ(bits.size(), size);
    EXPECT_EQ(bits.count(), 0u);
    EXPECT_TRUE(bits.none());
    EXPECT_EQ(bits.all(), size == 0) << size;
    EXPECT_EQ(bits.next_set(0), size);
    EXPECT_EQ(bits.next_unset(0), 0u);
    EXPECT_EQ(bits.words().size(), (size + 63) / 64);
  }
}

TEST(Bitmap, FullHasEveryMemberAndNoBitPastItsSize) {
  for (uint32_t size : kSizes) {
    Bitmap bits = Bitmap::full(size);
    EXPECT_EQ(bits.count(), size);
    EXPECT_TRUE(bits.all());
    EXPECT_EQ(bits.none(), size == 0) << size;
    EXPECT_EQ(bits.next_unset(0), size);
    Bitmap by_hand(size);
    for (uint32_t i = 0; i < size; ++i) by_hand.set(i);
    EXPECT_EQ(bits, by_hand) << size;
  }
}

TEST(Bitmap, HoldsExactlyWhatWasSet) {
  for (uint32_t size : {1u, 64u, 65u, 130u}) {
    for (uint32_t member = 0; member < size; ++member) {
      Bitmap bits(size);
      bits.set(member);
      bits.set(member);
      for (uint32_t i = 0; i < size; ++i) EXPECT_EQ(bits.test(i), i == member);
      EXPECT_EQ(bits.count(), 1u);
      EXPECT_EQ(bits.next_set(0), member);
      EXPECT_EQ(bits.next_set(member), member);
      EXPECT_EQ(bits.next_set(member + 1), size);
      bits.reset(member);
      EXPECT_EQ(bits, Bitmap(size));
    }
  }
}

TEST(Bitmap, FindsTheOneGapInAFullSet) {
  for (uint32_t size : {1u, 64u, 65u, 130u}) {
    for (uint32_t gap = 0; gap < size; ++gap) {
      Bitmap bits = Bitmap::full(size);
      bits.reset(gap);
      EXPECT_FALSE(bits.all());
      EXPECT_EQ(bits.next_unset(0), gap);
      EXPECT_EQ(bits.next_unset(gap + 1), size);
      EXPECT_EQ(bits.next_set(gap), gap + 1);  // which is size() when the gap is the last
    }
  }
}

TEST(Bitmap, SearchFromItsEndOrPastItFindsNothing) {
  for (uint32_t size : kSizes) {
    const Bitmap bits = Bitmap::full(size);
    EXPECT_EQ(bits.next_set(size), size);
    EXPECT_EQ(bits.next_unset(size), size);
    EXPECT_EQ(bits.next_set(size + 1), size);
    EXPECT_EQ(bits.next_unset(~uint32_t{0}), size);
  }
}

TEST(Bitmap, WalksOverItsMembersInOrder) {
  const std::vector<uint32_t> members = {0, 1, 62, 63, 64, 127, 128, 199};
  Bitmap bits(200);
  for (uint32_t member : members) bits.set(member);
  std::vector<uint32_t> found;
  for (uint32_t i = bits.next_set(0); i < bits.size(); i = bits.next_set(i + 1)) {
    found.push_back(i);
  }
  EXPECT_EQ(found, members);
}

TEST(Bitmap, ClearsSurplusBitsOfWordsFromTheWire) {
  const Bitmap bits(65, {~uint64_t{0}, ~uint64_t{0}});
  EXPECT_EQ(bits, Bitmap::full(65));
  EXPECT_EQ(bits.words()[1], 1u);
}

TEST(Bitmap, ComesBackFromItsOwnWords) {
  Bitmap bits(100);
  for (uint32_t i = 0; i < 100; i += 7) bits.set(i);
  EXPECT_EQ(Bitmap(100, bits.words()), bits);
}

TEST(Bitmap, DiffersFromOneOfAnotherSize) {
  EXPECT_NE(Bitmap(64), Bitmap(63));
}

TEST(BitmapDeathTest, RefusesAMemberPastItsSize) {
  Bitmap bits(64);
  EXPECT_DEATH(bits.set(64), "assertion failed");
  EXPECT_DEATH(static_cast<void>(bits.test(64)), "assertion failed");
  EXPECT_DEATH(bits.reset(64), "assertion failed");
}

TEST(BitmapDeathTest, RefusesTheWrongNumberOfWords) {
  EXPECT_DEATH(Bitmap(65, std::vector<uint64_t>{0}), "assertion failed");
}

}  // namespace
}  // namespace tyto
