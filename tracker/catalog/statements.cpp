#include "tracker/catalog/statements.h"

#include <array>

#include "base/names.h"
#include "tracker/core/caching/pins.h"

namespace tyto::tracker {

namespace {

constexpr const char* kInsertVersion =
    "INSERT INTO versions (id, bucket, key, object_bytes, chunk_bytes, is_published, origin_url,"
    " origin_etag, origin_modified_unix_ns, recorded_unix_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "?)";

constexpr const char* kNoteOfUpdate = "the bucket's own settings were changed";

// In the order of CatalogStatements' constructor.
const std::array<std::string, 13> kStatements = {
    std::string(kSelectBucket) + " WHERE name = ?",
    "SELECT count(*) FROM buckets",
    "INSERT INTO buckets (id, name, origin, revalidate, revalidate_age_ms, trust_peers,"
    " policy_version) SELECT CASE WHEN coalesce(max(id), 0) < ?6 THEN ?6"
    " ELSE coalesce(max(id), 0) END + 1, ?1, ?2, ?3, ?4, ?5, 1 FROM buckets RETURNING id",
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
    " version = excluded.version WHERE names.is_published = 0"
    " AND names.version <> excluded.version",
    "INSERT INTO learned_roots SELECT ?1, ?2, ?3 WHERE EXISTS"
    " (SELECT 1 FROM versions WHERE id = ?1)"
    " ON CONFLICT (version, chunk) DO UPDATE SET root = excluded.root"
    " WHERE learned_roots.root <> excluded.root",
    "SELECT version FROM names WHERE bucket = ? AND key = ? AND is_published = 1",
};

Error wrong_bucket(const VersionFacts& facts) {
  return {ErrorCode::kConflict,
          "version " + facts.id.hex() +
              " belongs to another bucket already: give the manifest another name in \"" +
              printable(facts.bucket_name) + "\""};
}

Error version_conflict(const BucketConfig& there, uint32_t expected) {
  return {ErrorCode::kConflict,
          "the policy of bucket \"" + printable(there.name) + "\" is at version " +
              std::to_string(there.policy_version) + ", and was expected at " +
              std::to_string(expected) +
              ": it was changed meanwhile; read it again (tyto bucket policy), and repeat your "
              "change"};
}

Error publish_conflict(const VersionFacts& facts, const VersionId& winner) {
  return {ErrorCode::kConflict,
          printable(facts.bucket_name + "/" + facts.key, 1200) + " was published as version " +
              winner.hex() + " meanwhile, so that version " + facts.id.hex() +
              " is not what it stands for; look whether that is the one (tyto stat), and else "
              "publish again"};
}

// Why a pin is refused, or nothing.
std::optional<Error> judge_pin(const SetPin& pin, const PinSums& others) {
  if (pin.bucket_bytes_max != 0 && others.bucket_bytes + pin.object_bytes > pin.bucket_bytes_max)
    return Error{ErrorCode::kNoSpace,
                 printable(pin.name.text(), 1200) + " has " + std::to_string(pin.object_bytes) +
                     " bytes, and of the " + std::to_string(pin.bucket_bytes_max) +
                     " bytes that may be pinned of bucket '" + printable(pin.name.bucket) +
                     "' (caching.pinned_max) " + std::to_string(others.bucket_bytes) +
                     " are; unpin something, or raise the limit"};
  if (others.pins >= Pins::kPinsMax)
    return Error{ErrorCode::kOverloaded, "there are " + std::to_string(Pins::kPinsMax) +
                                             " pins, the most there may be; unpin something"};
  return std::nullopt;
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

BucketConfig bucket_of_row(const io::SqlStatement& row) {
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

Result<VersionFacts> facts_of_row(const io::SqlStatement& row) {
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
  facts.origin.modified = row.column_time(8);
  return facts;
}

Result<std::unique_ptr<CatalogStatements>> CatalogStatements::prepare(io::SqlDatabase& database) {
  std::vector<io::SqlStatement> prepared;
  for (const std::string& sql : kStatements) {
    auto statement = database.prepare(sql);
    if (!statement.ok()) return statement.error();
    prepared.push_back(std::move(*statement));
  }
  auto policies = PolicyStatements::prepare(database);
  if (!policies.ok()) return policies.error();
  auto pins = PinStatements::prepare(database);
  if (!pins.ok()) return pins.error();
  return std::unique_ptr<CatalogStatements>(
      new CatalogStatements(std::move(*policies), std::move(*pins), std::move(prepared)));
}

CatalogStatements::CatalogStatements(PolicyStatements policy_statements,
                                     PinStatements pin_statements,
                                     std::vector<io::SqlStatement> prepared)
    : policies(std::move(policy_statements)),
      pins(std::move(pin_statements)),
      select_bucket_(std::move(prepared[0])),
      count_buckets_(std::move(prepared[1])),
      insert_bucket_(std::move(prepared[2])),
      update_bucket_(std::move(prepared[3])),
      count_policy_(std::move(prepared[4])),
      select_version_bucket_(std::move(prepared[5])),
      publish_version_(std::move(prepared[6])),
      record_version_(std::move(prepared[7])),
      put_manifest_(std::move(prepared[8])),
      publish_name_(std::move(prepared[9])),
      record_name_(std::move(prepared[10])),
      record_root_(std::move(prepared[11])),
      select_published_(std::move(prepared[12])) {}

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
                                bucket.revalidate_age.ms(), bucket.trust_peers ? 1 : 0,
                                uint64_t{bucket.id.value()})
                      .step();
  if (!inserted.ok()) return inserted.error();
  done = ChangeDone{.bucket = bucket};
  done->bucket.id = BucketId(static_cast<uint32_t>(insert_bucket_.column_int64(0)));
  insert_bucket_.reset();
  done->bucket.policy_version = 1;
  note_bucket(done->bucket.id);
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
  note_bucket(done->bucket.id);
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
    done = version_conflict(**there, *change.expected_version);
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
  const uint32_t version = (*former)->policy_version;
  if (change.expected_version.value_or(version) != version) {
    done = version_conflict(**former, *change.expected_version);
    return {};
  }
  auto policy = policies.find((*former)->id, version);
  if (!policy.ok()) return policy.error();
  auto updated = update_bucket_
                     .bind_all(bucket.name, bucket.origin, static_cast<int>(bucket.revalidate),
                               bucket.revalidate_age.ms(), bucket.trust_peers ? 1 : 0)
                     .run();
  if (!updated.ok()) return updated.error();
  return put_policy(bucket.name, PolicyStatements::revision(policy->document, kNoteOfUpdate, now),
                    done);
}

Result<void> CatalogStatements::write_version(io::SqlStatement& statement,
                                              const VersionFacts& facts, WallTime now) {
  return statement
      .bind_all(facts.id.digest, facts.bucket.value(), facts.key, facts.chunking.object_bytes,
                facts.chunking.chunk_bytes, facts.is_published ? 1 : 0, facts.origin.url,
                facts.origin.etag, facts.origin.modified, now)
      .run();
}

Result<std::optional<VersionId>> CatalogStatements::find_published(BucketId bucket,
                                                                   const std::string& key) {
  auto found = select_published_.bind_all(bucket.value(), key).step();
  if (!found.ok()) return found.error();
  if (!*found) return std::optional<VersionId>();
  auto digest = select_published_.column_digest(0);
  select_published_.reset();
  if (!digest.ok()) return digest.error();
  return std::optional<VersionId>(VersionId{*digest});
}

Result<std::optional<Error>> CatalogStatements::judge(const Publish& change,
                                                      const VersionFacts& facts) {
  auto owner = find_version_bucket(facts.id);
  if (!owner.ok()) return owner.error();
  if (owner->value_or(facts.bucket.value()) != facts.bucket.value())
    return std::optional<Error>(wrong_bucket(facts));
  if (!change.expected_former) return std::optional<Error>();
  auto former = find_published(facts.bucket, facts.key);
  if (!former.ok()) return former.error();
  // Who publishes what is there already has what he wants.
  if (!*former || **former == facts.id || **former == *change.expected_former)
    return std::optional<Error>();
  return std::optional<Error>(publish_conflict(facts, **former));
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
  auto refused = judge(change, facts);
  if (!refused.ok()) return refused.error();
  if (*refused) {
    done = **refused;
    return {};
  }
  if (auto wrote = write_version(publish_version_, facts, now); !wrote.ok()) return wrote;
  std::span<const Digest> roots(change.roots);
  auto wrote = put_manifest_.bind_all(facts.id.digest, std::as_bytes(roots)).run();
  if (!wrote.ok()) return wrote;
  wrote = publish_name_.bind_all(facts.bucket.value(), facts.key, facts.id.digest).run();
  if (!wrote.ok()) return wrote;
  note_version(facts.id);
  note_name(facts.bucket, facts.key);
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
  if (!owner->has_value()) note_version(facts.id);
  auto named = record_name_.bind_all(facts.bucket.value(), facts.key, facts.id.digest).run();
  if (named.ok() && record_name_.rows_changed() > 0) note_name(facts.bucket, facts.key);
  return named;
}

Result<void> CatalogStatements::apply(const RecordRoot& change, WallTime,
                                      Result<ChangeDone>& done) {
  auto wrote =
      record_root_.bind_all(change.chunk.version.digest, change.chunk.index.value(), change.root)
          .run();
  if (!wrote.ok()) return wrote;
  if (record_root_.rows_changed() > 0) {
    note_version(change.chunk.version);
    return {};
  }
  auto bucket = find_version_bucket(change.chunk.version);
  if (!bucket.ok()) return bucket.error();
  if (!bucket->has_value())
    done = Error{ErrorCode::kNotFound,
                 "version " + change.chunk.version.hex() + " is not in the catalog"};
  return {};
}

Result<void> CatalogStatements::apply(const SetPin& change, WallTime now,
                                      Result<ChangeDone>& done) {
  if (auto expired = pins.expire(now); !expired.ok()) return expired;
  auto bucket = find_bucket(change.name.bucket);
  if (!bucket.ok()) return bucket.error();
  if (!bucket->has_value()) {
    done = no_such_bucket(change.name.bucket);
    return {};
  }
  const BucketId id = (*bucket)->id;
  auto others = pins.sums_besides(id, change.name.key);
  if (!others.ok()) return others.error();
  if (auto refused = judge_pin(change, *others)) {
    done = *refused;
    return {};
  }
  note_pin(id, change.name.key);
  return pins.put(id, change);
}

Result<void> CatalogStatements::apply(const RemovePin& change, WallTime, Result<ChangeDone>& done) {
  auto bucket = find_bucket(change.name.bucket);
  if (!bucket.ok()) return bucket.error();
  if (!bucket->has_value()) {
    done = no_such_bucket(change.name.bucket);
    return {};
  }
  auto removed = pins.remove((*bucket)->id, change.name.key);
  if (!removed.ok()) return removed.error();
  if (*removed) {
    note_pin((*bucket)->id, change.name.key);
  } else {
    done = Error{ErrorCode::kNotFound,
                 printable(change.name.text(), 1200) + " is not pinned; tyto pin ls lists what is"};
  }
  return {};
}

}  // namespace tyto::tracker
