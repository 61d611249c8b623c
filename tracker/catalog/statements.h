// The prepared statements of a SqliteCatalog, and what each change does with them.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "io/sqlite/database.h"
#include "tracker/catalog/catalog.h"
#include "tracker/catalog/policy_statements.h"

namespace tyto::tracker {

inline constexpr const char* kSelectBucket =
    "SELECT id, name, origin, revalidate, revalidate_age_ms, trust_peers, policy_version"
    " FROM buckets";
inline constexpr const char* kSelectVersion =
    "SELECT id, bucket, key, object_bytes, chunk_bytes, is_published, origin_url, origin_etag,"
    " origin_modified_unix_ns FROM versions";

Error no_such_bucket(const std::string& name);
// A row of kSelectBucket.
BucketConfig bucket_of_row(const io::Statement& row);
// A row of kSelectVersion, but for the bucket's name. kCorrupt if the id is no digest.
Result<VersionFacts> facts_of_row(const io::Statement& row);

// Statements that are used again and again.
//
// Threads:   as the database.
// Ownership: borrows the database.
class CatalogStatements {
 public:
  static Result<std::unique_ptr<CatalogStatements>> prepare(io::Database& database);

  // Carries out one change inside the transaction under way. A change that is refused sets `done`
  // to the reason and has written nothing; an error returned ends the transaction.
  Result<void> apply(const Change& change, WallTime now, Result<ChangeDone>& done);

  Result<std::optional<BucketConfig>> find_bucket(const std::string& name);

  PolicyStatements policies;
  io::Statement select_manifest;
  io::Statement select_learned;

 private:
  struct Prepared;
  CatalogStatements(io::Database& database, PolicyStatements policy_statements,
                    std::vector<io::Statement> prepared);

  Result<void> apply(const CreateBucket& change, WallTime now, Result<ChangeDone>& done);
  Result<void> apply(const UpdateBucket& change, WallTime now, Result<ChangeDone>& done);
  Result<void> apply(const SetPolicy& change, WallTime now, Result<ChangeDone>& done);
  Result<void> apply(const Publish& change, WallTime now, Result<ChangeDone>& done);
  Result<void> apply(const RecordVersion& change, WallTime now, Result<ChangeDone>& done);
  Result<void> apply(const RecordRoot& change, WallTime now, Result<ChangeDone>& done);
  // The bucket, whose version has just grown by one, with a row for this policy.
  Result<void> put_policy(const std::string& bucket, PolicyRevision policy,
                          Result<ChangeDone>& done);
  // The bucket that the catalog has this version in.
  Result<std::optional<uint32_t>> find_version_bucket(const VersionId& version);
  Result<void> write_version(io::Statement& statement, const VersionFacts& facts, WallTime now);

  io::Database& database_;
  io::Statement select_bucket_;
  io::Statement count_buckets_;
  io::Statement insert_bucket_;
  io::Statement update_bucket_;
  io::Statement count_policy_;
  io::Statement select_version_bucket_;
  io::Statement publish_version_;
  io::Statement record_version_;
  io::Statement put_manifest_;
  io::Statement publish_name_;
  io::Statement record_name_;
  io::Statement record_root_;
};

}  // namespace tyto::tracker
