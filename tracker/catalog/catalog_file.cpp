#include "tracker/catalog/catalog_file.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/names.h"

namespace tyto::tracker {
namespace {

using Json = nlohmann::ordered_json;

enum class Type : uint8_t { kInteger, kIntegerOrNull, kText, kBytes };
struct Column {
  const char* name;
  Type type;
};
// A table, and what its lines are called. Rows are written in the order of the key, whose columns
// come first, and are read in the order of the tables.
struct Table {
  const char* line;
  const char* name;
  const char* key;
  std::vector<Column> columns;
};

const std::vector<Table>& tables() {
  static const std::vector<Table> kTables = {
      {"setting", "settings", "key", {{"key", Type::kText}, {"value", Type::kText}}},
      {"epoch",
       "epochs",
       "epoch",
       {{"epoch", Type::kInteger}, {"started_unix_ns", Type::kInteger}}},
      {"bucket",
       "buckets",
       "id",
       {{"id", Type::kInteger},
        {"name", Type::kText},
        {"origin", Type::kText},
        {"revalidate", Type::kInteger},
        {"revalidate_age_ms", Type::kInteger},
        {"trust_peers", Type::kInteger},
        {"policy_version", Type::kInteger}}},
      {"policy",
       "policies",
       "bucket, version",
       {{"bucket", Type::kInteger},
        {"version", Type::kInteger},
        {"made_unix_ns", Type::kIntegerOrNull},
        {"note", Type::kText},
        {"document", Type::kText}}},
      {"version",
       "versions",
       "id",
       {{"id", Type::kBytes},
        {"bucket", Type::kInteger},
        {"key", Type::kText},
        {"object_bytes", Type::kInteger},
        {"chunk_bytes", Type::kInteger},
        {"is_published", Type::kInteger},
        {"origin_url", Type::kText},
        {"origin_etag", Type::kText},
        {"origin_modified_unix_ns", Type::kIntegerOrNull},
        {"recorded_unix_ns", Type::kInteger}}},
      {"manifest", "manifests", "version", {{"version", Type::kBytes}, {"roots", Type::kBytes}}},
      {"root",
       "learned_roots",
       "version, chunk",
       {{"version", Type::kBytes}, {"chunk", Type::kInteger}, {"root", Type::kBytes}}},
      {"name",
       "names",
       "bucket, key",
       {{"bucket", Type::kInteger},
        {"key", Type::kText},
        {"version", Type::kBytes},
        {"is_published", Type::kInteger}}},
      {"pin",
       "pins",
       "bucket, key",
       {{"bucket", Type::kInteger},
        {"key", Type::kText},
        {"version", Type::kBytes},
        {"object_bytes", Type::kInteger},
        {"expires_unix_ns", Type::kInteger}}},
  };
  return kTables;
}

// Rows are read in pages, so that a large table is never in memory at once.
constexpr int kPageRows = 512;

std::string names_of(const Table& table) {
  std::string names;
  for (const Column& column : table.columns)
    names += (names.empty() ? "" : ", ") + std::string(column.name);
  return names;
}

std::size_t key_columns(const Table& table) {
  return std::string_view(table.key).find(',') == std::string_view::npos ? 1 : 2;
}

std::string hex_of(std::span<const std::byte> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (std::byte byte : bytes) {
    hex.push_back(kDigits[std::to_integer<unsigned>(byte) >> 4]);
    hex.push_back(kDigits[std::to_integer<unsigned>(byte) & 15]);
  }
  return hex;
}

std::optional<std::vector<std::byte>> bytes_of(std::string_view hex) {
  auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  if (hex.size() % 2 != 0) return std::nullopt;
  std::vector<std::byte> bytes(hex.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = digit(hex[2 * i]);
    const int low = digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<std::byte>(high << 4 | low);
  }
  return bytes;
}

Json json_of_row(const Table& table, const io::SqlStatement& row) {
  Json json = Json::object();
  int i = 0;
  for (const Column& column : table.columns) {
    switch (column.type) {
      case Type::kInteger: json[column.name] = row.column_int64(i); break;
      case Type::kIntegerOrNull:
        if (row.column_is_null(i)) {
          json[column.name] = nullptr;
        } else {
          json[column.name] = row.column_int64(i);
        }
        break;
      case Type::kText: json[column.name] = std::string(row.column_text(i)); break;
      case Type::kBytes: json[column.name] = hex_of(row.column_blob(i)); break;
    }
    ++i;
  }
  return {{table.line, std::move(json)}};
}

class Writer {
 public:
  explicit Writer(std::ostream& out) : out_(out) {}
  Result<void> write(const Json& json) {
    // What is no UTF-8 cannot have come in; should it be there, it is shown as such.
    out_ << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
    ++lines_;
    if (out_) return {};
    return {ErrorCode::kNoSpace, "the export cannot be written: free space, or give another file"};
  }
  uint64_t lines() const { return lines_; }

