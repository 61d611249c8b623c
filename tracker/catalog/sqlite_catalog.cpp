#include "tracker/catalog/sqlite_catalog.h"

#include <utility>

#include "io/sqlite/database.h"
#include "io/sqlite/sqlite_sql.h"
#include "tracker/catalog/file_lock.h"
#include "tracker/catalog/migrations.h"

namespace tyto::tracker {

namespace {

constexpr uint32_t kApplicationId = 0x5479746f;  // "Tyto"
constexpr uint64_t kPageBytes = 4096;

// The same error, with what the operator is to do about a file that cannot be opened.
Error remedied(Error error) {
  switch (error.code) {
    case ErrorCode::kCorrupt:
      error.message +=
          "; restore it from a copy, or move it away to start with an empty catalog "
          "(buckets and published manifests are then gone)";
      break;
    case ErrorCode::kUnsupported:
      error.message += "; run the newer tracker, or give another file as catalog";
      break;
    case ErrorCode::kNoSpace: error.message += "; free space or raise catalog.size_max"; break;
    default: error.message += "; check that its folder exists and can be written to";
  }
  return error;
}

}  // namespace

struct SqliteCatalog::State {
  FileLock lock;
  io::SqliteSql database;
  bool is_sync_full = true;
};

namespace {

// A lock that another one holds is mostly a second tracker that was to share the file.
Error of_one_tracker(Error locked) {
  if (locked.code == ErrorCode::kUnavailable)
    locked.message +=
        ". A catalog on SQLite serves one tracker: each tracker of a cluster has a file of its "
        "own, with the same buckets made at each, or all share one on PostgreSQL (--catalog "
        "postgres://USER@HOST:PORT/DATABASE)";
  return locked;
}

}  // namespace

SqliteCatalog::SqliteCatalog(std::unique_ptr<State> state) : state_(std::move(state)) {}
SqliteCatalog::~SqliteCatalog() {
  detach();
}

Result<std::unique_ptr<SqliteCatalog>> SqliteCatalog::open(const std::string& path,
                                                           const Options& options) {
  auto lock = FileLock::take(path + ".lock");
  if (!lock.ok()) return of_one_tracker(lock.error());
  auto database = io::Database::open(path, {.mode = io::SqliteOpen::kCreate,
                                            .sync = io::SqliteSync::kFull,
                                            .busy_timeout = options.busy_timeout,
                                            .application_id = kApplicationId,
                                            .vfs = options.vfs});
  if (!database.ok()) return remedied(database.error());
  if (auto done = io::migrate(**database, kCatalogMigrations); !done.ok())
    return remedied(done.error());
  if (options.bytes_max > 0) {
    auto set = (*database)->run("PRAGMA max_page_count = " +
                                std::to_string(options.bytes_max / kPageBytes + 1));
    if (!set.ok()) return remedied(set.error());
  }
  auto state = std::make_unique<State>(
      State{.lock = std::move(*lock), .database = io::SqliteSql(std::move(*database))});
  std::unique_ptr<SqliteCatalog> catalog(new SqliteCatalog(std::move(state)));
  if (auto done = catalog->attach(catalog->state_->database, options.keep_unnamed); !done.ok())
    return done.error();
  return catalog;
}

Error SqliteCatalog::with_remedy(Error error) const {
  return remedied(std::move(error));
}

// Facts found on the way need not wait for the disk; what somebody waits for does.
Result<io::SqlTransaction> SqliteCatalog::begin_write(Lasting lasting) {
  const bool is_full = lasting == Lasting::kAcknowledged;
  if (is_full != state_->is_sync_full) {
    auto set =
        state_->database.run(is_full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    if (!set.ok()) return set.error();
    state_->is_sync_full = is_full;
  }
  return io::SqlTransaction::begin(state_->database, "BEGIN IMMEDIATE");
}

Result<io::SqlTransaction> SqliteCatalog::begin_read() {
  return io::SqlTransaction::begin(state_->database, "BEGIN");
}

// Nobody else has this file.
Result<void> SqliteCatalog::note_changes(const std::set<ChangeNote>&, WallTime) {
  return {};
}

Result<void> SqliteCatalog::check() {
  io::SqliteSql& database = state_->database;
  auto pages = database.prepare("PRAGMA integrity_check");
  if (!pages.ok()) return pages.error();
  auto row = pages->step();
  if (!row.ok()) return row.error();
  if (!*row || pages->column_text(0) != "ok")
    return {ErrorCode::kCorrupt,
            database.name() + ": " + std::string(*row ? pages->column_text(0) : "no answer")};
  pages->reset();
  auto references = database.prepare("PRAGMA foreign_key_check");
  if (!references.ok()) return references.error();
  auto broken = references->step();
  if (!broken.ok()) return broken.error();
  if (*broken)
    return {ErrorCode::kCorrupt, database.name() + ": a row of table " +
                                     std::string(references->column_text(0)) +
                                     " refers to nothing"};
  return {};
}

}  // namespace tyto::tracker
