// A catalog in a PostgreSQL database, which all trackers of a cluster share.
#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "io/postgres/database.h"
#include "tracker/catalog/sql_catalog.h"

namespace tyto::tracker {

// The schema's version that this program writes; see schema/sql/postgres_*.sql.
extern const uint32_t kPostgresSchemaVersion;

// The tables of Tyto in a PostgreSQL database, in the schema `tyto`. Trackers write one at a time,
// each commit numbered in turn, and notify the others.
//
// A connection that broke is made anew by the next call, so a catalog works again as soon as its
// server does. Each call ends within a few `timeout`.
class PostgresCatalog final : public SqlCatalog {
 public:
  enum class OldSchema : uint8_t {
    kRefuse,   // other trackers may be running on it
    kMigrate,  // `tyto catalog migrate`
  };
  // Who hears of the others' changes. A catalog that listens is for changes_wait().
  enum class Listening : uint8_t { kNo, kYes };
  struct Options {
    Duration keep_unnamed = Duration::seconds(7 * 24 * 3600);  // as SqliteCatalog's
    Duration timeout = Duration::seconds(5);                   // for connecting, and an answer
    OldSchema old_schema = OldSchema::kRefuse;
    Listening listening = Listening::kNo;
    uint64_t changes_kept = 100'000;
  };
  // Connects, and makes the tables in a database that has none. Fails with kUnavailable if there is
  // no answer, kDenied for a wrong user or password, kNotFound if the database does not exist,
  // kUnsupported if the tables are of another version.
  static Result<std::unique_ptr<PostgresCatalog>> open(const io::PostgresAddress& address,
                                                       const Options& options);
  ~PostgresCatalog() override;

  Result<CatalogPosition> load_changes(const ChangesQuery& query,
                                       const CatalogReader& reader) override;
  Result<void> check() override;
  Result<void> note_replaced(WallTime now) override;

  // Connects again if it must. Waits until others may have changed something: true, or until the
  // time is up or `wake_fd` is readable: false. A new connection counts as a change, since
  // notifications are lost with the old one.
  Result<bool> changes_wait(Duration patience, int wake_fd);

 protected:
  Result<io::SqlTransaction> begin_write(Lasting lasting) override;
  Result<io::SqlTransaction> begin_read() override;
  Result<void> note_changes(const std::set<ChangeNote>& notes, WallTime now) override;
  Result<CatalogPosition> position() override;
  Error with_remedy(Error error) const override { return error; }

 private:
  PostgresCatalog(std::unique_ptr<io::PostgresDatabase> database, const Options& options);
  // Whether the catalog's history has this place.
  Result<bool> has_passed(const CatalogPosition& at);
  Result<std::set<ChangeNote>> notes_since(const ChangesQuery& query);

  const Options options_;
  std::unique_ptr<io::PostgresDatabase> database_;
  uint64_t connections_seen_ = 0;
};

// The options with which trackers and tools connect; `listen`: SQL to add, as "LISTEN channel".
io::PostgresOptions postgres_options(Duration timeout, const std::string& listen);

}  // namespace tyto::tracker
