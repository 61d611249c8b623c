// A table of settings: names, meanings, bounds and the variables they fill. From one table come a
// program's flags, its TOML file, their help, and every refusal.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tyto::settings {

// Whether one can do without a value for a setting.
enum class Presence : uint8_t { kOptional, kRequired };

// A setting's name and what people are to know of it.
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

class Table;

// How a value is written in TOML.
enum class TomlShape : uint8_t {
  kText,
  kInteger,
  kTextOrInteger,
  kTextOrBoolean,
  kTexts,
  kRows,  // an array of tables, or one table
};

// A row of the table.
struct Setting {
  SettingDoc doc;
  TomlShape shape = TomlShape::kText;
  std::string expected;      // "an integer from 1 to 64 (chunks)"
  std::string default_toml;  // as it stands in a file
  // Takes the value's texts (one, but for a list), or says what is wrong with them.
  std::function<Result<void>(const std::vector<std::string>&)> store;
  // For kRows: makes a row that begins on this line, has it filled, and keeps it if that went well.
  std::function<Result<void>(uint32_t line, const std::function<Result<void>(Table&)>& fill)>
      store_row;
  bool is_given = false;

  // "--listen-rpc"; for the key `location`, as in `catalog.location`, the table alone: "--catalog".
  std::string flag() const;
  // "listen" and "rpc"; the first is empty for a name without a dot.
  std::string_view table() const;
  std::string_view key() const;
};

// The table. Each add() binds a variable, whose value at that moment is the default.
//
// Purity:    pure.
// Ownership: borrows the variables.
// Errors:    kInvalidArgument for unknown names, wrong types, values out of bounds and missing
//            ones. The message names the file and line, what was found, what is expected, and for
//            a misspelt name the nearest one. The variables are then partly filled.
class Table {
 public:
  // What a file is called in messages, and what to do about a name that is not known:
  // "--print-config lists all".
  struct Source {
    std::string file;
    std::string remedy;
  };

  void add(std::string& text, SettingDoc doc);
  // In TOML an integer.
  void add(uint16_t& number, SettingDoc doc, IntegerBounds bounds = {0, 65535, {}});
  void add(uint32_t& number, SettingDoc doc, IntegerBounds bounds = {0, 4294967295, {}});
  void add(uint64_t& number, SettingDoc doc, IntegerBounds bounds = {});
  // A span whose default is forever() may be written "forever". See parse_duration(),
  // parse_bytes(), parse_rate() and parse_share().
  void add(Duration& span, SettingDoc doc, DurationBounds bounds = {});
  void add_bytes(uint64_t& bytes, SettingDoc doc, BytesBounds bounds = {});
  void add_rate(uint64_t& bytes_per_s, SettingDoc doc, BytesBounds bounds = {});
  void add_share(uint32_t& permille, SettingDoc doc);
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
  // An array of tables, or a single one, each of which makes a Row: `describe` adds a row's
  // settings to a table of its own, and `row.line` becomes the line on which it begins. What was in
  // `rows` goes when the first row comes. Only in files; flags have no rows.
  template <class Row>
  void add_rows(std::vector<Row>& rows, SettingDoc doc, void (*describe)(Table&, Row&)) {
    push({std::move(doc), TomlShape::kRows, "a table, or several", "",
          [](const std::vector<std::string>&) -> Result<void> { return no_row(); },
          [&rows, describe, is_first = true](
              uint32_t line, const std::function<Result<void>(Table&)>& fill) mutable {
            Row row;
            row.line = line;
            Table table;
            describe(table, row);
            if (auto done = fill(table); !done) return done;
            if (is_first) rows.clear();
            is_first = false;
            rows.push_back(std::move(row));
            return Result<void>();
          }});
  }
  // Names that are added by `add_all` begin with `prefix`, as "tracker.".
  void within(const std::string& prefix, const std::function<void(Table&)>& add_all);

  // Fills the variables from a TOML document. The first thing wrong ends it.
  Result<void> apply(std::string_view toml, const Source& source);
  // Every setting with its meaning, unit, bounds and default, as TOML ready to be edited; rows come
  // last.
  std::string commented_rows() const;
  const std::vector<Setting>& settings() const { return settings_; }
  Setting* find(std::string_view name);

 protected:
  std::vector<Setting>& settings_to_fill() { return settings_; }

 private:
  friend class DocumentReader;
  static Result<void> no_row();
  void push(Setting setting);
  void add_words(std::vector<std::string> words, std::size_t current, SettingDoc doc,
                 std::function<void(std::size_t)> store);
  std::vector<Setting> settings_;
  std::string prefix_;
};

// The name among `names` that is nearest to `wrong` by edits, as " (did you mean \"x\"?)"; empty
// if none is near.
std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& names);

// `text` as a basic string of TOML, in quotes.
std::string toml_quoted(std::string_view text);
// "# " and the text, wrapped at 96 columns.
std::string toml_comment(const std::string& text);

}  // namespace tyto::settings
