#include "io/sqlite/database.h"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

namespace tyto::io {
namespace {

// What the caller should do about a result code of SQLite's, with the system's errno beside it.
ErrorCode code_of(int sqlite_code, int system_errno) {
  if (system_errno == ENOSPC || system_errno == EDQUOT) return ErrorCode::kNoSpace;
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL: return ErrorCode::kNoSpace;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorCode::kCorrupt;
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return ErrorCode::kUnavailable;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY: return ErrorCode::kDenied;
    case SQLITE_CONSTRAINT: return ErrorCode::kConflict;
    case SQLITE_CANTOPEN:
      if (system_errno == EACCES || system_errno == EPERM) return ErrorCode::kDenied;
      if (system_errno == ENOENT || system_errno == ENOTDIR) return ErrorCode::kNotFound;
      return ErrorCode::kUnavailable;
    default: return ErrorCode::kInternal;
  }
}

int open_flags(SqliteOpen mode) {
  switch (mode) {
    case SqliteOpen::kCreate: return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case SqliteOpen::kExisting: return SQLITE_OPEN_READWRITE;
    case SqliteOpen::kReadOnly: return SQLITE_OPEN_READONLY;
  }
  return 0;
}

const char* sync_pragma(SqliteSync sync) {
  switch (sync) {
    case SqliteSync::kOff: return "PRAGMA synchronous = OFF";
    case SqliteSync::kNormal: return "PRAGMA synchronous = NORMAL";
    case SqliteSync::kFull: return "PRAGMA synchronous = FULL";
  }
  return "";
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::string& path,
                                                 const DatabaseOptions& options) {
  sqlite3* handle = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &handle, open_flags(options.mode) | SQLITE_OPEN_NOMUTEX,
                             options.vfs.empty() ? nullptr : options.vfs.c_str());
  TYTO_ASSERT(handle != nullptr);  // null only without memory
  std::unique_ptr<Database> database(new Database(path, handle));
  if (code != SQLITE_OK) return database->last_error(code, "open it");
  if (auto configured = database->configure(options); !configured) return configured.error();
  return database;
}

Result<void> Database::configure(const DatabaseOptions& options) {
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, static_cast<int>(options.busy_timeout.ms()));
  if (options.sharing == SqliteSharing::kAlone) {
    // Before the log is first looked at: later the file that maps it would be made all the same.
    if (auto done = run("PRAGMA locking_mode = EXCLUSIVE"); !done) return done;
  }
  if (options.application_id != 0) {
    auto checked = check_application_id(options.application_id, options.mode);
    if (!checked) return checked;
  }
  if (options.mode != SqliteOpen::kReadOnly) {
    if (auto done = run("PRAGMA journal_mode = WAL"); !done) return done;
    if (auto done = run(sync_pragma(options.sync)); !done) return done;
  }
  return run("PRAGMA foreign_keys = ON");
}

Result<void> Database::check_application_id(uint32_t expected, SqliteOpen mode) {
  auto found = query_int64("PRAGMA application_id");
  if (!found) return found.error();
  auto id = static_cast<uint32_t>(found->value_or(0));
  if (id == expected) return {};
  auto tables = query_int64("SELECT count(*) FROM sqlite_master");
  if (!tables) return tables.error();
  bool is_new = id == 0 && tables->value_or(0) == 0;
  if (is_new && mode != SqliteOpen::kReadOnly)
    return run("PRAGMA application_id = " + std::to_string(static_cast<int32_t>(expected)));
  return {ErrorCode::kInvalidArgument,
          path_ + ": is a database of another program (application id " + std::to_string(id) +
              ", expected " + std::to_string(expected) + "); give another path, or move it away"};
}

Database::~Database() {
  int code = sqlite3_close(handle_);
  TYTO_ASSERT(code == SQLITE_OK);  // a statement outlived its database
}

Result<void> Database::run(const std::string& sql) {
  int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return last_error(code, "run \"" + sql.substr(0, 60) + "\"");
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  int code =
      sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), 0, &statement, nullptr);
  if (code != SQLITE_OK)
    return last_error(code, "prepare \"" + std::string(sql.substr(0, 60)) + "\"");
  TYTO_ASSERT(statement != nullptr);  // the text holds a statement
  return Statement(this, statement);
}

Result<std::optional<int64_t>> Database::query_int64(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  auto row = statement->step();
  if (!row) return row.error();
  if (!*row) return std::optional<int64_t>();
  return std::optional<int64_t>(statement->column_int64(0));
}

int64_t Database::last_insert_id() const {
  return sqlite3_last_insert_rowid(handle_);
}
bool Database::is_in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}
uint64_t Database::rows_changed() const {
  return static_cast<uint64_t>(sqlite3_changes64(handle_));
}

Error Database::last_error(int sqlite_code, std::string_view doing) const {
  int primary = sqlite_code & 0xff;
  bool is_system = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_FULL;
  int system_errno = is_system ? sqlite3_system_errno(handle_) : 0;
  ErrorCode code = code_of(sqlite_code, system_errno);
  std::string message = path_ + ": cannot " + std::string(doing) + ": " + sqlite3_errmsg(handle_) +
                        " (SQLite code " + std::to_string(sqlite_code) + ")";
  if (code == ErrorCode::kNoSpace) message += "; free space on its file system";
  if (code == ErrorCode::kCorrupt) message += "; the file is broken: restore it, or move it away";
  if (primary == SQLITE_BUSY) message += "; another process holds it locked";
  return {code, std::move(message)};
}

Result<Transaction> Transaction::begin(Database& database) {
  TYTO_ASSERT(!database.is_in_transaction());
  if (auto begun = database.run("BEGIN IMMEDIATE"); !begun) return begun.error();
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // SQLite itself undoes a transaction on some errors. A rollback that fails leaves the journal to
  // the next who opens the file.
  if (database_ != nullptr && database_->is_in_transaction())
    static_cast<void>(database_->run("ROLLBACK").ok());
}

Result<void> Transaction::commit() {
  TYTO_ASSERT(database_ != nullptr);
  Database& database = *database_;
  auto committed = database.run("COMMIT");
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace tyto::io
