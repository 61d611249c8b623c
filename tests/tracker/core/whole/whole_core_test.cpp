// The whole core under random policies, and whatever can happen: peers come and go, reads fail,
// results come late, pins are set. After each step its books agree; no host is asked for more
// uploads than it may give; no origin for more than its bucket's budget; no lease outlives its
// term, and none that was lost counts; nothing that is pinned goes. And in the end, when nothing
// fails any more, every read comes to an end.
#include "tests/tracker/core/whole/random_fleet.h"

namespace tyto::tracker {
namespace {

constexpr uint64_t kSeeds = 40;
constexpr int kSteps = 1000;

TEST(WholeCore, WhateverHappensLimitsAreKeptAndEveryReadEnds) {
  uint64_t orders = 0;
  uint64_t reads = 0;
  uint64_t late = 0;
  for (uint64_t seed = 1; seed <= kSeeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomFleet fleet(seed);
    for (int i = 0; i < kSteps && !::testing::Test::HasFailure(); ++i) fleet.happen();
    fleet.calm_down();
    EXPECT_EQ(fleet.unfinished(), "");
    orders += fleet.orders();
    reads += fleet.reads();
    late += fleet.late_results();
  }
  EXPECT_GT(orders, 3000u);
  EXPECT_GT(reads, 1000u);
  EXPECT_GT(late, 20u);
}

}  // namespace
}  // namespace tyto::tracker
