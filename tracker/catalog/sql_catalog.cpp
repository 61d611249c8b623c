#include "tracker/catalog/sql_catalog.h"

#include <algorithm>
#include <utility>

#include "tracker/catalog/catalog_loader.h"

namespace tyto::tracker {
namespace {

constexpr int kEpochsKept = 64;

Error no_such_setting(const std::string& key) {
  return {ErrorCode::kNotFound, "the catalog has no setting \"" + key + "\""};
}

}  // namespace

SqlCatalog::~SqlCatalog() = default;

Result<void> SqlCatalog::attach(io::SqlDatabase& database, Duration keep_unnamed) {
  auto statements = CatalogStatements::prepare(database);
  if (!statements.ok()) return with_remedy(statements.error());
  database_ = &database;
  statements_ = std::move(*statements);
  keep_unnamed_ = keep_unnamed;
  return {};
}

Result<StartedEpoch> SqlCatalog::start_epoch(WallTime now) {
  auto transaction = begin_write(Lasting::kAcknowledged);
  if (!transaction.ok()) return transaction.error();
  auto before = database_->query_int64("SELECT max(epoch) FROM epochs");
  if (!before.ok()) return before.error();
  auto epoch = count_epoch(now);
  if (!epoch.ok()) return epoch.error();
  if (auto done = statements_->pins.expire(now); !done.ok()) return done.error();
  if (auto done = prune(now); !done.ok()) return done.error();
  if (auto done = transaction->commit(); !done.ok()) return done.error();
  epoch_ = TrackerEpoch(static_cast<uint64_t>(*epoch));
  return StartedEpoch{epoch_, !before->has_value()};
}

// The seconds since 1970 are there for a catalog that was put back to an older copy: its trackers
// have had later epochs than it knows.
Result<int64_t> SqlCatalog::count_epoch(WallTime now) {
  auto last = database_->query_int64("SELECT max(epoch) FROM epochs");
  if (!last.ok()) return last.error();
  const int64_t epoch = std::max(last->value_or(0) + 1, now.unix_s());
  auto insert = database_->prepare("INSERT INTO epochs VALUES (?, ?)");
  if (!insert.ok()) return insert.error();
  if (auto done = insert->bind_all(epoch, now).run(); !done.ok()) return done.error();
  auto trim = database_->prepare(
      "DELETE FROM epochs WHERE epoch NOT IN (SELECT epoch FROM epochs ORDER BY epoch DESC LIMIT " +
      std::to_string(kEpochsKept) + ")");
  if (!trim.ok()) return trim.error();
  if (auto done = trim->run(); !done.ok()) return done.error();
  return epoch;
}

Result<void> SqlCatalog::prune(WallTime now) {
  auto statement = database_->prepare(
      "DELETE FROM versions WHERE is_published = 0 AND recorded_unix_ns < ?"
      " AND NOT EXISTS (SELECT 1 FROM names WHERE names.version = versions.id)"
      " AND NOT EXISTS (SELECT 1 FROM pins WHERE pins.version = versions.id)");
  if (!statement.ok()) return statement.error();
  return statement->bind_all(now.unix_ns() - keep_unnamed_.ns()).run();
}

Result<CatalogPosition> SqlCatalog::load(const CatalogReader& reader) {
  auto transaction = begin_read();
  if (!transaction.ok()) return with_remedy(transaction.error());
  auto at = position();
  if (!at.ok()) return with_remedy(at.error());
  CatalogLoader loader(*database_, *statements_);
  if (auto done = loader.load(reader); !done.ok()) return with_remedy(done.error());
  if (auto done = transaction->commit(); !done.ok()) return done.error();
  return *at;
}

Result<CatalogPosition> SqlCatalog::load_changes(const ChangesQuery&, const CatalogReader&) {
  return {ErrorCode::kUnsupported, database_->name() + " is for one tracker: nobody else writes"};
}

Result<void> SqlCatalog::load_noted(const std::set<ChangeNote>& notes,
                                    const CatalogReader& reader) {
  return CatalogLoader(*database_, *statements_).load_noted(notes, reader);
}

Result<std::vector<Result<ChangeDone>>> SqlCatalog::commit(std::span<const Change> changes,
                                                           WallTime now) {
  const bool is_waited_for = std::any_of(changes.begin(), changes.end(), is_acknowledged);
  static_cast<void>(statements_->take_notes());
  auto transaction = begin_write(is_waited_for ? Lasting::kAcknowledged : Lasting::kFacts);
  if (!transaction.ok()) return transaction.error();
  std::vector<Result<ChangeDone>> results;
  results.reserve(changes.size());
  for (const Change& change : changes) {
    results.emplace_back(ChangeDone{});
    auto done = statements_->apply(change, now, results.back());
    if (!done.ok()) return done.error();
  }
  const std::set<ChangeNote> notes = statements_->take_notes();
  if (!notes.empty())
    if (auto done = note_changes(notes, now); !done.ok()) return done.error();
  if (auto done = transaction->commit(); !done.ok()) return done.error();
  return results;
}

Result<PolicyRevision> SqlCatalog::policy(const std::string& bucket, uint32_t version) {
  auto there = statements_->find_bucket(bucket);
  if (!there.ok()) return there.error();
  if (!there->has_value()) return no_such_bucket(bucket);
  return statements_->policies.find((*there)->id, version);
}

Result<std::vector<PolicyHead>> SqlCatalog::policy_history(const PolicyHistoryQuery& query) {
  auto there = statements_->find_bucket(query.bucket);
  if (!there.ok()) return there.error();
  if (!there->has_value()) return no_such_bucket(query.bucket);
  return statements_->policies.history((*there)->id, query);
}

Result<std::string> SqlCatalog::setting(const std::string& key) {
  auto row = database_->prepare("SELECT value FROM settings WHERE key = ?");
  if (!row.ok()) return row.error();
  auto found = row->bind_all(key).step();
  if (!found.ok()) return found.error();
  if (!*found) return no_such_setting(key);
  return std::string(row->column_text(0));
}

Result<void> SqlCatalog::set_setting(const std::string& key, const std::string& value) {
  auto transaction = begin_write(Lasting::kAcknowledged);
  if (!transaction.ok()) return transaction.error();
  auto row = database_->prepare(
      "INSERT INTO settings VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
  if (!row.ok()) return row.error();
  if (auto done = row->bind_all(key, value).run(); !done.ok()) return done;
  return transaction->commit();
}

}  // namespace tyto::tracker
