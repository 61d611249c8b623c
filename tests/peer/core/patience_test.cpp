#include "peer/core/patience.h"

#include <gtest/gtest.h>

namespace tyto::peer {
namespace {

constexpr Duration kPatience = Duration::milliseconds(800);
constexpr Duration kLong = Duration::seconds(10);

Duration ms(int64_t n) {
  return Duration::milliseconds(n);
}

TEST(Patience, IsTheAssignedOneUntilThereIsARate) {
  EXPECT_EQ(silence_max({}, kPatience), kPatience);
  EXPECT_EQ(silence_max({4 * kBlockBytes - 1, ms(1)}, kPatience), kPatience);
}

TEST(Patience, IsTheTimeOfSixteenBlocksWithinItsBounds) {
  EXPECT_EQ(silence_max({16 * kBlockBytes, ms(700)}, kPatience), ms(700));
  EXPECT_EQ(silence_max({32 * kBlockBytes, ms(1400)}, kPatience), ms(700));
  EXPECT_EQ(silence_max({16 * kBlockBytes, ms(10)}, kPatience), kSilenceMin);
  EXPECT_EQ(silence_max({16 * kBlockBytes, ms(900)}, kPatience), kPatience);
  EXPECT_EQ(silence_max({16 * kBlockBytes, ms(10)}, ms(100)), ms(100));
  EXPECT_EQ(silence_max({4 * kBlockBytes, Duration::seconds(1'000'000)}, kLong), kLong);
}

TEST(Patience, LeavesAWholeCopyThatSendsNothing) {
  SourcePace fast{100 * kBlockBytes, ms(100)};
  auto judge = [&](int64_t silent) {
    return judge_silence(SourceCopy::kWhole, ms(silent), ms(silent), fast, kPatience);
  };
  EXPECT_EQ(judge(499), SilenceVerdict::kWait);
  EXPECT_EQ(judge(500), SilenceVerdict::kStalled);
  EXPECT_EQ(judge_silence(SourceCopy::kWhole, ms(500), ms(500), {}, kPatience),
            SilenceVerdict::kWait);
}

TEST(Patience, AsksACopyInFlightWhetherItLivesAndWaitsForItThen) {
  SourcePace fast{100 * kBlockBytes, ms(100)};
  auto judge = [&](int64_t silent, int64_t unproven) {
    return judge_silence(SourceCopy::kInFlight, ms(silent), ms(unproven), fast, ms(3200));
  };
  EXPECT_EQ(judge(499, 499), SilenceVerdict::kWait);
  EXPECT_EQ(judge(500, 500), SilenceVerdict::kProbe);
  EXPECT_EQ(judge(900, 400), SilenceVerdict::kWait);  // it has answered
  EXPECT_EQ(judge(1000, 500), SilenceVerdict::kProbe);
  EXPECT_EQ(judge(3200, 100), SilenceVerdict::kStalled);
}

}  // namespace
}  // namespace tyto::peer
