// The world made for size: what it runs, what it refuses, and how far it is from the exact one.
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/commands/commands.h"
#include "sim/fleet/world.h"
#include "sim/report/figures.h"
#include "sim/report/report.h"
#include "sim/scenarios/catalogue.h"

namespace tyto::sim {
namespace {

Scenario scenario_of(std::string_view name, const Knobs& knobs) {
  Result<Scenario> scenario = catalogue_scenario(name, knobs);
  EXPECT_TRUE(scenario.ok()) << name;
  return scenario.ok() ? *scenario : Scenario{};
}

RunResult run_fleet(const Scenario& scenario) {
  auto result = fleet::run(scenario);
  EXPECT_TRUE(result.ok()) << result.error().message;
  return result.ok() ? std::move(*result) : RunResult{};
}

Percentiles seconds_of(const RunResult& result) {
  return figures_of(result).times.front().seconds;
}

TEST(Fleet, ServesAThousandReadersAndEachRackAboutTwice) {
  RunResult result = run_fleet(scenario_of("million", {.readers = 1000, .chunks = 32}));
  EXPECT_TRUE(result.is_good()) << text_report(result);
  Figures figures = figures_of(result);
  EXPECT_EQ(figures.complete, 1000u);
  EXPECT_EQ(result.amplification_permille(), 1000u);
  ASSERT_EQ(figures.rack_copies.size(), 25u);
  double copies = 0;
  for (double of_rack : figures.rack_copies) {
    EXPECT_GE(of_rack, 1.0);
    copies += of_rack;
  }
  EXPECT_LT(copies, 2.2 * 25);
  EXPECT_GE(figures.times.front().stretch.p50, 1.0);
  uint64_t received =
      result.bytes.from_peers + result.bytes.from_superpeers + result.bytes.from_origin;
  EXPECT_EQ(received, (1000 + 1) * result.bytes_wanted);  // the readers', and the superpeers' one
}

TEST(Fleet, IsTheSameForASeedAndNotForAnother) {
  auto hash_of = [](uint64_t seed) {
    return run_fleet(scenario_of("million", {.seed = seed, .readers = 60, .chunks = 16}))
        .event_hash;
  };
  EXPECT_EQ(hash_of(1), hash_of(1));
  EXPECT_NE(hash_of(1), hash_of(2));
}

struct Pair {
  std::string_view scenario;
  uint32_t readers;
  uint32_t chunks;
  uint32_t trackers = 1;
};

std::string name_of(const testing::TestParamInfo<Pair>& pair) {
  std::string name = std::string(pair.param.scenario) + "_" + std::to_string(pair.param.readers);
  if (pair.param.trackers > 1) name += "_of_" + std::to_string(pair.param.trackers);
  return name;
}

Scenario scenario_of(const Pair& pair) {
  Scenario scenario = scenario_of(pair.scenario, {.readers = pair.readers, .chunks = pair.chunks});
  scenario.trackers = pair.trackers;
  if (pair.trackers == 1) return scenario;
  scenario.fleet.racks = pair.trackers;
  scenario.expect.leases = Leases::kCounted;
  return scenario;
}

// Objects of some size: reads of half a second differ by more, and so they do between seeds.
class FleetAgainstExact : public testing::TestWithParam<Pair> {};

TEST_P(FleetAgainstExact, AgreesWithinATenth) {
  Scenario scenario = scenario_of(GetParam());
  Percentiles exact = seconds_of(run(scenario));
  Percentiles approximate = seconds_of(run_fleet(scenario));
  EXPECT_NEAR(approximate.p50, exact.p50, exact.p50 * 0.1);
  EXPECT_NEAR(approximate.p99, exact.p99, exact.p99 * 0.1);
}

INSTANTIATE_TEST_SUITE_P(Sizes, FleetAgainstExact,
                         testing::Values(Pair{"million", 8, 64}, Pair{"million", 32, 32},
                                         Pair{"cold_start", 16, 32}, Pair{"flat16", 16, 32},
                                         Pair{"racks4x4", 16, 32}, Pair{"cold_start", 16, 64, 4}),
                         name_of);

TEST(Fleet, OfSeveralTrackersHasAsManyMessagesBetweenThemAsTheExactWorld) {
  Scenario scenario = scenario_of(Pair{"racks4x4", 16, 32, 4});
  RunResult exact = run(scenario);
  RunResult approximate = run_fleet(scenario);
  EXPECT_EQ(approximate.trackers, 4u);
  EXPECT_EQ(approximate.amplification_permille(), 1000u);
  double messages = static_cast<double>(exact.cluster_messages);
  EXPECT_NEAR(static_cast<double>(approximate.cluster_messages), messages, messages * 0.1);
}

// Racks whose home is full go to the next tracker, and are served there.
TEST(Fleet, OfManyTrackersPassesRacksOfAFullOneOnAndServesThem) {
  Scenario scenario = scenario_of("million", {.readers = 2400, .chunks = 8});
  scenario.trackers = 16;
  scenario.fleet.racks = 600;
  scenario.expect.leases = Leases::kCounted;
  RunResult result = run_fleet(scenario);
  EXPECT_TRUE(result.is_good()) << text_report(result);
  EXPECT_EQ(figures_of(result).complete, 2400u);
}

TEST(Fleet, ReadsOnAfterCrashesAndLeaving) {
  Scenario scenario = scenario_of("million", {.readers = 80, .chunks = 32});
  scenario.faults = {
      {Duration::milliseconds(600), FaultKind::kPeerCrash, 10, Duration::milliseconds(300)},
      {Duration::milliseconds(700), FaultKind::kPeerCrashEmpty, 20, Duration::milliseconds(300)},
      {Duration::milliseconds(800), FaultKind::kPeerLeave, 30, Duration::milliseconds(500)}};
  RunResult result = run_fleet(scenario);
  EXPECT_TRUE(result.is_good()) << text_report(result);
  EXPECT_EQ(figures_of(result).complete, 80u) << text_report(result);
}

std::string refusal_of(const Scenario& scenario) {
  auto supported = fleet::check_supported(scenario);
  return supported.ok() ? "" : supported.error().message;
}

TEST(Fleet, RefusesWhatItDoesNotModelAndSaysWhatToDo) {
  Scenario streams = scenario_of("streams", {});
  EXPECT_NE(refusal_of(streams).find("a reader that streams"), std::string::npos);
  EXPECT_NE(refusal_of(streams).find("--world exact"), std::string::npos);
  Scenario faulty = scenario_of("cold_start", {});
  faulty.faults = {{Duration::seconds(1), FaultKind::kTrackerCrash}};
  EXPECT_NE(refusal_of(faulty).find("tracker"), std::string::npos) << refusal_of(faulty);
  Scenario small = scenario_of("cold_start", {});
  small.fleet.reader_store_bytes = small.objects[0].bytes - 1;
  EXPECT_NE(refusal_of(small).find("stores too small"), std::string::npos);
  EXPECT_FALSE(fleet::run(streams).ok());
  EXPECT_NE(refusal_of(scenario_of("zones2x2", {})).find("zones"), std::string::npos);
  Scenario busy = scenario_of("cold_start", {});
  busy.processor.per_decision = Duration::microseconds(10);
  EXPECT_NE(refusal_of(busy).find("processor"), std::string::npos);
  Scenario lossy = scenario_of("cold_start", {});
  lossy.fleet.groups[0].link.loss_ppm = 1;
  EXPECT_NE(refusal_of(lossy).find("links that lose packets"), std::string::npos);
  Scenario young = scenario_of("cold_start", {});
  young.tcp.has_slow_start = true;
  EXPECT_NE(refusal_of(young).find("connections that begin slowly"), std::string::npos);
  Scenario disks = scenario_of("cold_start", {});
  disks.fleet.superpeer_disk.read_bytes_per_s = 1;
  EXPECT_NE(refusal_of(disks).find("disks that take time"), std::string::npos);
  Scenario whole = scenario_of("cold_start", {});
  whole.origin.has_ranges = false;
  EXPECT_NE(refusal_of(whole).find("an origin without ranges"), std::string::npos);
  Scenario moody = scenario_of("cold_start", {});
  moody.origin.errors_permille = 1;
  EXPECT_NE(refusal_of(moody).find("an origin that fails reads"), std::string::npos);
  EXPECT_EQ(refusal_of(scenario_of("cold_start", {})), "");
}

// What `tyto-sim run` with these arguments says on its standard error; it must have refused.
std::string refusal_of_run(const std::string& arguments) {
  CLI::App app;
  int exit_code = kExitGood;
  add_run_command(app, exit_code);
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  app.parse("run " + arguments, false);
  testing::internal::GetCapturedStdout();
  EXPECT_EQ(exit_code, kExitUsage) << arguments;
  return testing::internal::GetCapturedStderr();
}

TEST(Fleet, IsWhatTheCommandNamesForAFleetTooLargeForTheExactWorld) {
  std::string said = refusal_of_run("million --readers 100001");
  EXPECT_NE(said.find("100001"), std::string::npos) << said;
  EXPECT_NE(said.find("--world fleet"), std::string::npos) << said;
  EXPECT_NE(refusal_of_run("cold_start --world fleet --trace").find("--trace"), std::string::npos);
  EXPECT_NE(refusal_of_run("streams --world fleet").find("streams"), std::string::npos);
}

// Wakes come at their tick, in the order asked for, the earlier of two; far ones are not lost.
TEST(TimeWheel, WakesEachHostOnceAtTheEarliestTickItWasAskedFor) {
  fleet::TimeWheel wheel(3);
  wheel.wake(0, 5);
  wheel.wake(1, 5);
  wheel.wake(1, 3);
  wheel.wake(2, 10'000);
  std::vector<std::pair<fleet::Tick, uint32_t>> woken;
  std::vector<uint32_t> due;
  for (fleet::Tick now = 1; now <= 10'001; ++now) {
    due.clear();
    wheel.take_due(now, due);
    for (uint32_t host : due) woken.emplace_back(now, host);
  }
  std::vector<std::pair<fleet::Tick, uint32_t>> expected{{3, 1}, {5, 0}, {10'000, 2}};
  EXPECT_EQ(woken, expected);
}

}  // namespace
}  // namespace tyto::sim
