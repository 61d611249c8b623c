#include "io/sqlite/database.h"

namespace tyto::io {
namespace {

Result<void> apply(Database& database, const Migration& migration) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  if (auto done = database.run(migration.sql); !done) return done;
  auto marked = database.run("PRAGMA user_version = " + std::to_string(migration.version));
  if (!marked) return marked;
  return transaction->commit();
}

}  // namespace

Result<void> migrate(Database& database, std::span<const Migration> migrations) {
  for (std::size_t i = 0; i < migrations.size(); ++i) TYTO_ASSERT(migrations[i].version == i + 1);
  auto found = database.query_int64("PRAGMA user_version");
  if (!found) return found.error();
  int64_t version = found->value_or(0);
  auto newest = static_cast<int64_t>(migrations.size());
  if (version < 0 || version > newest)
    return {ErrorCode::kUnsupported,
            database.path() + ": its tables are of version " + std::to_string(version) +
                ", this program knows versions up to " + std::to_string(newest) +
                "; run the program that wrote it or a later one, or move the file away to start "
                "anew"};
  for (const auto& migration : migrations.subspan(static_cast<std::size_t>(version)))
    if (auto done = apply(database, migration); !done) return done;
  return {};
}

}  // namespace tyto::io
