#include <cstring>

#include "io/sql/sql.h"

namespace tyto::io {

SqlStatement& SqlStatement::bind_values(std::span<const SqlValue> values) {
  backend_->reset();
  int index = 0;
  for (const SqlValue& value : values) backend_->bind(++index, value);
  return *this;
}

Result<void> SqlStatement::run() {
  for (;;) {
    auto more = step();
    if (!more) return more.error();
    if (!*more) return {};
  }
}

std::optional<WallTime> SqlStatement::column_time(int index) const {
  if (column_is_null(index)) return std::nullopt;
  return WallTime::from_unix_ns(column_int64(index));
}

Result<Digest> SqlStatement::column_digest(int index) const {
  auto blob = column_blob(index);
  if (blob.size() != Digest::kSize)
    return {ErrorCode::kCorrupt, "the database holds a digest of " + std::to_string(blob.size()) +
                                     " bytes, expected " + std::to_string(Digest::kSize)};
  Digest digest;
  std::memcpy(digest.bytes.data(), blob.data(), Digest::kSize);
  return digest;
}

Result<std::optional<int64_t>> SqlDatabase::query_int64(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  auto row = statement->step();
  if (!row) return row.error();
  if (!*row || statement->column_is_null(0)) return std::optional<int64_t>();
  return std::optional<int64_t>(statement->column_int64(0));
}

Result<SqlTransaction> SqlTransaction::begin(SqlDatabase& database, const std::string& sql) {
  if (auto begun = database.run(sql); !begun) return begun.error();
  return SqlTransaction(database);
}

SqlTransaction::~SqlTransaction() {
  if (database_ != nullptr) database_->roll_back();
}

Result<void> SqlTransaction::commit() {
  TYTO_ASSERT(database_ != nullptr);
  auto committed = database_->run("COMMIT");
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace tyto::io
