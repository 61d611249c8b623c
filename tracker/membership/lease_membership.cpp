#include "tracker/membership/lease_membership.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "io/loop/clock.h"
#include "io/loop/host_port.h"
#include "tracker/catalog/postgres_catalog.h"

namespace tyto::tracker {
namespace {

// A row of another tracker with this one's id that was started later is left alone.
constexpr const char* kRenew =
    "INSERT INTO members (id, rpc, http, region, epoch, protocol_min, protocol_max,"
    " started_unix_ns, lease_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
    " now() + ?9 * interval '1 millisecond')"
    " ON CONFLICT (id) DO UPDATE SET rpc = excluded.rpc, http = excluded.http,"
    " region = excluded.region, epoch = excluded.epoch, protocol_min = excluded.protocol_min,"
    " protocol_max = excluded.protocol_max, started_unix_ns = excluded.started_unix_ns,"
    " lease_until = excluded.lease_until WHERE members.epoch <= excluded.epoch";

// Whether anything but the lease has changed is for the readers to see; they are told only then.
constexpr const char* kIsKnown =
    "SELECT 1 FROM members WHERE id = ? AND epoch = ? AND rpc = ? AND lease_until > now()";

constexpr const char* kRead =
    "SELECT id, rpc, region, epoch,"
    " CAST(extract(epoch FROM lease_until - clock_timestamp()) * 1000 AS BIGINT),"
    " CAST(extract(epoch FROM clock_timestamp() - pg_postmaster_start_time()) * 1000 AS BIGINT)"
    " FROM members ORDER BY id";

}  // namespace

LeaseMembership::LeaseMembership(io::PostgresAddress address, OwnMember own, const Options& options,
                                 HealthChanged health_changed)
    : address_(std::move(address)),
      own_(std::move(own)),
      options_(options),
      health_changed_(std::move(health_changed)),
      view_(own_.member, options.term) {}

LeaseMembership::~LeaseMembership() {
  if (!thread_.joinable()) return;
  is_stopping_ = true;
  wake_.wake();
  thread_.join();
}

void LeaseMembership::start(Changed changed) {
  changed_ = std::move(changed);
  thread_ = std::thread([this] { run(); });
}

void LeaseMembership::run() {
  while (!is_stopping_) {
    const Result<void> worked = work();
    set_health(worked);
    if (worked.ok()) continue;
    view_.note_outage();
    pollfd woken{wake_.fd(), POLLIN, 0};
    ::poll(&woken, 1, static_cast<int>(options_.retry.ms()));
  }
  if (database_ != nullptr && database_->is_connected()) static_cast<void>(leave().ok());
}

// One turn: the row, the others' rows, and the wait for the next thing to do.
Result<void> LeaseMembership::work() {
  if (auto done = connect(); !done.ok()) return done;
  if (io::monotonic_now() >= renew_at_)
    if (auto done = renew(); !done.ok()) return done;
  if (auto done = read_rows(); !done.ok()) return done;
  const Instant next = std::min(renew_at_, view_.next_expiry() + Duration::milliseconds(10));
  const Duration patience = std::max(next - io::monotonic_now(), Duration::milliseconds(1));
  auto woken = database_->wait_notified(patience, wake_.fd());
  if (!woken.ok()) return woken.error();
  return {};
}

Result<void> LeaseMembership::connect() {
  if (database_ != nullptr && database_->is_connected()) return {};
  view_.note_outage();
  renew_at_ = Instant();
  auto opened = io::PostgresDatabase::open(
      address_, postgres_options(options_.timeout, "LISTEN tyto_members"));
  if (!opened.ok()) return opened.error();
  database_ = std::move(*opened);
  return {};
}

Result<void> LeaseMembership::renew() {
  const Member& member = own_.member;
  auto known = database_->prepare(kIsKnown);
  if (!known.ok()) return known.error();
  auto is_known =
      known->bind_all(member.id.value(), member.epoch.value(), member.rpc.text()).step();
  if (!is_known.ok()) return is_known.error();
  auto renew = database_->prepare(kRenew);
  if (!renew.ok()) return renew.error();
  auto done = renew
                  ->bind_all(member.id.value(), member.rpc.text(), own_.http, member.region,
                             member.epoch.value(), own_.protocol_min, own_.protocol_max,
                             own_.started, options_.term.ms())
                  .run();
  if (!done.ok()) return done;
  if (renew->rows_changed() == 0)
    return {ErrorCode::kConflict, "another tracker, started later, has the id " +
                                      std::to_string(member.id.value()) +
                                      " of this one: give each tracker an id of its own"};
  renew_at_ = io::monotonic_now() + options_.term / 3;
  if (*is_known) return {};
  return database_->run(
      "DELETE FROM members WHERE lease_until < now() - interval '1 day'; NOTIFY tyto_members");
}

Result<void> LeaseMembership::read_rows() {
  auto rows = database_->prepare(kRead);
  if (!rows.ok()) return rows.error();
  std::vector<LeaseRow> leases;
  Duration up = Duration::forever();
  for (;;) {
    auto more = rows->step();
    if (!more.ok()) return more.error();
    if (!*more) break;
    LeaseRow lease;
    lease.member.id = MemberId(rows->column_uint64(0));
    auto rpc = io::HostPort::parse(rows->column_text(1));
    if (!rpc.ok()) return rpc.error();
    lease.member.rpc = {rpc->host, rpc->port};
    lease.member.region = std::string(rows->column_text(2));
    lease.member.epoch = TrackerEpoch(rows->column_uint64(3));
    lease.left = Duration::milliseconds(rows->column_int64(4));
    up = Duration::milliseconds(rows->column_int64(5));
    leases.push_back(std::move(lease));
  }
  if (view_.take(io::monotonic_now(), leases, up)) changed_(view_.members());
  return {};
}

Result<void> LeaseMembership::leave() {
  auto row = database_->prepare("DELETE FROM members WHERE id = ? AND epoch = ?");
  if (!row.ok()) return row.error();
  auto done = row->bind_all(own_.member.id.value(), own_.member.epoch.value()).run();
  if (!done.ok()) return done;
  return database_->run("NOTIFY tyto_members");
}

void LeaseMembership::set_health(const Result<void>& state) {
  if (is_failing_.exchange(!state.ok()) == !state.ok()) return;
  if (health_changed_) health_changed_(state);
}

}  // namespace tyto::tracker
