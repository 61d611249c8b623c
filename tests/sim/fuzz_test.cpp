// Fuzzing: seeds that must hold, what is told of those that do not, and how they are made small.
#include <gtest/gtest.h>

#include "sim/commands/apart.h"
#include "sim/commands/commands.h"
#include "sim/commands/fuzz.h"
#include "sim/fuzz/shrink.h"
#include "sim/report/report.h"
#include "sim/scenarios/catalogue.h"

namespace tyto::sim {
namespace {

class SwarmWorld : public testing::TestWithParam<uint64_t> {};

TEST_P(SwarmWorld, ServesEverybodyOnceCalmHasCome) {
  RunResult result = run(swarm_scenario(GetParam()));
  EXPECT_TRUE(result.is_good()) << text_report(result) << "replay: tyto-sim run swarm --seed "
                                << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Seeds, SwarmWorld, testing::Range<uint64_t>(1, 21));

// Calls fuzz() and returns what it printed.
std::string output_of(const FuzzOptions& options, int expected_code) {
  std::FILE* file = std::tmpfile();
  EXPECT_EQ(fuzz(options, file), expected_code);
  std::string text(static_cast<std::size_t>(std::ftell(file)), '\0');
  std::rewind(file);
  EXPECT_EQ(std::fread(text.data(), 1, text.size(), file), text.size());
  std::fclose(file);
  return text;
}

// A tracker that is deaf or mute is not drawn: that would change what each seed stands for.
constexpr std::size_t kKindsNotDrawn = 2;

TEST(Swarm, LeavesKindsOutAndCoversThemAll) {
  std::map<FaultKind, int> seeds;
  int calm = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    std::set<FaultKind> kinds;
    for (const FaultSpec& fault : swarm_scenario(seed).faults) kinds.insert(fault.kind);
    for (FaultKind kind : kinds) ++seeds[kind];
    if (kinds.empty()) ++calm;
  }
  EXPECT_EQ(seeds.size(), static_cast<std::size_t>(kFaultKindLast) - kKindsNotDrawn);
  for (const auto& [kind, count] : seeds) {
    EXPECT_GE(count, 10) << fault_kind_name(kind);
    EXPECT_LE(count, 150) << fault_kind_name(kind);
  }
  EXPECT_GE(calm, 2);
}

TEST(Shrink, ACanaryIsReducedToOneReaderAndNoFault) {
  Scenario whole = swarm_scenario(4);
  whole.bug = PlantedBug::kAborts;
  std::string failure = run_apart(whole).failure;
  ASSERT_TRUE(failure.starts_with("abort: ")) << failure;
  auto fails = [&](const Scenario& s) { return run_apart(s).failure == failure; };
  Shrunk shrunk = shrink(whole, fails, 400);
  Scenario small = reduced(whole, shrunk.reduction);
  EXPECT_EQ(small.fleet.readers, 1u) << scenario_text(small);
  EXPECT_EQ(small.reads.size(), 1u);
  EXPECT_EQ(small.faults.size(), 0u);
  EXPECT_EQ(small.objects[small.reads[0].object].bytes, 0u);
  EXPECT_LE(shrunk.runs, 400u);
}

// One lie is enough, of the one who is read from; and somebody who reads from it.
TEST(Shrink, ALiarAndItsVictimAreLeft) {
  Scenario whole = base_scenario("liars", {}, {.readers = 8, .chunks = 32});
  whole.bug = PlantedBug::kVerificationSkipped;
  for (uint32_t i = 1; i < 6; ++i) {
    whole.faults.push_back({Duration::milliseconds(100), FaultKind::kPeerCorrupts, i});
    whole.faults.push_back({Duration::milliseconds(400), FaultKind::kConnectionDropped, i});
  }
  auto fails = [](const Scenario& s) {
    RunResult result = run(s);
    return !result.is_good() && result.violations[0].checker == "content";
  };
  ASSERT_TRUE(fails(whole));
  Scenario small = reduced(whole, shrink(whole, fails, 400).reduction);
  EXPECT_EQ(small.faults.size(), 1u) << scenario_text(small);
  EXPECT_EQ(small.faults[0].kind, FaultKind::kPeerCorrupts);
  EXPECT_LE(small.reads.size(), 2u);
  EXPECT_LE(small.fleet.readers, 2u);
}

TEST(Shrink, KeepsToItsBound) {
  Scenario whole = swarm_scenario(1);
  uint32_t asked = 0;
  auto fails = [&](const Scenario&) { return ++asked, true; };
  EXPECT_LE(shrink(whole, fails, 7).runs, 7u);
  EXPECT_EQ(asked, 7u);
}

TEST(Reduction, SurvivesItsText) {
  Reduction reduction;
  reduction.faults = {0, 2};
  reduction.reads = {3};
  reduction.readers = {1};
  reduction.halved = {{0, 2}};
  reduction.plain = {KnobGroup::kLinks, KnobGroup::kModes};
  reduction.calm_at = Duration::milliseconds(250);
  std::string text = reduction_text(reduction);
  EXPECT_EQ(text, "faults=0,2 reads=3 readers=1 halved=0x2 plain=links,modes calm=250ms");
  Result<Reduction> parsed = parse_reduction(text);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, reduction);
}

