#include "tracker/catalog/pin_statements.h"

#include <array>
#include <utility>

namespace tyto::tracker {
namespace {

// In the order of PinStatements' constructor.
constexpr std::array<const char*, 6> kStatements = {
    "INSERT INTO pins (bucket, key, version, object_bytes, expires_unix_ns) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (bucket, key) DO UPDATE SET version = excluded.version,"
    " object_bytes = excluded.object_bytes, expires_unix_ns = excluded.expires_unix_ns",
    "DELETE FROM pins WHERE bucket = ? AND key = ?",
    "DELETE FROM pins WHERE expires_unix_ns <= ?",
    "SELECT bucket, key, version, object_bytes, expires_unix_ns FROM pins ORDER BY bucket, key",
    "SELECT bucket, key, version, object_bytes, expires_unix_ns FROM pins"
    " WHERE bucket = ? AND key = ?",
    "SELECT count(*), CAST(coalesce(sum(CASE WHEN bucket = ?1 THEN object_bytes ELSE 0 END), 0)"
    " AS BIGINT) FROM pins WHERE NOT (bucket = ?1 AND key = ?2)",
};

Result<SetPin> pin_of_row(const io::SqlStatement& row) {
  auto version = row.column_digest(2);
  if (!version.ok()) return version.error();
  SetPin pin;
  pin.name.key = std::string(row.column_text(1));
  pin.version = VersionId{*version};
  pin.object_bytes = row.column_uint64(3);
  pin.expires = WallTime::from_unix_ns(row.column_int64(4));
  return pin;
}

}  // namespace

Result<PinStatements> PinStatements::prepare(io::SqlDatabase& database) {
  std::vector<io::SqlStatement> prepared;
  for (const char* sql : kStatements) {
    auto statement = database.prepare(sql);
    if (!statement.ok()) return statement.error();
    prepared.push_back(std::move(*statement));
  }
  return PinStatements(std::move(prepared));
}

PinStatements::PinStatements(std::vector<io::SqlStatement> prepared)
    : put_(std::move(prepared[0])),
      remove_(std::move(prepared[1])),
      expire_(std::move(prepared[2])),
      select_(std::move(prepared[3])),
      select_one_(std::move(prepared[4])),
      sum_(std::move(prepared[5])) {}

Result<void> PinStatements::put(BucketId bucket, const SetPin& pin) {
  return put_
      .bind_all(bucket.value(), pin.name.key, pin.version.digest, pin.object_bytes,
                pin.expires.unix_ns())
      .run();
}

Result<bool> PinStatements::remove(BucketId bucket, const std::string& key) {
  if (auto removed = remove_.bind_all(bucket.value(), key).run(); !removed.ok())
    return removed.error();
  return remove_.rows_changed() > 0;
}

Result<PinSums> PinStatements::sums_besides(BucketId bucket, const std::string& key) {
  auto row = sum_.bind_all(bucket.value(), key).step();
  if (!row.ok()) return row.error();
  PinSums sums{sum_.column_uint64(0), sum_.column_uint64(1)};
  sum_.reset();
  return sums;
}

Result<void> PinStatements::expire(WallTime now) {
  return expire_.bind_all(now.unix_ns()).run();
}

Result<void> PinStatements::load(const std::function<void(BucketId bucket, SetPin pin)>& visit) {
  for (;;) {
    auto more = select_.step();
    if (!more.ok()) return more.error();
    if (!*more) return {};
    auto pin = pin_of_row(select_);
    if (!pin.ok()) return pin.error();
    visit(BucketId(static_cast<uint32_t>(select_.column_int64(0))), std::move(*pin));
  }
}

Result<std::optional<SetPin>> PinStatements::find(BucketId bucket, const std::string& key) {
  auto found = select_one_.bind_all(bucket.value(), key).step();
  if (!found.ok()) return found.error();
  if (!*found) return std::optional<SetPin>();
  auto pin = pin_of_row(select_one_);
  select_one_.reset();
  if (!pin.ok()) return pin.error();
  return std::optional<SetPin>(std::move(*pin));
}

}  // namespace tyto::tracker
