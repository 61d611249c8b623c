// Readers hear what they wait for: seldom, and only what is new.
#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {
namespace {

// One read a second, and readers that each want an object of their own.
TrackerDriver::Options short_of_requests() {
  TrackerDriver::Options options;
  options.policy.origin.requests_per_s = 1;
  return options;
}
void line_up(TrackerDriver& t, const std::vector<std::string>& readers) {
  t.join_superpeer("s");
  t.send("s");
  for (const std::string& name : readers) {
    t.publish("k" + name, 2);
    t.join(name);
    t.open(name, "k" + name);
  }
}

TEST(Waits, WhoIsServedWithinASecondHearsNothing) {
  TrackerDriver t;
  t.publish("k", 2);
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  t.advance(Duration::milliseconds(900));
  t.run_dry();
  t.advance(Duration::seconds(30));
  EXPECT_EQ(t.count<ShowWait>("r"), 0);
}

TEST(Waits, WhoWaitsForTheBudgetHearsItsPlaceAndWhen) {
  TrackerDriver t(short_of_requests());
  line_up(t, {"a", "b", "c", "d"});
  t.advance(Duration::milliseconds(2500));
  auto told = t.last<ShowWait>("d");
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->wait.what, WaitsFor::kOriginBudget);
  EXPECT_GE(told->wait.place, 2u);
  EXPECT_GE(told->wait.expected, Duration::seconds(1));
  EXPECT_LE(told->wait.expected, Duration::seconds(4));
}

TEST(Waits, AreToldAtMostEveryTwoSeconds) {
  std::vector<std::string> readers;
  for (char c = 'a'; c <= 'p'; ++c) readers.emplace_back(1, c);
  TrackerDriver t(short_of_requests());
  line_up(t, readers);
  t.advance(Duration::seconds(10));
  EXPECT_GE(t.count<ShowWait>("p"), 3);
  EXPECT_LE(t.count<ShowWait>("p"), 6);
}

TEST(Waits, WhoIsServedAgainHearsThat) {
  TrackerDriver t(short_of_requests());
  line_up(t, {"a", "b", "c"});
  t.advance(Duration::milliseconds(1500));
  ASSERT_EQ(t.last<ShowWait>("c")->wait.what, WaitsFor::kOriginBudget);
  for (int i = 0; i < 8; ++i) {
    t.run_dry();
    t.advance(Duration::seconds(1));
  }
  EXPECT_EQ(t.last<ShowWait>("c")->wait, Wait{});
}

TEST(Waits, WhatDoesNotChangeIsToldAgainBeforeAReaderGivesUp) {
  TrackerDriver t;
  t.publish("k", 1);
  t.join_superpeer("s");
  t.send("s");
  t.join("a");
  t.open("a", "k");
  for (int i = 0; i < 27; ++i) {
    t.advance(Duration::seconds(1));
    t.send("s");
    t.send("a");
  }
  EXPECT_EQ(t.last<ShowWait>("a")->wait.what, WaitsFor::kLease);
  EXPECT_EQ(t.count<ShowWait>("a"), 2);
}

TEST(Waits, WhoIsFarBackInLineHearsThatItWaitsThoughNotItsPlace) {
  TrackerDriver::Options options = short_of_requests();
  options.policy.selection.kind = SelectionKind::kOriginOnly;
  TrackerDriver t(options);
  t.publish("k", 1);
  for (int i = 0; i < 1100; ++i) {
    t.join("r" + std::to_string(i));
    t.open("r" + std::to_string(i), "k");
  }
  t.advance(Duration::seconds(2));
  EXPECT_EQ(t.last<ShowWait>("r1099")->wait, Wait{.what = WaitsFor::kOriginBudget});
  EXPECT_GT(t.last<ShowWait>("r900")->wait.place, 0u);
  t.advance(Duration::seconds(42));  // it is still behind the thousandth
  EXPECT_EQ(t.count<ShowWait>("r1099"), 3);
}

TEST(Waits, ForABusyHolderOneIsToldToWaitAndForOneInDoubtNot) {
  enum class Holder { kBusy, kInDoubt };
  for (Holder holder : {Holder::kBusy, Holder::kInDoubt}) {
    TrackerDriver::Options options;
    options.config.uploads_per_host = 1;
    options.policy.selection.tree_depth = 0;
    TrackerDriver t(options);
    auto facts = std::make_shared<VersionFacts>(TrackerDriver::facts("k", 1));
    facts->is_published = true;
    facts->origin = {};
    t.input(VersionLoaded{facts, {TrackerDriver::root(0)}});
    t.input(NameLoaded{"b", "k", facts->id, true});
    t.join("a");
    t.have("a", "k", "#");
    if (holder == Holder::kBusy) {
      t.join("first");
      t.open("first", "k");
    }
    t.join("r");
    t.open("r", "k");
    if (holder == Holder::kInDoubt) t.fail_one("r", FailureKind::kUnreachable);
    t.advance(Duration::seconds(4));
    EXPECT_EQ(t.count<ShowWait>("r") > 0, holder == Holder::kBusy);
  }
}

TEST(Waits, ForRoomThatReadsOfItsOwnPeerTakeOneIsNotToldToWait) {
  TrackerDriver t;
  t.join("a");
  for (auto key : {"k1", "k2"}) {
    t.publish(key, 2);
    t.have("a", key, "##");
  }
  RegisterRequest request = t.request("r", "");
  request.store_bytes = uint64_t{3} * kChunkBytesMin;
  t.join_as("r", request);
  t.open("r", "k1");
  t.open("r", "k2");
  while (t.finish_one("r")) {
  }
  t.advance(Duration::seconds(30));
  EXPECT_EQ(t.count<ShowWait>("r"), 0);
  EXPECT_EQ(t.core.counters().chunks_verified, 3u);
}

TEST(Waits, APeerOfTheFirstVersionOfTheProtocolHearsNothing) {
  TrackerDriver t;
  t.publish("k", 1);
  t.join_superpeer("s");
  t.send("s");
  RegisterRequest old = t.request("old", "");
  old.protocol_version = 1;
  t.join_as("old", old);
  t.open("old", "k");
  t.advance(Duration::seconds(9));
  EXPECT_EQ(t.count<ShowWait>("old"), 0);
}

}  // namespace
}  // namespace tyto::tracker
