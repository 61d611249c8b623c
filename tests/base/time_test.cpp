#include "base/time.h"

#include <gtest/gtest.h>

namespace tyto {
namespace {

TEST(Duration, CountsInEachUnit) {
  EXPECT_EQ(Duration::seconds(2), Duration::milliseconds(2000));
  EXPECT_EQ(Duration::milliseconds(3), Duration::microseconds(3000));
  EXPECT_EQ(Duration::microseconds(4), Duration::nanoseconds(4000));
  const Duration span = Duration::nanoseconds(1'234'567'890);
  EXPECT_EQ(span.s(), 1);
  EXPECT_EQ(span.ms(), 1'234);
  EXPECT_EQ(span.us(), 1'234'567);
  EXPECT_EQ(span.ns(), 1'234'567'890);
}

TEST(Duration, AddsAndMayBeNegative) {
  Duration span = Duration::seconds(1) - Duration::seconds(3);
  EXPECT_EQ(span, Duration::seconds(-2));
  EXPECT_LT(span, Duration());
  span += Duration::seconds(5);
  EXPECT_EQ(span, Duration::seconds(3));
  EXPECT_EQ(span * 4, Duration::seconds(12));
  EXPECT_EQ(span / 2, Duration::milliseconds(1500));
}

TEST(Duration, ForeverIsLongerThanAnything) {
  EXPECT_GT(Duration::forever(), Duration::seconds(200LL * 365 * 86400));
}

TEST(Instant, NeverComesAfterEveryOther) {
  EXPECT_TRUE(Instant::never().is_never());
  EXPECT_FALSE(Instant().is_never());
  EXPECT_GT(Instant::never(), Instant::from_ns(9'000'000'000'000'000'000));
}

TEST(Instant, MovesBySpans) {
  const Instant start = Instant::from_ns(1'000);
  EXPECT_EQ(start + Duration::nanoseconds(500), Instant::from_ns(1'500));
  EXPECT_EQ(start - Duration::nanoseconds(500), Instant::from_ns(500));
  EXPECT_EQ(start - Instant::from_ns(400), Duration::nanoseconds(600));
}

TEST(Instant, TheEndOfTimeStaysTheEndOfTime) {
  EXPECT_TRUE((Instant::never() + Duration::seconds(1)).is_never());
  EXPECT_TRUE((Instant::never() + Duration::seconds(-1)).is_never());
  EXPECT_TRUE((Instant() + Duration::forever()).is_never());
  EXPECT_TRUE((Instant::from_ns(5) + Duration::forever()).is_never());
  EXPECT_TRUE((Instant::from_ns(-5) + Duration::forever()).is_never());
}

TEST(Instant, ASumPastTheEndOfTimeIsNever) {
  const Instant late = Instant::from_ns(Instant::never().ns() - 10);
  EXPECT_FALSE((late + Duration::nanoseconds(9)).is_never());
  EXPECT_TRUE((late + Duration::nanoseconds(10)).is_never());
  EXPECT_TRUE((late + Duration::nanoseconds(11)).is_never());
  EXPECT_TRUE((late + Duration::seconds(1'000'000)).is_never());
}

TEST(WallTime, ConvertsSecondsAndCompares) {
  EXPECT_EQ(WallTime::from_unix_s(1'700'000'000).unix_ns(), 1'700'000'000'000'000'000);
  EXPECT_EQ(WallTime::from_unix_ns(1'999'999'999).unix_s(), 1);
  EXPECT_LT(WallTime::from_unix_s(1), WallTime::from_unix_s(2));
}

}  // namespace
}  // namespace tyto
