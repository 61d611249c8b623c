// tyto-sim run.
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "sim/commands/commands.h"
#include "sim/report/recorder.h"
#include "sim/report/report.h"
#include "sim/report/trace.h"
#include "sim/scenarios/catalogue.h"

namespace tyto::sim {
namespace {

struct RunOptions {
  std::string scenario;
  Knobs knobs;
  std::string json_file;
  bool has_trace = false;
};

int run_one(const RunOptions& options) {
  for (const CatalogueEntry& entry : all_scenarios()) {
    if (entry.name != options.scenario) continue;
    std::printf("%s, seed %llu\n", options.scenario.c_str(),
                static_cast<unsigned long long>(options.knobs.seed));
    std::fflush(stdout);  // if a core aborts, the seed is known
    std::vector<std::unique_ptr<Checker>> watchers;
    if (options.has_trace) watchers.push_back(trace_to(stdout));
    Measured measured;
    watchers.push_back(record_into(measured));
    RunResult result = run(entry.build(options.knobs), std::move(watchers));
    result.measured = std::move(measured);
    std::fputs(text_report(result).c_str(), stdout);
    if (!options.json_file.empty()) {
      std::ofstream file(options.json_file);
      file << json_report(result);
      if (!file.good()) {
        std::fprintf(stderr, "tyto-sim: %s cannot be written\n", options.json_file.c_str());
        return kExitUsage;
      }
    }
    return result.is_good() ? kExitGood : kExitViolated;
  }
  std::fprintf(stderr, "tyto-sim: there is no scenario '%s'; see tyto-sim list\n",
               options.scenario.c_str());
  return kExitUsage;
}

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "run one scenario and report");
  command->add_option("scenario", options->scenario, "as named by list")->required();
  command->add_option("--seed", options->knobs.seed, "of all randomness")->capture_default_str();
  command->add_option("--readers", options->knobs.readers, "0: the scenario's own")
      ->check(CLI::Range(0u, 100'000u));
  command->add_option("--chunks", options->knobs.chunks, "of each object; 0: the scenario's own")
      ->check(CLI::Range(0u, 65'536u));
  command->add_option("--json", options->json_file, "write the report there, too");
  command->add_flag("--trace", options->has_trace, "say what happens, line by line");
  command->callback([options, &exit_code] { exit_code = run_one(*options); });
}

}  // namespace tyto::sim
