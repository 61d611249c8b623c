// Tables of settings as TOML, read and written.
#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "base/assert.h"
#include "settings/table.h"

namespace tyto::settings {
namespace {

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

uint32_t line_of(const toml::source_region& place) {
  return static_cast<uint32_t>(place.begin.line);
}

}  // namespace

// Walks a document's tables and stores what a table of settings knows.
class DocumentReader {
 public:
  explicit DocumentReader(const Table::Source& source) : source_(source) {}

  // `within`: the dotted name of the tables around, with a dot at its end, as people see it.
  Result<void> read(Table& into, const toml::table& table, const std::string& within,
                    const std::string& prefix) {
    for (const auto& [key, node] : table) {
      std::string name = prefix + std::string(key.str());
      if (auto done = read_entry(into, within, name, key.source(), node); !done) return done;
    }
    return {};
  }

 private:
  Result<void> read_entry(Table& into, const std::string& within, const std::string& name,
                          const toml::source_region& place, const toml::node& node) {
    if (Setting* setting = into.find(name)) {
      if (setting->shape == TomlShape::kRows) return store_rows(*setting, within, node);
      return store(*setting, within, node);
    }
    if (node.is_table() && is_table(into, name))
      return read(into, *node.as_table(), within, name + ".");
    std::string what =
        node.is_table() ? "table [" + within + name + "]" : "setting \"" + within + name + "\"";
    return wrong(place, "unknown " + what + did_you_mean(name, names(into, node.is_table())) +
                            "; " + source_.remedy);
  }

  Result<void> store(Setting& setting, const std::string& within, const toml::node& node) {
    std::string name = within + setting.doc.name;
    auto texts = texts_of(node, setting.shape);
    if (!texts)
      return wrong(node.source(),
                   name + ": expected " + setting.expected + ", found " + kind_of(node));
    if (auto stored = setting.store(*texts); !stored)
      return wrong(node.source(), name + ": " + stored.error().message);
    setting.is_given = true;
    return {};
  }

  Result<void> store_rows(Setting& setting, const std::string& within, const toml::node& node) {
    std::string name = within + setting.doc.name;
    if (const auto* row = node.as_table()) return store_row(setting, name, *row);
    const auto* rows = node.as_array();
    if (rows == nullptr)
      return wrong(node.source(),
                   name + ": expected " + setting.expected + ", found " + kind_of(node));
    for (const auto& row : *rows) {
      if (!row.is_table())
        return wrong(row.source(), name + ": expected a table, found " + kind_of(row) +
                                       "; begin it with [[" + name + "]]");
      if (auto stored = store_row(setting, name, *row.as_table()); !stored) return stored;
    }
    return {};
  }

  Result<void> store_row(Setting& setting, const std::string& name, const toml::table& row) {
    setting.is_given = true;
    return setting.store_row(line_of(row.source()), [&](Table& table) -> Result<void> {
      if (auto done = read(table, row, name + ".", ""); !done) return done;
      for (const Setting& one : table.settings())
        if (one.doc.presence == Presence::kRequired && !one.is_given)
          return wrong(row.source(), name + "." + one.doc.name + " is missing: " + one.doc.doc +
                                         " Expected " + one.expected);
      return {};
    });
  }

  static bool is_table(const Table& table, const std::string& name) {
    for (const auto& setting : table.settings())
      if (setting.doc.name.starts_with(name + ".")) return true;
    return false;
  }
  static std::vector<std::string> names(const Table& table, bool of_tables) {
    std::vector<std::string> all;
    for (const auto& setting : table.settings()) {
      bool is_rows = setting.shape == TomlShape::kRows;
      all.push_back(of_tables && !is_rows ? std::string(setting.table()) : setting.doc.name);
    }
    return all;
  }
  Error wrong(const toml::source_region& place, std::string message) const {
    return {ErrorCode::kInvalidArgument,
            source_.file + ":" + std::to_string(line_of(place)) + ": " + std::move(message)};
  }

  const Table::Source& source_;
};

Result<void> Table::apply(std::string_view text, const Source& source) {
  try {
    toml::table root = toml::parse(text, source.file);
    return DocumentReader(source).read(*this, root, "", "");
  } catch (const toml::parse_error& error) {
    return {ErrorCode::kInvalidArgument, source.file + ":" +
                                             std::to_string(line_of(error.source())) +
                                             ": not TOML: " + std::string(error.description())};
  }
}

std::string toml_comment(const std::string& text) {
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

namespace {

std::string commented(const Setting& setting) {
  bool must_be_set = setting.doc.presence == Presence::kRequired;
  std::string out = "\n" + toml_comment(setting.doc.doc);
  out += toml_comment("Is " + setting.expected + (must_be_set ? ". Must be set." : "."));
  if (must_be_set) out += "#";
  return out + std::string(setting.key()) + " = " + setting.default_toml + "\n";
}

// A row as it is when nothing is said of it. Nothing is kept of it.
std::string commented_row(const Setting& setting) {
  std::string out = "\n" + toml_comment(setting.doc.doc) + "[[" + setting.doc.name + "]]\n";
  Result<void> done = setting.store_row(0, [&](Table& row) -> Result<void> {
    for (const Setting& one : row.settings()) out += commented(one);
    return {ErrorCode::kCancelled, "only to be shown"};
  });
  TYTO_ASSERT(!done.ok());
  return out;
}

}  // namespace

std::string Table::commented_rows() const {
  std::string out;
  std::vector<std::string_view> tables{""};
  for (const auto& setting : settings_)
    if (std::find(tables.begin(), tables.end(), setting.table()) == tables.end())
      tables.push_back(setting.table());
  for (auto table : tables) {
    if (!table.empty()) out += "\n[" + std::string(table) + "]\n";
    for (const auto& setting : settings_)
      if (setting.table() == table && setting.shape != TomlShape::kRows) out += commented(setting);
  }
  for (const auto& setting : settings_)
    if (setting.shape == TomlShape::kRows) out += commented_row(setting);
  return out;
}

}  // namespace tyto::settings
