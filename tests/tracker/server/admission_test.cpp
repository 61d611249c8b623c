// Peers of a tracker that has more to do than it may.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tracker/server/server_fixture.h"

namespace tyto::tracker {
namespace {

class AdmissionTest : public ServerTest {};

TEST_F(AdmissionTest, APeerTooManyIsToldWhenToComeBack) {
  settings.limits.registrations_per_s = 1;
  start();
  auto first = connect();
  ASSERT_TRUE(first->register_as(a_peer(1)).ok());
  auto second = connect();
  auto refused = second->register_as(a_peer(2));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_GE(second->retry_after(), Duration::milliseconds(250));
  EXPECT_EQ(get("/api/v1/cluster")["refused"]["registrations"], 1);
}

TEST_F(AdmissionTest, ARefusedExchangeLeavesTheSessionAsItWas) {
  settings.limits.exchanges_per_s = 1;  // and so one at once
  start();
  auto peer = connect();
  ASSERT_TRUE(peer->register_as(a_peer(1)).ok());
  ASSERT_TRUE(peer->exchange(one_event(1, StoreResized{kGiB})).ok());
  auto refused = peer->exchange(one_event(2, StoreResized{kGiB}));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_GT(peer->retry_after(), Duration());
  // Sent before the peer knew: it is refused too, and makes no gap.
  auto next = peer->exchange(one_event(3, StoreResized{kGiB}));
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.error().code, ErrorCode::kOverloaded);
  Result<ExchangeDown> again{ErrorCode::kOverloaded, "not tried yet"};
  ASSERT_TRUE(eventually([&] {
    again = peer->exchange(one_event(2, StoreResized{kGiB}));
    return again.ok() || again.error().code != ErrorCode::kOverloaded;
  }));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->events_applied, Sequence(2));
  EXPECT_GE(get("/api/v1/cluster")["refused"]["under_way"].get<int>(), 2);
}

TEST_F(AdmissionTest, AnIdlePeerThatIsRefusedAgainAndAgainIsAnsweredBeforeItIsTakenForDead) {
  settings.limits.exchanges_per_s = 1;  // less than what an idle peer has to leave to others
  start();
  auto peer = connect();
  ASSERT_TRUE(peer->register_as(a_peer(1)).ok());
  auto refused = peer->exchange({});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  ASSERT_TRUE(eventually([&] { return peer->exchange({}).ok(); }));
}

TEST_F(AdmissionTest, ATrackerOfNoClusterShowsNone) {
  start();
  EXPECT_FALSE(get("/api/v1/cluster").contains("cluster"));
}

}  // namespace
}  // namespace tyto::tracker