TEST(Reduction, OfNonsenseIsRefusedWithTheWord) {
  for (const char* text : {"faults", "faults=", "faults=x", "plain=everything", "halved=3",
                           "calm=5", "nodes=1", "reads=-1"}) {
    Result<Reduction> parsed = parse_reduction(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(parsed.error().message.find("'" + std::string(text) + "'"), std::string::npos);
  }
}

TEST(Reduction, WithoutAReaderTheOthersMoveUp) {
  Scenario whole = base_scenario("four", {}, {.readers = 4, .chunks = 8});
  whole.faults = {{Duration(), FaultKind::kPeerCrash, 2}, {Duration(), FaultKind::kPeerCrash, 4}};
  Reduction reduction;
  reduction.readers = {1};
  Scenario small = reduced(whole, reduction);
  EXPECT_EQ(small.fleet.readers, 3u);
  EXPECT_EQ(small.reads.size(), 3u);
  ASSERT_EQ(small.faults.size(), 1u);
  EXPECT_EQ(small.faults[0].target, 3u);
}

TEST(Apart, AnAbortIsToldWithItsStep) {
  Scenario scenario = base_scenario("aborts", {}, {.readers = 1, .chunks = 8});
  scenario.bug = PlantedBug::kAborts;
  Outcome outcome = run_apart(scenario);
  EXPECT_NE(outcome.failure.find("assertion failed"), std::string::npos);
  EXPECT_GT(outcome.events, 10u);
  EXPECT_GT(outcome.time_ms, 100u);
}

TEST(Fuzz, TellsWhatItExercised) {
  std::string text = output_of({.first_seed = 1, .runs = 5}, kExitGood);
  EXPECT_NE(text.find("5 runs from seed 1"), std::string::npos) << text;
  EXPECT_NE(text.find("peer_crash"), std::string::npos);
  EXPECT_NE(text.find("notice"), std::string::npos);
}

TEST(Fuzz, AFailureIsToldWithItsReplaysAndTheyFailToo) {
  FuzzOptions options{.first_seed = 4, .runs = 1, .bug = PlantedBug::kTransfersLost};
  std::string text = output_of(options, kExitViolated);
  EXPECT_NE(text.find("replay: tyto-sim run swarm --seed 4\n"), std::string::npos) << text;
  std::string before = "replay: tyto-sim fuzz --seed 4 --without '";
  std::size_t at = text.find(before);
  ASSERT_NE(at, std::string::npos) << text;
  at += before.size();
  options.without = text.substr(at, text.find('\'', at) - at);
  std::string again = output_of(options, kExitViolated);
  EXPECT_NE(again.find("VIOLATION"), std::string::npos) << again;
}

TEST(Fuzz, RefusesWhatItCannotLeaveOut) {
  output_of({.without = "everything"}, kExitUsage);
}

}  // namespace
}  // namespace tyto::sim
