#include <gtest/gtest.h>

#include "peer/core/core_state.h"
#include "tests/support/peer_core_driver.h"

namespace tyto::peer {
namespace {

TEST(Exchange, AnOpenGoesUpAtOnceInASecondExchange) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);
  EXPECT_EQ(peer.did_all(), Texts{"exchange parked [open 1 b/k1]"});
  EXPECT_EQ(peer.exchanges_open(), 2u);
}

TEST(Exchange, NeverMoreThanTwoAreOpenAndTheRestWaits) {
  PeerCoreDriver peer;
  peer.connect();
  for (uint64_t i = 1; i <= 5; ++i) peer.open(i);
  EXPECT_EQ(peer.told(), Texts{"open 1 b/k1"});
  peer.answer();
  EXPECT_EQ(peer.told(), (Texts{"open 2 b/k1", "open 3 b/k1", "open 4 b/k1", "open 5 b/k1"}));
}

TEST(Exchange, WhatWasRefusedIsSaidAgainAfterTheTimeThatTheTrackerNamed) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);
  EXPECT_EQ(peer.told(), Texts{"open 1 b/k1"});
  peer.give(ExchangeRefused{{ErrorCode::kOverloaded, "later"}, Duration::seconds(2)});
  peer.open(2);
  peer.pass(Duration::milliseconds(1999));
  EXPECT_EQ(peer.told(), Texts{});
  EXPECT_EQ(peer.exchanges_open(), 1u) << "the one that was parked";
  peer.pass(Duration::milliseconds(1001));
  EXPECT_EQ(peer.told(), (Texts{"open 1 b/k1", "open 2 b/k1"}));
}

TEST(Exchange, APeerWhoseEveryExchangeWasRefusedParksOneAgainInTime) {
  PeerCoreDriver peer;
  peer.connect();
  peer.give(ExchangeRefused{{ErrorCode::kOverloaded, "later"}, Duration::seconds(1)});
  EXPECT_EQ(peer.exchanges_open(), 0u);
  peer.pass(Duration::milliseconds(999));
  EXPECT_EQ(peer.exchanges_open(), 0u);
  peer.pass(Duration::milliseconds(501));
  EXPECT_EQ(peer.exchanges_open(), 1u);
}

TEST(Exchange, TheParkedOneIsOpenedAgainAsSoonAsItIsAnswered) {
  PeerCoreDriver peer;
  peer.connect();
  peer.answer();
  EXPECT_EQ(peer.did_all(), Texts{"exchange parked"});
}

TEST(Exchange, ResultsWaitALittleForCompany) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open_whole(1, 3);
  peer.answer({assignment(1, 1, 0, peer_source(7)), assignment(2, 1, 1, peer_source(8))});
  peer.take_effects();
  peer.pass(Duration::milliseconds(400));
  peer.done(1);
  EXPECT_EQ(peer.told(), Texts{});
  peer.pass(Duration::milliseconds(6));
  peer.done(2);
  EXPECT_EQ(peer.told(), Texts{});
  peer.pass(Duration::milliseconds(4));
  EXPECT_EQ(peer.told(), (Texts{"verified a1 v1/0 p7", "verified a2 v1/1 p8"}));
}

TEST(Exchange, AResultWaitsForAPartOfItsTransferWhileSomethingIsLacking) {
  struct Row {
    int64_t took_ms = 0;
    uint32_t under_way = 0;  // besides
    uint32_t chunks = 0;
    int64_t waits_ms = 0;
  };
  for (Row row : {Row{900, 9, 20, 25}, Row{100, 9, 20, 25}, Row{40, 9, 20, 10}, Row{8, 9, 20, 2},
                  Row{800, 4, 20, 10}, Row{64, 4, 20, 8}, Row{64, 1, 20, 2}, Row{64, 0, 20, 1},
                  Row{0, 9, 20, 1}, Row{64, 0, 1, 10}, Row{0, 0, 1, 10}}) {
    PeerCoreDriver peer;
    peer.connect();
    peer.open_whole(1, row.chunks);
    std::vector<Command> orders;
    for (uint32_t i = 0; i <= row.under_way; ++i)
      orders.push_back(assignment(i + 1, 1, i, peer_source(7)));
    peer.answer(std::move(orders));
    peer.take_effects();
    peer.pass(Duration::milliseconds(row.took_ms));
    peer.done(1);
    peer.pass(Duration::microseconds(row.waits_ms * 1000 - 1));
    EXPECT_EQ(peer.told(), Texts{}) << row.took_ms << " ms, " << row.under_way << " under way";
    peer.pass(Duration::microseconds(1));
    EXPECT_EQ(peer.told(), (Texts{"verified a1 v1/0 p7"})) << row.took_ms << " ms";
  }
}

