#include <sqlite3.h>

#include <cstring>

#include "io/sqlite/database.h"

namespace tyto::io {

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Statement& Statement::bind(int index, int64_t value) {
  int code = sqlite3_bind_int64(statement_.get(), index, value);
  TYTO_ASSERT(code == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  int code = sqlite3_bind_text64(statement_.get(), index, data, text.size(), SQLITE_TRANSIENT,
                                 SQLITE_UTF8);
  TYTO_ASSERT(code == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int index, std::span<const std::byte> blob) {
  int code = blob.empty() ? sqlite3_bind_zeroblob(statement_.get(), index, 0)
                          : sqlite3_bind_blob64(statement_.get(), index, blob.data(), blob.size(),
                                                SQLITE_TRANSIENT);
  TYTO_ASSERT(code == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int index, const Digest& digest) {
  return bind(index, std::as_bytes(std::span(digest.bytes)));
}

Statement& Statement::bind_null(int index) {
  int code = sqlite3_bind_null(statement_.get(), index);
  TYTO_ASSERT(code == SQLITE_OK);
  return *this;
}

Result<bool> Statement::step() {
  int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  std::string_view sql = sqlite3_sql(statement_.get());
  Error error = database_->last_error(code, "run \"" + std::string(sql.substr(0, 60)) + "\"");
  reset();
  return error;
}

Result<void> Statement::run() {
  for (;;) {
    auto row = step();
    if (!row) return row.error();
    if (!*row) return {};
  }
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

bool Statement::column_is_null(int index) const {
  return sqlite3_column_type(statement_.get(), index) == SQLITE_NULL;
}

int64_t Statement::column_int64(int index) const {
  return sqlite3_column_int64(statement_.get(), index);
}

std::string_view Statement::column_text(int index) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), index));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), index))};
}

std::span<const std::byte> Statement::column_blob(int index) const {
  const auto* blob = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), index));
  if (blob == nullptr) return {};
  return {blob, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), index))};
}

Result<Digest> Statement::column_digest(int index) const {
  auto blob = column_blob(index);
  if (sqlite3_column_type(statement_.get(), index) != SQLITE_BLOB || blob.size() != Digest::kSize)
    return {ErrorCode::kCorrupt, database_->path() + ": column " +
                                     sqlite3_column_name(statement_.get(), index) +
                                     " holds no digest of 32 bytes; the file is broken"};
  Digest digest;
  std::memcpy(digest.bytes.data(), blob.data(), Digest::kSize);
  return digest;
}

}  // namespace tyto::io
