// Every scenario of the catalogue, under all checkers.
#include <gtest/gtest.h>

#include "sim/report/report.h"
#include "sim/scenarios/catalogue.h"

namespace tyto::sim {
namespace {

std::string name_of(const testing::TestParamInfo<CatalogueEntry>& info) {
  return info.param.name;
}

class PlainScenario : public testing::TestWithParam<CatalogueEntry> {};

TEST_P(PlainScenario, ReadsTheOriginOnceAndCompletes) {
  RunResult result = run(GetParam().build({}).value());
  EXPECT_TRUE(result.is_good()) << text_report(result);
  EXPECT_EQ(result.amplification_permille(), 1000u);
  for (const ReadResult& read : result.reads) EXPECT_EQ(read.phase, ReadPhase::kDone);
}

INSTANTIATE_TEST_SUITE_P(All, PlainScenario, testing::ValuesIn(plain_scenarios()), name_of);
INSTANTIATE_TEST_SUITE_P(Limits, PlainScenario, testing::ValuesIn(limit_scenarios()), name_of);

class FaultScenario : public testing::TestWithParam<CatalogueEntry> {};

TEST_P(FaultScenario, EndsAsItMust) {
  for (uint64_t seed : {1, 2}) {
    RunResult result = run(GetParam().build({.seed = seed}).value());
    EXPECT_TRUE(result.is_good()) << text_report(result);
  }
}

INSTANTIATE_TEST_SUITE_P(All, FaultScenario, testing::ValuesIn(fault_scenarios()), name_of);
INSTANTIATE_TEST_SUITE_P(Clusters, FaultScenario, testing::ValuesIn(cluster_scenarios()), name_of);

// Two trackers that do not see one another long enough each lease what both of their readers want:
// the checkers see to it that this is no more than twice, and that what is read is right.
TEST(SplitCluster, ReadsTheOriginMoreThanOnceAndTwiceAtMost) {
  RunResult result = run(catalogue_scenario("trackers_split_long", {}).value());
  EXPECT_TRUE(result.is_good()) << text_report(result);
  EXPECT_GT(result.amplification_permille(), 1000u);
  EXPECT_LE(result.amplification_permille(), 2000u);
  for (const ReadResult& read : result.reads) EXPECT_EQ(read.phase, ReadPhase::kDone);
}

class CanaryScenario : public testing::TestWithParam<CatalogueEntry> {};

TEST_P(CanaryScenario, IsCaught) {
  RunResult result = run(GetParam().build({}).value());
  EXPECT_FALSE(result.is_good()) << text_report(result);
}

INSTANTIATE_TEST_SUITE_P(All, CanaryScenario, testing::ValuesIn(canary_scenarios()), name_of);

class HostileWorld : public testing::TestWithParam<uint64_t> {};

TEST_P(HostileWorld, ServesEverybodyOnceCalmHasCome) {
  RunResult result = run(hostile_scenario(GetParam()));
  EXPECT_TRUE(result.is_good()) << text_report(result) << "replay: tyto-sim run hostile --seed "
                                << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Seeds, HostileWorld, testing::Range<uint64_t>(1, 21));

// Seeds that once brought a defect to light.
INSTANTIATE_TEST_SUITE_P(FoundSomething, HostileWorld,
                         testing::Values(96, 107, 186, 219, 305, 312, 10566, 11189, 11396, 20262,
                                         20677, 21036));

class Replay : public testing::TestWithParam<uint64_t> {};

TEST_P(Replay, OfASeedIsTheSameRun) {
  RunResult first = run(hostile_scenario(GetParam()));
  RunResult second = run(hostile_scenario(GetParam()));
  EXPECT_EQ(first.event_hash, second.event_hash);
  EXPECT_EQ(first.events, second.events);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Replay, testing::Values(1, 2, 3));

TEST(Replay, OfAnotherSeedIsAnotherRun) {
  const CatalogueEntry entry = plain_scenarios()[1];
  EXPECT_NE(run(entry.build({.seed = 1}).value()).event_hash,
            run(entry.build({.seed = 2}).value()).event_hash);
}

TEST(Catalogue, NamesAreUnique) {
  std::set<std::string> names;
  for (const CatalogueEntry& entry : all_scenarios())
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
}

}  // namespace
}  // namespace tyto::sim
