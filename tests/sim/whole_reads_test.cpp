// Origins that know no ranges.
#include <gtest/gtest.h>

#include "sim/scenarios/catalogue.h"
#include "sim/scenarios/run.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

Scenario without_ranges(uint32_t superpeers) {
  Scenario scenario = base_scenario("without_ranges", {}, {.readers = 4, .chunks = 32});
  scenario.fleet.superpeers = superpeers;
  for (uint32_t i = 0; i < 4; ++i) scenario.reads[i].node = scenario.fleet.reader(i);
  scenario.origin.has_ranges = false;
  scenario.expect.amplification_permille_max = 0;
  return scenario;
}

uint64_t whole_reads(const RunResult& result) {
  return result.events_by_kind[static_cast<std::size_t>(EventKind::kWholeRead)];
}

TEST(WholeReads, OneNodeReadsTheObjectOnceHoweverManyChunksItIsToldToRead) {
  RunResult result = run(without_ranges(1));
  EXPECT_TRUE(result.is_good());
  EXPECT_EQ(whole_reads(result), 1u);
  EXPECT_EQ(result.amplification_permille(), 1000u);
}

// The tracker does not know of ranges, and deals leases out over superpeers.
TEST(WholeReads, EachNodeThatReadsAChunkReadsTheObject) {
  RunResult result = run(without_ranges(2));
  EXPECT_TRUE(result.is_good());
  EXPECT_EQ(whole_reads(result), 2u);
  EXPECT_EQ(result.amplification_permille(), 2000u);
}

TEST(WholeReads, AChunkIsThereWhenTheReadIsPastItsEnd) {
  Scenario scenario = without_ranges(0);
  scenario.bucket.trust_peers = true;
  scenario.fleet.readers = 1;
  scenario.reads.resize(1);
  scenario.origin.bytes_per_s = 8'000'000;
  RunResult result = run(scenario);
  EXPECT_TRUE(result.is_good());
  double ideal = static_cast<double>(scenario.objects[0].bytes) / 8e6;
  EXPECT_NEAR(result.reads[0].took.ns() / 1e9, ideal, 0.06);
}

TEST(WholeReads, AConnectionThatBreaksFailsItsChunksAndTheObjectIsReadAnew) {
  Scenario scenario = without_ranges(1);
  scenario.origin.bytes_per_s = 4'000'000;
  scenario.faults = {
      {Duration::milliseconds(500), FaultKind::kOriginCuts, 0, Duration::milliseconds(350)}};
  RunResult result = run(scenario);
  EXPECT_TRUE(result.is_good());
  EXPECT_EQ(whole_reads(result), 2u);
}

TEST(WholeReads, WhatAProcessHadReadGoesWithIt) {
  Scenario scenario = without_ranges(1);
  scenario.origin.bytes_per_s = 4'000'000;
  scenario.expect.leases = Leases::kCounted;
  scenario.faults = {{Duration::seconds(1), FaultKind::kPeerCrash,
                      scenario.fleet.superpeer(0).value(), Duration::milliseconds(100)}};
  RunResult result = run(scenario);
  EXPECT_TRUE(result.is_good());
  EXPECT_GE(whole_reads(result), 2u);
  EXPECT_GT(result.amplification_permille(), 1000u);
}

}  // namespace
}  // namespace tyto::sim
