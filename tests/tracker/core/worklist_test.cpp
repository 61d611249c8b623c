#include "tracker/core/worklist.h"

#include <gtest/gtest.h>

namespace tyto::tracker {
namespace {

constexpr BucketIndex kA{0};
constexpr BucketIndex kB{1};

uint32_t popped_version(Worklist& work) {
  auto item = work.pop();
  return item && std::holds_alternative<VersionIndex>(*item) ? std::get<VersionIndex>(*item).value()
                                                             : kNone;
}

TEST(Worklist, WithinABucketReadersComeFirstAndInTheirOrder) {
  Worklist work;
  work.push(kA, VersionIndex(1));
  work.push(kA, ReaderIndex(2));
  work.push(kA, ReaderIndex(3));
  EXPECT_EQ(std::get<ReaderIndex>(*work.pop()), ReaderIndex(2));
  EXPECT_EQ(std::get<ReaderIndex>(*work.pop()), ReaderIndex(3));
  EXPECT_EQ(popped_version(work), 1u);
  EXPECT_FALSE(work.pop().has_value());
}

TEST(Worklist, WhatIsOverdueComesBeforeReadersAndLotsThatHaveWaitedLess) {
  Worklist work;
  auto at = [](int64_t s) { return Instant() + Duration::seconds(s); };
  work.push(kA, ReaderIndex(1));
  work.push(kA, LotIndex(1), at(2));
  work.push(kA, LotIndex(2), at(9));
  work.push_overdue(kA, VersionIndex(2), at(5));
  work.push_overdue(kA, VersionIndex(1), at(3));
  EXPECT_EQ(work.pop(), std::optional<Worklist::Item>(LotIndex(1)));
  EXPECT_EQ(work.pop(), std::optional<Worklist::Item>(VersionIndex(1)));
  EXPECT_EQ(work.pop(), std::optional<Worklist::Item>(VersionIndex(2)));
  EXPECT_EQ(work.pop(), std::optional<Worklist::Item>(LotIndex(2)));
  EXPECT_EQ(work.pop(), std::optional<Worklist::Item>(ReaderIndex(1)));
}

TEST(Worklist, TellsWhatComesNextOfTheBucketThatIsServedAndTakesNothing) {
  Worklist work;
  EXPECT_FALSE(work.ahead(1).has_value());
  work.push(kA, ReaderIndex(1));
  work.push(kA, ReaderIndex(2));
  work.push(kA, ReaderIndex(3));
  work.pop();
  work.push(kA, LotIndex(7), Instant());
  EXPECT_EQ(work.ahead(1), std::optional<Worklist::Item>(LotIndex(7)));
  EXPECT_EQ(work.ahead(2), std::optional<Worklist::Item>(ReaderIndex(2)));
  EXPECT_EQ(work.ahead(3), std::optional<Worklist::Item>(ReaderIndex(3)));
  EXPECT_FALSE(work.ahead(4).has_value());
  EXPECT_EQ(work.pop(), std::optional<Worklist::Item>(LotIndex(7)));
  EXPECT_EQ(work.pop(), std::optional<Worklist::Item>(ReaderIndex(2)));
}

TEST(Worklist, TheBucketThatWasSentLeastForItsWeightComesNext) {
  Worklist work;
  work.add_reader(kA);
  work.add_reader(kB);
  int turns_of_a = 0;
  for (int i = 0; i < 400; ++i) {
    work.push(kA, VersionIndex(0));
    work.push(kB, VersionIndex(1));
    bool is_a = popped_version(work) == 0;
    work.charge(is_a ? kA : kB, 1000, is_a ? 3 : 1);
    turns_of_a += is_a ? 1 : 0;
    work.pop();
  }
  EXPECT_NEAR(turns_of_a, 300, 2);
}

TEST(Worklist, WhatABucketWithoutReadersDidNotWantIsNotOwed) {
  Worklist work;
  work.add_reader(kA);
  for (int i = 0; i < 100; ++i) work.charge(kA, 1'000'000, 1);
  work.add_reader(kB);
  work.push(kA, VersionIndex(0));
  work.push(kB, VersionIndex(1));
  EXPECT_FALSE(work.is_anothers_turn(kA));
  EXPECT_FALSE(work.is_anothers_turn(kB));
}

TEST(Worklist, ABucketYieldsOnlyToOneThatHasWork) {
  Worklist work;
  work.add_reader(kA);
  work.add_reader(kB);
  work.charge(kA, 1000, 1);
  EXPECT_FALSE(work.is_anothers_turn(kA));
  work.push(kB, VersionIndex(1));
  EXPECT_TRUE(work.is_anothers_turn(kA));
  EXPECT_FALSE(work.is_anothers_turn(kB));
}

}  // namespace
}  // namespace tyto::tracker
