#include "tracker/catalog/postgres_catalog.h"

#include <utility>

#include "tracker/catalog/migrations.h"
#include "tracker/catalog/postgres_schema.h"

namespace tyto::tracker {

io::PostgresOptions postgres_options(Duration timeout, const std::string& listen) {
  return {.timeout = timeout,
          .application_name = "tyto-tracker",
          .on_connect = "SET search_path = tyto; SET client_min_messages = warning; " + listen};
}

PostgresCatalog::PostgresCatalog(std::unique_ptr<io::PostgresDatabase> database,
                                 const Options& options)
    : options_(options), database_(std::move(database)) {}
PostgresCatalog::~PostgresCatalog() {
  detach();
}

Result<std::unique_ptr<PostgresCatalog>> PostgresCatalog::open(const io::PostgresAddress& address,
                                                               const Options& options) {
  const char* listen = options.listening == Listening::kYes ? "LISTEN tyto_catalog" : "";
  auto database = io::PostgresDatabase::open(address, postgres_options(options.timeout, listen));
  if (!database.ok()) return database.error();
  if (auto done = prepare_postgres_schema(**database, options.old_schema == OldSchema::kMigrate
                                                          ? SchemaStep::kMigrate
                                                          : SchemaStep::kCreate);
      !done.ok())
    return done.error();
  std::unique_ptr<PostgresCatalog> catalog(new PostgresCatalog(std::move(*database), options));
  if (auto done = catalog->attach(*catalog->database_, options.keep_unnamed); !done.ok())
    return done.error();
  return catalog;
}

// The row of the clock is what writers wait for, each in turn.
Result<io::SqlTransaction> PostgresCatalog::begin_write(Lasting lasting) {
  auto transaction = io::SqlTransaction::begin(*database_, "BEGIN ISOLATION LEVEL READ COMMITTED");
  if (!transaction.ok()) return transaction;
  auto set =
      database_->run(lasting == Lasting::kAcknowledged ? "SET LOCAL synchronous_commit = on"
                                                       : "SET LOCAL synchronous_commit = off");
  if (!set.ok()) return set.error();
  auto locked = database_->query_int64("SELECT serial FROM change_clock FOR UPDATE");
  if (!locked.ok()) return locked.error();
  if (locked->has_value()) return transaction;
  return {ErrorCode::kCorrupt,
          database_->name() + ": the table change_clock is empty; restore a backup"};
}

Result<io::SqlTransaction> PostgresCatalog::begin_read() {
  return io::SqlTransaction::begin(*database_, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

Result<void> PostgresCatalog::note_changes(const std::set<ChangeNote>& notes, WallTime now) {
  auto last = database_->query_int64("SELECT serial FROM change_clock");
  if (!last.ok()) return last.error();
  auto insert = database_->prepare("INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?)");
  if (!insert.ok()) return insert.error();
  int64_t serial = last->value_or(0);
  for (const ChangeNote& note : notes) {
    std::span<const std::byte> version;
    if (note.kind == ChangeNote::Kind::kVersion)
      version = std::as_bytes(std::span(note.version.digest.bytes));
    auto done = insert
                    ->bind_all(++serial, epoch().value(), now, static_cast<int>(note.kind),
                               note.bucket.value(), note.key, version)
                    .run();
    if (!done.ok()) return done;
  }
  auto set = database_->prepare("UPDATE change_clock SET serial = ?");
  if (!set.ok()) return set.error();
  if (auto done = set->bind_all(serial).run(); !done.ok()) return done;
  auto trim = database_->prepare("DELETE FROM changes WHERE serial <= ?");
  if (!trim.ok()) return trim.error();
  auto trimmed = trim->bind_all(serial - static_cast<int64_t>(options_.changes_kept)).run();
  if (!trimmed.ok()) return trimmed;
  return database_->run("NOTIFY tyto_catalog");
}

// The numbers go on, so that nobody takes a place in the old history for one in the new.
Result<void> PostgresCatalog::note_replaced(WallTime) {
  auto done = database_->run(
      "DELETE FROM changes; UPDATE change_clock SET serial = serial + 1; NOTIFY tyto_catalog");
  return done;
}

Result<CatalogPosition> PostgresCatalog::position() {
  auto row = database_->prepare(
      "SELECT change_clock.serial, changes.epoch, changes.at_unix_ns FROM change_clock"
      " LEFT JOIN changes ON changes.serial = change_clock.serial");
  if (!row.ok()) return row.error();
  auto found = row->step();
  if (!found.ok()) return found.error();
  if (!*found)
    return {ErrorCode::kCorrupt,
            database_->name() + ": the table change_clock is empty; restore a backup"};
  CatalogPosition at{.serial = row->column_uint64(0)};
  if (row->column_is_null(1)) return at;
  at.epoch = row->column_uint64(1);
  at.at = WallTime::from_unix_ns(row->column_int64(2));
  return at;
}

Result<bool> PostgresCatalog::has_passed(const CatalogPosition& at) {
  auto now = position();
  if (!now.ok()) return now.error();
  if (*now == at) return true;
  // A place without a change of its own: at the beginning, or after a tool replaced everything.
  auto row = database_->prepare("SELECT epoch, at_unix_ns FROM changes WHERE serial = ?");
  if (!row.ok()) return row.error();
  auto found = row->bind_all(at.serial).step();
  if (!found.ok()) return found.error();
  if (*found) return row->column_uint64(0) == at.epoch && row->column_int64(1) == at.at.unix_ns();
  if (at.epoch != 0 || now->serial < at.serial) return false;
  auto next = database_->query_int64("SELECT min(serial) FROM changes");
  if (!next.ok()) return next.error();
  return static_cast<uint64_t>(next->value_or(0)) == at.serial + 1;
}

Result<std::set<ChangeNote>> PostgresCatalog::notes_since(const ChangesQuery& query) {
  auto rows = database_->prepare(
      "SELECT DISTINCT kind, bucket, key, version FROM changes WHERE serial > ?1"
      " AND NOT (kind = 1 AND epoch = ?2 AND ?2 <> 0)");
  if (!rows.ok()) return rows.error();
  rows->bind_all(query.since.serial, query.own.value());
  std::set<ChangeNote> notes;
  for (;;) {
    auto more = rows->step();
    if (!more.ok()) return more.error();
    if (!*more) return notes;
    ChangeNote note{static_cast<ChangeNote::Kind>(rows->column_int64(0)),
                    BucketId(static_cast<uint32_t>(rows->column_int64(1))),
                    std::string(rows->column_text(2)),
                    {}};
    if (note.kind == ChangeNote::Kind::kVersion) {
      auto version = rows->column_digest(3);
      if (!version.ok()) return version.error();
      note.version = VersionId{*version};
    }
    notes.insert(std::move(note));
  }
}

Result<CatalogPosition> PostgresCatalog::load_changes(const ChangesQuery& query,
                                                      const CatalogReader& reader) {
  auto transaction = begin_read();
  if (!transaction.ok()) return transaction.error();
  auto at = position();
  if (!at.ok()) return at.error();
  if (*at == query.since) return *at;
  auto is_known = has_passed(query.since);
  if (!is_known.ok()) return is_known.error();
  if (!*is_known)
    return {ErrorCode::kNotFound, database_->name() + ": its changes do not go back to number " +
                                      std::to_string(query.since.serial) +
                                      ", or it was put back to an older copy"};
  auto notes = notes_since(query);
  if (!notes.ok()) return notes.error();
  auto loaded = load_noted(*notes, reader);
  if (!loaded.ok()) return loaded.error();
  return *at;
}

Result<bool> PostgresCatalog::changes_wait(Duration patience, int wake_fd) {
  if (auto done = database_->connect(); !done.ok()) return done.error();
  if (std::exchange(connections_seen_, database_->connections()) != database_->connections())
    return true;
  return database_->wait_notified(patience, wake_fd);
}

Result<void> PostgresCatalog::check() {
  return check_postgres_schema(*database_);
}

}  // namespace tyto::tracker
