#include "tracker/catalog/sqlite_catalog.h"

#include <cstring>
#include <map>
#include <utility>

#include "io/sqlite/database.h"
#include "tracker/catalog/file_lock.h"
#include "tracker/catalog/migrations.h"
#include "tracker/catalog/statements.h"

namespace tyto::tracker {

namespace {

constexpr uint32_t kApplicationId = 0x5479746f;  // "Tyto"
constexpr uint64_t kPageBytes = 4096;
constexpr int kEpochsKept = 64;

// The same error, with what the operator is to do about a file that cannot be opened.
Error with_remedy(Error error) {
  switch (error.code) {
    case ErrorCode::kCorrupt:
      error.message +=
          "; restore it from a copy, or move it away to start with an empty catalog "
          "(buckets and published manifests are then gone)";
      break;
    case ErrorCode::kUnsupported:
      error.message += "; run the newer tracker, or give another catalog.path";
      break;
    case ErrorCode::kNoSpace: error.message += "; free space or raise catalog.size_max"; break;
    default:
      error.message += "; check that the folder of catalog.path exists and can be written to";
  }
  return error;
}

// What to say of a bucket whose policy cannot be read.
Error without_policy(const BucketConfig& bucket, const Error& error) {
  if (error.code != ErrorCode::kNotFound) return error;
  return {ErrorCode::kCorrupt, "bucket \"" + bucket.name + "\": " + error.message};
}

std::vector<Digest> digests_of(std::span<const std::byte> blob) {
  std::vector<Digest> digests(blob.size() / Digest::kSize);
  if (!digests.empty()) std::memcpy(digests.data(), blob.data(), digests.size() * Digest::kSize);
  return digests;
}

}  // namespace

struct SqliteCatalog::State {
  FileLock lock;
  std::unique_ptr<io::Database> database;
  std::unique_ptr<CatalogStatements> statements;
  Options options;
  bool is_sync_full = true;

