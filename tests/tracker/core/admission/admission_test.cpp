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
    EXPECT_EQ(exchange_class_name(class_of(row.up, Role::kPeer)),
              exchange_class_name(row.expected));
}

TEST(Admission, WhatASuperpeerSaysIsNeverWorthLessThanWhatItsReadersSay) {
  for (const ExchangeUp& up : {up_of({}), up_of({verified_of(16u << 20)})})
    EXPECT_EQ(exchange_class_name(class_of(up, Role::kSuperpeer)), "under_way");
}

TEST(Admission, WithoutLimitsEverythingIsTaken) {
  Admission admission({});
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_FALSE(admission.exchange(kStart, ExchangeClass::kPrefetch));
    EXPECT_FALSE(admission.registration(kStart));
  }
}

// `load` times the limit for ten seconds, as much of each class; what was taken of each in the last
// five, per second.
std::map<ExchangeClass, uint32_t> taken_of(Admission& admission, uint32_t per_s, uint32_t load) {
  std::map<ExchangeClass, uint32_t> taken;
  const uint32_t all = per_s * load * 10;
  for (uint32_t i = 0; i < all; ++i) {
    const Instant now = kStart + Duration::nanoseconds(int64_t{10'000'000'000} / all * i);
    const auto exchange = static_cast<ExchangeClass>(i % kExchangeClasses);
    const bool is_taken = !admission.exchange(now, exchange);
    if (is_taken && i >= all / 2) ++taken[exchange];
  }
  for (auto& [exchange, n] : taken) n /= 5;
  return taken;
}

TEST(Admission, AtTheLimitNothingIsShed) {
  Admission admission({.exchanges_per_s = 1000});
  auto taken = taken_of(admission, 1000, 1);
  for (std::size_t i = 0; i < kExchangeClasses; ++i)
    EXPECT_GE(taken[static_cast<ExchangeClass>(i)], 199u);
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
  } kRows[] = {{0, 5}, {249, 5}, {250, 4}, {499, 4}, {500, 2}, {999, 2}, {1000, 1}, {2000, 0}};
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
