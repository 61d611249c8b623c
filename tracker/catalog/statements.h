// The prepared statements of a SqlCatalog, and what each change does with them.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "io/sql/sql.h"
#include "tracker/catalog/catalog.h"
#include "tracker/catalog/pin_statements.h"
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
BucketConfig bucket_of_row(const io::SqlStatement& row);
// A row of kSelectVersion, but for the bucket's name. kCorrupt if the id is no digest.
Result<VersionFacts> facts_of_row(const io::SqlStatement& row);

// Something that was changed, for those who keep a copy of the catalog.
struct ChangeNote {
  enum class Kind : uint8_t { kBucket = 0, kVersion = 1, kName = 2, kPin = 3 };
  Kind kind = Kind::kBucket;
  BucketId bucket;    // of all but versions
  std::string key;    // of names and pins
  VersionId version;  // of versions
  auto operator<=>(const ChangeNote&) const = default;
};

// Statements that are used again and again.
//
// Threads:   as the database.
// Ownership: borrows the database.
class CatalogStatements {
 public:
  static Result<std::unique_ptr<CatalogStatements>> prepare(io::SqlDatabase& database);

  // Carries out one change inside the transaction under way. A change that is refused sets `done`
  // to the reason and has written nothing; an error returned ends the transaction.
  Result<void> apply(const Change& change, WallTime now, Result<ChangeDone>& done);

  Result<std::optional<BucketConfig>> find_bucket(const std::string& name);
  // What changes were applied since the last call, each once.
  std::set<ChangeNote> take_notes() { return std::exchange(notes_, {}); }

  PolicyStatements policies;
  PinStatements pins;

 private:
  CatalogStatements(PolicyStatements policy_statements, PinStatements pin_statements,
                    std::vector<io::SqlStatement> prepared);

  Result<void> apply(const CreateBucket& change, WallTime now, Result<ChangeDone>& done);
  Result<void> apply(const UpdateBucket& change, WallTime now, Result<ChangeDone>& done);
  Result<void> apply(const SetPolicy& change, WallTime now, Result<ChangeDone>& done);
  Result<void> apply(const Publish& change, WallTime now, Result<ChangeDone>& done);
  Result<void> apply(const RecordVersion& change, WallTime now, Result<ChangeDone>& done);
  Result<void> apply(const RecordRoot& change, WallTime now, Result<ChangeDone>& done);
  Result<void> apply(const SetPin& change, WallTime now, Result<ChangeDone>& done);
  Result<void> apply(const RemovePin& change, WallTime now, Result<ChangeDone>& done);
  // The bucket, whose version has just grown by one, with a row for this policy.
  Result<void> put_policy(const std::string& bucket, PolicyRevision policy,
                          Result<ChangeDone>& done);
  void note_bucket(BucketId bucket) { notes_.insert({.bucket = bucket}); }
  void note_version(const VersionId& version) {
    notes_.insert({.kind = ChangeNote::Kind::kVersion, .version = version});
  }
  void note_name(BucketId bucket, const std::string& key) {
    notes_.insert({ChangeNote::Kind::kName, bucket, key, {}});
  }
  void note_pin(BucketId bucket, const std::string& key) {
    notes_.insert({ChangeNote::Kind::kPin, bucket, key, {}});
  }
  // The version that was published under the name; nothing if none ever was.
  Result<std::optional<VersionId>> find_published(BucketId bucket, const std::string& key);
  // Why the publication is refused, or nothing.
  Result<std::optional<Error>> judge(const Publish& change, const VersionFacts& facts);
  // The bucket that the catalog has this version in.
  Result<std::optional<uint32_t>> find_version_bucket(const VersionId& version);
  Result<void> write_version(io::SqlStatement& statement, const VersionFacts& facts, WallTime now);

  std::set<ChangeNote> notes_;
  io::SqlStatement select_bucket_;
  io::SqlStatement count_buckets_;
  io::SqlStatement insert_bucket_;
  io::SqlStatement update_bucket_;
  io::SqlStatement count_policy_;
  io::SqlStatement select_version_bucket_;
  io::SqlStatement publish_version_;
  io::SqlStatement record_version_;
  io::SqlStatement put_manifest_;
  io::SqlStatement publish_name_;
  io::SqlStatement record_name_;
  io::SqlStatement record_root_;
  io::SqlStatement select_published_;
};

}  // namespace tyto::tracker