TEST(Exchange, SmallObjectsReadInTurnTakeOneExchangeEach) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1, "k1");
  EXPECT_EQ(peer.told(), Texts{"open 1 b/k1"});
  peer.answer({describe(1, 1), opened(1, 1), assignment(1, 1, 0, superpeer_source(7))});
  peer.done(1);
  peer.give(CloseAsked{OpenId(1)});
  EXPECT_EQ(peer.told(), Texts{});
  peer.open(2, "k2");
  EXPECT_EQ(peer.told(), (Texts{"verified a1 v1/0 s7", "closed 1", "open 2 b/k2"}));
  EXPECT_EQ(peer.exchanges_open(), 2u);
  peer.answer({describe(2, 1), opened(2, 2), assignment(2, 2, 0, superpeer_source(7))});
  peer.done(2);
  peer.give(CloseAsked{OpenId(2)});
  peer.pass(Policy{}.report_within);  // nothing is opened: they wait no longer
  EXPECT_EQ(peer.told(), (Texts{"verified a2 v2/0 s7", "closed 2"}));
}

TEST(Exchange, AFailureGoesUpAtOnceAndTakesTheOthersAlong) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open_whole(1, 3);
  peer.answer({assignment(1, 1, 0, peer_source(7)), assignment(2, 1, 1, peer_source(8))});
  peer.take_effects();
  peer.done(1);
  peer.fail(2, FailureKind::kStalled);
  EXPECT_EQ(peer.told(), (Texts{"verified a1 v1/0 p7", "assignment-failed a2 v1/1 p8 stalled"}));
}

TEST(Exchange, AtMost256EventsGoUpAtOnceAndTheRestFollows) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);  // both exchanges are open now
  for (uint64_t i = 2; i <= 301; ++i) peer.open(i);
  peer.take_effects();
  peer.answer();
  auto effects = peer.take_effects();
  ASSERT_EQ(effects.size(), 1u);
  const ExchangeUp& first = std::get<SendExchange>(effects[0]).up;
  EXPECT_EQ(first.events.size(), kEventsPerExchangeMax);
  EXPECT_TRUE(first.more);
  EXPECT_EQ(first.park, Duration());
  peer.answer();
  effects = peer.take_effects();
  ASSERT_EQ(effects.size(), 1u);
  const ExchangeUp& second = std::get<SendExchange>(effects[0]).up;
  EXPECT_EQ(second.first_event.value(), 258u);
  EXPECT_EQ(second.events.size(), 44u);
  EXPECT_FALSE(second.more);
}

TEST(Exchange, LargeEventsAreCutByBytes) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);
  std::string key(kKeyBytesMax, 'x');
  for (uint64_t i = 2; i <= 101; ++i) peer.open(i, key);
  peer.take_effects();
  peer.answer();
  auto effects = peer.take_effects();
  const ExchangeUp& up = std::get<SendExchange>(effects.at(0)).up;
  EXPECT_LE(up.events.size() * key.size(), kExchangeBytesMax);
  EXPECT_GE(up.events.size(), 50u);
  EXPECT_TRUE(up.more);
}

TEST(Exchange, CommandsAreAcknowledgedByTheNextExchange) {
  PeerCoreDriver peer;
  peer.connect();
  peer.answer({describe(1, 1), describe(2, 1)});
  auto effects = peer.take_effects();
  ASSERT_EQ(effects.size(), 1u);
  EXPECT_EQ(std::get<SendExchange>(effects[0]).up.commands_applied.value(), 2u);
}

