// A catalog in one SQLite file.
#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "tracker/catalog/sql_catalog.h"

namespace tyto::tracker {

// The schema's version that this program writes; see schema/sql.
extern const uint32_t kCatalogSchemaVersion;

// The catalog of a tracker on one machine. Whole after kill -9 at any moment, with all that was
// acknowledged in it; facts written behind may lose their last moments to a power cut, and to
// nothing else. `<path>.lock` keeps a second tracker from the same file.
class SqliteCatalog final : public SqlCatalog {
 public:
  struct Options {
    uint64_t bytes_max = 0;  // of the file; 0: as much as the disk has
    // Versions that were never published and that no name stands for any more are forgotten at a
    // start, once they are this old.
    Duration keep_unnamed = Duration::seconds(7 * 24 * 3600);
    Duration busy_timeout = Duration::seconds(5);
    std::string vfs;  // for tests, as in io::DatabaseOptions
  };
  // Opens the file, makes it if there is none, and brings its schema up to date. Fails with
  // kUnavailable if another process has it, kUnsupported if a newer program wrote it, kCorrupt if
  // it is broken or something else, kDenied or kUnavailable if the folder can't be written to.
  static Result<std::unique_ptr<SqliteCatalog>> open(const std::string& path,
                                                     const Options& options);
  ~SqliteCatalog() override;

  Result<void> check() override;

 protected:
  Result<io::SqlTransaction> begin_write(Lasting lasting) override;
  Result<io::SqlTransaction> begin_read() override;
  Result<void> note_changes(const std::set<ChangeNote>& notes, WallTime now) override;
  Result<CatalogPosition> position() override { return CatalogPosition{}; }
  Error with_remedy(Error error) const override;

 private:
  struct State;
  explicit SqliteCatalog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tyto::tracker
