// A program's settings: one table, from which come the flags, the TOML file, and their help.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "settings/quantity.h"
#include "settings/table.h"

namespace tyto::io {

using settings::bytes_text;
using settings::BytesBounds;
using settings::duration_text;
using settings::DurationBounds;
using settings::IntegerBounds;
using settings::parse_bytes;
using settings::parse_duration;
using settings::Presence;
using settings::SettingDoc;

// What main() is to do after the command line was read.
struct ParseOutcome {
  enum class Action : uint8_t { kRun, kExit };
  Action action = Action::kRun;
  std::string output;  // for standard output, before the exit with code 0
};

// The table of settings as a program has it: parse() fills the variables from the defaults, then
// the file given by --config, then the flags.
//
// Threads:   confined to one.
// Ownership: borrows the variables.
// Errors:    kInvalidArgument for unknown names, wrong types, values out of bounds and missing
//            ones. The message names the file and line or the flag, what was found, what is
//            expected, and for a misspelt name the nearest one. The variables are then partly
//            filled.
class Settings : public settings::Table {
 public:
  Settings(std::string program, std::string description, std::string version);

  // A positional argument: not in the file. Filled in order; `doc.name` is shown in the help.
  void add_positional(std::string& text, SettingDoc doc);

  // argv[0] is passed over. `--help`, `--version` and `--print-config` end in kExit.
  Result<ParseOutcome> parse(int argc, const char* const* argv);
  // A TOML file with every setting, its meaning, unit, bounds and default, ready to be edited.
  std::string commented_toml() const;

 private:
  struct Positional {
    SettingDoc doc;
    std::string* target;
  };
  std::string program_;
  std::string description_;
  std::string version_;
  std::vector<Positional> positionals_;
};

}  // namespace tyto::io
