#include "io/sqlite/sqlite_sql.h"

#include <utility>

namespace tyto::io {
namespace {

class SqliteStatement final : public SqlStatement::Backend {
 public:
  SqliteStatement(Database& database, Statement statement)
      : database_(database), statement_(std::move(statement)) {}

  void bind(int index, const SqlValue& value) override {
    if (std::holds_alternative<std::monostate>(value)) {
      statement_.bind_null(index);
    } else if (auto* number = std::get_if<int64_t>(&value)) {
      statement_.bind(index, *number);
    } else if (auto* text = std::get_if<std::string_view>(&value)) {
      statement_.bind(index, *text);
    } else {
      statement_.bind(index, std::get<std::span<const std::byte>>(value));
    }
  }
  Result<bool> step() override { return statement_.step(); }
  void reset() override { statement_.reset(); }
  bool column_is_null(int index) const override { return statement_.column_is_null(index); }
  int64_t column_int64(int index) const override { return statement_.column_int64(index); }
  std::string_view column_text(int index) const override { return statement_.column_text(index); }
  std::span<const std::byte> column_blob(int index) const override {
    return statement_.column_blob(index);
  }
  uint64_t rows_changed() const override { return database_.rows_changed(); }

 private:
  Database& database_;
  Statement statement_;
};

}  // namespace

Result<SqlStatement> SqliteSql::prepare(std::string_view sql) {
  auto statement = database_->prepare(sql);
  if (!statement) return statement.error();
  return SqlStatement(std::make_unique<SqliteStatement>(*database_, std::move(*statement)));
}

// SQLite itself undoes a transaction on some errors. A rollback that fails leaves the journal to
// the next who opens the file.
void SqliteSql::roll_back() {
  if (database_->is_in_transaction()) static_cast<void>(database_->run("ROLLBACK").ok());
}

}  // namespace tyto::io
