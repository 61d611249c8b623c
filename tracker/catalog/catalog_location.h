// Where a catalog is kept: "sqlite:PATH" or "postgres:URI".
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "io/postgres/address.h"
#include "tracker/catalog/sql_catalog.h"

namespace tyto::tracker {

struct CatalogLocation {
  std::string path;                             // of the SQLite file; empty for PostgreSQL
  std::optional<io::PostgresAddress> postgres;  // nothing for SQLite
  std::string shown;                            // for people; holds no password

  // Reads "sqlite:PATH", "postgres://USER@HOST:PORT/DATABASE", "postgresql://..." or
  // "postgres:name=value name=value".
  // Errors: kInvalidArgument; the message holds no password.
  static Result<CatalogLocation> parse(const std::string& text);
};

// Whether a location that parse() accepts is of a catalog that trackers share.
bool is_on_postgres(const std::string& location);

// What to do about tables of an older version.
enum class CatalogUse : uint8_t {
  kServe,    // brings a file up to date, and refuses a shared database: others may be using it
  kMigrate,  // brings both up to date
};

struct CatalogOptions {
  CatalogUse use = CatalogUse::kServe;
  uint64_t bytes_max = 0;  // of a file; 0: as much as the disk has
  Duration keep_unnamed = Duration::seconds(7 * 24 * 3600);
  Duration timeout = Duration::seconds(5);  // of a server
};

// Opens the catalog, and makes it if there is none. Errors: see SqliteCatalog and PostgresCatalog.
Result<std::unique_ptr<SqlCatalog>> open_catalog(const CatalogLocation& location,
                                                 const CatalogOptions& options);

}  // namespace tyto::tracker
