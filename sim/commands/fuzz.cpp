// tyto-sim fuzz.
#include <cstdio>
#include <memory>

#include "sim/commands/commands.h"
#include "sim/report/report.h"
#include "sim/scenarios/catalogue.h"

namespace tyto::sim {
namespace {

struct FuzzOptions {
  uint64_t first_seed = 1;
  uint32_t runs = 100;
};

int fuzz(const FuzzOptions& options) {
  uint32_t failed = 0;
  for (uint64_t seed = options.first_seed; seed < options.first_seed + options.runs; ++seed) {
    std::printf("\rseed %llu ", static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    RunResult result = run(hostile_scenario(seed));
    if (result.is_good()) continue;
    ++failed;
    std::printf("\n%sreplay: tyto-sim run hostile --seed %llu\n", text_report(result).c_str(),
                static_cast<unsigned long long>(seed));
  }
  std::printf("\r%u runs, %u failed\n", options.runs, failed);
  return failed == 0 ? kExitGood : kExitViolated;
}

}  // namespace

void add_fuzz_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<FuzzOptions>();
  CLI::App* command =
      app.add_subcommand("fuzz", "run hostile worlds, one a seed; exits 1 if any goes wrong");
  command->add_option("--runs", options->runs, "how many")->capture_default_str();
  command->add_option("--seed", options->first_seed, "the first")->capture_default_str();
  command->callback([options, &exit_code] { exit_code = fuzz(*options); });
}

}  // namespace tyto::sim
