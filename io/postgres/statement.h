// A statement on PostgreSQL, which is sent whole each time, so that it outlives its connection.
#pragma once

#include <string>
#include <string_view>

#include "io/postgres/database.h"
#include "io/postgres/link.h"
#include "io/sql/sql.h"

namespace tyto::io {

// "?" and "?2" as PostgreSQL writes them: "$1" and "$2".
std::string numbered_parameters(std::string_view sql);

// Bounds: a result is in memory at once.
class PostgresStatement final : public SqlStatement::Backend {
 public:
  PostgresStatement(PostgresDatabase& database, std::string_view sql)
      : database_(database), sql_(numbered_parameters(sql)) {}

  void bind(int index, const SqlValue& value) override;
  Result<bool> step() override;
  void reset() override;
  bool column_is_null(int index) const override;
  int64_t column_int64(int index) const override;
  std::string_view column_text(int index) const override;
  std::span<const std::byte> column_blob(int index) const override;
  uint64_t rows_changed() const override { return rows_changed_; }

 private:
  Result<PgResult> execute();
  std::string_view value(int index) const;

  PostgresDatabase& database_;
  const std::string sql_;
  PgParameters parameters_;
  PgResult result_;
  int row_ = -1;
  uint64_t rows_changed_ = 0;
};

}  // namespace tyto::io
