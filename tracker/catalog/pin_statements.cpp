#include "tracker/catalog/pin_statements.h"

#include <array>
#include <utility>

namespace tyto::tracker {
namespace {

// In the order of PinStatements' constructor.
constexpr std::array<const char*, 4> kStatements = {
    "INSERT INTO pins (bucket, key, version, object_bytes, expires_unix_ns) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (bucket, key) DO UPDATE SET version = excluded.version,"
    " object_bytes = excluded.object_bytes, expires_unix_ns = excluded.expires_unix_ns",
    "DELETE FROM pins WHERE bucket = ? AND key = ?",
    "DELETE FROM pins WHERE expires_unix_ns <= ?",
    "SELECT bucket, key, version, object_bytes, expires_unix_ns FROM pins ORDER BY bucket, key",
};

}  // namespace

Result<PinStatements> PinStatements::prepare(io::Database& database) {
  std::vector<io::Statement> prepared;
  for (const char* sql : kStatements) {
    auto statement = database.prepare(sql);
    if (!statement.ok()) return statement.error();
    prepared.push_back(std::move(*statement));
  }
  return PinStatements(std::move(prepared));
}

PinStatements::PinStatements(std::vector<io::Statement> prepared)
    : put_(std::move(prepared[0])),
      remove_(std::move(prepared[1])),
      expire_(std::move(prepared[2])),
      select_(std::move(prepared[3])) {}

Result<void> PinStatements::put(BucketId bucket, const SetPin& pin) {
  return put_
      .bind_all(bucket.value(), pin.name.key, pin.version.digest, pin.object_bytes,
                pin.expires.unix_ns())
      .run();
}

Result<void> PinStatements::remove(BucketId bucket, const std::string& key) {
  return remove_.bind_all(bucket.value(), key).run();
}

Result<void> PinStatements::expire(WallTime now) {
  return expire_.bind_all(now.unix_ns()).run();
}

Result<void> PinStatements::load(const std::function<void(BucketId bucket, SetPin pin)>& visit) {
  for (;;) {
    auto more = select_.step();
    if (!more.ok()) return more.error();
    if (!*more) return {};
    auto version = select_.column_digest(2);
    if (!version.ok()) return version.error();
    SetPin pin;
    pin.name.key = std::string(select_.column_text(1));
    pin.version = VersionId{*version};
    pin.object_bytes = select_.column_uint64(3);
    pin.expires = WallTime::from_unix_ns(select_.column_int64(4));
    visit(BucketId(static_cast<uint32_t>(select_.column_int64(0))), std::move(pin));
  }
}

}  // namespace tyto::tracker
