// Reads what a catalog holds, in pages, so that neither rows nor round trips add up.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "io/sql/sql.h"
#include "tracker/catalog/catalog.h"
#include "tracker/catalog/statements.h"

namespace tyto::tracker {

// Threads:   as the database.
// Ownership: borrows the database and the statements.
// Errors:    those of the database; kCorrupt, naming the row, for what contradicts itself.
class CatalogLoader {
 public:
  CatalogLoader(io::SqlDatabase& database, CatalogStatements& statements)
      : database_(database), statements_(statements) {}

  // All there is. Requires: a transaction, where others write.
  Result<void> load(const CatalogReader& reader);
  // What these changes came to. Requires: the same.
  Result<void> load_noted(const std::set<ChangeNote>& notes, const CatalogReader& reader);

 private:
  using Buckets = std::map<uint32_t, BucketConfig>;
  // Versions from `first` to `last`, both included, in the order of their ids.
  struct Range {
    Digest first;
    Digest last;
  };
  Result<Buckets> load_buckets(const CatalogReader& reader, const std::set<ChangeNote>* only);
  Result<void> load_versions(const CatalogReader& reader, const Buckets& buckets);
  Result<void> load_names(const CatalogReader& reader, const Buckets& buckets);
  Result<void> load_pins(const CatalogReader& reader, const Buckets& buckets);
  Result<void> load_noted_name(const ChangeNote& note, const CatalogReader& reader,
                               const Buckets& buckets);
  Result<void> load_noted_pin(const ChangeNote& note, const CatalogReader& reader,
                              const Buckets& buckets);
  // Hands over those of the range that there are.
  Result<void> load_range(const Range& range, const CatalogReader& reader, const Buckets& buckets);
  Result<std::vector<VersionFacts>> read_facts(io::SqlStatement& rows, const Buckets& buckets);
  // One root per chunk, or none at all, for each of the versions, which are those of the range.
  Result<std::vector<std::vector<Digest>>> read_roots(const Range& range,
                                                      const std::vector<VersionFacts>& versions);
  Result<void> hand_over(const Range& range, std::vector<VersionFacts> versions,
                         const CatalogReader& reader);
  Error corrupt(const std::string& what) const {
    return {ErrorCode::kCorrupt, database_.name() + " holds " + what};
  }

  io::SqlDatabase& database_;
  CatalogStatements& statements_;
};

}  // namespace tyto::tracker
