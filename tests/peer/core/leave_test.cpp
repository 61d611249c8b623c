#include <gtest/gtest.h>

#include "tests/support/peer_core_driver.h"

namespace tyto::peer {
namespace {

TEST(Leave, EndsWhatIsUnderWayAndIsDoneWhenAcknowledged) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open_whole(1, 2);
  peer.answer({assignment(1, 1, 0, peer_source(7))});
  peer.take_effects();
  peer.give(LeaveAsked{Duration::seconds(5)});
  EXPECT_EQ(peer.did(), (Texts{"failed 1 cancelled", "cancel t1",
                               "exchange parked [closed 1; assignment-failed a1 v1/0 p7 cancelled; "
                               "leaving]"}));
  peer.answer();
  EXPECT_EQ(peer.did(), Texts{"left"});
  EXPECT_TRUE(peer.core().next_deadline().is_never());
}

TEST(Leave, WaitsForTheAcknowledgementOfTheLeavingItself) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);  // both exchanges are open: the leaving has to wait
  peer.give(LeaveAsked{Duration::seconds(5)});
  peer.take_effects();
  peer.answer();
  EXPECT_EQ(peer.did(), Texts{"exchange parked [closed 1; leaving]"});
  peer.answer();
  EXPECT_EQ(peer.did(), Texts{"left"});
}

TEST(Leave, DoesNotOutlastItsDeadline) {
  PeerCoreDriver peer;
  peer.connect();
  peer.give(LeaveAsked{Duration::milliseconds(500)});
  peer.take_effects();
  peer.pass(Duration::milliseconds(499));
  EXPECT_EQ(peer.did("left"), Texts{});
  peer.pass(Duration::milliseconds(1));
  EXPECT_EQ(peer.did("left"), Texts{"left"});
}

TEST(Leave, NeedsNoTracker) {
  PeerCoreDriver peer;
  peer.start();
  peer.take_effects();
  peer.give(LeaveAsked{Duration::seconds(5)});
  EXPECT_EQ(peer.did(), Texts{"left"});
}

TEST(Leave, DoesNotWaitForATrackerThatGoesMeanwhile) {
  PeerCoreDriver peer;
  peer.connect();
  peer.give(LeaveAsked{Duration::seconds(5)});
  peer.take_effects();
  peer.lose_tracker();
  EXPECT_EQ(peer.did(), (Texts{"tracker lost", "left"}));
  peer.pass(Duration::seconds(60));
  EXPECT_EQ(peer.did(), Texts{});
}

TEST(Leave, RefusesNewWorkMeanwhileAndAfterwards) {
  PeerCoreDriver peer;
  peer.connect({{shared(facts_of(1, 2))}, {inventory(1, "#.")}});
  peer.give(LeaveAsked{Duration::seconds(5)});
  peer.give(ExchangeAnswered{
      {.first_command = Sequence(1), .commands = {assignment(1, 1, 1, peer_source(7))}}});
  peer.open(1);
  peer.take_effects();
  peer.pass(Duration::seconds(5));
  EXPECT_EQ(peer.did("left"), Texts{"left"});
  peer.open(2);
  peer.give(EnsureAsked{3, {version_id(1), ChunkIndex(1)}});
  peer.give(LeaveAsked{Duration::seconds(5)});
  EXPECT_EQ(peer.did(), (Texts{"failed 2 cancelled", "ensured 3 no"}));
}

TEST(Leave, AnAssignmentThatCrossesItFails) {
  PeerCoreDriver peer;
  peer.connect({{shared(facts_of(1, 2))}, {}});
  peer.open(1);
  peer.give(LeaveAsked{Duration::seconds(5)});
  peer.take_effects();
  peer.give(ExchangeAnswered{
      {.first_command = Sequence(1), .commands = {assignment(1, 1, 1, peer_source(7))}}});
  EXPECT_EQ(peer.did(), Texts{"exchange parked [closed 1; leaving; assignment-failed a1 v1/1 p7 "
                              "cancelled]"});
}

}  // namespace
}  // namespace tyto::peer
