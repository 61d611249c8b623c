// The same seed gives the same event hash in every build: release, sanitized, by g++ or clang.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "sim/report/report.h"
#include "sim/scenarios/catalogue.h"

namespace tyto::sim {
namespace {

// Written by `tyto-sim hashes > tests/golden/sim_hashes.txt`, after a change that is meant to
// change what the cores do.
TEST(GoldenHashes, AreTheSameInEveryBuild) {
  std::ifstream file(TYTO_SOURCE_DIR "/tests/golden/sim_hashes.txt");
  ASSERT_TRUE(file.is_open());
  std::stringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(golden_hashes(), expected.str()) << "if the cores were meant to behave differently: "
                                                "tyto-sim hashes > tests/golden/sim_hashes.txt";
}

}  // namespace
}  // namespace tyto::sim
