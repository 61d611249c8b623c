// The table of pins, and the statements that write and read it.
#pragma once

#include <functional>
#include <vector>

#include "io/sqlite/database.h"
#include "tracker/catalog/catalog.h"

namespace tyto::tracker {

// Rows of the table `pins`: schema/sql/catalog_0003.sql.
//
// Threads:   as the database.
// Ownership: borrows the database.
// Errors:    those of the database, which end the transaction under way.
class PinStatements {
 public:
  static Result<PinStatements> prepare(io::Database& database);

  // In place of the name's former pin. Requires: a transaction.
  Result<void> put(BucketId bucket, const SetPin& pin);
  // Requires: a transaction.
  Result<void> remove(BucketId bucket, const std::string& key);
  // Deletes those that have run out. Requires: a transaction.
  Result<void> expire(WallTime now);
  // In the order of buckets and keys; the pins' bucket names are empty.
  Result<void> load(const std::function<void(BucketId bucket, SetPin pin)>& visit);

 private:
  explicit PinStatements(std::vector<io::Statement> prepared);

  io::Statement put_;
  io::Statement remove_;
  io::Statement expire_;
  io::Statement select_;
};

}  // namespace tyto::tracker
