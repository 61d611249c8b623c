// Budgets of origins: each limit alone, and together.
#include "tracker/core/origin/budget.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/rng.h"

namespace tyto::tracker {
namespace {

constexpr uint64_t kMiB = 1 << 20;

Instant at_ms(int64_t ms) {
  return Instant::from_ns(1'000'000'000) + Duration::milliseconds(ms);
}

OriginBudget budget_of(const OriginLimits& limits) {
  OriginBudget budget;
  budget.set(limits);
  return budget;
}

TEST(OriginBudget, WithoutLimitsAnyNumberMayBeginAtOnce) {
  OriginBudget budget;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(budget.may_begin(at_ms(0)));
    budget.begin(at_ms(0), kMiB);
  }
  EXPECT_EQ(budget.reads(), 1000u);
  EXPECT_EQ(budget.spacing(kMiB), Duration());
}

TEST(OriginBudget, AtTheLimitOfReadsTheNextWaitsForAnEnd) {
  OriginBudget budget = budget_of({.reads = 2});
  budget.begin(at_ms(0), kMiB);
  budget.begin(at_ms(0), kMiB);
  EXPECT_TRUE(budget.free_at().is_never());
  budget.end();
  EXPECT_TRUE(budget.may_begin(at_ms(0)));
}

TEST(OriginBudget, RequestsAreSpaced) {
  OriginBudget budget = budget_of({.requests_per_s = 4});
  budget.begin(at_ms(0), kMiB);
  EXPECT_FALSE(budget.may_begin(at_ms(249)));
  EXPECT_EQ(budget.free_at(), at_ms(250));
  // Time that nobody used is not saved up.
  budget.begin(at_ms(10'000), kMiB);
  EXPECT_EQ(budget.free_at(), at_ms(10'250));
}

TEST(OriginBudget, BytesTakeTheirTimeAtTheRate) {
  OriginBudget budget = budget_of({.bytes_per_s = 2 * kMiB});
  budget.begin(at_ms(0), 4 * kMiB);
  EXPECT_FALSE(budget.may_begin(at_ms(1999)));
  EXPECT_TRUE(budget.may_begin(at_ms(2001)));
  EXPECT_GE(budget.spacing(4 * kMiB), Duration::seconds(2));
}

TEST(OriginBudget, ALimitThatIsLiftedHoldsNobodyBack) {
  OriginBudget budget = budget_of({.reads = 1, .requests_per_s = 1, .bytes_per_s = 1});
  budget.begin(at_ms(0), kMiB);
  budget.set({});
  EXPECT_TRUE(budget.may_begin(at_ms(0)));
  budget.set({.reads = 1});
  EXPECT_FALSE(budget.may_begin(at_ms(0)));  // what is under way counts on
}

TEST(OriginBudget, ALimitThatIsRaisedIsThatOfTheReadBegunLastAsWell) {
  OriginBudget budget = budget_of({.requests_per_s = 1, .bytes_per_s = 1024});
  budget.begin(at_ms(0), kMiB);
  EXPECT_GE(budget.free_at(), at_ms(1'024'000));
  budget.set({.requests_per_s = 10, .bytes_per_s = 4 * kMiB});
  EXPECT_FALSE(budget.may_begin(at_ms(249)));
  EXPECT_TRUE(budget.may_begin(at_ms(251)));
  budget.set({.requests_per_s = 1, .bytes_per_s = kMiB / 2});  // and one that is lowered
  EXPECT_FALSE(budget.may_begin(at_ms(1999)));
  EXPECT_TRUE(budget.may_begin(at_ms(2001)));
}

TEST(OriginBudget, BeforeItsFirstReadNothingIsOwed) {
  OriginBudget budget = budget_of({.requests_per_s = 1, .bytes_per_s = 1});
  EXPECT_TRUE(budget.may_begin(Instant()));
}

TEST(OriginBudget, TheSlowestRateIsNoSpanWithoutEnd) {
  OriginBudget budget = budget_of({.bytes_per_s = 1});
  EXPECT_LE(budget.spacing(512 * kMiB), Duration::seconds(3600));
}

TEST(OriginBudget, IsKeptInEverySpanWhateverIsAsked) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Rng rng(seed);
    OriginLimits limits{.reads = 1 + rng.below(4),
                        .requests_per_s = 1 + rng.below(20),
                        .bytes_per_s = (1 + rng.below(20)) * kMiB};
    OriginBudget budget = budget_of(limits);
    std::deque<std::pair<Instant, uint64_t>> last_second;
    Instant now = at_ms(0);
    for (int step = 0; step < 2000; ++step) {
      now = now + Duration::milliseconds(rng.below(100));
      while (!last_second.empty() && now - last_second.front().first >= Duration::seconds(1))
        last_second.pop_front();
      if (budget.reads() > 0 && rng.one_in(1, 3)) budget.end();
      if (!budget.may_begin(now)) continue;
      uint64_t bytes = (1 + rng.below(4)) * kMiB;
      budget.begin(now, bytes);
      last_second.emplace_back(now, bytes);
      uint64_t sum = 0;
      for (const auto& [at, read] : last_second) sum += read;
      ASSERT_LE(budget.reads(), limits.reads) << "seed " << seed;
      ASSERT_LE(last_second.size(), limits.requests_per_s) << "seed " << seed;
      ASSERT_LE(sum, limits.bytes_per_s + bytes) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace tyto::tracker
