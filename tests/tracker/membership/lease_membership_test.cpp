#include "tracker/membership/lease_membership.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <condition_variable>
#include <mutex>

#include "tests/support/postgres_server.h"
#include "tracker/catalog/postgres_catalog.h"

namespace tyto::tracker {
namespace {

constexpr auto kDeadline = std::chrono::seconds(40);

support::PostgresServer& server() {
  return support::PostgresServer::shared();
}
io::PostgresAddress address() {
  return *io::PostgresAddress::parse(server().uri("members"));
}

// A tracker, as far as it is a member.
class Tracker {
 public:
  explicit Tracker(uint64_t id, uint64_t epoch = 1)
      : membership_(address(),
                    {.member = {MemberId(id),
                                {"host" + std::to_string(id), 7400},
                                "eu",
                                TrackerEpoch(epoch)}},
                    {.term = Duration::milliseconds(1500),
                     .retry = Duration::milliseconds(50),
                     .timeout = Duration::milliseconds(1000)},
                    [this](Result<void> health) {
                      std::lock_guard lock(mutex_);
                      fault_ = health.ok() ? "" : health.error().message;
                      changed_.notify_all();
                    }) {
    membership_.start([this](Members members) {
      std::lock_guard lock(mutex_);
      lists_.push_back(std::move(members));
      changed_.notify_all();
    });
  }
  // Waits until it sees these, and no others.
  bool sees(const std::vector<uint64_t>& ids) {
    return wait([&] {
      if (lists_.empty()) return false;
      std::vector<uint64_t> seen;
      for (const Member& one : lists_.back().members) seen.push_back(one.id.value());
      return seen == ids;
    });
  }
  bool has_fault(const std::string& words) {
    return wait([&] { return fault_.find(words) != std::string::npos && !fault_.empty(); });
  }
  bool is_well() {
    return wait([&] { return fault_.empty(); });
  }
  std::size_t lists() {
    std::lock_guard lock(mutex_);
    return lists_.size();
  }

 private:
  template <class F>
  bool wait(const F& until) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, until);
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Members> lists_;
  std::string fault_;
  LeaseMembership membership_;
};

class Leases : public testing::Test {
 protected:
  void SetUp() override {
    server().make_database("members");
    ASSERT_TRUE(PostgresCatalog::open(address(), {}).ok());
  }
};

TEST_F(Leases, TrackersSeeOneAnotherComeAndGo) {
  Tracker first(1);
  ASSERT_TRUE(first.sees({1}));
  {
    Tracker second(2);
    EXPECT_TRUE(second.sees({1, 2}));
    EXPECT_TRUE(first.sees({1, 2}));
  }
  EXPECT_TRUE(first.sees({1}));
}

TEST_F(Leases, OneThatIsNotHeardOfAnyMoreGoesWhenItsLeaseHasRunOut) {
  server().run(
      "INSERT INTO tyto.members VALUES (7, 'host7:7400', '', 'eu', 1, 1, 1, 0,"
      " now() + interval '20 seconds')",
      "members");
  Tracker first(1);
  ASSERT_TRUE(first.sees({1, 7}));
  server().run("UPDATE tyto.members SET lease_until = now() WHERE id = 7", "members");
  EXPECT_TRUE(first.sees({1}));
}

TEST_F(Leases, AnOutageOfTheDatabaseTakesNobodyAway) {
  Tracker first(1);
  Tracker second(2);
  ASSERT_TRUE(first.sees({1, 2}) && second.sees({1, 2}));
  const std::size_t lists = first.lists();
  server().kill();
  EXPECT_TRUE(first.has_fault("PostgreSQL at "));
  EXPECT_TRUE(second.has_fault("PostgreSQL at "));
  server().start();
  EXPECT_TRUE(first.is_well() && second.is_well());
  Tracker third(3);
  EXPECT_TRUE(first.sees({1, 2, 3}) && second.sees({1, 2, 3}));
  // From {1, 2} straight to {1, 2, 3}: nobody was missed in between.
  EXPECT_EQ(first.lists(), lists + 1);
}

TEST_F(Leases, TwoTrackersWithOneIdHearOfIt) {
  Tracker later(1, 9);
  ASSERT_TRUE(later.sees({1}));
  Tracker earlier(1, 4);
  EXPECT_TRUE(earlier.has_fault("give each tracker an id of its own"));
}

}  // namespace
}  // namespace tyto::tracker
