// The TOML file of settings, read and written.
#include <toml++/toml.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "io/settings/setting_table.h"

namespace tyto::io {
namespace {

constexpr std::uintmax_t kFileBytesMax = 1 << 20;

std::string kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "an array";
    case toml::node_type::string: return "a text";
    case toml::node_type::integer: return "an integer";
    case toml::node_type::floating_point: return "a fraction";
    case toml::node_type::boolean: return "a boolean";
    default: return "a date or time";
  }
}

// The value as the texts that a flag would carry; nothing if the kind does not fit.
std::optional<std::vector<std::string>> texts_of(const toml::node& node, TomlShape shape) {
  if (shape == TomlShape::kTexts) {
    const auto* array = node.as_array();
    if (array == nullptr) return std::nullopt;
    std::vector<std::string> texts;
    for (const auto& element : *array) {
      const auto* text = element.as_string();
      if (text == nullptr) return std::nullopt;
      texts.push_back(text->get());
    }
    return texts;
  }
  bool takes_text = shape != TomlShape::kInteger;
  bool takes_integer = shape == TomlShape::kInteger || shape == TomlShape::kTextOrInteger;
  if (const auto* text = node.as_string(); text != nullptr && takes_text) return {{text->get()}};
  if (const auto* number = node.as_integer(); number != nullptr && takes_integer)
    return {{std::to_string(number->get())}};
  if (const auto* truth = node.as_boolean(); truth != nullptr && shape == TomlShape::kTextOrBoolean)
    return {{truth->get() ? "on" : "off"}};
  return std::nullopt;
}

// Walks a file's tables and stores what the table of settings knows.
class FileReader {
 public:
  FileReader(Settings::State& state, const std::string& path) : state_(state), path_(path) {}

  Result<void> read(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      std::string name = prefix + std::string(key.str());
      if (auto done = read_entry(name, key.source(), node); !done) return done;
    }
    return {};
  }

 private:
  Result<void> read_entry(const std::string& name, const toml::source_region& place,
                          const toml::node& node) {
    if (Setting* setting = state_.find(name)) return store(*setting, node);
    if (node.is_table() && is_table(name)) return read(*node.as_table(), name + ".");
    std::string what = node.is_table() ? "table [" + name + "]" : "setting \"" + name + "\"";
    return wrong(place, "unknown " + what + did_you_mean(name, names(node.is_table())) +
                            "; --print-config lists all");
  }

  Result<void> store(Setting& setting, const toml::node& node) {
    auto texts = texts_of(node, setting.shape);
    if (!texts)
      return wrong(node.source(), setting.doc.name + ": expected " + setting.expected + ", found " +
                                      kind_of(node));
    if (auto stored = setting.store(*texts); !stored)
      return wrong(node.source(), setting.doc.name + ": " + stored.error().message);
    setting.is_given = true;
    return {};
  }

  bool is_table(const std::string& name) const {
    for (const auto& setting : state_.settings)
      if (setting.doc.name.starts_with(name + ".")) return true;
    return false;
  }
  std::vector<std::string> names(bool of_tables) const {
    std::vector<std::string> all;
    for (const auto& setting : state_.settings)
      all.push_back(of_tables ? std::string(setting.table()) : setting.doc.name);
    return all;
  }
  Error wrong(const toml::source_region& place, std::string message) const {
    return {ErrorCode::kInvalidArgument,
            path_ + ":" + std::to_string(place.begin.line) + ": " + std::move(message)};
  }

  Settings::State& state_;
  const std::string& path_;
};

Result<std::string> read_text(const std::string& path) {
  std::error_code error;
  auto bytes = std::filesystem::file_size(path, error);
  if (!error && bytes > kFileBytesMax)
    return {ErrorCode::kInvalidArgument, path + ": is larger than 1 MiB; is it a configuration?"};
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!error) text << in.rdbuf();
  if (error || !in)
    return {ErrorCode::kInvalidArgument,
            "cannot read the configuration " + path + ": " +
                (error ? error.message() : std::string(std::strerror(errno))) +
                "; check the path given to --config"};
  return text.str();
}

// "# " and the text, wrapped at 96 columns.
std::string comment(const std::string& text) {
  std::istringstream words(text);
  std::string out, line = "#";
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > 96) {
      out += line + "\n";
      line = "#";
    }
    line += " " + word;
  }
  return out + line + "\n";
}

}  // namespace

Result<void> Settings::State::apply_file(const std::string& path) {
  auto text = read_text(path);
  if (!text) return text.error();
  try {
    toml::table root = toml::parse(*text, path);
    return FileReader(*this, path).read(root, "");
  } catch (const toml::parse_error& error) {
    return {ErrorCode::kInvalidArgument, path + ":" + std::to_string(error.source().begin.line) +
                                             ": not TOML: " + std::string(error.description())};
  }
}

std::string Settings::commented_toml() const {
  std::string out = comment(state_->program + ": " + state_->description);
  out += comment(
      "Every setting with its default. Flags override this file: [listen] rpc is "
      "--listen-rpc.");
  std::vector<std::string_view> tables{""};
  for (const auto& setting : state_->settings)
    if (std::find(tables.begin(), tables.end(), setting.table()) == tables.end())
      tables.push_back(setting.table());
  for (auto table : tables) {
    if (!table.empty()) out += "\n[" + std::string(table) + "]\n";
    for (const auto& setting : state_->settings) {
      if (setting.table() != table) continue;
      bool must_be_set = setting.doc.presence == Presence::kRequired;
      out += "\n" + comment(setting.doc.doc);
      out += comment("Is " + setting.expected + (must_be_set ? ". Must be set." : "."));
      if (must_be_set) out += "#";
      out += std::string(setting.key()) + " = " + setting.default_toml + "\n";
    }
  }
  return out;
}

}  // namespace tyto::io
