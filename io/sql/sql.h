// A relational database as callers see it, whichever it is: statements with typed parameters, rows,
// transactions. SQLite (io/sqlite) and PostgreSQL (io/postgres) are behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"

namespace tyto::io {

// For the few places in which the databases' SQL differs.
enum class SqlDialect : uint8_t { kSqlite, kPostgres };

// A parameter: null, an integer, a text or bytes.
using SqlValue =
    std::variant<std::monostate, int64_t, std::string_view, std::span<const std::byte>>;

inline SqlValue sql_value(int64_t value) {
  return value;
}
// Unsigned numbers keep their 64 bits.
inline SqlValue sql_value(uint64_t value) {
  return static_cast<int64_t>(value);
}
inline SqlValue sql_value(uint32_t value) {
  return static_cast<int64_t>(value);
}
inline SqlValue sql_value(int value) {
  return static_cast<int64_t>(value);
}
inline SqlValue sql_value(std::string_view text) {
  return text;
}
inline SqlValue sql_value(const std::string& text) {
  return std::string_view(text);
}
inline SqlValue sql_value(const char* text) {
  return std::string_view(text);
}
inline SqlValue sql_value(std::span<const std::byte> bytes) {
  return bytes;
}
inline SqlValue sql_value(const Digest& digest) {
  return std::as_bytes(std::span(digest.bytes));
}
// Nanoseconds since 1970.
inline SqlValue sql_value(WallTime time) {
  return time.unix_ns();
}
template <class T>
SqlValue sql_value(const std::optional<T>& value) {
  return value ? sql_value(*value) : SqlValue();
}

// A statement that is run again and again: bind, step, read columns. Parameters are written ?, or
// ?1, ?2 and so on where one is used twice; columns count from 0.
//
// Threads:   as its database.
// Ownership: must not outlive its database.
// Errors:    as its database.
class SqlStatement {
 public:
  // What a database puts behind it.
  class Backend {
   public:
    virtual ~Backend() = default;
    // Copies the value. `index` counts from 1.
    virtual void bind(int index, const SqlValue& value) = 0;
    virtual Result<bool> step() = 0;
    virtual void reset() = 0;
    virtual bool column_is_null(int index) const = 0;
    virtual int64_t column_int64(int index) const = 0;
    virtual std::string_view column_text(int index) const = 0;
    virtual std::span<const std::byte> column_blob(int index) const = 0;
    virtual uint64_t rows_changed() const = 0;
  };
  explicit SqlStatement(std::unique_ptr<Backend> backend) : backend_(std::move(backend)) {}

  // Begins anew, with all parameters in order.
  template <class... Values>
  SqlStatement& bind_all(const Values&... values) {
    backend_->reset();
    int index = 0;
    (backend_->bind(++index, sql_value(values)), ...);
    return *this;
  }
  // The same with as many as there are.
  SqlStatement& bind_values(std::span<const SqlValue> values);
  // Goes to the next row: true if there is one, false at the end (the statement is then reset and
  // its parameters are kept). After an error it is reset as well.
  Result<bool> step() { return backend_->step(); }
  // Runs to the end, passing over rows.
  Result<void> run();
  void reset() { backend_->reset(); }

  // The current row's values. Requires: the last step() gave true. Views last until the next
  // step() or reset().
  bool column_is_null(int index) const { return backend_->column_is_null(index); }
  int64_t column_int64(int index) const { return backend_->column_int64(index); }
  uint64_t column_uint64(int index) const { return static_cast<uint64_t>(column_int64(index)); }
  std::string_view column_text(int index) const { return backend_->column_text(index); }
  std::span<const std::byte> column_blob(int index) const { return backend_->column_blob(index); }
  // Nothing for null.
  std::optional<WallTime> column_time(int index) const;
  // kCorrupt unless the value is of 32 bytes.
  Result<Digest> column_digest(int index) const;
  // By the last run().
  uint64_t rows_changed() const { return backend_->rows_changed(); }

 private:
  std::unique_ptr<Backend> backend_;
};

// An open database.
//
// Threads: confined to one at a time.
// Errors:  kNoSpace for a full disk, kCorrupt for broken files, kUnavailable for what passes by
//          itself (locks, faults of the disk, a server that does not answer), kDenied for rights,
//          kConflict for a constraint, kInternal for the rest. Messages name the database.
class SqlDatabase {
 public:
  virtual ~SqlDatabase() = default;
  virtual SqlDialect dialect() const = 0;
  // For messages; holds no password.
  virtual const std::string& name() const = 0;
  // Runs one or more statements without parameters; rows are passed over.
  virtual Result<void> run(const std::string& sql) = 0;
  virtual Result<SqlStatement> prepare(std::string_view sql) = 0;
  // Undoes the transaction under way, if there is one.
  virtual void roll_back() = 0;

  // One value of one row; nothing if there is no row, or it is null.
  Result<std::optional<int64_t>> query_int64(std::string_view sql);
};

// Everything between its making and commit() happens, or nothing of it: without a commit, it is
// undone when this is destroyed.
//
// Ownership: must not outlive its database; one at a time for each.
class SqlTransaction {
 public:
  // `sql`: how it begins, as "BEGIN".
  static Result<SqlTransaction> begin(SqlDatabase& database, const std::string& sql);
  ~SqlTransaction();
  SqlTransaction(SqlTransaction&& other) noexcept
      : database_(std::exchange(other.database_, nullptr)) {}
  SqlTransaction& operator=(SqlTransaction&&) = delete;
  // After an error the transaction is undone; if the server went away meanwhile, it may have
  // happened all the same.
  Result<void> commit();

 private:
  explicit SqlTransaction(SqlDatabase& database) : database_(&database) {}
  SqlDatabase* database_;
};

}  // namespace tyto::io
