#include "io/postgres/database.h"

#include <utility>

#include "io/postgres/link.h"
#include "io/postgres/statement.h"

namespace tyto::io {

PostgresDatabase::PostgresDatabase(PostgresAddress address, PostgresOptions options)
    : address_(std::move(address)),
      options_(std::move(options)),
      name_("PostgreSQL at " + address_.shown()) {}
PostgresDatabase::~PostgresDatabase() = default;

Result<std::unique_ptr<PostgresDatabase>> PostgresDatabase::open(PostgresAddress address,
                                                                 PostgresOptions options) {
  std::unique_ptr<PostgresDatabase> database(
      new PostgresDatabase(std::move(address), std::move(options)));
  if (auto done = database->connect(); !done) return done.error();
  return database;
}

bool PostgresDatabase::is_connected() const {
  return link_ != nullptr && link_->is_alive();
}

Result<void> PostgresDatabase::connect() {
  if (is_connected()) return {};
  auto link = PostgresLink::open(address_, options_.timeout, options_.application_name);
  if (!link) return link.error();
  const std::string ms = std::to_string(options_.timeout.ms());
  auto set =
      (*link)->run("SET statement_timeout = " + ms + "; SET lock_timeout = " + ms +
                   "; SET idle_in_transaction_session_timeout = " + ms + ";" + options_.on_connect);
  if (!set) return set.error();
  link_ = std::move(*link);
  ++connections_;
  return {};
}

template <class T, class Attempt>
Result<T> PostgresDatabase::on_link(const Attempt& attempt) {
  if (is_in_transaction_) {
    if (is_connected()) return attempt(*link_);
    return {ErrorCode::kUnavailable, name_ +
                                         ": the connection broke within a transaction; it is "
                                         "undone: try again"};
  }
  const bool is_old = is_connected();
  if (auto done = connect(); !done) return done.error();
  Result<T> result = attempt(*link_);
  // The server was restarted since, as a rule. One that does not answer is not asked twice.
  if (result || !is_old || is_connected()) return result;
  if (auto done = connect(); !done) return result;
  return attempt(*link_);
}

Result<void> PostgresDatabase::run(const std::string& sql) {
  auto done = on_link<void>([&](PostgresLink& link) { return link.run(sql); });
  if (done) is_in_transaction_ = link_->is_in_transaction();
  return done;
}

void PostgresDatabase::roll_back() {
  if (is_connected() && link_->is_in_transaction()) static_cast<void>(link_->run("ROLLBACK").ok());
  // One that cannot be undone ends with its connection.
  if (is_connected() && link_->is_in_transaction()) link_.reset();
  is_in_transaction_ = false;
}

Result<SqlStatement> PostgresDatabase::prepare(std::string_view sql) {
  return SqlStatement(std::make_unique<PostgresStatement>(*this, sql));
}

Result<PgResult> PostgresStatement::execute() {
  return database_.on_link<PgResult>(
      [&](PostgresLink& link) { return link.query(sql_, parameters_); });
}

Result<bool> PostgresDatabase::wait_notified(Duration patience, int wake_fd) {
  TYTO_ASSERT(is_connected());
  return link_->wait_notified(patience, wake_fd);
}

}  // namespace tyto::io
