#include "tracker/core/rate_meter.h"

#include <gtest/gtest.h>

namespace tyto::tracker {
namespace {

Instant at_ms(int64_t ms) {
  return Instant::from_ns(ms * 1'000'000);
}

TEST(RateMeter, KnowsNothingBeforeASecondHasBeenSeen) {
  RateMeter meter;
  meter.add(at_ms(1000), 256 * kKiB);
  meter.add(at_ms(1900), 256 * kKiB);
  EXPECT_EQ(meter.kib_per_s(), 0u);
  meter.add(at_ms(2000), 256 * kKiB);
  EXPECT_EQ(meter.kib_per_s(), 512u);  // what came first began before anyone looked
}

TEST(RateMeter, BurstsCountAsWhatTheyAreOverTime) {
  RateMeter meter;
  for (int64_t burst = 0; burst < 8; ++burst)
    for (int i = 0; i < 16; ++i) meter.add(at_ms(1000 + burst * 2600), 256 * kKiB);
  // 1575, and a burst more than there were pauses.
  EXPECT_GT(meter.kib_per_s(), 1500u);
  EXPECT_LT(meter.kib_per_s(), 2300u);
}

TEST(RateMeter, FollowsAChangeAndForgetsSilences) {
  RateMeter meter;
  int64_t now = 1000;
  for (; now < 11'000; now += 100) meter.add(at_ms(now), 100 * kKiB);
  EXPECT_NEAR(meter.kib_per_s(), 1000, 20);
  for (; now < 31'000; now += 100) meter.add(at_ms(now), 10 * kKiB);
  EXPECT_LT(meter.kib_per_s(), 160u);
  uint32_t before = meter.kib_per_s();
  now += 60'000;
  meter.add(at_ms(now), 10 * kKiB);
  EXPECT_EQ(meter.kib_per_s(), before);
}

}  // namespace
}  // namespace tyto::tracker
