#include "tracker/core/admission/admission.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace tyto::tracker {
namespace {

constexpr Instant kStart = Instant::from_ns(1'000'000'000'000);

ExchangeUp up_of(std::vector<Event> events) {
  ExchangeUp up;
  up.events = std::move(events);
  return up;
}
OpenRequested open_of(Priority priority) {
  OpenRequested open;
  open.priority = priority;
  return open;
}
ChunkVerified verified_of(uint32_t bytes) {
  ChunkVerified verified;
  verified.bytes = bytes;
  return verified;
}

TEST(Admission, AnExchangeIsOfTheClassOfItsWorthiestEvent) {
  const struct {
    ExchangeUp up;
    ExchangeClass expected;
  } kRows[] = {
      {up_of({}), ExchangeClass::kIdle},
      {up_of({open_of(Priority::kPrefetch)}), ExchangeClass::kPrefetch},
      {up_of({open_of(Priority::kPrefetch), open_of(Priority::kNormal)}), ExchangeClass::kOpen},
      {up_of({open_of(Priority::kUrgent)}), ExchangeClass::kOpen},
      {up_of({ChunkProgressed{}}), ExchangeClass::kUnderWayBulk},
      {up_of({verified_of(16u << 20)}), ExchangeClass::kUnderWayBulk},
      {up_of({verified_of(1000)}), ExchangeClass::kUnderWay},
      {up_of({open_of(Priority::kPrefetch), verified_of(16u << 20)}), ExchangeClass::kUnderWayBulk},
      {up_of({verified_of(16u << 20), AssignmentFailed{}}), ExchangeClass::kUnderWay},
      {up_of({Leaving{}}), ExchangeClass::kUnderWay},
  };
  for (const auto& row : kRows)
    EXPECT_EQ(exchange_class_name(class_of(row.up, Role::kPeer, Parked::kNothing)),
              exchange_class_name(row.expected));
}

TEST(Admission, WhatASuperpeerSaysIsNeverWorthLessThanWhatItsReadersSay) {
  for (const ExchangeUp& up : {up_of({}), up_of({verified_of(16u << 20)})})
    EXPECT_EQ(exchange_class_name(class_of(up, Role::kSuperpeer, Parked::kNothing)), "under_way");
}

TEST(Admission, WhoAsksForNewsThatWillComeAnywayIsWorthTheLeast) {
  for (Role role : {Role::kPeer, Role::kSuperpeer})
    EXPECT_EQ(exchange_class_name(class_of(up_of({}), role, Parked::kOne)), "probe");
  const ExchangeUp open = up_of({open_of(Priority::kPrefetch)});
  EXPECT_EQ(exchange_class_name(class_of(open, Role::kPeer, Parked::kOne)), "prefetch");
}

TEST(Admission, WhoWouldBeTakenForDeadIsWorthAsMuchAsAny) {
  EXPECT_EQ(exchange_class_name(class_of(up_of({}), Role::kPeer, Parked::kNothingForLong)),
            "under_way");
  const ExchangeUp ahead = up_of({open_of(Priority::kPrefetch)});
  EXPECT_EQ(exchange_class_name(class_of(ahead, Role::kPeer, Parked::kNothingForLong)),
            "under_way");
}

// Peers that wait, and ask each second whether the tracker lives; refused ones when they were told.
TEST(Admission, ProbesTakeASmallPartOfWhatMayBeAnsweredHoweverManyWait) {
  constexpr int kPeers = 2000;
  constexpr int kSeconds = 60;
  Admission admission({.exchanges_per_s = 200});
  std::multimap<Instant, int> due;
  for (int i = 0; i < kPeers; ++i) due.emplace(kStart + Duration::microseconds(500 * i), i);
  const Instant end = kStart + Duration::seconds(kSeconds);
  int taken = 0, news_refused = 0;
  Instant news = kStart;
  for (auto next = due.begin(); next->first < end; next = due.begin()) {
    const Instant now = next->first;
    for (; news < now; news = news + Duration::milliseconds(10))  // half of the limit
      news_refused += admission.exchange(news, ExchangeClass::kUnderWayBulk) ? 1 : 0;
    auto after = admission.exchange(now, ExchangeClass::kProbe);
    taken += after ? 0 : 1;
    due.emplace(now + after.value_or(Duration::seconds(1)), next->second);
    due.erase(next);
  }
  EXPECT_EQ(news_refused, 0);
  EXPECT_LE(taken, 100 * kSeconds + 200);  // what the news leaves, and the credit of a second
  EXPECT_GT(taken, 0);
  const auto refused = admission.counts().exchanges_refused[5];
  EXPECT_LT(refused, uint64_t{kPeers} * kSeconds / 4);
}

TEST(Admission, WithoutLimitsEverythingIsTaken) {
  Admission admission({});
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_FALSE(admission.exchange(kStart, ExchangeClass::kPrefetch));
    EXPECT_FALSE(admission.registration(kStart));
  }
}