 private:
  std::ostream& out_;
  uint64_t lines_ = 0;
};

Result<void> export_table(io::SqlDatabase& database, const Table& table, Writer& writer) {
  const std::string select = "SELECT " + names_of(table) + " FROM " + table.name;
  const std::string order =
      " ORDER BY " + std::string(table.key) + " LIMIT " + std::to_string(kPageRows);
  const std::size_t keys = key_columns(table);
  auto first = database.prepare(select + order);
  if (!first.ok()) return first.error();
  auto next = database.prepare(select + " WHERE (" + table.key + ") > (" +
                               (keys == 1 ? "?" : "?, ?") + ")" + order);
  if (!next.ok()) return next.error();
  io::SqlStatement* rows = &*first;
  for (int count = kPageRows; count == kPageRows; rows = &*next) {
    Json row;
    for (count = 0;; ++count) {
      auto more = rows->step();
      if (!more.ok()) return more.error();
      if (!*more) break;
      row = json_of_row(table, *rows);
      if (auto done = writer.write(row); !done.ok()) return done;
    }
    if (count < kPageRows) break;
    // The page's last key, as parameters of the next page.
    const Json& values = row[table.line];
    std::vector<std::vector<std::byte>> blobs(keys);
    std::vector<std::string> texts(keys);
    std::vector<io::SqlValue> place(keys);
    for (std::size_t i = 0; i < keys; ++i) {
      const Column& column = table.columns[i];
      if (column.type == Type::kInteger) {
        place[i] = values[column.name].get<int64_t>();
      } else if (column.type == Type::kText) {
        texts[i] = values[column.name].get<std::string>();
        place[i] = std::string_view(texts[i]);
      } else {
        blobs[i] = *bytes_of(values[column.name].get<std::string>());
        place[i] = std::span<const std::byte>(blobs[i]);
      }
    }
    next->bind_values(place);
  }
  return {};
}

// --- reading ---

Error wrong_line(uint64_t line, const std::string& what) {
  return {ErrorCode::kInvalidArgument, "line " + std::to_string(line) + " " + what +
                                           "; give a file that tyto catalog export wrote"};
}

// One value of a line, in `place`; what it refers to is kept in `texts` and `blobs`.
struct Row {
  std::vector<io::SqlValue> place;
  std::vector<std::string> texts;
  std::vector<std::vector<std::byte>> blobs;
};

Result<Row> row_of(const Table& table, const Json& json, uint64_t line) {
  const std::size_t count = table.columns.size();
  Row row{std::vector<io::SqlValue>(count), std::vector<std::string>(count),
          std::vector<std::vector<std::byte>>(count)};
  if (!json.is_object() || json.size() != count)
    return wrong_line(
        line, "is a " + std::string(table.line) + " with other members than " + names_of(table));
  for (std::size_t i = 0; i < count; ++i) {
    const Column& column = table.columns[i];
    auto member = json.find(column.name);
    auto wrong = [&](const char* expected) {
      return wrong_line(
          line, "has, for " + std::string(table.line) + "." + column.name + ", not " + expected);
    };
    if (member == json.end()) return wrong("any value");
    if (column.type == Type::kIntegerOrNull && member->is_null()) continue;
    if (column.type == Type::kInteger || column.type == Type::kIntegerOrNull) {
      if (!member->is_number_integer()) return wrong("an integer");
      row.place[i] = member->get<int64_t>();
      continue;
    }
    if (!member->is_string()) return wrong("a text");
    row.texts[i] = member->get<std::string>();
    row.place[i] = std::string_view(row.texts[i]);
    if (column.type != Type::kBytes) continue;
    auto bytes = bytes_of(row.texts[i]);
    if (!bytes) return wrong("bytes in hexadecimal digits");
    row.blobs[i] = std::move(*bytes);
    row.place[i] = std::span<const std::byte>(row.blobs[i]);
  }
  return row;
}

Result<void> check_header(std::istream& in) {
  std::string text;
  std::getline(in, text);
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("tyto_catalog") ||
      !json["tyto_catalog"].is_number_integer())
    return wrong_line(1, "does not begin with {\"tyto_catalog\": VERSION}");
  const int64_t version = json["tyto_catalog"].get<int64_t>();
  if (version == kCatalogFileVersion) return {};
  return {ErrorCode::kUnsupported, "the file is of version " + std::to_string(version) +
                                       ", this program reads version " +
                                       std::to_string(kCatalogFileVersion) +
                                       "; use the program that wrote it, or a later one"};
}

class Importer {
 public:
  explicit Importer(io::SqlDatabase& database) : database_(database) {}

