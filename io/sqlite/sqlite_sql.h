// A SQLite database behind the interface that databases share.
#pragma once

#include "io/sql/sql.h"
#include "io/sqlite/database.h"

namespace tyto::io {

// Threads:   as the database.
// Ownership: owns the database; statements of it must not outlive this.
class SqliteSql final : public SqlDatabase {
 public:
  explicit SqliteSql(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  SqlDialect dialect() const override { return SqlDialect::kSqlite; }
  const std::string& name() const override { return database_->path(); }
  Result<void> run(const std::string& sql) override { return database_->run(sql); }
  Result<SqlStatement> prepare(std::string_view sql) override;
  void roll_back() override;
  Database& database() { return *database_; }

 private:
  std::unique_ptr<Database> database_;
};

}  // namespace tyto::io
