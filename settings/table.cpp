#include "settings/table.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/assert.h"
#include "settings/quantity.h"

namespace tyto::settings {
namespace {

Error refused(std::string found, const std::string& expected) {
  if (found.size() > 60) found = found.substr(0, 60) + "...";
  return {ErrorCode::kInvalidArgument, "expected " + expected + ", found \"" + found + "\""};
}

Result<uint64_t> parse_integer(const std::string& text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty())
    return {ErrorCode::kInvalidArgument, "no integer"};
  return value;
}

// A setting of one number in [min, max], read from text by `parse` and handed to `assign`.
template <class Value>
auto store_bounded(Result<Value> (*parse)(const std::string&), Value min, Value max,
                   std::function<void(Value)> assign, std::string expected) {
  return [=](const std::vector<std::string>& texts) -> Result<void> {
    auto value = parse(texts.front());
    if (!value || *value < min || *value > max) return refused(texts.front(), expected);
    assign(*value);
    return {};
  };
}

Setting make_integer(uint64_t current, SettingDoc doc, const IntegerBounds& bounds,
                     std::function<void(uint64_t)> assign) {
  TYTO_ASSERT(bounds.min <= current && current <= bounds.max);
  std::string expected =
      "an integer from " + std::to_string(bounds.min) + " to " + std::to_string(bounds.max);
  if (!bounds.unit.empty()) expected += " (" + bounds.unit + ")";
  return {
      std::move(doc), TomlShape::kInteger, expected, std::to_string(current),
      store_bounded<uint64_t>(parse_integer, bounds.min, bounds.max, std::move(assign), expected)};
}

Result<uint64_t> bytes_of(const std::string& text) {
  return parse_bytes(text);
}
Result<Duration> duration_of(const std::string& text) {
  return parse_duration(text);
}

Result<Duration> duration_or_forever(const std::string& text) {
  if (text == "forever") return Duration::forever();
  return parse_duration(text);
}
Result<uint64_t> rate_of(const std::string& text) {
  return parse_rate(text);
}
Result<uint32_t> share_of(const std::string& text) {
  return parse_share(text);
}

std::string list_toml(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const auto& text : texts) out += (out.size() > 1 ? ", " : "") + toml_quoted(text);
  return out + "]";
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += '"' + words[i] + '"';
  }
  return out;
}

// Edits from one word to the other (Levenshtein 1966), row by row.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string Setting::flag() const {
  // Where a table's thing is kept is what one gives of it on a command line, as a rule.
  std::string flag =
      "--" + std::string(key() == "location" && !table().empty() ? table() : doc.name);
  std::replace(flag.begin() + 2, flag.end(), '.', '-');
  std::replace(flag.begin() + 2, flag.end(), '_', '-');
  return flag;
}

std::string_view Setting::table() const {
  std::size_t dot = doc.name.rfind('.');
  return dot == std::string::npos ? std::string_view() : std::string_view(doc.name).substr(0, dot);
}

std::string_view Setting::key() const {
  std::size_t dot = doc.name.rfind('.');
  return std::string_view(doc.name).substr(dot == std::string::npos ? 0 : dot + 1);
}

std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& names) {
  if (wrong.size() > 200) return "";
  const std::string* nearest = nullptr;
  std::size_t least = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  for (const auto& name : names) {
    std::size_t edits = edit_distance(wrong, name);
    if (edits < least) {
      least = edits;
      nearest = &name;
    }
  }
  return nearest == nullptr ? "" : " (did you mean \"" + *nearest + "\"?)";
}

std::string toml_quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04X", static_cast<unsigned char>(c));
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

Setting* Table::find(std::string_view name) {
  for (auto& setting : settings_)
    if (setting.doc.name == name) return &setting;
  return nullptr;
}

void Table::within(const std::string& prefix, const std::function<void(Table&)>& add_all) {
  std::string before = prefix_;
  prefix_ += prefix;
  add_all(*this);
  prefix_ = before;
}

void Table::push(Setting setting) {
  setting.doc.name = prefix_ + setting.doc.name;
  settings_.push_back(std::move(setting));
}

void Table::add(std::string& text, SettingDoc doc) {
  push({std::move(doc), TomlShape::kText, "a text", toml_quoted(text),
        [&text](const std::vector<std::string>& texts) -> Result<void> {
          text = texts.front();
          return {};
        }});
}

void Table::add(uint16_t& number, SettingDoc doc, IntegerBounds bounds) {
  TYTO_ASSERT(bounds.max <= 0xffff);
  push(make_integer(number, std::move(doc), bounds,
                    [&number](uint64_t n) { number = static_cast<uint16_t>(n); }));
}

void Table::add(uint32_t& number, SettingDoc doc, IntegerBounds bounds) {
  TYTO_ASSERT(bounds.max <= 0xffffffff);
  push(make_integer(number, std::move(doc), bounds,
                    [&number](uint64_t n) { number = static_cast<uint32_t>(n); }));
}

