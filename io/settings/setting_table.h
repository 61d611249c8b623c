// The rows of the table of settings. For this folder.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/settings/settings.h"

namespace tyto::io {

// How a value is written in TOML.
enum class TomlShape : uint8_t { kText, kInteger, kTextOrInteger, kTextOrBoolean, kTexts };

struct Setting {
  SettingDoc doc;
  TomlShape shape = TomlShape::kText;
  std::string expected;      // "an integer from 1 to 64 (chunks)"
  std::string default_toml;  // as it stands in a file
  // Takes the value's texts (one, but for a list), or says what is wrong with them.
  std::function<Result<void>(const std::vector<std::string>&)> store;
  bool is_given = false;

  // "--listen-rpc".
  std::string flag() const;
  // "listen" and "rpc"; the first is empty for a name without a dot.
  std::string_view table() const;
  std::string_view key() const;
};

struct Positional {
  SettingDoc doc;
  std::string* target;
};

struct Settings::State {
  std::string program;
  std::string description;
  std::string version;
  std::vector<Setting> settings;
  std::vector<Positional> positionals;

  Setting* find(std::string_view name);
  // Applies a file of settings; the first thing wrong ends it.
  Result<void> apply_file(const std::string& path);
};

// The name among `names` that is nearest to `wrong` by edits, as " (did you mean \"x\"?)"; empty
// if none is near.
std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& names);

// `text` as a basic string of TOML, in quotes.
std::string toml_quoted(std::string_view text);

}  // namespace tyto::io
