// `tyto-tracker catalog ...`, which `tyto catalog ...` runs: catalogs as files, and their upkeep.
#pragma once

namespace tyto::tracker {

// argv[0] is "catalog". Returns the exit code; see docs/cli.md.
int run_catalog_command(int argc, char** argv);

}  // namespace tyto::tracker
