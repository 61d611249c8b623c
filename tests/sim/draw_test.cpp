// Laws of chance, against their closed forms; seeds are fixed, so nothing here can fail by chance.
#include "sim/engine/draw.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/engine/random.h"

namespace tyto::sim {
namespace {

constexpr double kQ32 = 4294967296.0;

TEST(Draw, LogarithmsAreThoseOfTheLibrary) {
  for (uint64_t x : {uint64_t{1}, uint64_t{2}, uint64_t{3}, uint64_t{10}, uint64_t{1} << 40,
                     (uint64_t{1} << 63) + 12345, ~uint64_t{0}})
    EXPECT_NEAR(static_cast<double>(log2_q32(x)) / kQ32, std::log2(static_cast<double>(x)), 1e-9)
        << x;
}

TEST(Draw, PowersAreThoseOfTheLibrary) {
  for (double exponent : {0.0, 0.5, 1.0, 1.0 / 3, 7.77, 20.25})
    EXPECT_NEAR(static_cast<double>(exp2_negative_q43(static_cast<uint64_t>(exponent * kQ32))) /
                    8796093022208.0,
                std::exp2(-exponent), 1e-9);
  EXPECT_EQ(exp2_negative_q43(uint64_t{100} << 32), 0u);
}

TEST(Draw, GapsAreExponential) {
  Rng rng(1, 1);
  constexpr int kDraws = 100'000;
  double sum = 0;
  double squares = 0;
  int above_mean = 0;
  for (int i = 0; i < kDraws; ++i) {
    double s = static_cast<double>(draw_exponential(rng, Duration::seconds(2)).ns()) / 1e9;
    sum += s;
    squares += s * s;
    above_mean += s > 2 ? 1 : 0;
  }
  EXPECT_NEAR(sum / kDraws, 2, 0.03);
  EXPECT_NEAR(squares / kDraws, 2 * 2 * 2, 0.2);  // the second moment: 2 mean^2
  EXPECT_NEAR(above_mean / double{kDraws}, std::exp(-1), 0.005);
  EXPECT_EQ(draw_exponential(rng, Duration()), Duration());
}

TEST(Draw, RanksFollowZipfsLaw) {
  for (uint32_t s_permille : {0u, 800u, 1000u, 1500u}) {
    constexpr uint32_t kRanks = 50;
    constexpr int kDraws = 200'000;
    Zipf zipf(kRanks, s_permille);
    Rng rng(2, 1);
    std::vector<int> seen(kRanks);
    for (int i = 0; i < kDraws; ++i) ++seen.at(zipf.draw(rng));
    double all = 0;
    for (uint32_t i = 0; i < kRanks; ++i) all += std::pow(i + 1.0, -(s_permille / 1000.0));
    for (uint32_t i : {0u, 1u, 4u, 20u, 49u}) {
      double expected = std::pow(i + 1.0, -(s_permille / 1000.0)) / all;
      double deviation = std::sqrt(expected * (1 - expected) / kDraws);
      EXPECT_NEAR(seen[i] / double{kDraws}, expected, 5 * deviation) << s_permille << " " << i;
    }
  }
}

TEST(Draw, ADaysMiddleHasItsPeak) {
  Day day{.length = Duration::seconds(100), .peak = 4};
  Rng rng(3, 1);
  constexpr int kDraws = 200'000;
  std::vector<int> seen(10);  // tenths of a day, of two days
  for (int i = 0; i < kDraws; ++i) {
    Duration at = draw_diurnal(rng, day, Duration::seconds(200));
    ASSERT_LT(at, Duration::seconds(200));
    ++seen.at(static_cast<std::size_t>(at.s() % 100 / 10));
  }
  // The rate is 1 at the edges and 4 in the middle, 2.5 on average; a tenth's is that of its
  // middle.
  for (int tenth = 0; tenth < 10; ++tenth) {
    double from_edge = std::min(tenth + 0.5, 9.5 - tenth) / 10;
    double expected = (1 + 3 * 2 * from_edge) / 2.5 / 10;
    EXPECT_NEAR(seen[static_cast<std::size_t>(tenth)] / double{kDraws}, expected, 0.004) << tenth;
  }
}

TEST(Draw, AreTheSameEverywhere) {
  Rng rng(7, 7);
  EXPECT_EQ(draw_exponential(rng, Duration::seconds(1)).ns(), 2'267'681'665);
  EXPECT_EQ(Zipf(1000, 1000).draw(rng), 468u);
  EXPECT_EQ(draw_diurnal(rng, {}, Duration::seconds(86400)).ns(), 36'897'599'382'767);
}

}  // namespace
}  // namespace tyto::sim
