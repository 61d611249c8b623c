// tyto-sim list, tyto-sim hashes.
#include <cstdio>
#include <string>

#include "sim/commands/commands.h"
#include "sim/report/report.h"
#include "sim/scenarios/catalogue.h"

namespace tyto::sim {
namespace {

int list() {
  for (const CatalogueEntry& entry : all_scenarios()) {
    std::printf("%-24s %s\n", std::string(entry.name).c_str(), std::string(entry.about).c_str());
  }
  return kExitGood;
}

int hashes() {
  return std::fputs(golden_hashes().c_str(), stdout) < 0 ? kExitUsage : kExitGood;
}

}  // namespace

void add_list_command(CLI::App& app, int& exit_code) {
  app.add_subcommand("list", "name the scenarios")->callback([&exit_code] { exit_code = list(); });
}

void add_hashes_command(CLI::App& app, int& exit_code) {
  app.add_subcommand("hashes", "print the event hashes that every build must agree on")
      ->callback([&exit_code] { exit_code = hashes(); });
}

}  // namespace tyto::sim
