#include <gtest/gtest.h>

#include "tests/support/peer_core_driver.h"

namespace tyto::peer {
namespace {

const Error kReset{ErrorCode::kUnavailable, "connection refused"};

TEST(Session, ConnectsOnceTheStoreIsLoaded) {
  PeerCoreDriver peer;
  peer.start();
  EXPECT_EQ(peer.did_all(), (Texts{"tracker connecting", "connect 0"}));
  peer.start();  // out of order: nothing more comes of it
  EXPECT_EQ(peer.did_all(), Texts{});
}

TEST(Session, ParksAnExchangeOnceRegistered) {
  PeerCoreDriver peer;
  peer.start();
  peer.take_effects();
  peer.register_anew();
  EXPECT_EQ(peer.did_all(), (Texts{"tracker connected", "limits 0", "exchange parked"}));
}

TEST(Session, PassesLimitsAndTicketOn) {
  PeerCoreDriver peer;
  peer.start();
  peer.take_effects();
  peer.give(Registered{{.session = SessionId(1),
                        .epoch = TrackerEpoch(1),
                        .limits = {.uploads_max = 7},
                        .ticket = {"secret", {}}}});
  EXPECT_EQ(peer.did_all(),
            (Texts{"tracker connected", "limits 7", "ticket b0", "exchange parked"}));
}

TEST(Session, SendsItsInventoryBeforeAnythingElse) {
  PeerCoreDriver peer;
  peer.start({{shared(facts_of(1, 3))}, {inventory(1, "#.#"), inventory(2, "..")}});
  auto effects = peer.take_effects();
  EXPECT_TRUE(std::get<ConnectTracker>(effects.back()).has_inventory);
  peer.open(1);
  peer.register_anew();
  EXPECT_EQ(peer.did(), (Texts{"tracker connected", "inventory v1:#.#"}));
  peer.give(InventorySent{});
  EXPECT_EQ(peer.did(), (Texts{"exchange parked [open 1 b/k1]"}));
}

TEST(Session, TriesTheNextTrackerAfterABackOffThatGrows) {
  PeerCoreDriver peer;
  peer.start();
  peer.take_effects();
  int64_t longest_ms[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
  uint32_t attempt = 0;
  for (int64_t most : longest_ms) {
    peer.give(RegisterFailed{kReset});
    Instant failed = peer.now();
    Duration wait = peer.core().next_deadline() - failed;
    EXPECT_LE(wait, Duration::milliseconds(most));
    EXPECT_GE(wait, Duration::milliseconds(most / 2));
    peer.pass(wait);
    EXPECT_EQ(peer.did("connect"), Texts{"connect " + std::to_string(++attempt)});
  }
}

TEST(Session, ATrackerThatIsOverloadedIsAskedAgainNotBeforeItSaid) {
  std::vector<int64_t> waits;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    PeerCoreDriver peer({}, seed);
    peer.start();
    peer.give(RegisterFailed{{ErrorCode::kOverloaded, "too many at once"}, Duration::seconds(8)});
    waits.push_back((peer.core().next_deadline() - peer.now()).ms());
  }
  std::sort(waits.begin(), waits.end());
  EXPECT_GE(waits.front(), 8'000);
  EXPECT_LE(waits.back(), 12'000);
  EXPECT_GT(waits.back() - waits.front(), 500) << "they come back together";
}

TEST(Session, PeersBackOffDifferently) {
  std::vector<int64_t> waits;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    PeerCoreDriver peer({}, seed);
    peer.start();
    peer.give(RegisterFailed{kReset});
    waits.push_back((peer.core().next_deadline() - peer.now()).us());
  }
  std::sort(waits.begin(), waits.end());
  EXPECT_GT(waits.back() - waits.front(), 5'000);
}

TEST(Session, ARegistrationThatIsNeverAnsweredIsTriedAgain) {
  PeerCoreDriver peer;
  peer.start();
  peer.take_effects();
  peer.pass(Policy{}.register_within + Policy{}.reconnect_min);
  EXPECT_EQ(peer.did(), (Texts{"tracker lost", "connect 1"}));
}

TEST(Session, AnInventoryThatIsNeverTakenIsSentAgainAfterAReconnect) {
  PeerCoreDriver peer;
  peer.start({{}, {inventory(1, "#")}});
  peer.register_anew();
  peer.take_effects();
  peer.pass(Duration::seconds(8));
  EXPECT_EQ(peer.did("connect"), Texts{"connect 0 resume 1"});
  peer.register_resumed();
  EXPECT_EQ(peer.did("inventory"), Texts{"inventory v1:#"});
}

TEST(Session, ResumesWithTheSameTrackerFirst) {
  PeerCoreDriver peer;
  peer.connect();
  peer.lose_tracker();
  peer.pass(Policy{}.reconnect_min);
  EXPECT_EQ(peer.did(), (Texts{"tracker lost", "connect 0 resume 1"}));
}

TEST(Session, WhatWasNotAcknowledgedIsSentAgainWhenResumed) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);
  peer.open(2, "k2");
  EXPECT_EQ(peer.told(), (Texts{"open 1 b/k1"}));  // the second waits for an exchange
  peer.lose_tracker();
  peer.pass(Policy{}.reconnect_min);
  peer.take_effects();
  peer.register_resumed();
  EXPECT_EQ(peer.told(), (Texts{"open 1 b/k1", "open 2 b/k2"}));
}

TEST(Session, AnAcknowledgementOfMoreThanWasSentAgainIsFine) {
  PeerCoreDriver peer;
  peer.connect();
  for (uint64_t i = 1; i <= 300; ++i) {
    peer.open(i);
    if (i < 300) {
      // The tracker takes the events but its acknowledgements are lost.
      peer.give(ExchangeAnswered{{.first_command = Sequence(1)}});
    }
  }
  peer.lose_tracker();
  peer.pass(Policy{}.reconnect_min);
  peer.register_resumed();
  peer.take_effects();
  peer.give(ExchangeAnswered{{.events_applied = Sequence(300)}});
  EXPECT_EQ(peer.did("tracker"), Texts{});
}

TEST(Session, ANewSessionHearsOfAllHandlesPinnedToTheirVersions) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open_whole(1, 2);
  peer.open(2, "k2");
  peer.lose_tracker();
  peer.pass(Policy{}.reconnect_min);
  peer.take_effects();
  peer.register_anew();
  EXPECT_EQ(peer.did(),
            (Texts{"tracker connected", "exchange parked [open 1 b/k1 pinned v1; open 2 b/k2]"}));
}

TEST(Session, ANewSessionHearsNothingOfTheOldOnesEvents) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open_whole(1, 2);
  peer.answer({assignment(1, 1, 0, peer_source(7)), assignment(2, 1, 1, peer_source(7))});
  peer.lose_tracker();
  peer.done(1);
  peer.pass(Policy{}.reconnect_min);
  peer.take_effects();
  peer.register_anew();
  EXPECT_EQ(peer.did(), (Texts{"tracker connected", "inventory v1:#. v1:.. 1 from p7"}));
  peer.give(InventorySent{});
  EXPECT_EQ(peer.told(), (Texts{"open 1 b/k1 pinned v1"}));
  peer.answer();
  peer.done(2);  // went on all the while; the old name counts as news of the inventory only
  peer.pass(Policy{}.report_within);
  EXPECT_EQ(peer.told(), (Texts{"verified a2 v1/1 p7"}));
}

