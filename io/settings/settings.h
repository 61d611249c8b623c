// A program's settings: one table, from which come the flags, the TOML file, and their help.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tyto::io {

// Whether a program can do without a value for a setting.
enum class Presence : uint8_t { kOptional, kRequired };

// A setting's name and what the operator is to know of it.
struct SettingDoc {
  std::string name;  // "listen.rpc": key `rpc` of table `[listen]`, flag --listen-rpc
  std::string doc;   // what it means, and what raising it costs
  Presence presence = Presence::kOptional;
};

// Bounds, both included.
struct IntegerBounds {
  uint64_t min = 0;
  uint64_t max = std::numeric_limits<int64_t>::max();
  std::string unit;  // for the help: "chunks"
};
struct BytesBounds {
  uint64_t min = 0;
  uint64_t max = std::numeric_limits<int64_t>::max();
};
struct DurationBounds {
  Duration min;
  Duration max = Duration::forever();
};

// What main() is to do after the command line was read.
struct ParseOutcome {
  enum class Action : uint8_t { kRun, kExit };
  Action action = Action::kRun;
  std::string output;  // for standard output, before the exit with code 0
};

// The table. Each add() binds a variable, whose value at that moment is the default; parse() fills
// the variables from the defaults, then the file given by --config, then the flags.
//
// Threads:   confined to one.
// Ownership: borrows the variables.
// Errors:    kInvalidArgument for unknown names, wrong types, values out of bounds and missing
// ones.
//            The message names the file and line or the flag, what was found, what is expected, and
//            for a misspelt name the nearest one. The variables are then partly filled.
class Settings {
 public:
  Settings(std::string program, std::string description, std::string version);
  ~Settings();
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;

  void add(std::string& text, SettingDoc doc);
  // In TOML an integer.
  void add(uint16_t& number, SettingDoc doc, IntegerBounds bounds = {0, 65535, {}});
  void add(uint32_t& number, SettingDoc doc, IntegerBounds bounds = {0, 4294967295, {}});
  void add(uint64_t& number, SettingDoc doc, IntegerBounds bounds = {});
  // A number with a unit: ns, us, ms, s, m, h, d ("1.5s" is 1500 ms); 0 needs none.
  void add(Duration& span, SettingDoc doc, DurationBounds bounds = {});
  // A number with a unit: B, KiB, MiB, GiB, TiB, or kB, MB, GB, TB; a bare number is bytes.
  void add_bytes(uint64_t& bytes, SettingDoc doc, BytesBounds bounds = {});
  // An array of texts; the flag may be repeated, and then replaces what the file says.
  void add(std::vector<std::string>& texts, SettingDoc doc);
  // "on" or "off"; in TOML true and false too.
  void add_switch(bool& is_on, SettingDoc doc);
  // One of some words.
  template <class Enum>
  void add_choice(Enum& choice, SettingDoc doc, std::vector<std::pair<std::string, Enum>> choices) {
    std::vector<std::string> words;
    std::size_t current = 0;
    for (std::size_t i = 0; i < choices.size(); ++i) {
      if (choices[i].second == choice) current = i;
      words.push_back(choices[i].first);
    }
    add_words(std::move(words), current, std::move(doc),
              [&choice, choices](std::size_t i) { choice = choices[i].second; });
  }
  // A positional argument: not in the file. Filled in order; `doc.name` is shown in the help.
  void add_positional(std::string& text, SettingDoc doc);

  // argv[0] is passed over. `--help`, `--version` and `--print-config` end in kExit.
  Result<ParseOutcome> parse(int argc, const char* const* argv);
  // A TOML file with every setting, its meaning, unit, bounds and default, ready to be edited.
  std::string commented_toml() const;

  struct State;

 private:
  void add_words(std::vector<std::string> words, std::size_t current, SettingDoc doc,
                 std::function<void(std::size_t)> store);
  std::unique_ptr<State> state_;
};

// The number behind "64MiB" and the like, in bytes; kInvalidArgument with the units known.
Result<uint64_t> parse_bytes(std::string_view text);
// The time behind "20s", "1.5h" and the like.
Result<Duration> parse_duration(std::string_view text);
// "64MiB", "20s": the largest unit that leaves a whole number; reads back as the same value.
std::string bytes_text(uint64_t bytes);
std::string duration_text(Duration span);

}  // namespace tyto::io
