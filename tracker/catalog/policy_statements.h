// The table of buckets' policies, and the statements that write and read it.
#pragma once

#include <string>
#include <vector>

#include "io/sql/sql.h"
#include "tracker/catalog/catalog.h"

namespace tyto::tracker {

// Rows of the table `policies`: schema/sql/catalog_0002.sql.
//
// Threads:   as the database.
// Ownership: borrows the database.
// Bounds:    kPoliciesKept rows a bucket.
// Errors:    those of the database, which end the transaction under way; but for kNotFound.
class PolicyStatements {
 public:
  static Result<PolicyStatements> prepare(io::SqlDatabase& database);
  // A policy that was made now. Its version is left at 1.
  static PolicyRevision revision(std::string document, std::string note, WallTime now);

  // Writes a row, and drops the bucket's oldest.
  // Requires: a transaction; the version is higher than any of the bucket.
  Result<void> put(BucketId bucket, const PolicyRevision& policy);
  // kNotFound if there is no row of that version; the message says which there are.
  Result<PolicyRevision> find(BucketId bucket, uint32_t version);
  // The newest first.
  Result<std::vector<PolicyHead>> history(BucketId bucket, const PolicyHistoryQuery& query);

 private:
  explicit PolicyStatements(std::vector<io::SqlStatement> prepared);
  Error no_such_version(BucketId bucket, uint32_t version);

  io::SqlStatement insert_;
  io::SqlStatement trim_;
  io::SqlStatement select_;
  io::SqlStatement select_bounds_;
  io::SqlStatement select_history_;
};

}  // namespace tyto::tracker
