#include "io/postgres/link.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "io/loop/clock.h"
#include "io/postgres/errors.h"

namespace tyto::io {
namespace {

std::string shortened(const std::string& sql) {
  return "run \"" + sql.substr(0, 60) + "\"";
}

int poll_ms(Instant until) {
  const int64_t left = (until - monotonic_now()).ms();
  return static_cast<int>(std::clamp<int64_t>(left + 1, 0, 1'000'000));
}

// Notices ("relation exists already, skipping") are of no use to anybody here.
void drop_notice(void*, const PGresult*) {}

}  // namespace

Result<std::unique_ptr<PostgresLink>> PostgresLink::open(const PostgresAddress& address,
                                                         Duration timeout,
                                                         const std::string& application_name) {
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : address.parameters()) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  const std::string seconds = std::to_string(std::max<int64_t>(timeout.s(), 1));
  const std::string tcp_timeout = std::to_string(timeout.ms());
  for (auto [name, value] :
       {std::pair("fallback_application_name", application_name.c_str()),
        std::pair("tcp_user_timeout", tcp_timeout.c_str()), std::pair("keepalives", "1"),
        std::pair("keepalives_idle", seconds.c_str()), std::pair("client_encoding", "UTF8")}) {
    if (!address.parameter(name).empty()) continue;
    names.push_back(name);
    values.push_back(value);
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  std::unique_ptr<PostgresLink> link(
      new PostgresLink(address, timeout, PQconnectStartParams(names.data(), values.data(), 0)));
  if (link->connection_ == nullptr) return {ErrorCode::kInternal, "libpq has no memory left"};
  if (auto done = link->finish_opening(monotonic_now() + timeout); !done) return done.error();
  return link;
}

Result<void> PostgresLink::finish_opening(Instant until) {
  // So that messages carry their SQLSTATE, which a failed connection does not give otherwise.
  PQsetErrorVerbosity(connection_, PQERRORS_VERBOSE);
  PQsetNoticeReceiver(connection_, drop_notice, nullptr);
  auto state =
      PQstatus(connection_) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED) {
      const ConnectFault fault = parse_connect_fault(PQerrorMessage(connection_));
      close();
      return postgres_error(address_, fault.sqlstate, fault.message, "connect");
    }
    if (!wait(state == PGRES_POLLING_READING ? POLLIN : POLLOUT, until)) return too_slow("connect");
    state = PQconnectPoll(connection_);
  }
  PQsetErrorVerbosity(connection_, PQERRORS_DEFAULT);
  PQsetnonblocking(connection_, 1);
  return {};
}

PostgresLink::~PostgresLink() {
  close();
}

void PostgresLink::close() {
  PQfinish(connection_);
  connection_ = nullptr;
}

bool PostgresLink::wait(short events, Instant until) const {
  for (;;) {
    pollfd one{PQsocket(connection_), events, 0};
    const int found = ::poll(&one, 1, poll_ms(until));
    if (found > 0) return true;
    if (found < 0 && errno != EINTR) return true;  // libpq then says what it is
    if (monotonic_now() >= until) return false;
  }
}

Error PostgresLink::lost(std::string_view doing) {
  std::string message = PQerrorMessage(connection_);
  // The last word of a server that ends comes without its SQLSTATE.
  if (message.empty()) message = "the connection broke";
  close();
  return postgres_error(address_, "", message, doing);
}

Error PostgresLink::too_slow(std::string_view doing) {
  close();
  return {ErrorCode::kUnavailable, "PostgreSQL at " + address_.shown() + ": cannot " +
                                       std::string(doing) + ": no answer within " +
                                       std::to_string(timeout_.ms()) +
                                       " ms; see whether it hangs, or raise catalog.timeout"};
}

Result<void> PostgresLink::flush(Instant until) {
  for (;;) {
    const int left = PQflush(connection_);
    if (left == 0) return {};
    if (left < 0) return lost("send to it");
    if (!wait(POLLIN | POLLOUT, until)) return too_slow("send to it");
    // It may be waiting for us to read.
    if (PQconsumeInput(connection_) == 0) return lost("read from it");
  }
}

// The last result of a statement, or its first error.
Result<PgResult> PostgresLink::collect(const std::string& sql) {
  const Instant until = monotonic_now() + timeout_;
  if (auto sent = flush(until); !sent) return sent.error();
  PgResult last;
  std::optional<Error> error;
  for (;;) {
    while (PQisBusy(connection_) != 0) {
      if (!wait(POLLIN, until)) return too_slow(shortened(sql));
      if (PQconsumeInput(connection_) == 0) return lost(shortened(sql));
    }
    PgResult result(PQgetResult(connection_));
    if (result == nullptr) break;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_FATAL_ERROR && !error) {
      const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
      error = postgres_error(address_, state == nullptr ? "" : state,
                             PQresultErrorMessage(result.get()), shortened(sql));
    }
    last = std::move(result);
  }
  if (PQstatus(connection_) == CONNECTION_BAD) close();
  if (error) return *error;
  return last;
}

Result<void> PostgresLink::run(const std::string& sql) {
  TYTO_ASSERT(is_alive());
  if (PQsendQuery(connection_, sql.c_str()) == 0) return lost(shortened(sql));
  auto done = collect(sql);
  if (!done) return done.error();
  return {};
}

Result<PgResult> PostgresLink::query(const std::string& sql, const PgParameters& parameters) {
  TYTO_ASSERT(is_alive());
  std::vector<const char*> values;
  std::vector<int> lengths;
  for (std::size_t i = 0; i < parameters.values.size(); ++i) {
    values.push_back(parameters.is_null[i] != 0 ? nullptr : parameters.values[i].c_str());
    lengths.push_back(static_cast<int>(parameters.values[i].size()));
  }
  const int sent = PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(values.size()),
                                     parameters.types.data(), values.data(), lengths.data(),
                                     parameters.formats.data(), /*resultFormat=*/1);
  if (sent == 0) return lost(shortened(sql));
  return collect(sql);
}

bool PostgresLink::is_in_transaction() const {
  return connection_ != nullptr && PQtransactionStatus(connection_) != PQTRANS_IDLE;
}

bool PostgresLink::take_notifications() {
  bool is_there = false;
  while (PGnotify* notification = PQnotifies(connection_)) {
    PQfreemem(notification);
    is_there = true;
  }
  return is_there;
}

Result<bool> PostgresLink::wait_notified(Duration patience, int wake_fd) {
  TYTO_ASSERT(is_alive());
  const Instant until = monotonic_now() + patience;
  for (;;) {
    if (take_notifications()) return true;
    pollfd both[] = {{PQsocket(connection_), POLLIN, 0}, {wake_fd, POLLIN, 0}};
    const int found = ::poll(both, 2, poll_ms(until));
    if (found < 0 && errno != EINTR) return lost("wait for it");
    if (both[1].revents != 0 && found > 0) return false;
    if (both[0].revents != 0 && found > 0) {
      if (PQconsumeInput(connection_) == 0) return lost("wait for it");
      continue;
    }
    if (monotonic_now() >= until) return false;
  }
}

}  // namespace tyto::io
