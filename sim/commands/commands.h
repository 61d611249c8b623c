// What tyto-sim can be told to do, a file each.
#pragma once

#include <CLI/CLI.hpp>

namespace tyto::sim {

inline constexpr int kExitGood = 0;
inline constexpr int kExitViolated = 1;  // a checker found something
inline constexpr int kExitUsage = 2;

// Each adds its command to `app`. When the command was parsed, it runs and sets `exit_code`, which
// must outlive the parsing.
void add_list_command(CLI::App& app, int& exit_code);
void add_hashes_command(CLI::App& app, int& exit_code);
void add_run_command(CLI::App& app, int& exit_code);
void add_fuzz_command(CLI::App& app, int& exit_code);

}  // namespace tyto::sim
