#include "peer/store/store_index.h"

namespace tyto::peer {
namespace {

constexpr uint32_t kApplicationId = 0x7459544f;  // "tYTO"

constexpr io::Migration kMigrations[] = {{1, R"sql(
-- One row: whether chunks can be believed without reading them.
CREATE TABLE trust (
  only_row  INTEGER PRIMARY KEY CHECK (only_row = 1),
  boot_id   TEXT    NOT NULL,    -- of the machine's run in which the store was last open
  is_synced INTEGER NOT NULL     -- 1: everything was on the disk, and nothing changed after
);
-- Versions that have chunks here; columns as in VersionFacts.
CREATE TABLE versions (
  number             INTEGER PRIMARY KEY,
  id                 BLOB    NOT NULL UNIQUE,  -- 32 bytes
  bucket             INTEGER NOT NULL,
  bucket_name        TEXT    NOT NULL,
  key                TEXT    NOT NULL,
  object_bytes       INTEGER NOT NULL,
  chunk_bytes        INTEGER NOT NULL,
  is_published       INTEGER NOT NULL,
  origin_url         TEXT    NOT NULL,
  origin_etag        TEXT    NOT NULL,
  origin_modified_ns INTEGER                   -- since 1970; null: unknown
);
-- Whole, verified chunks: a row is written after the chunk's bytes and leaf hashes.
CREATE TABLE chunks (
  version INTEGER NOT NULL REFERENCES versions (number) ON DELETE CASCADE,
  chunk   INTEGER NOT NULL,
  root    BLOB    NOT NULL,                    -- 32 bytes
  PRIMARY KEY (version, chunk)
) WITHOUT ROWID;
)sql"}};

// A row of `versions` as facts, or nothing if it makes no sense.
Result<VersionFactsRef> facts_of(const io::Statement& row) {
  auto facts = std::make_shared<VersionFacts>();
  auto id = row.column_digest(1);
  if (!id) return id.error();
  facts->id.digest = *id;
  facts->bucket = BucketId(static_cast<uint32_t>(row.column_int64(2)));
  facts->bucket_name = row.column_text(3);
  facts->key = row.column_text(4);
  facts->chunking.object_bytes = row.column_uint64(5);
  facts->chunking.chunk_bytes = static_cast<uint32_t>(row.column_int64(6));
  facts->is_published = row.column_int64(7) != 0;
  facts->origin.url = row.column_text(8);
  facts->origin.etag = row.column_text(9);
  if (!row.column_is_null(10))
    facts->origin.modified = WallTime::from_unix_ns(row.column_int64(10));
  if (!facts->chunking.is_valid())
    return {ErrorCode::kCorrupt, "version " + facts->id.hex() + " has an impossible size"};
  return VersionFactsRef(std::move(facts));
}

}  // namespace

Result<std::unique_ptr<StoreIndex>> StoreIndex::open(const std::string& path,
                                                     const std::string& vfs) {
  // The folder's lock keeps others out.
  auto database = io::Database::open(path, {.sync = io::SqliteSync::kOff,
                                            .sharing = io::SqliteSharing::kAlone,
                                            .application_id = kApplicationId,
                                            .vfs = vfs});
  if (!database) return database.error();
  if (auto done = io::migrate(**database, kMigrations); !done) return done.error();
  std::unique_ptr<StoreIndex> index(new StoreIndex(std::move(database).value()));
  if (auto done = index->prepare(); !done) return done.error();
  return index;
}

Result<void> StoreIndex::prepare() {
  struct Prepared {
    std::optional<io::Statement>& statement;
    const char* sql;
  };
  for (const auto& [statement, sql] : {
           Prepared{put_version_, "INSERT INTO versions VALUES (NULL,?,?,?,?,?,?,?,?,?,?)"},
           Prepared{put_chunk_, "INSERT OR REPLACE INTO chunks VALUES (?,?,?)"},
           Prepared{remove_chunks_,
                    "DELETE FROM chunks WHERE version = ? AND chunk >= ? AND chunk < ?"},
           Prepared{remove_version_, "DELETE FROM versions WHERE number = ?"},
       }) {
    auto prepared = database_->prepare(sql);
    if (!prepared) return prepared.error();
    statement.emplace(std::move(prepared).value());
  }
  return {};
}

Result<std::vector<StoreIndex::VersionRow>> StoreIndex::load() {
  auto versions = load_versions();
  if (!versions) return versions.error();
  for (auto& version : *versions)
    if (auto done = load_chunks(version); !done) return done.error();
  return versions;
}

Result<std::vector<StoreIndex::VersionRow>> StoreIndex::load_versions() {
  std::vector<VersionRow> versions;
  std::vector<VersionNumber> senseless;
  auto rows = database_->prepare("SELECT * FROM versions ORDER BY number");
  if (!rows) return rows.error();
  for (;;) {
    auto row = rows->step();
    if (!row) return row.error();
    if (!*row) break;
    if (auto facts = facts_of(*rows); facts.ok())
      versions.push_back({rows->column_int64(0), std::move(facts).value(), {}});
    else
      senseless.push_back(rows->column_int64(0));
  }
  for (VersionNumber number : senseless)
    if (auto done = remove_version(number); !done) return done.error();
  return versions;
}

Result<void> StoreIndex::load_chunks(VersionRow& version) {
  auto rows = database_->prepare("SELECT chunk, root FROM chunks WHERE version = ? ORDER BY chunk");
  if (!rows) return rows.error();
  rows->bind_all(version.number);
  for (;;) {
    auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return {};
    auto chunk = rows->column_uint64(0);
    auto root = rows->column_digest(1);
    if (root.ok() && chunk < version.facts->chunking.chunk_count())
      version.chunks.push_back({static_cast<uint32_t>(chunk), *root});
  }
}

Result<StoreIndex::VersionNumber> StoreIndex::put_version(const VersionFacts& facts) {
  put_version_->bind_all(facts.id.digest, facts.bucket.value(), facts.bucket_name, facts.key,
                         facts.chunking.object_bytes, facts.chunking.chunk_bytes,
                         facts.is_published ? 1 : 0, facts.origin.url, facts.origin.etag);
  if (facts.origin.modified)
    put_version_->bind(10, facts.origin.modified->unix_ns());
  else
    put_version_->bind_null(10);
  if (auto done = put_version_->run(); !done) return done.error();
  return database_->last_insert_id();
}

Result<void> StoreIndex::put_chunk(VersionNumber version, uint32_t chunk, const Digest& root) {
  return put_chunk_->bind_all(version, chunk, root).run();
}

Result<void> StoreIndex::remove_chunks(VersionNumber version, uint32_t first, uint32_t count) {
  return remove_chunks_->bind_all(version, first, uint64_t{first} + count).run();
}

Result<void> StoreIndex::remove_version(VersionNumber version) {
  return remove_version_->bind_all(version).run();
}

Result<StoreIndex::Trust> StoreIndex::trust() {
  auto row = database_->prepare("SELECT boot_id, is_synced FROM trust");
  if (!row) return row.error();
  auto found = row->step();
  if (!found) return found.error();
  if (!*found) return Trust{};
  return Trust{std::string(row->column_text(0)), row->column_int64(1) != 0};
}

Result<void> StoreIndex::set_trust(const Trust& trust, io::SqliteSync sync) {
  auto statement = database_->prepare("INSERT OR REPLACE INTO trust VALUES (1, ?, ?)");
  if (!statement) return statement.error();
  statement->bind_all(trust.boot_id, trust.is_synced ? 1 : 0);
  if (auto done = statement->run(); !done) return done;
  if (sync != io::SqliteSync::kFull) return {};
  if (auto done = database_->run("PRAGMA synchronous = FULL"); !done) return done;
  auto moved = database_->run("PRAGMA wal_checkpoint(TRUNCATE)");
  auto back = database_->run("PRAGMA synchronous = OFF");
  return moved ? back : moved;
}

Result<void> StoreIndex::check() {
  auto statement = database_->prepare("PRAGMA integrity_check(1)");
  if (!statement) return statement.error();
  auto row = statement->step();
  if (!row) return row.error();
  std::string verdict(*row ? statement->column_text(0) : "no answer");
  if (verdict == "ok") return {};
  return {ErrorCode::kCorrupt, database_->path() + " is broken: " + verdict};
}

}  // namespace tyto::peer
