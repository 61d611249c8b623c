#include <gtest/gtest.h>

#include "peer/core/core_state.h"
#include "tests/support/peer_core_driver.h"

namespace tyto::peer {
namespace {

// A peer that serves readers without a tracker, with one chunk of four in its store.
class Ensures : public testing::Test {
 protected:
  Ensures() : peer(policy()) {
    peer.connect({{shared(facts_of(1, 4)), shared(facts_of(2, 40))}, {inventory(1, "#...")}});
  }
  static Policy policy() {
    Policy policy;
    policy.role = Role::kSuperpeer;
    policy.serves_orphans = true;
    return policy;
  }
  void ask(uint64_t request, uint8_t version, uint32_t chunk) {
    peer.give(EnsureAsked{request, {version_id(version), ChunkIndex(chunk)}});
  }
  PeerCoreDriver peer;
};

TEST_F(Ensures, WhatIsHereIsAnsweredAtOnce) {
  ask(5, 1, 0);
  EXPECT_EQ(peer.did(), Texts{"ensured 5 yes"});
}

TEST_F(Ensures, WhatCannotBeHadIsAnsweredAtOnce) {
  ask(5, 9, 0);   // no such version
  ask(6, 1, 99);  // no such chunk
  EXPECT_EQ(peer.did(), (Texts{"ensured 5 no", "ensured 6 no"}));
}

TEST_F(Ensures, TheOriginIsReadOnceForAllWhoWait) {
  ask(5, 1, 1);
  ask(6, 1, 1);
  EXPECT_EQ(peer.did(), Texts{"start t1 v1/1 from origin"});
  peer.done(1);
  EXPECT_EQ(peer.did("ensured"), (Texts{"ensured 5 yes", "ensured 6 yes"}));
  peer.pass(Policy{}.report_within);
  EXPECT_EQ(peer.told(), Texts{"verified a0 v1/1 origin root"});
}

TEST_F(Ensures, AFailureIsAnsweredToAllWhoWait) {
  ask(5, 1, 1);
  ask(6, 1, 1);
  peer.take_effects();
  peer.fail(1, FailureKind::kOriginFailed);
  EXPECT_EQ(peer.did(), (Texts{"ensured 5 no", "ensured 6 no"}));
}

TEST_F(Ensures, AChunkAssignedAlreadyIsWaitedFor) {
  peer.answer({assignment(1, 1, 1, origin())});
  peer.take_effects();
  ask(5, 1, 1);
  EXPECT_EQ(peer.did(), Texts{});
  peer.done(1);
  EXPECT_EQ(peer.did("ensured"), Texts{"ensured 5 yes"});
}

TEST_F(Ensures, AnAssignmentThatFailsIsTriedOnceMoreForThoseWhoWait) {
  peer.answer({assignment(1, 1, 1, peer_source(7))});
  ask(5, 1, 1);
  peer.take_effects();
  peer.fail(1, FailureKind::kStalled);
  EXPECT_EQ(peer.did("start"), Texts{"start t2 v1/1 from origin"});
}

TEST_F(Ensures, AtMostEightAreReadAtOnceAndTheOthersFollow) {
  for (uint32_t i = 0; i < 12; ++i) ask(100 + i, 2, i);
  EXPECT_EQ(peer.did("start").size(), 8u);
  peer.done(3);
  EXPECT_EQ(peer.did("start").size(), 1u);
  peer.fail(4, FailureKind::kOriginFailed);
  EXPECT_EQ(peer.did("start").size(), 1u);
}

TEST_F(Ensures, NobodyWaitsForEver) {
  ask(5, 1, 1);
  peer.take_effects();
  peer.pass(Policy{}.open_timeout);
  EXPECT_EQ(peer.did("ensured"), Texts{"ensured 5 no"});
}

TEST_F(Ensures, PastTheirBoundAreRefused) {
  for (uint64_t i = 0; i <= kEnsuresMax; ++i) ask(i, 1, 1);
  EXPECT_EQ(peer.did("ensured"), Texts{"ensured " + std::to_string(kEnsuresMax) + " no"});
}

TEST_F(Ensures, WorkWithoutATrackerToo) {
  peer.lose_tracker();
  peer.take_effects();
  ask(5, 1, 1);
  EXPECT_EQ(peer.did(), Texts{"start t1 v1/1 from origin"});
}

TEST(EnsuresElsewhere, APeerThatDoesNotServeOrphansAnswersFromItsStoreOnly) {
  PeerCoreDriver peer;
  peer.connect({{shared(facts_of(1, 2))}, {inventory(1, "#.")}});
  peer.give(EnsureAsked{1, {version_id(1), ChunkIndex(0)}});
  peer.give(EnsureAsked{2, {version_id(1), ChunkIndex(1)}});
  EXPECT_EQ(peer.did(), (Texts{"ensured 1 yes", "ensured 2 no"}));
}

}  // namespace
}  // namespace tyto::peer
