// The tables of a catalog on PostgreSQL: made, brought up to date, looked over.
#pragma once

#include "io/sql/sql.h"

namespace tyto::tracker {

enum class SchemaStep : uint8_t {
  kCreate,   // makes the tables where there are none; refuses old ones
  kMigrate,  // brings old ones up to date as well
};

// One program at a time does this; others wait for it. Fails with kUnsupported if the tables are
// newer than this program, or older and not to be migrated; nothing is changed then.
Result<void> prepare_postgres_schema(io::SqlDatabase& database, SchemaStep step);

// Whether all rows refer to rows that are there. Cost: all of the catalog.
Result<void> check_postgres_schema(io::SqlDatabase& database);

}  // namespace tyto::tracker
