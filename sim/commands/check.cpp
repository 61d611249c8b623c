// tyto-sim check, tyto-sim format.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "sim/commands/commands.h"
#include "sim/commands/load.h"

namespace tyto::sim {
namespace {

// Each file is read and counted out as run would do it, but not run.
int check(const std::vector<std::string>& files) {
  int exit_code = kExitGood;
  for (const std::string& file : files) {
    Result<Scenario> scenario = load_scenario(file, {});
    if (!scenario) {
      std::fprintf(stderr, "tyto-sim: %s\n", scenario.error().message.c_str());
      exit_code = kExitUsage;
      continue;
    }
    std::printf("%s: good; %u superpeers, %u readers, %zu objects, %zu reads, %zu faults\n",
                file.c_str(), scenario->fleet.superpeers, scenario->fleet.readers,
                scenario->objects.size(), scenario->reads.size(), scenario->faults.size());
  }
  return exit_code;
}

}  // namespace

void add_check_command(CLI::App& app, int& exit_code) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand("check", "say whether scenario files are good");
  command->add_option("file", *files, "TOML files, or names of the catalogue")->required();
  command->callback([files, &exit_code] { exit_code = check(*files); });
}

void add_format_command(CLI::App& app, int& exit_code) {
  app.add_subcommand("format", "print every key of a scenario file, its meaning and its default")
      ->callback([&exit_code] {
        exit_code = std::fputs(scenario_format().c_str(), stdout) < 0 ? kExitUsage : kExitGood;
      });
}

}  // namespace tyto::sim
