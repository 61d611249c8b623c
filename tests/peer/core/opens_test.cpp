#include <gtest/gtest.h>

#include "peer/core/core_state.h"
#include "tests/support/peer_core_driver.h"

namespace tyto::peer {
namespace {

std::string message_of(const Effects& effects) {
  for (const Effect& effect : effects) {
    if (const auto* failed = std::get_if<OpenFailed>(&effect)) return failed->error.message;
  }
  return "";
}

TEST(Opens, SucceedWhenTheTrackerHasAnswered) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);
  peer.take_effects();
  peer.answer({describe(1, 3), Opened{OpenId(1), version_id(1), {"leave to read", {}}}});
  EXPECT_EQ(peer.did(), (Texts{"ticket b1", "opened 1 v1"}));
  peer.answer({opened(1, 1)});  // once is enough
  EXPECT_EQ(peer.did(), Texts{});
}

TEST(Opens, OfWhatIsNoNameFailHereAndNeverReachTheTracker) {
  PeerCoreDriver peer;
  peer.connect();
  peer.take_effects();
  OpenRequested long_key{.open = OpenId(1), .bucket = "b", .key = std::string(4096, 'k')};
  peer.give(OpenAsked{long_key});
  EXPECT_EQ(peer.did(), Texts{"failed 1 invalid_argument"});
  OpenRequested bad_bucket{.open = OpenId(2), .bucket = "B?", .key = "k"};
  peer.give(OpenAsked{bad_bucket});
  EXPECT_EQ(peer.did(), Texts{"failed 2 invalid_argument"});
}

TEST(Opens, FailAsTheTrackerSays) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);
  peer.take_effects();
  peer.answer({open_ended(1, ErrorCode::kNotFound)});
  EXPECT_EQ(peer.did(), Texts{"failed 1 not_found"});
  peer.give(CloseAsked{OpenId(1)});
  EXPECT_EQ(peer.did(), Texts{});
}

TEST(Opens, AHandleThatHasAllOfItsChunksIsNotEndedByTheTracker) {
  PeerCoreDriver peer;
  peer.connect({{}, {inventory(1, "##")}});
  peer.open_whole(1, 2);
  peer.answer({open_ended(1, ErrorCode::kNotFound)});
  EXPECT_EQ(peer.did("failed"), Texts{});
}

TEST(Opens, AHandleThatIsToldWhatItWaitsForIsNotStuck) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);
  peer.answer({describe(1, 3), opened(1, 1)});
  peer.take_effects();
  for (int i = 0; i < 5; ++i) {
    for (int second = 0; second < 40; ++second) {
      while (peer.exchanges_open() > 1) peer.answer();
      peer.pass(Duration::seconds(1));
    }
    peer.answer({ShowWait{OpenId(1), {WaitsFor::kOriginBudget, 3, Duration::seconds(12)}}});
    EXPECT_EQ(peer.did("waits"), Texts{"waits 1 origin_budget 3"});
  }
  peer.answer({ShowWait{OpenId(7), {}}});  // one that is closed
  EXPECT_EQ(peer.did("waits"), Texts{});
  EXPECT_EQ(peer.did("failed"), Texts{});
}

TEST(Opens, AHandleThatWaitsForSomebodyHasItsOwnPatience) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);
  peer.answer({describe(1, 3), opened(1, 1)});
  peer.take_effects();
  for (int second = 0; second < 70; ++second) {
    while (peer.exchanges_open() > 1) peer.answer();
    if (second % 20 == 0) peer.answer({ShowWait{OpenId(1), {WaitsFor::kSource, 0, {}}}});
    peer.pass(Duration::seconds(1));
  }
  EXPECT_EQ(peer.did("failed"), Texts{"failed 1 timed_out"});
}

TEST(Opens, AHandleIsNeverMovedToAnotherVersion) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open_whole(1, 2);
  peer.answer({describe(2, 2), opened(1, 2)});
  EXPECT_EQ(peer.did(), (Texts{"failed 1 conflict", "exchange parked [closed 1]"}));
}

