// What runs must bring besides keeping every checker silent: times, bytes, errors.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sim/report/report.h"
#include "sim/scenarios/catalogue.h"

namespace tyto::sim {
namespace {

RunResult run_named(std::string_view name, const Knobs& knobs = {}) {
  Result<Scenario> scenario = catalogue_scenario(name, knobs);
  if (scenario) return run(*scenario);
  ADD_FAILURE() << scenario.error().message;
  return {};
}

uint64_t delivered(const RunResult& result) {
  return result.bytes.from_peers + result.bytes.from_superpeers + result.bytes.from_origin;
}

Duration longest(const RunResult& result) {
  Duration most;
  for (const ReadResult& read : result.reads) most = std::max(most, read.took);
  return most;
}

// A tracker that needs 5 ms a message and as much a command hears of everything late, in order, and
// serves everybody; the last chunk can't be assigned before all others were.
TEST(World, ABusyTrackerIsTheLimit) {
  Scenario scenario = catalogue_scenario("cold_start", {.readers = 4}).value();
  RunResult free = run(scenario);
  scenario.processor = {Duration::milliseconds(5), Duration::milliseconds(5)};
  RunResult busy = run(scenario);
  EXPECT_TRUE(busy.is_good()) << text_report(busy);
  EXPECT_EQ(free.events_by_kind[static_cast<std::size_t>(EventKind::kTrackerFree)], 0u);
  EXPECT_GT(busy.events_by_kind[static_cast<std::size_t>(EventKind::kTrackerFree)], 0u);
  // 64 chunks for 4 readers and the superpeer: 320 commands at least.
  EXPECT_GT(longest(busy), Duration::milliseconds(4 * 64 * 5));
  EXPECT_LT(longest(free), Duration::milliseconds(4 * 64 * 5) * 2);
  scenario.processor.per_decision = Duration::milliseconds(10);
  EXPECT_GT(longest(run(scenario)), longest(busy));
}

TEST(World, OneReaderTakesLittleMoreThanItsLink) {
  RunResult result = run_named("one_reader");
  Duration limit = result.reads[0].fluid_limit;
  EXPECT_GE(result.reads[0].took, limit);
  EXPECT_LE(result.reads[0].took, limit + limit / 4);
}

TEST(World, TheFluidLimitIsTheTightestOfAllLinks) {
  Scenario scenario = base_scenario("limits", {}, {.readers = 4, .chunks = 40});
  uint64_t bytes = scenario.objects[0].bytes;
  scenario.origin.bytes_per_s = bytes / 2;
  NodeId reader = scenario.fleet.reader(0);
  EXPECT_EQ(fluid_limit(scenario, reader, bytes), Duration::seconds(2));
  scenario.fleet.reader_link.down_bytes_per_s = bytes / 4;
  EXPECT_EQ(fluid_limit(scenario, reader, bytes), Duration::seconds(4));
  scenario.fleet.racks = 2;
  scenario.fleet.rack_link.down_bytes_per_s = bytes / 8;
  EXPECT_EQ(fluid_limit(scenario, reader, bytes), Duration::seconds(8));
}

TEST(World, NobodyIsFasterThanTheFluidLimit) {
  for (std::string_view name : {"one_reader", "cold_start", "racks", "published", "flat16",
                                "racks4x4", "staggered16", "slow_quarter16"}) {
    RunResult result = run_named(name);
    for (const ReadResult& read : result.reads) EXPECT_GE(read.took, read.fluid_limit) << name;
  }
}

// Where a chunk takes less than a millisecond, what waits for company must not wait for long.
TEST(World, FastLinksDoNotIdleWhileResultsWaitForCompany) {
  for (uint32_t chunks : {64u, 256u}) {
    RunResult result = run_named("fast16", {.chunks = chunks});
    for (const ReadResult& read : result.reads)
      EXPECT_LT(read.took.ns() * 2, read.fluid_limit.ns() * 5) << chunks << " chunks";
  }
}

// Sixteen readers through one seed: far from sixteen times one reader.
TEST(World, ReadersServeOneAnother) {
  RunResult one = run_named("one_reader");
  RunResult many = run_named("cold_start");
  EXPECT_LT(longest(many), longest(one) * 4);
  EXPECT_GT(many.bytes.from_peers, many.bytes.from_superpeers * 3);
}

TEST(World, EveryByteIsDeliveredOnceToEachWithoutFaults) {
  Scenario scenario = base_scenario("once", {});
  RunResult result = run(scenario);
  EXPECT_EQ(delivered(result), scenario.objects[0].bytes * scenario.fleet.size());
  EXPECT_EQ(result.bytes.wasted, 0u);
  EXPECT_EQ(result.redundant_transfers, 0u);
}

TEST(World, NothingIsFetchedAgainWhenTheTrackerRestarts) {
  Scenario scenario = base_scenario("once", {});
  RunResult result = run_named("tracker_restarted");
  EXPECT_EQ(delivered(result), scenario.objects[0].bytes * scenario.fleet.size());
  EXPECT_EQ(result.redundant_transfers, 0u);
}

TEST(World, AKilledReaderFetchesOnlyWhatItLacks) {
  Scenario scenario = base_scenario("once", {});
  RunResult result = run_named("reader_killed");
  EXPECT_EQ(delivered(result), scenario.objects[0].bytes * scenario.fleet.size());
  EXPECT_EQ(result.reads[0].attempts, 2u);
  EXPECT_EQ(result.reads[0].phase, ReadPhase::kDone);
}

TEST(World, ACorruptSourceIsNamedAndNobodyKeepsWhatItSent) {
  RunResult result = run_named("corrupt_source");
  EXPECT_GT(result.notices[tracker::NoticeKind::kSourceCorrupt], 0u);
  EXPECT_GT(result.bytes.wasted, 0u);
  for (const ReadResult& read : result.reads) EXPECT_EQ(read.phase, ReadPhase::kDone);
}

TEST(World, AChangedObjectIsAClearErrorAndThenANewVersion) {
  RunResult result = run_named("origin_changes");
  std::size_t half = result.reads.size() / 2;
  for (std::size_t i = 0; i < half; ++i) {
    EXPECT_EQ(result.reads[i].phase, ReadPhase::kFailed);
    EXPECT_EQ(result.reads[i].error.code, ErrorCode::kConflict) << result.reads[i].error.message;
  }
  for (std::size_t i = half; i < result.reads.size(); ++i)
    EXPECT_EQ(result.reads[i].phase, ReadPhase::kDone) << result.reads[i].error.message;
}

TEST(World, AFullDiskFailsItsOwnReaderOnly) {
  RunResult result = run_named("disk_full");
  EXPECT_EQ(result.reads[0].phase, ReadPhase::kFailed);
  EXPECT_EQ(result.reads[0].error.code, ErrorCode::kNoSpace);
  for (std::size_t i = 1; i < result.reads.size(); ++i)
    EXPECT_EQ(result.reads[i].phase, ReadPhase::kDone);
}

TEST(World, WithoutAnyTrackerEveryOpenFailsWithAMessage) {
  RunResult result = run_named("tracker_never");
  for (const ReadResult& read : result.reads) {
    EXPECT_EQ(read.phase, ReadPhase::kFailed);
    EXPECT_EQ(read.error.code, ErrorCode::kUnavailable);
  }
}

TEST(World, ADownloadOutlivesItsTracker) {
  RunResult result = run_named("tracker_gone");
  for (const ReadResult& read : result.reads) EXPECT_EQ(read.phase, ReadPhase::kDone);
  EXPECT_LE(longest(result), Duration::seconds(30));
}

TEST(World, AStalledOrKilledSourceCostsLittle) {
  RunResult calm = run(base_scenario("calm", {}));
  for (std::string_view name : {"source_killed", "reader_frozen", "reader_leaves"}) {
    RunResult result = run_named(name);
    for (std::size_t i = 2; i < result.reads.size(); ++i)
      EXPECT_LE(result.reads[i].took, longest(calm) + Duration::seconds(2)) << name;
  }
}

TEST(World, AReaderOf256ChunksNeedsLittleMemory) {
  RunResult result = run_named("cold_start", {.readers = 4, .chunks = 256});
  EXPECT_LE(result.reader_core_bytes_max, 12u * 1024);
}

TEST(World, ASlowReaderHasALimitOfItsOwnAndLowersNobodyElses) {
  Scenario scenario = base_scenario("limits", {}, {.readers = 4, .chunks = 40});
  uint64_t bytes = scenario.objects[0].bytes;
  scenario.fleet.reader_link = {bytes / 4, bytes / 4};
  scenario.fleet.superpeer_link = scenario.fleet.reader_link;
  scenario.fleet.groups.push_back(
      {.first = 3, .readers = 1, .link = {bytes / 16, bytes / 16}, .is_slow = true});
  // Uplinks of 4.25 for three whole copies and a quarter: no more than the seed's own limit.
  EXPECT_EQ(fluid_limit(scenario, scenario.fleet.reader(0), bytes), Duration::seconds(4));
  EXPECT_EQ(fluid_limit(scenario, scenario.fleet.reader(3), bytes), Duration::seconds(16));
}

TEST(Report, TellsTheCopiesThatEnteredEachRack) {
  RunResult result = run_named("racks", {.readers = 4});
  ASSERT_EQ(result.bytes_into_rack.size(), 4u);  // a reader each
  for (uint64_t bytes : result.bytes_into_rack) EXPECT_EQ(bytes, result.bytes_wanted);
  EXPECT_NE(text_report(result).find("into racks 1.000 1.000 1.000 1.000"), std::string::npos);
  auto json = nlohmann::json::parse(json_report(result));
  EXPECT_EQ(json["traffic"]["rack_copies"], nlohmann::json({1.0, 1.0, 1.0, 1.0}));
}

TEST(Report, PercentilesAreByNearestRank) {
  std::vector<double> values;
  for (int i = 1; i <= 10; ++i) values.push_back(i);
  EXPECT_EQ(nearest_rank(values, 50), 5);
  EXPECT_EQ(nearest_rank(values, 90), 9);
  EXPECT_EQ(nearest_rank(values, 99), 10);
  EXPECT_EQ(nearest_rank({}, 50), 0);
}

TEST(Report, TellsTheHashAndEveryViolation) {
  RunResult result = run_named("canary_unverified");
  std::string text = text_report(result);
  EXPECT_NE(text.find("event hash"), std::string::npos);
  EXPECT_NE(text.find("VIOLATION"), std::string::npos);
  auto json = nlohmann::json::parse(json_report(result));
  EXPECT_EQ(json["violations"][0]["checker"], "content");
}

}  // namespace
}  // namespace tyto::sim
