#include "tracker/membership/lease_view.h"

#include <gtest/gtest.h>

namespace tyto::tracker {
namespace {

constexpr Duration kTerm = Duration::seconds(6);
constexpr Duration kLong = Duration::seconds(100'000);

Instant at(int64_t s) {
  return Instant::from_ns(1'000'000'000 * (1000 + s));
}
Member member(uint64_t id) {
  return {MemberId(id), {"host" + std::to_string(id), 7400}, "eu", TrackerEpoch(1)};
}
LeaseRow row(uint64_t id, int64_t left_s) {
  return {member(id), Duration::seconds(left_s)};
}
std::string ids(const LeaseView& view) {
  std::string text;
  for (const Member& one : view.members().members) text += std::to_string(one.id.value()) + " ";
  return text;
}

TEST(LeaseView, ListsThoseWhoseLeasesRunInTheOrderOfTheirIdsAndItself) {
  LeaseView view(member(2), kTerm);
  EXPECT_TRUE(view.take(at(0), {row(3, 4), row(1, 5), row(9, -1)}, kLong));
  EXPECT_EQ(ids(view), "1 2 3 ");
  EXPECT_EQ(view.members().serial, 1u);
  EXPECT_EQ(view.next_expiry(), at(4));
}

TEST(LeaseView, TellsOfAChangeOnceAndOfEachNewRun) {
  LeaseView view(member(2), kTerm);
  EXPECT_TRUE(view.take(at(0), {row(1, 5)}, kLong));
  EXPECT_FALSE(view.take(at(1), {row(1, 6)}, kLong));
  LeaseRow restarted = row(1, 6);
  restarted.member.epoch = TrackerEpoch(7);
  EXPECT_TRUE(view.take(at(2), {restarted}, kLong));
  EXPECT_EQ(view.members().serial, 2u);
}

TEST(LeaseView, OneWhoseLeaseRanOutIsGone) {
  LeaseView view(member(2), kTerm);
  view.take(at(0), {row(1, 5)}, kLong);
  EXPECT_TRUE(view.take(at(10), {row(1, -5)}, kLong));
  EXPECT_EQ(ids(view), "2 ");
}

TEST(LeaseView, AfterAnOutageWhoWasKnownHasOneTermToComeBack) {
  LeaseView view(member(2), kTerm);
  view.take(at(0), {row(1, 5)}, kLong);
  view.note_outage();
  EXPECT_FALSE(view.take(at(60), {row(1, -55)}, kLong));
  EXPECT_EQ(view.next_expiry(), at(66));
  EXPECT_FALSE(view.take(at(65), {row(1, -60)}, kLong));
  EXPECT_TRUE(view.take(at(66), {row(1, -61)}, kLong));
  EXPECT_EQ(ids(view), "2 ");
}

TEST(LeaseView, AfterTheDatabaseWasStartedOldRowsCountForOneTermEvenForOneWhoIsNew) {
  LeaseView view(member(2), kTerm);
  view.take(at(0), {row(1, -500)}, Duration::seconds(2));
  EXPECT_EQ(ids(view), "1 2 ");
  EXPECT_EQ(view.next_expiry(), at(4));
  // Known by now, and the first connection's mercy is over too.
  view.take(at(7), {row(1, -507)}, Duration::seconds(9));
  EXPECT_EQ(ids(view), "2 ");
}

}  // namespace
}  // namespace tyto::tracker
