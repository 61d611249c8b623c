// The table of pins, and the statements that write and read it.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "io/sql/sql.h"
#include "tracker/catalog/catalog.h"

namespace tyto::tracker {

struct PinSums {
  uint64_t pins = 0;          // of all buckets
  uint64_t bucket_bytes = 0;  // of this bucket's
};

// Rows of the table `pins`: schema/sql/catalog_0003.sql.
//
// Threads:   as the database.
// Ownership: borrows the database.
// Errors:    those of the database, which end the transaction under way.
class PinStatements {
 public:
  static Result<PinStatements> prepare(io::SqlDatabase& database);

  // In place of the name's former pin. Requires: a transaction.
  Result<void> put(BucketId bucket, const SetPin& pin);
  // Whether there was one. Requires: a transaction.
  Result<bool> remove(BucketId bucket, const std::string& key);
  // Deletes those that have run out. Requires: a transaction.
  Result<void> expire(WallTime now);
  // In the order of buckets and keys; the pins' bucket names are empty.
  Result<void> load(const std::function<void(BucketId bucket, SetPin pin)>& visit);
  // The name's pin, if it has one; its bucket name is empty.
  Result<std::optional<SetPin>> find(BucketId bucket, const std::string& key);
  // What there is besides the pin of this name.
  Result<PinSums> sums_besides(BucketId bucket, const std::string& key);

 private:
  explicit PinStatements(std::vector<io::SqlStatement> prepared);

  io::SqlStatement put_;
  io::SqlStatement remove_;
  io::SqlStatement expire_;
  io::SqlStatement select_;
  io::SqlStatement select_one_;
  io::SqlStatement sum_;
};

}  // namespace tyto::tracker
