#include "peer/transfer/token_bucket.h"

#include <gtest/gtest.h>

namespace tyto::peer {
namespace {

Instant at_ms(int64_t ms) {
  return Instant::from_ns((1'000'000 + ms) * 1'000'000);
}

TEST(TokenBucket, NeverWaitsWithoutARate) {
  TokenBucket bucket;
  EXPECT_EQ(bucket.take(at_ms(0), kGiB), Duration{});
  EXPECT_EQ(bucket.take(at_ms(0), kGiB), Duration{});
}

TEST(TokenBucket, HoldsToItsRateAfterTheFirstBurst) {
  TokenBucket bucket;
  bucket.set_rate(10'000'000);
  Instant now = at_ms(0);
  uint64_t sent = 0;
  while (now < at_ms(2'000)) {
    sent += bucket.slice_bytes();
    now = now + bucket.take(now, bucket.slice_bytes()) + Duration::microseconds(1);
  }
  EXPECT_GE(sent, 19'900'000u);
  EXPECT_LE(sent, 20'800'000u);  // 50 ms' worth of burst and one slice more
}

TEST(TokenBucket, SavesNoMoreThanABurstOverAPause) {
  TokenBucket bucket;
  bucket.set_rate(1'000'000);
  EXPECT_EQ(bucket.take(at_ms(0), 64 * kKiB), Duration{});
  EXPECT_GT(bucket.take(at_ms(0), 1'000), Duration{});
  EXPECT_EQ(bucket.take(at_ms(3'600'000), 64 * kKiB), Duration{});
  EXPECT_EQ(bucket.take(at_ms(3'600'000), 1'000'000).ms(), 1'000);
}

TEST(TokenBucket, SharesItsRateAmongTakersByTheirSlices) {
  TokenBucket bucket;
  bucket.set_rate(1'000'000);
  bucket.take(at_ms(0), 64 * kKiB);
  EXPECT_EQ(bucket.take(at_ms(0), 100'000).ms(), 100);
  EXPECT_EQ(bucket.take(at_ms(0), 100'000).ms(), 200);
  EXPECT_EQ(bucket.take(at_ms(150), 0).ms(), 50);
}

TEST(TokenBucket, SlicesAreAFewHundredthsOfASecond) {
  TokenBucket bucket;
  EXPECT_EQ(bucket.slice_bytes(), 512 * kKiB);
  bucket.set_rate(1);
  EXPECT_EQ(bucket.slice_bytes(), kBlockBytes);
  bucket.set_rate(5'000'000);
  EXPECT_EQ(bucket.slice_bytes(), 100'000u);
}

}  // namespace
}  // namespace tyto::peer