  Result<void> prepare() {
    for (const Table& table : tables()) {
      std::string places;
      for (std::size_t i = 0; i < table.columns.size(); ++i) places += i == 0 ? "?" : ", ?";
      auto insert = database_.prepare("INSERT INTO " + std::string(table.name) + " (" +
                                      names_of(table) + ") VALUES (" + places + ")");
      if (!insert.ok()) return insert.error();
      inserts_.push_back(std::move(*insert));
    }
    return {};
  }

  // Lines from the second on, to the last, which says how many there were.
  Result<void> take(std::istream& in) {
    std::string text;
    for (uint64_t line = 2; std::getline(in, text); ++line) {
      const Json json = Json::parse(text, nullptr, false);
      if (!json.is_object() || json.size() != 1)
        return wrong_line(line, "is no JSON object with one member");
      const std::string& kind = json.begin().key();
      const Json& value = json.begin().value();
      if (kind == "end") {
        if (value.is_object() && value.value("lines", Json()) == line) return {};
        return Error{ErrorCode::kCorrupt, "line " + std::to_string(line) +
                                              " says how many lines there are, and there are "
                                              "others; export the catalog again"};
      }
      if (auto done = take_row(kind, value, line); !done.ok()) return done;
    }
    return {ErrorCode::kCorrupt,
            "the file has no last line {\"end\": ...}: it was cut short; export the catalog again"};
  }

 private:
  Result<void> take_row(const std::string& kind, const Json& value, uint64_t line) {
    for (std::size_t i = 0; i < tables().size(); ++i) {
      const Table& table = tables()[i];
      if (kind != table.line) continue;
      auto row = row_of(table, value, line);
      if (!row.ok()) return row.error();
      auto done = inserts_[i].bind_values(row->place).run();
      if (done.ok()) return {};
      return Error{done.error().code, "line " + std::to_string(line) + ": " + done.error().message};
    }
    return wrong_line(line, "is a \"" + printable(kind) + "\", which is not known");
  }

  io::SqlDatabase& database_;
  std::vector<io::SqlStatement> inserts_;
};

Result<void> make_room(io::SqlDatabase& database, ImportInto into) {
  for (auto table = tables().rbegin(); table != tables().rend(); ++table) {
    auto rows = database.query_int64("SELECT count(*) FROM " + std::string(table->name));
    if (!rows.ok()) return rows.error();
    if (rows->value_or(0) == 0) continue;
    if (into == ImportInto::kEmpty)
      return {ErrorCode::kConflict, database.name() + " is not empty: it has " +
                                        std::to_string(**rows) + " rows of " + table->name +
                                        "; give another, or --replace to lose what is there"};
    if (auto done = database.run("DELETE FROM " + std::string(table->name)); !done.ok())
      return done;
  }
  return {};
}

}  // namespace

Result<void> export_catalog(SqlCatalog& catalog, std::ostream& out) {
  auto transaction = catalog.begin_reading();
  if (!transaction.ok()) return transaction.error();
  Writer writer(out);
  if (auto done = writer.write({{"tyto_catalog", kCatalogFileVersion}}); !done.ok()) return done;
  for (const Table& table : tables())
    if (auto done = export_table(catalog.database(), table, writer); !done.ok()) return done;
  if (auto done = writer.write({{"end", {{"lines", writer.lines() + 1}}}}); !done.ok()) return done;
  out.flush();
  if (!out) return {ErrorCode::kNoSpace, "the export cannot be written to its end: free space"};
  return {};
}

Result<void> import_catalog(SqlCatalog& catalog, std::istream& in, ImportInto into, WallTime now) {
  if (auto good = check_header(in); !good.ok()) return good;
  auto transaction = catalog.begin_lasting();
  if (!transaction.ok()) return transaction.error();
  if (auto done = make_room(catalog.database(), into); !done.ok()) return done;
  Importer importer(catalog.database());
  if (auto done = importer.prepare(); !done.ok()) return done;
  if (auto done = importer.take(in); !done.ok()) return done;
  if (auto done = catalog.note_replaced(now); !done.ok()) return done;
  return transaction->commit();
}

}  // namespace tyto::tracker