TEST(Opens, AnUnknownVersionFailsTheHandleAndAnUnknownHandleIsIgnored) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);
  peer.take_effects();
  peer.answer({opened(1, 9), opened(5, 9), open_ended(6, ErrorCode::kInternal)});
  EXPECT_EQ(peer.did(),
            (Texts{"tracker connected", "failed 1 internal", "exchange parked [closed 1]"}));
}

TEST(Opens, AreNotAnsweredTwiceUnderOneNumber) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);
  peer.open(1);
  peer.answer();
  peer.answer();
  EXPECT_EQ(peer.told(), Texts{"open 1 b/k1"});
}

TEST(Opens, WithoutAnyTrackerFailInTimeAndNameTheTrouble) {
  PeerCoreDriver peer;
  peer.start();
  peer.open(1);
  for (int i = 0; i < 40; ++i) {
    peer.give(RegisterFailed{{ErrorCode::kUnavailable, "10.0.0.1:7400 refused the connection"}});
    peer.pass(Duration::seconds(1));
  }
  auto effects = peer.take_effects();
  std::string message = message_of(effects);
  EXPECT_NE(message.find("b/k1"), std::string::npos) << message;
  EXPECT_NE(message.find("10.0.0.1:7400 refused the connection"), std::string::npos) << message;
}

TEST(Opens, AskedBeforeTheTrackerIsThereAreToldOnceItIs) {
  PeerCoreDriver peer;
  peer.start();
  peer.open(1);
  peer.register_anew();
  EXPECT_EQ(peer.told(), Texts{"open 1 b/k1"});
}

TEST(Opens, FailAtOnceWhereTheTrackerRefusesThisPeer) {
  PeerCoreDriver peer;
  peer.start();
  peer.open(1);
  peer.take_effects();
  peer.give(RegisterFailed{{ErrorCode::kDenied, "these credentials are not known here"}});
  EXPECT_EQ(peer.did("failed"), Texts{"failed 1 denied"});
}

TEST(Opens, WithATrackerThatDoesNotAnswerFailInTime) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);
  for (int i = 0; i < 35; ++i) {
    peer.pass(Duration::seconds(1));
    while (peer.exchanges_open() > 1) peer.answer();  // it lives, but has nothing to say
    if (i == 28) {
      EXPECT_EQ(peer.did("failed"), Texts{});
    }
  }
  EXPECT_EQ(peer.did("failed"), Texts{"failed 1 timed_out"});
}

TEST(Opens, ThatGetNothingForLongFailAndTheTrackerHearsOfIt) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open_whole(1, 2);
  auto live = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      peer.pass(Duration::seconds(1));
      while (peer.exchanges_open() > 1) peer.answer();
    }
  };
  live(50);
  peer.answer({assignment(1, 1, 0, peer_source(7))});
  live(50);
  peer.give(TransferProgressed{TransferId(1), 1});
  live(50);
  peer.done(1);
  live(50);
  EXPECT_EQ(peer.did("failed"), Texts{});
  live(11);
  EXPECT_EQ(peer.did("failed"), Texts{"failed 1 timed_out"});
}

// Reads two objects of one chunk at the origin, of which only the first gets anywhere.
Texts ends_of_two_reads(BucketId bucket_of_second) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1, "k1");
  peer.open(2, "k2");
  VersionFacts second = facts_of(2, 1);
  second.bucket = bucket_of_second;
  peer.answer({describe(1, 1), Describe{shared(second)}, opened(1, 1), opened(2, 2),
               assignment(1, 1, 0, origin()), assignment(2, 2, 0, origin())});
  for (int i = 0; i < 100; ++i) {
    peer.pass(Duration::seconds(1));
    while (peer.exchanges_open() > 1) peer.answer();
    if (i == 40) peer.give(TransferProgressed{TransferId(1), 1});
    if (i == 90) peer.done(1);
  }
  Texts failed = peer.did("failed");
  for (int i = 0; i < 100; ++i) {
    peer.pass(Duration::seconds(1));
    while (peer.exchanges_open() > 1) peer.answer();
  }
  for (const std::string& later : peer.did("failed")) failed.push_back("later " + later);
  return failed;
}