constexpr std::size_t kWithNews = 5;  // classes besides probes

// `load` times the limit for ten seconds, as much of each class; what was taken of each in the last
// five, per second.
std::map<ExchangeClass, uint32_t> taken_of(Admission& admission, uint32_t per_s, uint32_t load) {
  std::map<ExchangeClass, uint32_t> taken;
  const uint32_t all = per_s * load * 10;
  for (uint32_t i = 0; i < all; ++i) {
    const Instant now = kStart + Duration::nanoseconds(int64_t{10'000'000'000} / all * i);
    const auto exchange = static_cast<ExchangeClass>(i % kWithNews);
    const bool is_taken = !admission.exchange(now, exchange);
    if (is_taken && i >= all / 2) ++taken[exchange];
  }
  for (auto& [exchange, n] : taken) n /= 5;
  return taken;
}

TEST(Admission, AtTheLimitNothingIsShed) {
  Admission admission({.exchanges_per_s = 1000});
  auto taken = taken_of(admission, 1000, 1);
  for (std::size_t i = 0; i < kWithNews; ++i) EXPECT_GE(taken[static_cast<ExchangeClass>(i)], 199u);
}

TEST(Admission, AtThreeTimesTheLimitTheWorthiestClassIsServedWholeAndTheLastOnesNotAtAll) {
  Admission admission({.exchanges_per_s = 1000});
  auto taken = taken_of(admission, 1000, 3);
  EXPECT_EQ(taken[ExchangeClass::kUnderWay], 600u);
  EXPECT_NEAR(taken[ExchangeClass::kUnderWayBulk], 400, 10);
  EXPECT_EQ(taken[ExchangeClass::kOpen], 0u);
  EXPECT_EQ(taken[ExchangeClass::kIdle], 0u);
  EXPECT_EQ(taken[ExchangeClass::kPrefetch], 0u);
  uint32_t all = 0;
  for (const auto& [exchange, n] : taken) all += n;
  EXPECT_LE(all, 1001u);
  EXPECT_GE(all, 990u);
}

TEST(Admission, ThoseRefusedAreCalledBackOneAfterTheOther) {
  Admission admission({.exchanges_per_s = 100});
  std::vector<int64_t> after_ms;
  for (int i = 0; i < 1000; ++i)
    if (auto after = admission.exchange(kStart, ExchangeClass::kOpen))
      after_ms.push_back(after->ms());
  ASSERT_GT(after_ms.size(), 500u);
  EXPECT_EQ(after_ms[0], 260);
  EXPECT_EQ(after_ms[1], 270);
  EXPECT_EQ(*std::max_element(after_ms.begin(), after_ms.end()), 5000);
}

TEST(Admission, ALoopThatLagsShedsTheLeastWorthyFirst) {
  const struct {
    int64_t lag_ms;
    std::size_t taken;  // so many classes, from the worthiest on
  } kRows[] = {{0, 6}, {249, 6}, {250, 4}, {499, 4}, {500, 2}, {999, 2}, {1000, 1}, {2000, 0}};
  for (const auto& row : kRows) {
    Admission admission({});
    admission.note_lag(Duration::milliseconds(row.lag_ms));
    for (std::size_t i = 0; i < kExchangeClasses; ++i)
      EXPECT_EQ(!admission.exchange(kStart, static_cast<ExchangeClass>(i)), i < row.taken)
          << row.lag_ms << " ms, class " << i;
  }
}

TEST(Admission, RegistrationsComeAtASteadyRateAfterABurstOfOneSecond) {
  Admission admission({.registrations_per_s = 500});
  uint32_t taken = 0;
  Duration last;
  for (int i = 0; i < 15'000; ++i) {
    auto after = admission.registration(kStart);
    if (!after) {
      ++taken;
    } else {
      EXPECT_GE(*after, last);
      last = *after;
    }
  }
  EXPECT_EQ(taken, 500u);
  EXPECT_EQ(last.ms(), 29'250);
  EXPECT_EQ(admission.counts().registrations_refused, 14'500u);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(admission.registration(kStart + Duration::seconds(1)));
}

}  // namespace
}  // namespace tyto::tracker
