// Every checker can fail: of each there is a defect that it sees.
#include <gtest/gtest.h>

#include "sim/report/report.h"
#include "sim/scenarios/catalogue.h"

namespace tyto::sim {
namespace {

constexpr Duration ms(int64_t n) {
  return Duration::milliseconds(n);
}

struct Canary {
  std::string_view name;
  PlantedBug bug;
  std::string_view checker;
  std::string_view says;
  std::vector<FaultSpec> faults;
};

std::string name_of(const testing::TestParamInfo<Canary>& info) {
  return std::string(info.param.name);
}

class CheckerTest : public testing::TestWithParam<Canary> {};

// Objects that push one another out, passed on in chains: all that a defect can be in.
Scenario busy_scenario() {
  Scenario scenario = base_scenario("canary", {}, {.readers = 8, .chunks = 16});
  scenario.fleet.reader_store_bytes = scenario.objects[0].bytes + 4 * kChunkBytesMin;
  scenario.objects.push_back({"second", scenario.objects[0].bytes});
  std::vector<ReadSpec> first = scenario.reads;
  for (ReadSpec read : first) {
    read.object = 1;
    read.at += Duration::seconds(4);
    scenario.reads.push_back(read);
  }
  scenario.bucket.trust_peers = true;
  scenario.expect.leases = Leases::kCounted;
  scenario.expect.amplification_permille_max = 0;
  scenario.expect.read_time_max = Duration::seconds(20);
  return scenario;
}

TEST_P(CheckerTest, SeesItsDefect) {
  const Canary& canary = GetParam();
  Scenario scenario = busy_scenario();
  scenario.faults = canary.faults;
  if (canary.bug == PlantedBug::kVersionsMixed) scenario.expect.reads = Reads::kCompleteOrFail;
  RunResult sound = run(scenario);
  EXPECT_TRUE(sound.is_good()) << text_report(sound);
  scenario.bug = canary.bug;
  RunResult result = run(scenario);
  auto is_seen = [&](const Violation& violation) {
    return violation.checker == canary.checker &&
           violation.what.find(canary.says) != std::string::npos;
  };
  EXPECT_TRUE(std::any_of(result.violations.begin(), result.violations.end(), is_seen))
      << text_report(result);
}

INSTANTIATE_TEST_SUITE_P(
    All, CheckerTest,
    testing::Values(
        Canary{"Unverified",
               PlantedBug::kVerificationSkipped,
               "content",
               "wrong bytes",
               {{ms(150), FaultKind::kPeerCorrupts, 1}}},
        Canary{"VersionsMixed",
               PlantedBug::kVersionsMixed,
               "content",
               "wrong bytes",
               {{ms(250), FaultKind::kOriginChanges, 0}}},
        Canary{"TransfersLost", PlantedBug::kTransfersLost, "progress", "hangs", {}},
        Canary{"LeasesIgnored", PlantedBug::kLeasesIgnored, "leases", "both read", {}},
        Canary{"GenerationsLost", PlantedBug::kGenerationsLost, "trees", "own generation", {}},
        Canary{"SourcesInACircle", PlantedBug::kSourcesInACircle, "trees", "in a circle", {}},
        Canary{"DropsForgotten", PlantedBug::kDropsForgotten, "inventories", "do not agree", {}},
        Canary{"RecordsKept", PlantedBug::kRecordsKept, "bounds", "exchanges", {}}),
    name_of);

TEST(CheckerTest, OfBudgetsSeesATrackerThatIgnoresThem) {
  Scenario scenario = busy_scenario();
  scenario.policy.origin.reads = 2;
  scenario.policy.origin.bytes_per_s = 4'000'000;
  RunResult sound = run(scenario);
  EXPECT_TRUE(sound.is_good()) << text_report(sound);
  scenario.bug = PlantedBug::kBudgetIgnored;
  RunResult result = run(scenario);
  ASSERT_FALSE(result.is_good());
  EXPECT_EQ(result.violations[0].checker, "budgets");
}

TEST(CheckerTest, OfRequestsSeesATrackerThatIgnoresThem) {
  Scenario scenario = busy_scenario();
  scenario.policy.origin.requests_per_s = 4;
  RunResult sound = run(scenario);
  EXPECT_TRUE(sound.is_good()) << text_report(sound);
  scenario.bug = PlantedBug::kRequestsIgnored;
  RunResult result = run(scenario);
  ASSERT_FALSE(result.is_good());
  EXPECT_EQ(result.violations[0].checker, "requests");
}

// Two regions, of which one has the superpeer.
Scenario regions_scenario() {
  Scenario scenario = busy_scenario();
  scenario.fleet.racks = 4;
  scenario.fleet.zones = scenario.fleet.regions = 2;
  return scenario;
}

TEST(CheckerTest, OfRegionsSeesATrackerThatIgnoresTheirLimit) {
  Scenario scenario = regions_scenario();
  scenario.policy.selection.bytes_between_regions_per_s = 300'000;
  scenario.expect.read_time_max = Duration::seconds(60);
  RunResult sound = run(scenario);
  EXPECT_TRUE(sound.is_good()) << text_report(sound);
  scenario.bug = PlantedBug::kCrossingsIgnored;
  RunResult result = run(scenario);
  ASSERT_FALSE(result.is_good());
  EXPECT_EQ(result.violations[0].checker, "regions");
}

TEST(CheckerTest, OfRegionsSeesObjectsThatCrossMoreThanOnce) {
  Scenario scenario = regions_scenario();
  RunResult sound = run(scenario);
  EXPECT_TRUE(sound.is_good()) << text_report(sound);
  ASSERT_EQ(sound.bytes_into_region.size(), 2u);
  EXPECT_GT(sound.bytes_into_region[1], 0u);
  scenario.expect.region_copies_permille_max = 500;  // less than there must be
  RunResult result = run(scenario);
  ASSERT_FALSE(result.is_good());
  EXPECT_EQ(result.violations[0].checker, "regions");
}

// A peer that goes to another tracker just then is known to both; a copy that is to be evicted has
// not gone yet.
TEST(CheckerTest, OfInventoriesForgivesWhatIsOnItsWayWhenTheRunEnds) {
  for (uint64_t seed : {2419, 4180, 5751}) {
    RunResult result = run(swarm_scenario(seed));
    EXPECT_TRUE(result.is_good()) << text_report(result);
  }
}

TEST(CheckerTest, OfPinsSeesATrackerThatIsNotToldOfThem) {
  Scenario scenario = busy_scenario();
  scenario.fleet.reader_store_bytes *= 2;
  scenario.objects[0].is_published = scenario.objects[0].is_pinned = true;
  scenario.policy.caching.fleet_bytes = scenario.objects[0].bytes;
  RunResult sound = run(scenario);
  EXPECT_TRUE(sound.is_good()) << text_report(sound);
  scenario.bug = PlantedBug::kPinsIgnored;
  RunResult result = run(scenario);
  ASSERT_FALSE(result.is_good());
  EXPECT_EQ(result.violations[0].checker, "pins");
}

TEST(CheckerTest, OfCapsSeesSourcesThatIgnoreThem) {
  for (const CatalogueEntry& entry : canary_scenarios()) {
    if (entry.name != "canary_uncapped") continue;
    RunResult result = run(*entry.build({}));
    ASSERT_FALSE(result.is_good());
    EXPECT_EQ(result.violations[0].checker, "caps");
  }
}

}  // namespace
}  // namespace tyto::sim
