#include "tracker/catalog/postgres_schema.h"

#include <array>
#include <string>
#include <utility>

#include "tracker/catalog/migrations.h"
#include "tracker/catalog/postgres_catalog.h"

namespace tyto::tracker {
namespace {

// 0: there are no tables.
Result<int64_t> version_of(io::SqlDatabase& database) {
  auto tables = database.query_int64(
      "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
      " ON n.oid = c.relnamespace WHERE n.nspname = 'tyto' AND c.relname = 'schema_version'");
  if (!tables.ok()) return tables.error();
  if (tables->value_or(0) == 0) return 0;
  auto version = database.query_int64("SELECT version FROM tyto.schema_version");
  if (!version.ok()) return version.error();
  if (version->has_value()) return **version;
  return {ErrorCode::kCorrupt,
          database.name() + ": the table tyto.schema_version is empty; restore a backup"};
}

Error wrong_version(const io::SqlDatabase& database, int64_t version) {
  const bool is_newer = version > int64_t{kPostgresSchemaVersion};
  return {ErrorCode::kUnsupported,
          database.name() + ": its tables are of version " + std::to_string(version) +
              ", this program's are of " + std::to_string(kPostgresSchemaVersion) +
              (is_newer ? "; run the newer tracker, or give another database"
                        : "; make a backup, and then bring them up to date: tyto catalog migrate "
                          "postgres:...")};
}

Result<void> migrate(io::SqlDatabase& database, int64_t from) {
  if (from == 0) {
    auto made = database.run(
        "CREATE SCHEMA IF NOT EXISTS tyto; SET search_path = tyto;"
        " CREATE TABLE schema_version (version BIGINT NOT NULL);"
        " INSERT INTO schema_version VALUES (0)");
    if (!made.ok()) return made;
  }
  for (const io::Migration& step : kPostgresMigrations) {
    if (int64_t{step.version} <= from) continue;
    if (auto done = database.run(step.sql); !done.ok()) return done;
    auto marked =
        database.run("UPDATE schema_version SET version = " + std::to_string(step.version));
    if (!marked.ok()) return marked;
  }
  return {};
}

}  // namespace

Result<void> prepare_postgres_schema(io::SqlDatabase& database, SchemaStep step) {
  auto found = version_of(database);
  if (!found.ok()) return found.error();
  const int64_t newest = kPostgresSchemaVersion;
  if (*found == newest) return {};
  if (*found > newest || (*found != 0 && step == SchemaStep::kCreate))
    return wrong_version(database, *found);
  auto transaction = io::SqlTransaction::begin(database, "BEGIN");
  if (!transaction.ok()) return transaction.error();
  // "Tyto", as in the files of SQLite.
  if (auto done = database.run("SELECT pg_advisory_xact_lock(1417245807)"); !done.ok()) return done;
  // Another may have been quicker.
  auto now = version_of(database);
  if (!now.ok()) return now.error();
  if (*now != *found) return *now == newest ? Result<void>() : wrong_version(database, *now);
  if (auto done = migrate(database, *found); !done.ok()) return done;
  return transaction->commit();
}

Result<void> check_postgres_schema(io::SqlDatabase& database) {
  static constexpr std::array<std::pair<const char*, const char*>, 5> kLost = {{
      {"policies",
       "SELECT count(*) FROM policies p WHERE NOT EXISTS"
       " (SELECT 1 FROM buckets b WHERE b.id = p.bucket)"},
      {"versions",
       "SELECT count(*) FROM versions v WHERE NOT EXISTS"
       " (SELECT 1 FROM buckets b WHERE b.id = v.bucket)"},
      {"manifests",
       "SELECT count(*) FROM manifests m WHERE NOT EXISTS"
       " (SELECT 1 FROM versions v WHERE v.id = m.version)"},
      {"learned_roots",
       "SELECT count(*) FROM learned_roots r WHERE NOT EXISTS"
       " (SELECT 1 FROM versions v WHERE v.id = r.version)"},
      {"names",
       "SELECT count(*) FROM names n WHERE NOT EXISTS"
       " (SELECT 1 FROM versions v WHERE v.id = n.version)"},
  }};
  for (const auto& [table, sql] : kLost) {
    auto lost = database.query_int64(sql);
    if (!lost.ok()) return lost.error();
    if (lost->value_or(0) != 0)
      return {ErrorCode::kCorrupt, database.name() + ": " + std::to_string(**lost) +
                                       " rows of table " + table +
                                       " refer to nothing; restore a backup"};
  }
  return {};
}

}  // namespace tyto::tracker
