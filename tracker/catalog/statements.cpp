#include "tracker/catalog/statements.h"

#include <array>

#include "base/names.h"

namespace tyto::tracker {

namespace {

constexpr const char* kInsertVersion =
    "INSERT INTO versions (id, bucket, key, object_bytes, chunk_bytes, is_published, origin_url,"
    " origin_etag, origin_modified_unix_ns, recorded_unix_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "?)";

constexpr const char* kNoteOfUpdate = "the bucket's own settings were changed";

// In the order of CatalogStatements' constructor.
const std::array<std::string, 14> kStatements = {
    "SELECT roots FROM manifests WHERE version = ?",
    "SELECT chunk, root FROM learned_roots WHERE version = ? ORDER BY chunk",
    std::string(kSelectBucket) + " WHERE name = ?",
    "SELECT count(*) FROM buckets",
    "INSERT INTO buckets (name, origin, revalidate, revalidate_age_ms, trust_peers, policy_version)"
    " VALUES (?, ?, ?, ?, ?, 1)",
    "UPDATE buckets SET origin = ?2, revalidate = ?3, revalidate_age_ms = ?4, trust_peers = ?5,"
    " policy_version = policy_version + 1 WHERE name = ?1",
    "UPDATE buckets SET policy_version = policy_version + 1 WHERE name = ?",
    "SELECT bucket FROM versions WHERE id = ?",
    std::string(kInsertVersion) +
        " ON CONFLICT (id) DO UPDATE SET is_published = 1, origin_url = excluded.origin_url,"
        " origin_etag = excluded.origin_etag,"
        " origin_modified_unix_ns = excluded.origin_modified_unix_ns",
    std::string(kInsertVersion) +
        " ON CONFLICT (id) DO UPDATE SET recorded_unix_ns = excluded.recorded_unix_ns",
    "INSERT INTO manifests VALUES (?, ?)"
    " ON CONFLICT (version) DO UPDATE SET roots = excluded.roots",
    "INSERT INTO names VALUES (?, ?, ?, 1) ON CONFLICT (bucket, key) DO UPDATE SET"
    " version = excluded.version, is_published = 1",
    "INSERT INTO names VALUES (?, ?, ?, 0) ON CONFLICT (bucket, key) DO UPDATE SET"
    " version = excluded.version WHERE is_published = 0",
    "INSERT INTO learned_roots SELECT ?1, ?2, ?3 WHERE EXISTS"
    " (SELECT 1 FROM versions WHERE id = ?1)"
    " ON CONFLICT (version, chunk) DO UPDATE SET root = excluded.root",
};

Error wrong_bucket(const VersionFacts& facts) {
  return {ErrorCode::kConflict,
          "version " + facts.id.hex() +
              " belongs to another bucket already: give the manifest another name in \"" +
              printable(facts.bucket_name) + "\""};
}

Error version_conflict(const SetPolicy& change, const BucketConfig& there) {
  return {ErrorCode::kConflict,
          "the policy of bucket \"" + printable(change.bucket) + "\" is at version " +
              std::to_string(there.policy_version) + ", and was expected at " +
              std::to_string(*change.expected_version) +
              ": it was changed meanwhile; read it again (tyto bucket policy), and repeat your "
              "change"};
}

}  // namespace

Error no_such_bucket(const std::string& name) {
  return {ErrorCode::kNotFound, "there is no bucket \"" + printable(name) +
                                    "\": make it first (tyto bucket create, or POST "
                                    "/api/v1/buckets)"};
}

bool is_acknowledged(const Change& change) {
  return !std::holds_alternative<RecordVersion>(change) &&
         !std::holds_alternative<RecordRoot>(change);
}

BucketConfig bucket_of_row(const io::Statement& row) {
  BucketConfig bucket;
  bucket.id = BucketId(static_cast<uint32_t>(row.column_int64(0)));
  bucket.name = std::string(row.column_text(1));
  bucket.origin = std::string(row.column_text(2));
  bucket.revalidate = static_cast<Revalidate>(row.column_int64(3));
  bucket.revalidate_age = Duration::milliseconds(row.column_int64(4));
  bucket.trust_peers = row.column_int64(5) != 0;
  bucket.policy_version = static_cast<uint32_t>(row.column_int64(6));
  return bucket;
}

Result<VersionFacts> facts_of_row(const io::Statement& row) {
  auto id = row.column_digest(0);
  if (!id.ok()) return id.error();
  VersionFacts facts;
  facts.id = VersionId{*id};
  facts.bucket = BucketId(static_cast<uint32_t>(row.column_int64(1)));
  facts.key = std::string(row.column_text(2));
  facts.chunking = {row.column_uint64(3), static_cast<uint32_t>(row.column_int64(4))};
  facts.is_published = row.column_int64(5) != 0;
  facts.origin.url = std::string(row.column_text(6));
  facts.origin.etag = std::string(row.column_text(7));
  if (!row.column_is_null(8)) facts.origin.modified = WallTime::from_unix_ns(row.column_int64(8));
  return facts;
}

