// Scenarios written as files.
#include "sim/scenarios/written.h"

#include <gtest/gtest.h>

#include "sim/scenarios/catalogue.h"
#include "sim/scenarios/expand.h"
#include "sim/scenarios/run.h"

namespace tyto::sim {
namespace {

class WrittenScenario : public testing::TestWithParam<uint64_t> {};

TEST_P(WrittenScenario, IsTheSameRunWhenItIsReadAgain) {
  for (const Scenario& scenario : {swarm_scenario(GetParam()), hostile_scenario(GetParam())}) {
    if (scenario.reads.empty()) continue;
    Result<std::string> toml = written(scenario, "a run");
    ASSERT_TRUE(toml.ok()) << toml.error().message;
    Result<ScenarioDocument> document = parse_scenario(*toml, "t.toml");
    ASSERT_TRUE(document.ok()) << document.error().message;
    Result<Scenario> again = expand(*document, scenario.name, {.seed = scenario.seed});
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(run(*again).event_hash, run(scenario).event_hash) << *toml;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, WrittenScenario, testing::Range<uint64_t>(1, 41));

TEST(Written, WhatNoFileCanSayIsRefused) {
  Scenario scenario = swarm_scenario(1);
  scenario.fleet.groups.push_back({.name = "some"});
  EXPECT_NE(written(scenario, "a run").error().message.find("groups of readers"),
            std::string::npos);
  Scenario empty = swarm_scenario(1);
  empty.reads.clear();
  EXPECT_NE(written(empty, "a run").error().message.find("no reads"), std::string::npos);
}

TEST(Written, WhateverIsDrawnIsWithinTheBoundsOfItsKey) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    Scenario scenario = swarm_scenario(seed);
    if (scenario.reads.empty()) continue;
    EXPECT_TRUE(written(scenario, "a run").ok()) << seed;
  }
}

}  // namespace
}  // namespace tyto::sim
