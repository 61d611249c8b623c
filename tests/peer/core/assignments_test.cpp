#include <gtest/gtest.h>

#include "tests/support/peer_core_driver.h"

namespace tyto::peer {
namespace {

// A peer that reads version 1, of four chunks.
class Assignments : public testing::Test {
 protected:
  Assignments() {
    peer.connect();
    peer.open_whole(1, 4);
  }
  PeerCoreDriver peer;
};

TEST_F(Assignments, FactsAreRememberedBeforeTheFirstChunkAndOnlyOnce) {
  peer.answer({assignment(1, 1, 0, peer_source(7)), assignment(2, 1, 1, superpeer_source(3))});
  EXPECT_EQ(peer.did(), (Texts{"remember v1", "start t1 v1/0 from p7", "start t2 v1/1 from s3"}));
}

TEST_F(Assignments, CarryTheRootAndThePatienceOn) {
  Assign order = assignment(1, 1, 0, peer_source(7));
  order.root = root_of(9);
  order.patience = Duration::milliseconds(123);
  peer.answer({order});
  auto effects = peer.take_effects();
  const auto& start = std::get<StartTransfer>(effects.at(1));
  EXPECT_EQ(start.root, root_of(9));
  EXPECT_EQ(start.patience, Duration::milliseconds(123));
  EXPECT_FALSE(start.without_tracker);
}

TEST_F(Assignments, AChunkThatIsDoneIsReadyAndReported) {
  peer.answer({assignment(1, 1, 0, peer_source(7))});
  peer.take_effects();
  peer.pass(Duration::milliseconds(40));
  peer.take_effects();
  peer.done(1);
  EXPECT_EQ(peer.did_all(), Texts{"ready v1/0 peer"});
  EXPECT_TRUE(peer.core().holds({version_id(1), ChunkIndex(0)}));
  peer.pass(Policy{}.report_within);
  auto effects = peer.take_effects();
  const auto& up = std::get<SendExchange>(effects.at(0)).up;
  const auto& event = std::get<ChunkVerified>(up.events.at(0));
  EXPECT_EQ(event.took, Duration::milliseconds(40));
  EXPECT_EQ(event.bytes, kChunkBytesMin);
  EXPECT_FALSE(event.root.has_value());
}

TEST_F(Assignments, ARootReadAtTheOriginIsTold) {
  peer.answer({assignment(1, 1, 0, origin())});
  peer.done(1);
  peer.pass(Policy{}.report_within);
  EXPECT_EQ(peer.told(), Texts{"verified a1 v1/0 origin root"});
}

TEST_F(Assignments, ProgressIsTold) {
  peer.answer({assignment(1, 1, 0, peer_source(7))});
  peer.pass(Policy{}.progress_after);
  peer.answer();
  peer.told();
  peer.give(TransferProgressed{TransferId(1), 1});
  peer.give(TransferProgressed{TransferId(1), 9});  // no such quarter
  peer.give(TransferProgressed{TransferId(5), 1});  // no such transfer
  peer.pass(Policy{}.report_within);
  EXPECT_EQ(peer.told(), Texts{"progress a1 1"});
}

TEST_F(Assignments, ProgressOfAShortTransferIsNotTold) {
  peer.answer({assignment(1, 1, 0, peer_source(7))});
  peer.pass(Policy{}.progress_after - Duration::milliseconds(1));
  peer.told();
  peer.give(TransferProgressed{TransferId(1), 1});
  peer.pass(Policy{}.report_within);
  EXPECT_EQ(peer.told(), Texts{});
}

TEST_F(Assignments, WhatAFailedTransferBroughtIsKeptForTheNext) {
  peer.answer({assignment(1, 1, 0, peer_source(7), {peer_source(8)})});
  peer.give(TransferFailed{TransferId(1), FailureKind::kStalled, 0, "", true});
  peer.give(TransferFailed{TransferId(2), FailureKind::kStalled, 0, "", true});
  peer.answer();
  peer.answer({assignment(2, 1, 0, peer_source(9))});
  peer.pass(Policy{}.partial_kept * 2);
  EXPECT_EQ(peer.did("drop-partial"), Texts{});
}

TEST_F(Assignments, WhatAFailedTransferBroughtIsGivenUpInTime) {
  peer.answer({assignment(1, 1, 0, peer_source(7))});
  peer.give(TransferFailed{TransferId(1), FailureKind::kStalled, 0, "", true});
  peer.pass(Policy{}.partial_kept - Duration::milliseconds(1));
  EXPECT_EQ(peer.did("drop-partial"), Texts{});
  peer.pass(Duration::milliseconds(1));
  EXPECT_EQ(peer.did("drop-partial"), Texts{"drop-partial v1/0"});
}

TEST_F(Assignments, WhatFailedTransfersBroughtIsGivenUpWithTheReaderOrTheEvictionOrTheOldest) {
  for (uint32_t i = 0; i < 2; ++i) {
    peer.answer({assignment(i + 1, 1, i, peer_source(7))});
    peer.give(TransferFailed{TransferId(i + 1), FailureKind::kStalled, 0, "", true});
  }
  peer.answer({evict(1, 0, 1)});
  EXPECT_EQ(peer.did("drop-partial"), Texts{"drop-partial v1/0"});
  peer.give(CloseAsked{OpenId(1)});
  EXPECT_EQ(peer.did("drop-partial"), Texts{"drop-partial v1/1"});
}

TEST(AssignmentsOfManyChunks, LeaveOnlySoManyParts) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open_whole(1, 20);
  for (uint32_t i = 0; i < 9; ++i) {
    peer.answer({assignment(i + 1, 1, i, peer_source(7))});
    peer.give(TransferFailed{TransferId(i + 1), FailureKind::kStalled, 0, "", true});
  }
  EXPECT_EQ(peer.did("drop-partial"), Texts{"drop-partial v1/0"});
}

Assign hedge_of(Assign order) {
  order.is_hedge = true;
  return order;
}

TEST_F(Assignments, AHedgeRunsBesideTheTransferAndTheFirstWins) {
  peer.answer({assignment(1, 1, 0, peer_source(7)), hedge_of(assignment(2, 1, 0, peer_source(8)))});
  EXPECT_EQ(peer.did("start"), (Texts{"start t1 v1/0 from p7", "start t2 v1/0 from p8"}));
  peer.done(2);
  peer.fail(1, FailureKind::kCancelled);  // as the shell ends the other
  EXPECT_EQ(peer.did("ready"), Texts{"ready v1/0 peer"});
  EXPECT_EQ(peer.told(), (Texts{}));
}

TEST_F(Assignments, BothEndsOfAHedgeAreReported) {
  peer.answer({assignment(1, 1, 0, peer_source(7)), hedge_of(assignment(2, 1, 0, peer_source(8)))});
  peer.take_effects();
  peer.done(1);
  peer.give(TransferFailed{TransferId(2), FailureKind::kCancelled, 5000, "slower"});
  auto effects = peer.take_effects();
  const auto& up = std::get<SendExchange>(effects.back()).up;
  ASSERT_EQ(up.events.size(), 2u);
  EXPECT_EQ(std::get<ChunkVerified>(up.events[0]).assignment, assignment_id(1));
  const auto& loser = std::get<AssignmentFailed>(up.events[1]);
  EXPECT_EQ(loser.assignment, assignment_id(2));
  EXPECT_EQ(loser.kind, FailureKind::kCancelled);
  EXPECT_EQ(loser.bytes_wasted, 5000u);
}

TEST_F(Assignments, AHedgeAloneIsLikeAnyAssignment) {
  peer.answer({hedge_of(assignment(1, 1, 0, peer_source(7)))});
  EXPECT_EQ(peer.did("start"), Texts{"start t1 v1/0 from p7"});
}

TEST_F(Assignments, AHedgeIsRefusedWhereItCannotShareWhatComes) {
  peer.answer({assignment(1, 1, 0, origin()), assignment(2, 1, 1, peer_source(7)),
               assignment(3, 1, 2, peer_source(7))});
  peer.take_effects();
  peer.answer({hedge_of(assignment(4, 1, 0, peer_source(8))),    // that reads the origin
               hedge_of(assignment(5, 1, 1, origin())),          // this would
               hedge_of(assignment(6, 1, 2, peer_source(7)))});  // the same source
  EXPECT_EQ(peer.did("start"), Texts{});
  peer.answer({hedge_of(assignment(7, 1, 2, peer_source(8)))});
  EXPECT_EQ(peer.did("start"), Texts{"start t4 v1/2 from p8"});
  peer.answer({hedge_of(assignment(8, 1, 2, peer_source(9)))});  // a third
  EXPECT_EQ(peer.did("start"), Texts{});
}

TEST_F(Assignments, OfAHedgeThatFailsTheOtherGoesOnAndTheOriginIsNotAskedMeanwhile) {
  peer.answer({assignment(1, 1, 0, peer_source(7)),
               hedge_of(assignment(2, 1, 0, peer_source(8), {origin()}))});
  peer.take_effects();
  peer.fail(2, FailureKind::kStalled);
  EXPECT_EQ(peer.did(), Texts{"exchange parked [assignment-failed a2 v1/0 p8 stalled]"});
  peer.answer();
  peer.done(1);
  EXPECT_EQ(peer.did("ready"), Texts{"ready v1/0 peer"});
}

TEST_F(Assignments, AChunkTheStoreRefusedIsReportedButNotReady) {
  peer.answer({assignment(1, 1, 0, peer_source(7))});
  peer.take_effects();
  peer.done(1, false);
  EXPECT_EQ(peer.did("ready"), Texts{});
  EXPECT_FALSE(peer.core().holds({version_id(1), ChunkIndex(0)}));
  peer.pass(Policy{}.report_within);
  EXPECT_EQ(peer.told(), Texts{"verified a1 v1/0 p7 unstored"});
}

TEST_F(Assignments, AFailedSourceIsReportedAndTheNextOneAsked) {
  peer.answer({assignment(1, 1, 0, peer_source(7), {peer_source(8), superpeer_source(3)})});
  peer.take_effects();
  peer.fail(1, FailureKind::kStalled);
  EXPECT_EQ(peer.did(), (Texts{"start t2 v1/0 from p8 fallback",
                               "exchange parked [source-failed a1 v1/0 p7 stalled]"}));
  peer.answer();
  peer.fail(2, FailureKind::kCorrupt);
  EXPECT_EQ(peer.did(), (Texts{"start t3 v1/0 from s3 fallback",
                               "exchange parked [source-failed a1 v1/0 p8 corrupt]"}));
  peer.answer();
  peer.fail(3, FailureKind::kBusy);
  EXPECT_EQ(peer.did(), (Texts{"exchange parked [assignment-failed a1 v1/0 s3 busy]"}));
}

TEST_F(Assignments, TheSourceThatDeliveredInTheEndIsNamed) {
  peer.answer({assignment(1, 1, 0, peer_source(7), {superpeer_source(3)})});
  peer.fail(1, FailureKind::kLacking);
  peer.answer();
  peer.done(2);
  peer.take_effects();
  peer.pass(Policy{}.report_within);
  EXPECT_EQ(peer.told(), Texts{"verified a1 v1/0 s3"});
}

struct Fatal {
  FailureKind kind;
  bool at_origin;
  bool is_final;
};
class FailureKinds : public Assignments, public testing::WithParamInterface<Fatal> {};

TEST_P(FailureKinds, GoOnWithAFallbackOnlyWhereItCanHelp) {
  Source source = GetParam().at_origin ? origin() : peer_source(7);
  peer.answer({assignment(1, 1, 0, source, {peer_source(8)})});
  peer.take_effects();
  peer.fail(1, GetParam().kind);
  EXPECT_EQ(peer.did("start").empty(), GetParam().is_final);
}

INSTANTIATE_TEST_SUITE_P(Assignments, FailureKinds,
                         testing::Values(Fatal{FailureKind::kUnreachable, false, false},
                                         Fatal{FailureKind::kStalled, false, false},
                                         Fatal{FailureKind::kCorrupt, false, false},
                                         Fatal{FailureKind::kLacking, false, false},
                                         Fatal{FailureKind::kBusy, false, false},
                                         Fatal{FailureKind::kRefused, false, false},
                                         Fatal{FailureKind::kOriginFailed, true, false},
                                         Fatal{FailureKind::kOriginChanged, false, false},
                                         Fatal{FailureKind::kOriginChanged, true, true},
                                         Fatal{FailureKind::kOriginMissing, true, true},
                                         Fatal{FailureKind::kNoSpace, false, true},
                                         Fatal{FailureKind::kCancelled, false, true},
                                         Fatal{FailureKind::kInternal, false, true}));

TEST_F(Assignments, ACancelStopsTheTransferAndIsReported) {
  peer.answer({assignment(1, 1, 0, peer_source(7), {peer_source(8)})});
  peer.take_effects();
  peer.answer({cancel(1), cancel(99)});
  EXPECT_EQ(peer.did(),
            (Texts{"cancel t1", "exchange parked [assignment-failed a1 v1/0 p7 cancelled]"}));
  peer.fail(1, FailureKind::kCancelled);  // the shell's answer changes nothing
  EXPECT_EQ(peer.did(), Texts{});
}

TEST_F(Assignments, AChunkDoneAlthoughCancelledIsHeldAndReported) {
  peer.answer({assignment(1, 1, 0, peer_source(7))});
  peer.answer({cancel(1)});
  peer.take_effects();
  peer.done(1);
  EXPECT_EQ(peer.did(), Texts{"ready v1/0 peer"});
  peer.answer();
  peer.pass(Policy{}.report_within);
  EXPECT_EQ(peer.told(), Texts{"verified a1 v1/0 p7"});
}

TEST_F(Assignments, AChunkThatIsHereIsReportedAtOnce) {
  peer.answer({assignment(1, 1, 0, peer_source(7))});
  peer.done(1);
  peer.answer({assignment(2, 1, 0, peer_source(8))});
  auto told = peer.told();
  EXPECT_EQ(told.back(), "verified a2 v1/0 p8");
}

TEST_F(Assignments, ASecondOrderForAChunkUnderWayFails) {
  peer.answer({assignment(1, 1, 0, peer_source(7))});
  peer.take_effects();
  peer.answer({assignment(2, 1, 0, peer_source(8))});
  EXPECT_EQ(peer.did(), Texts{"exchange parked [assignment-failed a2 v1/0 p8 cancelled]"});
  peer.answer();
  peer.done(1);
  peer.take_effects();
  peer.pass(Policy{}.report_within);
  EXPECT_EQ(peer.told(), Texts{"verified a1 v1/0 p7"});
}

TEST_F(Assignments, ANewSessionsOrderTakesATransferUnderWayOver) {
  peer.answer({assignment(1, 1, 0, peer_source(7))});
  peer.lose_tracker();
  peer.pass(Policy{}.reconnect_min);
  peer.register_anew();
  peer.give(InventorySent{});  // which names what is under way
  peer.take_effects();
  peer.answer({describe(1, 4), opened(1, 1), assignment(5, 1, 0, peer_source(8))});
  EXPECT_EQ(peer.did("start"), Texts{});
  peer.fail(1, FailureKind::kUnreachable);
  EXPECT_EQ(peer.did("start"), Texts{"start t2 v1/0 from p8 fallback"});
  peer.answer();
  peer.done(2);
  peer.take_effects();
  peer.pass(Policy{}.report_within);
  EXPECT_EQ(peer.told(), Texts{"verified a5 v1/0 p8"});
}

TEST_F(Assignments, NonsenseIsAnsweredAndNotCarriedOut) {
  Assign too_many = assignment(3, 1, 0, peer_source(7));
  too_many.fallbacks.resize(kFallbacksMax + 1);
  peer.answer({assignment(1, 9, 0, peer_source(7)), assignment(2, 1, 4, peer_source(7)), too_many});
  EXPECT_EQ(peer.did(), (Texts{"tracker connected", "tracker connected", "tracker connected",
                               "exchange parked [assignment-failed a1 v9/0 p7 internal; "
                               "assignment-failed a2 v1/4 p7 internal; "
                               "assignment-failed a3 v1/0 p7 internal]"}));
}

TEST_F(Assignments, AVersionDescribedAnewWithOtherSizesKeepsItsOwn) {
  peer.answer({describe(1, 5), Describe{}, assignment(1, 1, 4, peer_source(7))});
  EXPECT_EQ(peer.did("start"), Texts{});
}

TEST_F(Assignments, ANameIsLookedUpUnderANumberOfThisPeersOwn) {
  peer.answer({resolve(70, "a"), resolve(71, "b")});
  EXPECT_EQ(peer.did(), (Texts{"resolve 1 a", "resolve 2 b"}));
  peer.give(ResolveDone{ResolveId(2), facts_of(2, 1), {}});
  EXPECT_EQ(peer.told(), Texts{"resolved 71 ok"});
  peer.answer();
  peer.give(ResolveDone{ResolveId(1), std::nullopt, {ErrorCode::kNotFound, "no such key"}});
  EXPECT_EQ(peer.told(), Texts{"resolved 70 not_found"});
  peer.answer();
  peer.give(ResolveDone{ResolveId(1), std::nullopt, {}});  // answered before
  EXPECT_EQ(peer.told(), Texts{});
}

TEST_F(Assignments, ANameLookedUpForAnOldSessionIsForgotten) {
  peer.answer({resolve(1, "a")});
  peer.lose_tracker();
  peer.pass(Policy{}.reconnect_min);
  peer.register_anew();
  peer.answer({resolve(1, "b")});
  peer.take_effects();
  peer.give(ResolveDone{ResolveId(1), facts_of(1, 1), {}});  // of "a"
  EXPECT_EQ(peer.told(), Texts{});
  peer.give(ResolveDone{ResolveId(2), facts_of(2, 1), {}});
  EXPECT_EQ(peer.told(), Texts{"resolved 1 ok"});
}

}  // namespace
}  // namespace tyto::peer
