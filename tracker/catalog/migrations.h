// The SQL of schema/sql, compiled in.
#pragma once

#include <span>

#include "io/sqlite/database.h"

namespace tyto::tracker {

// schema/sql/catalog_0001.sql and so on, in their order.
extern const std::span<const io::Migration> kCatalogMigrations;
// schema/sql/postgres_0001.sql and so on.
extern const std::span<const io::Migration> kPostgresMigrations;

}  // namespace tyto::tracker
