// Membership by rows with leases in the PostgreSQL database that the trackers share.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "io/postgres/database.h"
#include "tracker/catalog/wake_fd.h"
#include "tracker/membership/lease_view.h"
#include "tracker/membership/membership.h"

namespace tyto::tracker {

// What a tracker says of itself.
struct OwnMember {
  Member member;     // with its epoch
  std::string http;  // host:port of its API
  uint32_t protocol_min = 1;
  uint32_t protocol_max = 1;
  WallTime started;
};

// Keeps this tracker's own row, renews it at a third of its term, and reads the others' whenever
// one has changed or may have run out. Requires: the catalog was opened, which makes the table.
//
// With the database out of reach the last list stands, and for one term after it is back; see
// LeaseView. A row whose lease ran out a day ago is deleted.
//
// Threads:   synchronised; `changed` and `health` are called on its thread.
class LeaseMembership final : public Membership {
 public:
  struct Options {
    Duration term = Duration::seconds(6);
    Duration retry = Duration::milliseconds(500);  // between attempts to reach the database
    Duration timeout = Duration::seconds(3);
  };
  // With why the database is out of reach, or another tracker has this one's id; and with success
  // when that is over. Not for each attempt.
  using HealthChanged = std::function<void(Result<void>)>;

  LeaseMembership(io::PostgresAddress address, OwnMember own, const Options& options,
                  HealthChanged health_changed);
  // Gives up its row, if the database answers.
  ~LeaseMembership() override;

  void start(Changed changed) override;
  bool is_failing() const override { return is_failing_; }

 private:
  void run();
  Result<void> work();
  Result<void> connect();
  Result<void> renew();
  Result<void> read_rows();
  Result<void> leave();
  void set_health(const Result<void>& state);

  const io::PostgresAddress address_;
  const OwnMember own_;
  const Options options_;
  const HealthChanged health_changed_;
  Changed changed_;
  LeaseView view_;
  std::unique_ptr<io::PostgresDatabase> database_;
  Instant renew_at_;
  std::atomic<bool> is_failing_ = false;
  std::atomic<bool> is_stopping_ = false;
  WakeFd wake_;
  std::thread thread_;
};

}  // namespace tyto::tracker
