#include "peer/origin/backoff.h"

#include <gtest/gtest.h>

namespace tyto::peer {
namespace {

TEST(Backoff, DoublesWithJitterUntilItGivesUp) {
  BackoffOptions options;
  options.attempts_max = 8;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Rng rng(seed);
    Backoff backoff(options);
    for (int64_t base_ms : {200, 400, 800, 1600, 3200, 5000, 5000}) {
      auto wait = backoff.next(rng);
      ASSERT_TRUE(wait);
      EXPECT_GE(wait->ms(), base_ms / 2);
      EXPECT_LE(wait->ms(), base_ms);
    }
    EXPECT_FALSE(backoff.next(rng));
  }
}

TEST(Backoff, HeedsTheServersWishWithinReason) {
  Rng rng(1);
  Backoff backoff({});
  EXPECT_EQ(backoff.next(rng, Duration::seconds(3)), Duration::seconds(3));
  EXPECT_EQ(backoff.next(rng, Duration::seconds(3600)), Duration::seconds(10));
  EXPECT_GE(backoff.next(rng, Duration::seconds(0))->ms(), 400);
}

TEST(Backoff, CountsAnewAfterProgress) {
  Rng rng(1);
  Backoff backoff({.attempts_max = 2});
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(backoff.next(rng));
    backoff.reset();
  }
  EXPECT_TRUE(backoff.next(rng));
  EXPECT_FALSE(backoff.next(rng));
}

}  // namespace
}  // namespace tyto::peer
