// What catalogs in SQL have in common: all but how the database is opened, locked and watched.
#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "io/sql/sql.h"
#include "tracker/catalog/catalog.h"
#include "tracker/catalog/statements.h"

namespace tyto::tracker {

// Threads:   as Catalog.
// Ownership: borrows nothing; the backend owns the database, and hands it to attach().
class SqlCatalog : public Catalog {
 public:
  ~SqlCatalog() override;

  Result<StartedEpoch> start_epoch(WallTime now) override;
  Result<CatalogPosition> load(const CatalogReader& reader) override;
  Result<CatalogPosition> load_changes(const ChangesQuery& query,
                                       const CatalogReader& reader) override;
  Result<std::vector<Result<ChangeDone>>> commit(std::span<const Change> changes,
                                                 WallTime now) override;
  Result<PolicyRevision> policy(const std::string& bucket, uint32_t version) override;
  Result<std::vector<PolicyHead>> policy_history(const PolicyHistoryQuery& query) override;
  Result<std::string> setting(const std::string& key) override;
  Result<void> set_setting(const std::string& key, const std::string& value) override;

  // For tools that read and write rows (catalog_file.h).
  io::SqlDatabase& database() { return *database_; }
  // See begin_write() and begin_read(). For the same.
  Result<io::SqlTransaction> begin_lasting() { return begin_write(Lasting::kAcknowledged); }
  Result<io::SqlTransaction> begin_reading() { return begin_read(); }
  // Says of a catalog whose rows a tool replaced that nothing is as it was.
  virtual Result<void> note_replaced(WallTime /*now*/) { return {}; }

 protected:
  // Whether power may fail as soon as a commit has returned, or may take the last commits with it.
  enum class Lasting : uint8_t { kFacts, kAcknowledged };

  // Requires: called once, before all else.
  Result<void> attach(io::SqlDatabase& database, Duration keep_unnamed);
  // Lets go of the database. For destructors, since statements must not outlive it.
  void detach() { statements_.reset(); }
  TrackerEpoch epoch() const { return epoch_; }
  // What these changes came to. Requires: a transaction.
  Result<void> load_noted(const std::set<ChangeNote>& notes, const CatalogReader& reader);

  // A transaction in which nobody else writes.
  virtual Result<io::SqlTransaction> begin_write(Lasting lasting) = 0;
  // One that sees the catalog as it is at one moment.
  virtual Result<io::SqlTransaction> begin_read() = 0;
  // Makes it known, inside the transaction, that these were changed.
  virtual Result<void> note_changes(const std::set<ChangeNote>& notes, WallTime now) = 0;
  // The last change. Requires: a transaction.
  virtual Result<CatalogPosition> position() = 0;
  // The same error, with what the operator is to do.
  virtual Error with_remedy(Error error) const = 0;

 private:
  Result<void> prune(WallTime now);
  Result<int64_t> count_epoch(WallTime now);

  io::SqlDatabase* database_ = nullptr;
  std::unique_ptr<CatalogStatements> statements_;
  Duration keep_unnamed_;
  TrackerEpoch epoch_;
};

}  // namespace tyto::tracker