TEST(Exchange, RepeatedCommandsAreIgnored) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open_whole(1, 3);  // commands 1 and 2
  ExchangeDown down{.first_command = Sequence(2),
                    .commands = {opened(1, 1), assignment(1, 1, 0, peer_source(7))},
                    .events_applied = Sequence(1)};
  peer.give(ExchangeAnswered{down});
  EXPECT_EQ(peer.did("start"), Texts{"start t1 v1/0 from p7"});
}

TEST(Exchange, MoreCommandsAreAskedForAtOnce) {
  PeerCoreDriver peer;
  peer.connect();
  peer.give(
      ExchangeAnswered{{.first_command = Sequence(1), .commands = {describe(1, 1)}, .more = true}});
  EXPECT_EQ(peer.did_all(), Texts{"exchange pressing"});
}

TEST(Exchange, MoreWithoutAnyCommandIsNotBelieved) {
  PeerCoreDriver peer;
  peer.connect();
  peer.give(ExchangeAnswered{{.more = true}});
  EXPECT_EQ(peer.did_all(), Texts{"exchange parked"});
}

struct Nonsense {
  const char* name;
  ExchangeDown down;
};
void PrintTo(const Nonsense& nonsense, std::ostream* out) {
  *out << nonsense.name;
}
class BrokenTracker : public testing::TestWithParam<Nonsense> {};

TEST_P(BrokenTracker, IsLeftAndMetAgainInANewSession) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open_whole(1, 2);
  peer.give(ExchangeAnswered{GetParam().down});
  EXPECT_EQ(peer.did_all(), Texts{"tracker lost"});
  peer.pass(Policy{}.reconnect_min);
  EXPECT_EQ(peer.did_all(), Texts{"connect 0"});
  peer.register_anew();
  EXPECT_EQ(peer.told(), Texts{"open 1 b/k1 pinned v1"});
}

INSTANTIATE_TEST_SUITE_P(
    Exchange, BrokenTracker,
    testing::Values(
        Nonsense{"GapInCommands", {.first_command = Sequence(9), .commands = {describe(2, 1)}}},
        Nonsense{"AcknowledgesTheUnsent", {.events_applied = Sequence(99)}},
        Nonsense{"TooManyCommands",
                 {.first_command = Sequence(3),
                  .commands = std::vector<Command>(kCommandsPerExchangeMax + 1, cancel(1))}}),
    [](const auto& tested) { return tested.param.name; });

TEST(Exchange, ATrackerThatBreaksEverySessionIsAskedLessAndLess) {
  PeerCoreDriver peer;
  peer.connect();
  Duration wait;
  for (int i = 0; i < 6; ++i) {
    peer.give(ExchangeAnswered{{.events_applied = Sequence(99)}});
    wait = peer.core().next_deadline() - peer.now();
    peer.pass(wait);
    peer.register_anew();
  }
  EXPECT_GE(wait, Duration::milliseconds(1600));
}

TEST(Exchange, ProgressIsLeftOutWhenTheTrackerDoesNotKeepUp) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open_whole(1, 2);
  peer.answer({assignment(1, 1, 0, peer_source(7))});
  peer.pass(Policy{}.progress_after);
  peer.answer();
  for (int i = 0; i < 1000; ++i) {
    peer.give(TransferProgressed{TransferId(1), static_cast<uint8_t>(1 + i % 3)});
  }
  std::size_t told = 0;
  for (int i = 0; i < 10; ++i) {
    peer.pass(Duration::milliseconds(10));
    told += peer.told().size();
    if (peer.exchanges_open() > 1) peer.answer();
  }
  EXPECT_LE(told, kProgressBacklogMax);
  EXPECT_GT(told, 0u);
}

TEST(Exchange, ABacklogPastItsBoundStartsTheSessionAnew) {
  PeerCoreDriver peer;
  peer.connect();
  std::size_t given = 0;
  for (; given < 2 * kUnheardEventsMax; ++given) {
    peer.open(given + 1);
    peer.give(CloseAsked{OpenId(given + 1)});
    if (!peer.did("tracker lost").empty()) break;
  }
  EXPECT_LE(given, kUnheardEventsMax / 2);
  peer.pass(Duration::milliseconds(100));
  EXPECT_EQ(peer.did("connect"), Texts{"connect 0"});
}

}  // namespace
}  // namespace tyto::peer
