#include "tracker/catalog/policy_statements.h"

#include <array>
#include <limits>
#include <string_view>
#include <utility>

namespace tyto::tracker {
namespace {

// In the order of PolicyStatements' constructor; BYTES stands for the size of a text.
constexpr std::array<const char*, 5> kStatements = {
    "INSERT INTO policies (bucket, version, made_unix_ns, note, document) VALUES (?, ?, ?, ?, ?)",
    "DELETE FROM policies WHERE bucket = ? AND version <= ?",
    "SELECT version, made_unix_ns, note, BYTES(document), document FROM policies"
    " WHERE bucket = ? AND version = ?",
    "SELECT min(version), max(version) FROM policies WHERE bucket = ?",
    "SELECT version, made_unix_ns, note, BYTES(document) FROM policies"
    " WHERE bucket = ? AND version < ? ORDER BY version DESC LIMIT ?",
};

std::string in_dialect(std::string sql, io::SqlDialect dialect) {
  static constexpr std::string_view kWord = "BYTES(document)";
  const std::size_t at = sql.find(kWord);
  if (at == std::string::npos) return sql;
  return sql.replace(at, kWord.size(),
                     dialect == io::SqlDialect::kSqlite ? "length(CAST(document AS BLOB))"
                                                        : "octet_length(document)");
}

PolicyHead head_of_row(const io::SqlStatement& row) {
  PolicyHead head;
  head.version = static_cast<uint32_t>(row.column_int64(0));
  head.made = row.column_time(1);
  head.note = std::string(row.column_text(2));
  head.document_bytes = row.column_uint64(3);
  return head;
}

}  // namespace

Result<PolicyStatements> PolicyStatements::prepare(io::SqlDatabase& database) {
  std::vector<io::SqlStatement> prepared;
  for (const char* sql : kStatements) {
    auto statement = database.prepare(in_dialect(sql, database.dialect()));
    if (!statement.ok()) return statement.error();
    prepared.push_back(std::move(*statement));
  }
  return PolicyStatements(std::move(prepared));
}

PolicyStatements::PolicyStatements(std::vector<io::SqlStatement> prepared)
    : insert_(std::move(prepared[0])),
      trim_(std::move(prepared[1])),
      select_(std::move(prepared[2])),
      select_bounds_(std::move(prepared[3])),
      select_history_(std::move(prepared[4])) {}

PolicyRevision PolicyStatements::revision(std::string document, std::string note, WallTime now) {
  PolicyRevision policy;
  policy.head.made = now;
  policy.head.note = std::move(note);
  policy.head.document_bytes = document.size();
  policy.document = std::move(document);
  return policy;
}

Result<void> PolicyStatements::put(BucketId bucket, const PolicyRevision& policy) {
  auto put = insert_
                 .bind_all(bucket.value(), policy.head.version, policy.head.made, policy.head.note,
                           policy.document)
                 .run();
  if (!put.ok()) return put;
  auto oldest_gone = int64_t{policy.head.version} - int64_t{kPoliciesKept};
  if (oldest_gone < 1) return {};
  return trim_.bind_all(bucket.value(), oldest_gone).run();
}

Result<PolicyRevision> PolicyStatements::find(BucketId bucket, uint32_t version) {
  auto found = select_.bind_all(bucket.value(), version).step();
  if (!found.ok()) return found.error();
  if (!*found) return no_such_version(bucket, version);
  PolicyRevision policy{head_of_row(select_), std::string(select_.column_text(4))};
  select_.reset();
  return policy;
}

Error PolicyStatements::no_such_version(BucketId bucket, uint32_t version) {
  auto found = select_bounds_.bind_all(bucket.value()).step();
  if (!found.ok()) return found.error();
  std::string kept = std::to_string(select_bounds_.column_int64(0)) + " to " +
                     std::to_string(select_bounds_.column_int64(1));
  select_bounds_.reset();
  return {ErrorCode::kNotFound, "the bucket's policy has no version " + std::to_string(version) +
                                    "; there are " + kept + " (tyto bucket history lists them)"};
}

Result<std::vector<PolicyHead>> PolicyStatements::history(BucketId bucket,
                                                          const PolicyHistoryQuery& query) {
  int64_t before = query.before ? int64_t{*query.before} : std::numeric_limits<int64_t>::max();
  select_history_.bind_all(bucket.value(), before, uint64_t{query.limit});
  std::vector<PolicyHead> heads;
  for (;;) {
    auto more = select_history_.step();
    if (!more.ok()) return more.error();
    if (!*more) return heads;
    heads.push_back(head_of_row(select_history_));
  }
}

}  // namespace tyto::tracker
