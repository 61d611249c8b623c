// tyto-sim: runs scenarios in virtual time.
#include "sim/commands/commands.h"

int main(int argc, char** argv) {
  CLI::App app{"Runs Tyto's tracker and peers in virtual time. A seed replays a run."};
  app.require_subcommand(1);
  int exit_code = tyto::sim::kExitGood;
  tyto::sim::add_list_command(app, exit_code);
  tyto::sim::add_hashes_command(app, exit_code);
  tyto::sim::add_run_command(app, exit_code);
  tyto::sim::add_check_command(app, exit_code);
  tyto::sim::add_format_command(app, exit_code);
  tyto::sim::add_fuzz_command(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    int code = app.exit(error);
    return code == 0 ? tyto::sim::kExitGood : tyto::sim::kExitUsage;
  }
  return exit_code;
}
