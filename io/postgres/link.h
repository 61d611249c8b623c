// One connection to PostgreSQL, by libpq without blocking: whatever is waited for has a deadline.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/postgres/address.h"

namespace tyto::io {

struct FreePgResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PgResult = std::unique_ptr<PGresult, FreePgResult>;

// Parameters as libpq takes them.
struct PgParameters {
  std::vector<Oid> types;
  std::vector<std::string> values;
  std::vector<char> is_null;
  std::vector<int> formats;
};

// Purity:  shell; calls block until `timeout` at most.
// Threads: confined to one at a time.
// Errors:  those of postgres_error(). After one that left the connection of no use, is_alive() is
//          false and all calls fail: open another.
class PostgresLink {
 public:
  static Result<std::unique_ptr<PostgresLink>> open(const PostgresAddress& address,
                                                    Duration timeout,
                                                    const std::string& application_name);
  ~PostgresLink();
  PostgresLink(const PostgresLink&) = delete;
  PostgresLink& operator=(const PostgresLink&) = delete;

  bool is_alive() const { return connection_ != nullptr; }
  // Runs statements without parameters.
  Result<void> run(const std::string& sql);
  // Runs one statement; values come in the binary format.
  Result<PgResult> query(const std::string& sql, const PgParameters& parameters);
  bool is_in_transaction() const;

  // Waits until a notification is there (true), `wake_fd` is readable or the time is up (false).
  Result<bool> wait_notified(Duration patience, int wake_fd);

 private:
  PostgresLink(const PostgresAddress& address, Duration timeout, PGconn* connection)
      : address_(address), timeout_(timeout), connection_(connection) {}
  Result<void> finish_opening(Instant until);
  Result<PgResult> collect(const std::string& sql);
  Result<void> flush(Instant until);
  // Waits for one of `events` on the socket. False: the time is up.
  bool wait(short events, Instant until) const;
  bool take_notifications();
  // The connection is of no use any more.
  Error lost(std::string_view doing);
  Error too_slow(std::string_view doing);
  void close();

  const PostgresAddress address_;
  const Duration timeout_;
  PGconn* connection_;
};

}  // namespace tyto::io
