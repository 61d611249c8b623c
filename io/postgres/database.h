// A PostgreSQL database behind the interface that databases share; it connects again by itself.
#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "io/postgres/address.h"
#include "io/sql/sql.h"

namespace tyto::io {

class PostgresLink;

struct PostgresOptions {
  Duration timeout = Duration::seconds(5);  // for connecting, and for each answer
  std::string application_name = "tyto";
  std::string on_connect;  // SQL that each new connection begins with
};

// Statements outside a transaction, and the beginning of one, connect if there is no connection,
// and are tried again once if the old one turns out to be broken. A transaction ends with its
// connection: the rest of it fails. The server gives up what waits longer than `timeout`, and ends
// a transaction in which it hears nothing for as long: a client that froze holds no lock.
//
// Integers are BIGINT, texts TEXT, bytes BYTEA: a statement's results are of these types.
//
// Purity:  shell; calls block for twice `timeout` at most, but for looking up the host's name.
// Threads: confined to one at a time.
// Errors:  see SqlDatabase; kNotFound if the database does not exist.
class PostgresDatabase final : public SqlDatabase {
 public:
  // Connects.
  static Result<std::unique_ptr<PostgresDatabase>> open(PostgresAddress address,
                                                        PostgresOptions options);
  ~PostgresDatabase() override;

  SqlDialect dialect() const override { return SqlDialect::kPostgres; }
  const std::string& name() const override { return name_; }
  Result<void> run(const std::string& sql) override;
  Result<SqlStatement> prepare(std::string_view sql) override;
  void roll_back() override;

  // Connects, if there is no connection.
  Result<void> connect();
  bool is_connected() const;
  // How often a connection was made.
  uint64_t connections() const { return connections_; }
  // Waits for a notification of a channel that `on_connect` listens to: true; or until the time is
  // up or `wake_fd` is readable: false. Requires: is_connected().
  Result<bool> wait_notified(Duration patience, int wake_fd);

 private:
  friend class PostgresStatement;
  PostgresDatabase(PostgresAddress address, PostgresOptions options);
  // Runs `attempt` on a connection; see above.
  template <class T, class Attempt>
  Result<T> on_link(const Attempt& attempt);

  const PostgresAddress address_;
  const PostgresOptions options_;
  const std::string name_;
  std::unique_ptr<PostgresLink> link_;
  bool is_in_transaction_ = false;
  uint64_t connections_ = 0;
};

}  // namespace tyto::io