Result<std::unique_ptr<CatalogStatements>> CatalogStatements::prepare(io::Database& database) {
  std::vector<io::Statement> prepared;
  for (const std::string& sql : kStatements) {
    auto statement = database.prepare(sql);
    if (!statement.ok()) return statement.error();
    prepared.push_back(std::move(*statement));
  }
  auto policies = PolicyStatements::prepare(database);
  if (!policies.ok()) return policies.error();
  return std::unique_ptr<CatalogStatements>(
      new CatalogStatements(database, std::move(*policies), std::move(prepared)));
}

CatalogStatements::CatalogStatements(io::Database& database, PolicyStatements policy_statements,
                                     std::vector<io::Statement> prepared)
    : policies(std::move(policy_statements)),
      select_manifest(std::move(prepared[0])),
      select_learned(std::move(prepared[1])),
      database_(database),
      select_bucket_(std::move(prepared[2])),
      count_buckets_(std::move(prepared[3])),
      insert_bucket_(std::move(prepared[4])),
      update_bucket_(std::move(prepared[5])),
      count_policy_(std::move(prepared[6])),
      select_version_bucket_(std::move(prepared[7])),
      publish_version_(std::move(prepared[8])),
      record_version_(std::move(prepared[9])),
      put_manifest_(std::move(prepared[10])),
      publish_name_(std::move(prepared[11])),
      record_name_(std::move(prepared[12])),
      record_root_(std::move(prepared[13])) {}

Result<void> CatalogStatements::apply(const Change& change, WallTime now,
                                      Result<ChangeDone>& done) {
  return std::visit([&](const auto& one) { return apply(one, now, done); }, change);
}

Result<std::optional<BucketConfig>> CatalogStatements::find_bucket(const std::string& name) {
  auto found = select_bucket_.bind_all(name).step();
  if (!found.ok()) return found.error();
  std::optional<BucketConfig> bucket;
  if (*found) bucket = bucket_of_row(select_bucket_);
  select_bucket_.reset();
  return bucket;
}

Result<std::optional<uint32_t>> CatalogStatements::find_version_bucket(const VersionId& version) {
  auto found = select_version_bucket_.bind_all(version.digest).step();
  if (!found.ok()) return found.error();
  std::optional<uint32_t> bucket;
  if (*found) bucket = static_cast<uint32_t>(select_version_bucket_.column_int64(0));
  select_version_bucket_.reset();
  return bucket;
}

Result<void> CatalogStatements::apply(const CreateBucket& change, WallTime now,
                                      Result<ChangeDone>& done) {
  const BucketConfig& bucket = change.bucket;
  auto there = find_bucket(bucket.name);
  if (!there.ok()) return there.error();
  if (there->has_value()) {
    done = Error{ErrorCode::kConflict, "there is a bucket \"" + printable(bucket.name) +
                                           "\" already: update it, or choose another name"};
    return {};
  }
  auto count = count_buckets_.step();
  if (!count.ok()) return count.error();
  auto buckets = static_cast<std::size_t>(count_buckets_.column_int64(0));
  count_buckets_.reset();
  if (buckets >= kBucketsMax) {
    done = Error{ErrorCode::kOverloaded,
                 "the catalog has " + std::to_string(buckets) + " buckets, the most it takes"};
    return {};
  }
  auto inserted = insert_bucket_
                      .bind_all(bucket.name, bucket.origin, static_cast<int>(bucket.revalidate),
                                bucket.revalidate_age.ms(), bucket.trust_peers ? 1 : 0)
                      .run();
  if (!inserted.ok()) return inserted.error();
  done = ChangeDone{.bucket = bucket};
  done->bucket.id = BucketId(static_cast<uint32_t>(database_.last_insert_id()));
  done->bucket.policy_version = 1;
  done->policy = PolicyStatements::revision(change.policy_document, "", now);
  return policies.put(done->bucket.id, done->policy);
}

Result<void> CatalogStatements::put_policy(const std::string& bucket, PolicyRevision policy,
                                           Result<ChangeDone>& done) {
  auto there = find_bucket(bucket);
  if (!there.ok()) return there.error();
  TYTO_ASSERT(there->has_value());
  done = ChangeDone{.bucket = **there, .policy = std::move(policy)};
  done->policy.head.version = done->bucket.policy_version;
  return policies.put(done->bucket.id, done->policy);
}

