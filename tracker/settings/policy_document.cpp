#include "tracker/settings/policy_document.h"

#include "base/names.h"
#include "settings/quantity.h"
#include "settings/table.h"

namespace tyto::tracker {
namespace {

constexpr const char* kRemedy = "tyto bucket policy --format lists all";

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// The name of the table that a line begins, or nothing.
std::string_view table_begun(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with('[')) return {};
  auto end = line.find(']');
  return end == std::string_view::npos ? std::string_view() : trimmed(line.substr(1, end - 1));
}

// Whether a line gives the key a value.
bool is_entry(std::string_view line, std::string_view key) {
  line = trimmed(line);
  auto equals = line.find('=');
  return equals != std::string_view::npos && trimmed(line.substr(0, equals)) == key;
}

// The comment at the end of an entry, with the space before it; or nothing.
std::string_view comment_after(std::string_view line) {
  std::size_t at = line.find('=') + 1;
  while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
  char quote = at < line.size() && (line[at] == '"' || line[at] == '\'') ? line[at] : '\0';
  if (quote != '\0') {
    for (++at; at < line.size() && line[at] != quote; ++at)
      if (quote == '"' && line[at] == '\\') ++at;
  }
  std::size_t mark = line.find('#', std::min(at, line.size()));
  if (mark == std::string_view::npos) return {};
  std::size_t end_of_value = line.find_last_not_of(" \t", mark - 1);
  return line.substr(end_of_value + 1);
}

std::string toml_value(const settings::Setting& setting, const std::string& value) {
  bool is_number = !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
  bool takes_number = setting.shape == settings::TomlShape::kInteger ||
                      setting.shape == settings::TomlShape::kTextOrInteger;
  return takes_number && is_number ? value : settings::toml_quoted(value);
}

// Where an entry stands in a document, or belongs.
struct Place {
  enum class Kind : uint8_t { kReplaces, kInsertedBefore, kInTableOfItsOwn };
  Kind kind = Kind::kInTableOfItsOwn;
  std::size_t line = 0;
};

Place place_of(const std::vector<std::string>& lines, const settings::Setting& setting) {
  std::string_view table;
  Place place;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (auto begun = table_begun(lines[i]); !begun.empty()) table = begun;
    if (table != setting.table()) continue;
    if (is_entry(lines[i], setting.key())) return {Place::Kind::kReplaces, i};
    if (!trimmed(lines[i]).empty()) place = {Place::Kind::kInsertedBefore, i + 1};
  }
  return place;
}

std::string with_entry(const std::string& toml, const settings::Setting& setting,
                       const std::string& value) {
  std::vector<std::string> lines = lines_of(toml);
  std::string entry = std::string(setting.key()) + " = " + toml_value(setting, value);
  Place place = place_of(lines, setting);
  switch (place.kind) {
    case Place::Kind::kReplaces: {
      std::string& line = lines[place.line];
      line =
          line.substr(0, line.find_first_not_of(" \t")) + entry + std::string(comment_after(line));
      break;
    }
    case Place::Kind::kInsertedBefore:
      lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(place.line), entry);
      break;
    case Place::Kind::kInTableOfItsOwn:
      if (!lines.empty()) lines.emplace_back();
      lines.push_back("[" + std::string(setting.table()) + "]");
      lines.push_back(entry);
  }
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

Error unknown_setting(const settings::Table& table, const std::string& name) {
  std::vector<std::string> names;
  for (const settings::Setting& one : table.settings()) names.push_back(one.doc.name);
  return {ErrorCode::kInvalidArgument, "unknown setting \"" + printable(name) + "\"" +
                                           settings::did_you_mean(name, names) + "; " + kRemedy};
}

}  // namespace

Result<Policy> parse_policy(std::string_view toml, const std::string& file) {
  if (toml.size() > kPolicyDocumentBytesMax)
    return {ErrorCode::kInvalidArgument,
            file + ": is longer than " + settings::bytes_text(kPolicyDocumentBytesMax)};
  Policy policy;
  settings::Table table;
  add_policy_rows(table, policy);
  if (auto done = table.apply(toml, {file, kRemedy}); !done) return done.error();
  if (auto good = check_policy(policy); !good)
    return {ErrorCode::kInvalidArgument, file + ": " + good.error().message};
  return policy;
}

std::string default_policy_document() {
  Policy policy;
  settings::Table table;
  add_policy_rows(table, policy);
  return settings::toml_comment(
             "A bucket's policy. Every setting with its default; what is left out has it too.") +
         table.commented_rows();
}

Result<std::string> edit_policy(const std::string& toml, const std::vector<PolicyEdit>& edits) {
  Policy policy;
  settings::Table table;
  add_policy_rows(table, policy);
  std::string edited = toml;
  for (const PolicyEdit& edit : edits) {
    const settings::Setting* setting = table.find(edit.name);
    if (setting == nullptr) return unknown_setting(table, edit.name);
    edited = with_entry(edited, *setting, edit.value);
  }
  if (auto good = parse_policy(edited, "policy"); !good) return good.error();
  return edited;
}

}  // namespace tyto::tracker