TEST(Session, AStreamsWindowIsTheOneItHasNowWhenToldAgain) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open_stream(1, 0, 4);
  peer.give(WindowAsked{OpenId(1), 6, 2});
  peer.lose_tracker();
  peer.pass(Policy{}.reconnect_min);
  peer.take_effects();
  peer.register_anew();
  EXPECT_EQ(peer.told(), (Texts{"open 1 b/k1 window 6+2"}));
}

TEST(Session, AResumptionOfNothingIsRefused) {
  PeerCoreDriver peer;
  peer.start();
  peer.take_effects();
  peer.register_resumed();
  peer.pass(Policy{}.reconnect_min);
  EXPECT_EQ(peer.did(), (Texts{"tracker lost", "connect 1"}));
}

TEST(Session, AFrozenTrackerIsLostInThreeSecondsByAPeerThatWaits) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);
  peer.take_effects();
  peer.pass(Duration::milliseconds(3'100));
  EXPECT_EQ(peer.did(), (Texts{"tracker lost", "connect 0 resume 1"}));
}

TEST(Session, AnIdlePeerLeavesAParkedExchangeAlone) {
  PeerCoreDriver peer;
  peer.connect();
  peer.pass(Duration::seconds(20));
  EXPECT_EQ(peer.did_all(), Texts{});
  peer.answer();
  EXPECT_EQ(peer.did_all(), Texts{"exchange parked"});
  peer.pass(Duration::seconds(23));  // never answered: even the idle notice in the end
  EXPECT_EQ(peer.did("tracker"), Texts{"tracker lost"});
}

TEST(Session, AWaitingPeerAsksNowAndThenWhetherItsTrackerLives) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);
  peer.answer();
  peer.take_effects();
  for (int i = 0; i < 3; ++i) {
    peer.pass(Policy{}.probe_after);
    EXPECT_EQ(peer.did_all(), Texts{"exchange parked"});
    peer.answer();
  }
}

TEST(Session, ATrackerThatRefusesForWantOfTimeIsNotAskedWhetherItLives) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);
  peer.answer();
  peer.take_effects();
  peer.pass(Policy{}.probe_after);
  EXPECT_EQ(peer.did_all(), Texts{"exchange parked"});
  peer.give(ExchangeRefused{{ErrorCode::kOverloaded, "later"}, Duration::milliseconds(300)});
  peer.take_effects();
  peer.pass(Policy{}.probe_after * 4 - Duration::milliseconds(1));
  EXPECT_EQ(peer.did_all(), Texts{});
  peer.pass(Duration::milliseconds(1));
  EXPECT_EQ(peer.did_all(), Texts{"exchange parked"});
}

TEST(Session, ARefusedProbeIsMadeAgainWhenTheTrackerSaidAndHoldsNoNewsBack) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);
  peer.answer();
  peer.take_effects();
  peer.pass(Policy{}.probe_after);
  EXPECT_EQ(peer.did_all(), Texts{"exchange parked"});
  peer.give(ExchangeRefused{{ErrorCode::kOverloaded, "later"}, Duration::seconds(10)});
  peer.take_effects();
  peer.pass(Duration::milliseconds(9'999));
  EXPECT_EQ(peer.did_all(), Texts{});
  peer.open(2);
  EXPECT_EQ(peer.told(), Texts{"open 2 b/k1"});
}

TEST(Session, InputsOfAConnectionThatIsGoneAreIgnored) {
  PeerCoreDriver peer;
  peer.connect();
  peer.lose_tracker();
  peer.take_effects();
  peer.give(ExchangeAnswered{});
  peer.give(InventorySent{});
  peer.give(Registered{});
  peer.give(RegisterFailed{kReset});
  peer.give(Disconnected{kReset});
  EXPECT_EQ(peer.did_all(), Texts{});
}

}  // namespace
}  // namespace tyto::peer