TEST(Opens, WaitForTheirTurnAtAnOriginForAsLongAsItSendsToOthersHere) {
  EXPECT_EQ(ends_of_two_reads(BucketId(1)), Texts{"later failed 2 timed_out"});
}

TEST(Opens, AreNotKeptWaitingByWhatAnotherOriginSends) {
  EXPECT_EQ(ends_of_two_reads(BucketId(2)), Texts{"failed 2 timed_out"});
}

TEST(Opens, ThatHaveEverythingNeverFail) {
  PeerCoreDriver peer;
  peer.connect({{}, {inventory(1, "##")}});
  peer.open_whole(1, 2);
  peer.lose_tracker();
  peer.pass(Duration::seconds(600));
  EXPECT_EQ(peer.did("failed"), Texts{});
}

TEST(Opens, AStreamThatHasItsWindowWaitsForItsReaderForEver) {
  PeerCoreDriver peer;
  peer.connect({{}, {inventory(1, "##..")}});
  peer.open_stream(1, 0, 2);
  peer.answer({describe(1, 4), opened(1, 1)});
  for (int i = 0; i < 200; ++i) {
    peer.pass(Duration::seconds(1));
    while (peer.exchanges_open() > 1) peer.answer();
    if (i % 20 == 19) peer.answer();
  }
  EXPECT_EQ(peer.did("failed"), Texts{});
}

TEST(Opens, AWindowThatMovesIsToldAndOneThatStandsIsNot) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open_stream(1, 0, 4);
  EXPECT_EQ(peer.told(), Texts{"open 1 b/k1 window 0+4"});
  peer.answer();
  peer.give(WindowAsked{OpenId(1), 0, 4});
  peer.give(WindowAsked{OpenId(1), 2, 4});
  peer.give(WindowAsked{OpenId(9), 2, 4});
  peer.pass(Policy{}.report_within);
  EXPECT_EQ(peer.told(), Texts{"window 1 2+4"});
}

TEST(Opens, ClosingTheLastHandleCancelsItsTransfers) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open_whole(1, 2);
  peer.open(2);
  peer.answer({opened(2, 1), assignment(1, 1, 0, peer_source(7))});
  peer.take_effects();
  peer.give(CloseAsked{OpenId(1)});
  peer.pass(Policy{}.report_within);
  EXPECT_EQ(peer.did(), Texts{"exchange parked [closed 1]"});
  peer.answer();
  peer.give(CloseAsked{OpenId(2)});
  EXPECT_EQ(
      peer.did(),
      (Texts{"cancel t1", "exchange parked [closed 2; assignment-failed a1 v1/0 p7 cancelled]"}));
}

TEST(Opens, PastTheirBoundAreRefused) {
  PeerCoreDriver peer;
  peer.start();
  for (uint64_t i = 1; i <= kOpensMax + 1; ++i) peer.open(i);
  EXPECT_EQ(peer.did("failed"), Texts{"failed " + std::to_string(kOpensMax + 1) + " overloaded"});
}

TEST(Opens, ADeadlineToldAgainHasShrunk) {
  PeerCoreDriver peer;
  peer.start();
  peer.give(
      OpenAsked{{.open = OpenId(1), .bucket = "b", .key = "k", .deadline = Duration::seconds(10)}});
  peer.pass(Duration::seconds(4));
  peer.register_anew();
  auto effects = peer.take_effects();
  const auto& up = std::get<SendExchange>(effects.back()).up;
  EXPECT_EQ(std::get<OpenRequested>(up.events.at(0)).deadline, Duration::seconds(6));
}

}  // namespace
}  // namespace tyto::peer
