// From what a catalog holds to what the tracker knows of it: inputs of the core, and the directory.
#pragma once

#include <functional>
#include <map>

#include "io/log/log.h"
#include "tracker/catalog/catalog_feed.h"
#include "tracker/server/core_driver.h"
#include "tracker/server/object_directory.h"

namespace tyto::tracker {

// Purity:    shell.
// Threads:   confined to its loop.
// Ownership: borrows all that it is made of.
class CatalogInputs {
 public:
  CatalogInputs(CoreDriver& driver, ObjectDirectory& directory, io::Log& log,
                std::function<Instant()> now)
      : driver_(driver), directory_(directory), log_(log), now_(std::move(now)) {}

  // Takes everything, when the tracker starts, and says where in the catalog's history that is.
  // Errors: the catalog's.
  Result<CatalogPosition> load(Catalog& catalog);
  // Takes what others have changed. What is as it was already goes by: these are this tracker's
  // own changes.
  void apply(CatalogUpdate update);
  std::size_t versions_loaded() const { return versions_loaded_; }

 private:
  using Versions = std::map<VersionId, VersionFactsRef>;
  void take(LoadedBucket item, CatalogUpdate::Kind kind);
  void take(LoadedVersion item, Versions& versions);
  void take(LoadedName item, const Versions& versions);
  void take(SetPin pin);
  // A document that a newer tracker wrote must not keep this one from starting.
  void load_bucket(Catalog& catalog, BucketConfig bucket, PolicyRevision policy);
  // Whether the bucket's number is another's here: after a catalog was put back to an older copy.
  bool is_number_taken(const BucketConfig& bucket) const;
  void remove_pins_besides(const std::vector<CatalogItem>& items);

  CoreDriver& driver_;
  ObjectDirectory& directory_;
  io::Log& log_;
  const std::function<Instant()> now_;
  std::size_t versions_loaded_ = 0;
};

}  // namespace tyto::tracker