  Result<void> set_sync(bool is_full);
  Result<void> prune(WallTime now);
  Result<std::map<uint32_t, BucketConfig>> load_buckets(const CatalogReader& reader);
  Result<void> load_versions(const CatalogReader& reader,
                             const std::map<uint32_t, BucketConfig>& buckets);
  Result<std::vector<Digest>> load_roots(const VersionFacts& facts);
  Result<void> load_names(const CatalogReader& reader,
                          const std::map<uint32_t, BucketConfig>& buckets);
};

SqliteCatalog::SqliteCatalog(std::unique_ptr<State> state) : state_(std::move(state)) {}
SqliteCatalog::~SqliteCatalog() = default;

Result<std::unique_ptr<SqliteCatalog>> SqliteCatalog::open(const std::string& path,
                                                           const Options& options) {
  auto lock = FileLock::take(path + ".lock");
  if (!lock.ok()) return lock.error();
  auto database = io::Database::open(path, {.mode = io::SqliteOpen::kCreate,
                                            .sync = io::SqliteSync::kFull,
                                            .busy_timeout = options.busy_timeout,
                                            .application_id = kApplicationId,
                                            .vfs = options.vfs});
  if (!database.ok()) return with_remedy(database.error());
  if (auto done = io::migrate(**database, kCatalogMigrations); !done.ok())
    return with_remedy(done.error());
  if (options.bytes_max > 0) {
    auto set = (*database)->run("PRAGMA max_page_count = " +
                                std::to_string(options.bytes_max / kPageBytes + 1));
    if (!set.ok()) return with_remedy(set.error());
  }
  auto statements = CatalogStatements::prepare(**database);
  if (!statements.ok()) return with_remedy(statements.error());
  auto state = std::make_unique<State>(State{.lock = std::move(*lock),
                                             .database = std::move(*database),
                                             .statements = std::move(*statements),
                                             .options = options});
  return std::unique_ptr<SqliteCatalog>(new SqliteCatalog(std::move(state)));
}

// Facts found on the way need not wait for the disk; what somebody waits for does.
Result<void> SqliteCatalog::State::set_sync(bool is_full) {
  if (is_full == is_sync_full) return {};
  auto done = database->run(is_full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  if (done.ok()) is_sync_full = is_full;
  return done;
}

Result<StartedEpoch> SqliteCatalog::start_epoch(WallTime now) {
  if (auto set = state_->set_sync(true); !set.ok()) return set.error();
  auto transaction = io::Transaction::begin(*state_->database);
  if (!transaction.ok()) return transaction.error();
  auto last = state_->database->query_int64("SELECT max(epoch) FROM epochs");
  if (!last.ok()) return last.error();
  // max() of no rows is one row with null, which reads as 0.
  int64_t epoch = last->value_or(0) + 1;
  auto insert = state_->database->prepare("INSERT INTO epochs VALUES (?, ?)");
  if (!insert.ok()) return insert.error();
  if (auto done = insert->bind_all(epoch, now.unix_ns()).run(); !done.ok()) return done.error();
  auto trim = state_->database->prepare("DELETE FROM epochs WHERE epoch <= ?");
  if (!trim.ok()) return trim.error();
  if (auto done = trim->bind_all(epoch - kEpochsKept).run(); !done.ok()) return done.error();
  if (auto done = state_->prune(now); !done.ok()) return done.error();
  if (auto done = transaction->commit(); !done.ok()) return done.error();
  return StartedEpoch{TrackerEpoch(static_cast<uint64_t>(epoch)), epoch == 1};
}

Result<void> SqliteCatalog::State::prune(WallTime now) {
  auto statement = database->prepare(
      "DELETE FROM versions WHERE is_published = 0 AND recorded_unix_ns < ?"
      " AND NOT EXISTS (SELECT 1 FROM names WHERE names.version = versions.id)");
  if (!statement.ok()) return statement.error();
  return statement->bind_all(now.unix_ns() - options.keep_unnamed.ns()).run();
}

Result<void> SqliteCatalog::load(const CatalogReader& reader) {
  auto buckets = state_->load_buckets(reader);
  if (!buckets.ok()) return with_remedy(buckets.error());
  if (auto done = state_->load_versions(reader, *buckets); !done.ok())
    return with_remedy(done.error());
  if (auto done = state_->load_names(reader, *buckets); !done.ok())
    return with_remedy(done.error());
  return {};
}

Result<std::map<uint32_t, BucketConfig>> SqliteCatalog::State::load_buckets(
    const CatalogReader& reader) {
  std::map<uint32_t, BucketConfig> buckets;
  auto rows = database->prepare(std::string(kSelectBucket) + " ORDER BY id");
  if (!rows.ok()) return rows.error();
  for (;;) {
    auto more = rows->step();
    if (!more.ok()) return more.error();
    if (!*more) return buckets;
    BucketConfig bucket = bucket_of_row(*rows);
    auto policy = statements->policies.find(bucket.id, bucket.policy_version);
    if (!policy.ok()) return without_policy(bucket, policy.error());
    buckets[bucket.id.value()] = bucket;
    reader.bucket(std::move(bucket), std::move(*policy));
  }
}

Result<void> SqliteCatalog::State::load_versions(const CatalogReader& reader,
                                                 const std::map<uint32_t, BucketConfig>& buckets) {
  auto rows = database->prepare(std::string(kSelectVersion) + " ORDER BY id");
  if (!rows.ok()) return rows.error();
  for (;;) {
    auto more = rows->step();
    if (!more.ok()) return more.error();
    if (!*more) return {};
    auto facts = facts_of_row(*rows);
    if (!facts.ok()) return facts.error();
    auto bucket = buckets.find(facts->bucket.value());
    if (bucket == buckets.end() || !facts->chunking.is_valid())
      return {ErrorCode::kCorrupt,
              database->path() + " holds a version that makes no sense: " + facts->id.hex()};
    facts->bucket_name = bucket->second.name;
    auto roots = load_roots(*facts);
    if (!roots.ok()) return roots.error();
    reader.version(std::make_shared<const VersionFacts>(std::move(*facts)), std::move(*roots));
  }
}

// One root per chunk, or none at all.
Result<std::vector<Digest>> SqliteCatalog::State::load_roots(const VersionFacts& facts) {
  std::vector<Digest> roots;
  const uint32_t count = facts.chunking.chunk_count();
  io::Statement& manifest = statements->select_manifest.bind_all(facts.id.digest);
  auto found = manifest.step();
  if (!found.ok()) return found.error();
  if (*found) {
    roots = digests_of(manifest.column_blob(0));
    manifest.reset();
    if (roots.size() == count) return roots;
    return {ErrorCode::kCorrupt, database->path() + " holds a manifest of " +
                                     std::to_string(roots.size()) + " chunks for version " +
                                     facts.id.hex() + " of " + std::to_string(count)};
  }
  io::Statement& learned = statements->select_learned.bind_all(facts.id.digest);
  for (;;) {
    auto more = learned.step();
    if (!more.ok()) return more.error();
    if (!*more) return roots;
    if (roots.empty()) roots.resize(count);
    auto chunk = static_cast<uint64_t>(learned.column_int64(0));
    auto root = learned.column_digest(1);
    if (!root.ok()) return root.error();
    if (chunk < count) roots[chunk] = *root;
  }
}

Result<void> SqliteCatalog::State::load_names(const CatalogReader& reader,
                                              const std::map<uint32_t, BucketConfig>& buckets) {
  auto rows = database->prepare(
      "SELECT bucket, key, version, is_published FROM names ORDER BY bucket, key");
  if (!rows.ok()) return rows.error();
  for (;;) {
    auto more = rows->step();
    if (!more.ok()) return more.error();
    if (!*more) return {};
    auto bucket = buckets.find(static_cast<uint32_t>(rows->column_int64(0)));
    auto version = rows->column_digest(2);
    if (!version.ok()) return version.error();
    if (bucket == buckets.end())
      return {ErrorCode::kCorrupt, database->path() + " holds a name of an unknown bucket"};
    reader.name(bucket->second, std::string(rows->column_text(1)), VersionId{*version},
                rows->column_int64(3) != 0);
  }
}

Result<std::vector<Result<ChangeDone>>> SqliteCatalog::commit(std::span<const Change> changes,
                                                              WallTime now) {
  bool is_full = false;
  for (const Change& change : changes) is_full |= is_acknowledged(change);
  if (auto set = state_->set_sync(is_full); !set.ok()) return set.error();
  auto transaction = io::Transaction::begin(*state_->database);
  if (!transaction.ok()) return transaction.error();
  std::vector<Result<ChangeDone>> results;
  results.reserve(changes.size());
  for (const Change& change : changes) {
    results.emplace_back(ChangeDone{});
    auto done = state_->statements->apply(change, now, results.back());
    if (!done.ok()) return done.error();
  }
  if (auto done = transaction->commit(); !done.ok()) return done.error();
  return results;
}

Result<PolicyRevision> SqliteCatalog::policy(const std::string& bucket, uint32_t version) {
  auto there = state_->statements->find_bucket(bucket);
  if (!there.ok()) return there.error();
  if (!there->has_value()) return no_such_bucket(bucket);
  return state_->statements->policies.find((*there)->id, version);
}

Result<std::vector<PolicyHead>> SqliteCatalog::policy_history(const PolicyHistoryQuery& query) {
  auto there = state_->statements->find_bucket(query.bucket);
  if (!there.ok()) return there.error();
  if (!there->has_value()) return no_such_bucket(query.bucket);
  return state_->statements->policies.history((*there)->id, query);
}

Result<std::string> SqliteCatalog::setting(const std::string& key) {
  auto row = state_->database->prepare("SELECT value FROM settings WHERE key = ?");
  if (!row.ok()) return row.error();
  auto found = row->bind_all(key).step();
  if (!found.ok()) return found.error();
  if (!*found) return {ErrorCode::kNotFound, "the catalog has no setting \"" + key + "\""};
  return std::string(row->column_text(0));
}

Result<void> SqliteCatalog::set_setting(const std::string& key, const std::string& value) {
  if (auto set = state_->set_sync(true); !set.ok()) return set.error();
  auto row = state_->database->prepare(
      "INSERT INTO settings VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
  if (!row.ok()) return row.error();
  return row->bind_all(key, value).run();
}

Result<void> SqliteCatalog::check() {
  auto pages = state_->database->prepare("PRAGMA integrity_check");
  if (!pages.ok()) return pages.error();
  auto row = pages->step();
  if (!row.ok()) return row.error();
  if (!*row || pages->column_text(0) != "ok")
    return {ErrorCode::kCorrupt, state_->database->path() + ": " +
                                     std::string(*row ? pages->column_text(0) : "no answer")};
  pages->reset();
  auto references = state_->database->prepare("PRAGMA foreign_key_check");
  if (!references.ok()) return references.error();
  auto broken = references->step();
  if (!broken.ok()) return broken.error();
  if (*broken)
    return {ErrorCode::kCorrupt, state_->database->path() + ": a row of table " +
                                     std::string(references->column_text(0)) +
                                     " refers to nothing"};
  return {};
}

}  // namespace tyto::tracker