void Table::add(uint64_t& number, SettingDoc doc, IntegerBounds bounds) {
  push(make_integer(number, std::move(doc), bounds, [&number](uint64_t n) { number = n; }));
}

void Table::add(Duration& span, SettingDoc doc, DurationBounds bounds) {
  TYTO_ASSERT(bounds.min <= span && span <= bounds.max);
  bool may_be_forever = span == Duration::forever();
  std::string expected = "a span of time with its unit, as \"20s\"";
  if (may_be_forever) expected += ", or \"forever\"";
  if (bounds.max != Duration::forever())
    expected += ", from " + duration_text(bounds.min) + " to " + duration_text(bounds.max);
  else if (bounds.min != Duration())
    expected += ", at least " + duration_text(bounds.min);
  push({std::move(doc), TomlShape::kTextOrInteger, expected, toml_quoted(duration_text(span)),
        store_bounded<Duration>(
            may_be_forever ? duration_or_forever : duration_of, bounds.min, bounds.max,
            [&span](Duration value) { span = value; }, expected)});
}

void Table::add_bytes(uint64_t& bytes, SettingDoc doc, BytesBounds bounds) {
  TYTO_ASSERT(bounds.min <= bytes && bytes <= bounds.max);
  std::string expected = "a size with its unit, as \"64MiB\"";
  if (bounds.max != BytesBounds().max)
    expected += ", from " + bytes_text(bounds.min) + " to " + bytes_text(bounds.max);
  else if (bounds.min != 0)
    expected += ", at least " + bytes_text(bounds.min);
  push({std::move(doc), TomlShape::kTextOrInteger, expected, toml_quoted(bytes_text(bytes)),
        store_bounded<uint64_t>(
            bytes_of, bounds.min, bounds.max, [&bytes](uint64_t value) { bytes = value; },
            expected)});
}

void Table::add(std::vector<std::string>& texts, SettingDoc doc) {
  push({std::move(doc), TomlShape::kTexts, "an array of texts", list_toml(texts),
        [&texts](const std::vector<std::string>& given) -> Result<void> {
          texts = given;
          return {};
        }});
}

void Table::add_switch(bool& is_on, SettingDoc doc) {
  add_words({"off", "on"}, is_on ? 1 : 0, std::move(doc),
            [&is_on](std::size_t i) { is_on = i == 1; });
  Setting& setting = settings_.back();
  setting.shape = TomlShape::kTextOrBoolean;
  setting.store = [store = setting.store](const std::vector<std::string>& texts) {
    if (texts.front() == "true") return store({"on"});
    if (texts.front() == "false") return store({"off"});
    return store(texts);
  };
}

void Table::add_rate(uint64_t& bytes_per_s, SettingDoc doc, BytesBounds bounds) {
  TYTO_ASSERT(bounds.min <= bytes_per_s && bytes_per_s <= bounds.max);
  std::string expected = "a rate with its unit, as \"50 Mbit/s\"";
  if (bounds.max != BytesBounds().max)
    expected += ", from " + rate_text(bounds.min) + " to " + rate_text(bounds.max);
  else if (bounds.min != 0)
    expected += ", at least " + rate_text(bounds.min);
  push({std::move(doc), TomlShape::kText, expected, toml_quoted(rate_text(bytes_per_s)),
        store_bounded<uint64_t>(
            rate_of, bounds.min, bounds.max,
            [&bytes_per_s](uint64_t value) { bytes_per_s = value; }, expected)});
}

void Table::add_share(uint32_t& permille, SettingDoc doc) {
  TYTO_ASSERT(permille <= 1000);
  std::string expected = "a share, as \"25%\"";
  push({std::move(doc), TomlShape::kText, expected, toml_quoted(share_text(permille)),
        store_bounded<uint32_t>(
            share_of, 0, 1000, [&permille](uint32_t value) { permille = value; }, expected)});
}

Result<void> Table::no_row() {
  return {ErrorCode::kInvalidArgument, "expected a table in a file"};
}

void Table::add_words(std::vector<std::string> words, std::size_t current, SettingDoc doc,
                      std::function<void(std::size_t)> store) {
  std::string expected = joined(words);
  std::string default_toml = toml_quoted(words.at(current));
  push({std::move(doc), TomlShape::kText, expected, default_toml,
        [words = std::move(words), store = std::move(store),
         expected](const std::vector<std::string>& texts) -> Result<void> {
          auto found = std::find(words.begin(), words.end(), texts.front());
          if (found == words.end()) {
            Error error = refused(texts.front(), expected);
            error.message += did_you_mean(texts.front(), words);
            return error;
          }
          store(static_cast<std::size_t>(found - words.begin()));
          return {};
        }});
}

}  // namespace tyto::settings