Result<void> CatalogStatements::apply(const SetPolicy& change, WallTime now,
                                      Result<ChangeDone>& done) {
  auto there = find_bucket(change.bucket);
  if (!there.ok()) return there.error();
  if (!there->has_value()) {
    done = no_such_bucket(change.bucket);
    return {};
  }
  uint32_t version = (*there)->policy_version;
  if (change.expected_version.value_or(version) != version) {
    done = version_conflict(change, **there);
    return {};
  }
  if (auto counted = count_policy_.bind_all(change.bucket).run(); !counted.ok()) return counted;
  return put_policy(change.bucket, PolicyStatements::revision(change.document, change.note, now),
                    done);
}

Result<void> CatalogStatements::apply(const UpdateBucket& change, WallTime now,
                                      Result<ChangeDone>& done) {
  const BucketConfig& bucket = change.bucket;
  auto former = find_bucket(bucket.name);
  if (!former.ok()) return former.error();
  if (!former->has_value()) {
    done = no_such_bucket(bucket.name);
    return {};
  }
  auto policy = policies.find((*former)->id, (*former)->policy_version);
  if (!policy.ok()) return policy.error();
  auto updated = update_bucket_
                     .bind_all(bucket.name, bucket.origin, static_cast<int>(bucket.revalidate),
                               bucket.revalidate_age.ms(), bucket.trust_peers ? 1 : 0)
                     .run();
  if (!updated.ok()) return updated.error();
  return put_policy(bucket.name, PolicyStatements::revision(policy->document, kNoteOfUpdate, now),
                    done);
}

Result<void> CatalogStatements::write_version(io::Statement& statement, const VersionFacts& facts,
                                              WallTime now) {
  statement.bind_all(facts.id.digest, facts.bucket.value(), facts.key, facts.chunking.object_bytes,
                     facts.chunking.chunk_bytes, facts.is_published ? 1 : 0, facts.origin.url,
                     facts.origin.etag);
  if (facts.origin.modified) {
    statement.bind(9, facts.origin.modified->unix_ns());
  } else {
    statement.bind_null(9);
  }
  return statement.bind(10, now.unix_ns()).run();
}

Result<void> CatalogStatements::apply(const Publish& change, WallTime now,
                                      Result<ChangeDone>& done) {
  TYTO_ASSERT(change.roots.size() == change.facts.chunking.chunk_count());
  auto bucket = find_bucket(change.facts.bucket_name);
  if (!bucket.ok()) return bucket.error();
  if (!bucket->has_value()) {
    done = no_such_bucket(change.facts.bucket_name);
    return {};
  }
  VersionFacts facts = change.facts;
  facts.bucket = (*bucket)->id;
  facts.is_published = true;
  auto owner = find_version_bucket(facts.id);
  if (!owner.ok()) return owner.error();
  if (owner->value_or(facts.bucket.value()) != facts.bucket.value()) {
    done = wrong_bucket(facts);
    return {};
  }
  if (auto wrote = write_version(publish_version_, facts, now); !wrote.ok()) return wrote;
  std::span<const Digest> roots(change.roots);
  auto wrote = put_manifest_.bind_all(facts.id.digest, std::as_bytes(roots)).run();
  if (!wrote.ok()) return wrote;
  wrote = publish_name_.bind_all(facts.bucket.value(), facts.key, facts.id.digest).run();
  if (!wrote.ok()) return wrote;
  done = ChangeDone{.facts = std::make_shared<const VersionFacts>(std::move(facts))};
  return {};
}

Result<void> CatalogStatements::apply(const RecordVersion& change, WallTime now,
                                      Result<ChangeDone>& done) {
  const VersionFacts& facts = *change.facts;
  auto bucket = find_bucket(facts.bucket_name);
  if (!bucket.ok()) return bucket.error();
  if (!bucket->has_value() || (*bucket)->id != facts.bucket) {
    done = no_such_bucket(facts.bucket_name);
    return {};
  }
  auto owner = find_version_bucket(facts.id);
  if (!owner.ok()) return owner.error();
  if (owner->value_or(facts.bucket.value()) != facts.bucket.value()) {
    done = wrong_bucket(facts);
    return {};
  }
  if (auto wrote = write_version(record_version_, facts, now); !wrote.ok()) return wrote;
  return record_name_.bind_all(facts.bucket.value(), facts.key, facts.id.digest).run();
}

Result<void> CatalogStatements::apply(const RecordRoot& change, WallTime,
                                      Result<ChangeDone>& done) {
  auto wrote =
      record_root_.bind_all(change.chunk.version.digest, change.chunk.index.value(), change.root)
          .run();
  if (!wrote.ok()) return wrote;
  if (database_.rows_changed() == 0)
    done = Error{ErrorCode::kNotFound,
                 "version " + change.chunk.version.hex() + " is not in the catalog"};
  return {};
}

}  // namespace tyto::tracker
