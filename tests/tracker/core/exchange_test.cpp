#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {
namespace {

ExchangeUp parked() {
  ExchangeUp up;
  up.park = Duration::seconds(60);
  return up;
}

TEST(Exchange, WithoutNewsIsParkedAndAnsweredAfterTheParkTime) {
  TrackerDriver t;
  t.join("a");
  t.exchange("a", parked());
  EXPECT_TRUE(t.answered.empty());
  t.advance(Config{}.park - Duration::milliseconds(1));
  EXPECT_TRUE(t.answered.empty());
  t.advance(Duration::milliseconds(1));
  EXPECT_EQ(t.answered.size(), 1u);
}

TEST(Exchange, ASecondOneReleasesTheFirst) {
  TrackerDriver t;
  t.join("a");
  t.exchange("a", parked());
  t.exchange("a", parked());
  EXPECT_TRUE(t.answered.contains(ExchangeToken(1)));
  EXPECT_FALSE(t.answered.contains(ExchangeToken(2)));
}

TEST(Exchange, OpeningAKnownObjectBringsItsFirstAssignmentInOneRoundTrip) {
  TrackerDriver t;
  t.publish("k", 3);
  t.join("a");
  t.have("a", "k", "###");
  t.join("r");
  t.open("r", "k");
  ASSERT_EQ(t.answered.size(), 1u);
  const auto& commands = t.answered.begin()->second.commands;
  ASSERT_EQ(commands.size(), 5u);
  EXPECT_TRUE(std::holds_alternative<Describe>(commands[0]));
  EXPECT_TRUE(std::holds_alternative<Opened>(commands[1]));
  EXPECT_TRUE(std::holds_alternative<Assign>(commands[2]));
}

TEST(Exchange, AStreamThatNamesItsWindowGetsItsFirstAssignmentInOneRoundTrip) {
  TrackerDriver t;
  t.publish("k", 1);
  t.join("a");
  t.have("a", "k", "#");
  t.join("r");
  OpenRequested open;
  open.open = OpenId(1);
  open.bucket = "b";
  open.key = "k";
  open.mode = ReadMode::kStream;
  open.window_count = 1;
  t.send("r", {open});
  ASSERT_EQ(t.answered.size(), 1u);
  const auto& commands = t.answered.begin()->second.commands;
  ASSERT_EQ(commands.size(), 3u);
  EXPECT_TRUE(std::holds_alternative<Describe>(commands[0]));
  EXPECT_TRUE(std::holds_alternative<Opened>(commands[1]));
  EXPECT_TRUE(std::holds_alternative<Assign>(commands[2]));
}

TEST(Exchange, RepeatedEventsAreIgnored) {
  TrackerDriver t;
  t.publish("k", 1);
  t.join("a");
  ExchangeUp up = parked();
  up.first_event = Sequence(1);
  OpenRequested open;
  open.open = OpenId(1);
  open.bucket = "b";
  open.key = "k";
  up.events = {open};
  t.exchange("a", up);
  t.exchange("a", up);
  EXPECT_EQ(t.core.counters().opens, 1u);
  EXPECT_EQ(t["a"].events_applied, 1u);
}

TEST(Exchange, AGapInTheNumbersEndsTheSession) {
  TrackerDriver t;
  t.join("a");
  ExchangeUp up = parked();
  up.first_event = Sequence(2);
  up.events = {StoreResized{1}};
  t.exchange("a", up);
  EXPECT_EQ(t.refused.begin()->second.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(t.core.session_count(), 0u);
}

TEST(Exchange, AcknowledgingWhatWasNeverSentEndsTheSession) {
  TrackerDriver t;
  t.join("a");
  ExchangeUp up = parked();
  up.commands_applied = Sequence(9);
  t.exchange("a", up);
  EXPECT_EQ(t.refused.begin()->second.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(t.notices(NoticeKind::kProtocolBroken), 1);
}

TEST(Exchange, OfAnUnknownSessionIsRefusedWithTheRemedy) {
  TrackerDriver t;
  t.join("a");
  t["a"].session = SessionId(99);
  t.exchange("a", parked());
  EXPECT_EQ(t.refused.begin()->second.code, ErrorCode::kNotFound);
}

TEST(Exchange, CommandsNotAcknowledgedAreSentAgainAfterAReconnect) {
  TrackerDriver t;
  t.publish("k", 1);
  t.join("a");
  t.have("a", "k", "#");
  t.join("r");
  ExchangeUp first = parked();
  first.first_event = Sequence(1);
  OpenRequested open;
  open.open = OpenId(1);
  open.bucket = "b";
  open.key = "k";
  first.events = {open};
  t.exchange("r", first);
  std::size_t sent = t["r"].commands.size();
  ASSERT_GT(sent, 0u);
  t.input(ConnectionLost{t["r"].connection});
  auto again = t.request("r", "");
  again.resume_session = t["r"].session;
  again.resume_epoch = TrackerEpoch(1);
  ASSERT_TRUE(t.join_as("r", again).reply.resumed);
  ExchangeUp up = parked();
  t.exchange("r", up);  // acknowledges none
  EXPECT_EQ(t["r"].commands.size(), sent);
  EXPECT_EQ(t.answered.rbegin()->second.first_command, Sequence(1));
}

TEST(Exchange, MoreThanFitsComesInTheNextOne) {
  TrackerDriver t;
  t.join("a");
  std::vector<Event> opens;
  for (uint64_t i = 1; i <= 100; ++i) {
    OpenRequested open;
    open.open = OpenId(i);
    open.bucket = "nowhere";
    open.key = "k";
    opens.push_back(open);
  }
  t.send("a", opens);
  const ExchangeDown& first = t.answered.begin()->second;
  EXPECT_EQ(first.commands.size(), kCommandsPerExchangeMax);
  EXPECT_TRUE(first.more);
  t.send("a", {}, Duration());
  EXPECT_EQ(t.count<OpenEnded>("a"), 100);
}

}  // namespace
}  // namespace tyto::tracker
