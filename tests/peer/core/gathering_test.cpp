#include "peer/core/gathering.h"

#include <gtest/gtest.h>

namespace tyto::peer {
namespace {

Instant at_ms(int64_t ms) {
  return Instant::from_ns(ms * 1'000'000);
}

TEST(Gathering, WaitsWhileManyTransfersBringLittle) {
  Gathering gathering;
  EXPECT_GT(gathering.pause(at_ms(100), 16, 16 * kKiB), Duration{});
  EXPECT_GT(gathering.pause(at_ms(105), 16, 48 * kKiB), Duration{});
}

TEST(Gathering, NeverWaitsWhileFewAreUnderWaySinceSomebodyWaitsForEachAnswer) {
  Gathering gathering;
  EXPECT_EQ(gathering.pause(at_ms(100), 0, 0), Duration{});
  EXPECT_EQ(gathering.pause(at_ms(105), 5, 16 * kKiB), Duration{});
}

TEST(Gathering, NeverWaitsWhileMuchComesAndDoesAgainWhenThatIsOver) {
  Gathering gathering;
  gathering.pause(at_ms(100), 16, 0);
  EXPECT_EQ(gathering.pause(at_ms(105), 16, kMiB), Duration{});
  EXPECT_EQ(gathering.pause(at_ms(106), 16, kMiB), Duration{});  // the span is not over
  EXPECT_GT(gathering.pause(at_ms(111), 16, kMiB + 16 * kKiB), Duration{});
}

}  // namespace
}  // namespace tyto::peer
