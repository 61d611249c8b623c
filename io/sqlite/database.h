// SQLite without surprises: owned handles, typed values, every error a Result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tyto::io {

// What a commit waits for. The database is whole after any crash in all three.
enum class SqliteSync : uint8_t {
  kOff,     // nothing: after a power cut, commits may be gone and the file may be broken
  kNormal,  // after a power cut, the last commits may be gone; a killed process loses none
  kFull,    // the disk: a commit lasts, at the cost of an fdatasync each
};

enum class SqliteOpen : uint8_t { kCreate, kExisting, kReadOnly };

// Who may use the file besides.
enum class SqliteSharing : uint8_t {
  kShared,  // other processes, in turn: each transaction takes the file's locks
  kAlone,   // nobody, until it is closed: no locks a transaction, and no file that maps the log
};

struct DatabaseOptions {
  SqliteOpen mode = SqliteOpen::kCreate;
  SqliteSync sync = SqliteSync::kNormal;
  SqliteSharing sharing = SqliteSharing::kShared;
  Duration busy_timeout = Duration::seconds(5);  // for another process's lock
  uint32_t application_id = 0;  // marks the file as ours; 0: not marked and not checked
  std::string vfs;              // for tests: a file system registered with SQLite; empty: its own
};

// A prepared statement: bind, step, read columns, reset. Parameters count from 1, columns from 0.
//
// Threads:   as its database.
// Ownership: must not outlive its database.
class Statement {
 public:
  // Sets a parameter. Texts and blobs are copied. Unsigned numbers keep their 64 bits.
  // Requires: the statement was reset or not stepped yet; 1 <= index <= the parameters.
  Statement& bind(int index, int64_t value);
  Statement& bind(int index, uint64_t value) { return bind(index, static_cast<int64_t>(value)); }
  Statement& bind(int index, uint32_t value) { return bind(index, static_cast<int64_t>(value)); }
  Statement& bind(int index, int value) { return bind(index, static_cast<int64_t>(value)); }
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, const std::string& text) {
    return bind(index, std::string_view(text));
  }
  Statement& bind(int index, const char* text) { return bind(index, std::string_view(text)); }
  Statement& bind(int index, std::span<const std::byte> blob);
  Statement& bind(int index, const Digest& digest);  // a blob of 32 bytes
  Statement& bind_null(int index);
  // All parameters in order.
  template <class... Values>
  Statement& bind_all(const Values&... values) {
    int index = 0;
    (bind(++index, values), ...);
    return *this;
  }

  // Goes to the next row: true if there is one, false at the end (the statement is then reset and
  // its parameters are kept). After an error it is reset as well.
  Result<bool> step();
  // Runs to the end, passing over rows.
  Result<void> run();
  void reset();

  // The current row's values. Requires: the last step() gave true. A value of another type is
  // converted as SQLite does; views last until the next step() or reset().
  bool column_is_null(int index) const;
  int64_t column_int64(int index) const;
  uint64_t column_uint64(int index) const { return static_cast<uint64_t>(column_int64(index)); }
  std::string_view column_text(int index) const;
  std::span<const std::byte> column_blob(int index) const;
  // kCorrupt, naming the file, unless the value is a blob of 32 bytes.
  Result<Digest> column_digest(int index) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(class Database* database, sqlite3_stmt* statement)
      : database_(database), statement_(statement) {}
  class Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// An open database file, in write-ahead mode, with foreign keys on.
//
// Threads: confined to one at a time.
// Errors:  kNoSpace for a full disk, kCorrupt for a broken file, kInvalidArgument for another
//          program's, kUnavailable for other faults of the disk and for locks held too long,
//          kDenied for rights, kConflict for a constraint, kInternal for the rest. Each message
//          names the file and says what SQLite says.
class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const std::string& path,
                                                const DatabaseOptions& options = {});
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs one or more statements without parameters; rows are passed over.
  Result<void> run(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);
  // One value of one row; nothing if there is no row. For PRAGMAs and counts.
  Result<std::optional<int64_t>> query_int64(std::string_view sql);
  int64_t last_insert_id() const;
  bool is_in_transaction() const;
  uint64_t rows_changed() const;  // by the last statement
  const std::string& path() const { return path_; }

  // The last failure of this database, as an Error; `doing` completes "cannot ...".
  Error last_error(int sqlite_code, std::string_view doing) const;

 private:
  Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
  Result<void> configure(const DatabaseOptions& options);
  Result<void> check_application_id(uint32_t expected, SqliteOpen mode);
  std::string path_;
  sqlite3* handle_;
};

// Everything between its making and commit() happens, or nothing of it: without a commit, it is
// undone when this is destroyed. Takes the write lock at once.
//
// Ownership: must not outlive its database; one at a time for each.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  ~Transaction();
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  // After an error, the transaction is undone.
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

// A step from one version of a database's tables to the next.
struct Migration {
  uint32_t version = 0;  // reached by it; counts up from 1 without gaps
  const char* sql = "";
};

// Brings the database to the last of `migrations`, each in a transaction of its own, and keeps the
// version in `PRAGMA user_version`. Fails with kUnsupported, and changes nothing, if the file is of
// a newer version than this program knows.
Result<void> migrate(Database& database, std::span<const Migration> migrations);

}  // namespace tyto::io
