// Transfers between stores, without anybody who decides: chunks that are relayed, resumed, hedged.
#include <gtest/gtest.h>

#include "tests/sim/data_plane_fixture.h"

namespace tyto::sim {
namespace {

TEST_F(DataPlaneTest, AChainOfRelaysCostsABlockAHop) {
  at_tick(kFirstTick, [&] {
    fetch(reader(0), superpeer(0), 0);
    fetch(reader(1), reader(0), 1);
    fetch(reader(2), reader(1), 2);
    fetch(reader(3), reader(2), 3);
  });
  run();
  Duration took = ended(reader(3)).at - tick(kFirstTick);
  EXPECT_EQ(ended(reader(3)).how, TransferEnd::kDone);
  EXPECT_GE(took, time_of(length() + 3 * kBlockBytes));
  EXPECT_LE(took, time_of(length() + 3 * kBlockBytes) + kLatency * 4 + kMargin);
  EXPECT_EQ(world_->data().bytes().from_peers, 3 * length());
  EXPECT_EQ(world_->data().bytes().wasted, 0u);
}

TEST_F(DataPlaneTest, WhoWasSentToACopyInFlightWaitsUntilItBegins) {
  at_tick(kFirstTick, [&] { fetch(reader(1), reader(0), 1); });
  at_tick(kFirstTick + 5, [&] { fetch(reader(0), superpeer(0), 0); });
  run();
  EXPECT_EQ(ended(reader(1)).how, TransferEnd::kDone);
  EXPECT_LE(ended(reader(1)).at - tick(kFirstTick + 5),
            time_of(length() + kBlockBytes) + kLatency * 4 + kMargin);
}

TEST_F(DataPlaneTest, WhoWasSentToAWholeCopyThatIsNotThereDoesNotWait) {
  at_tick(kFirstTick, [&] { fetch(reader(1), reader(0), 0); });
  run();
  EXPECT_EQ(ended(reader(1)).failure, FailureKind::kLacking);
  EXPECT_LE(ended(reader(1)).at - tick(kFirstTick), kLatency * 2 + kMargin);
}

TEST_F(DataPlaneTest, WhatComesFromTheOriginIsServedOnlyWhenItIsWhole) {
  at_tick(kFirstTick, [&] {
    fetch_from_origin(reader(0));
    fetch(reader(1), reader(0), 1);
  });
  run();
  EXPECT_GE(ended(reader(1)).at - ended(reader(0)).at, time_of(length()));
}

// The source of a relay loses its own source and goes on from another: the relay notices a pause.
TEST_F(DataPlaneTest, ATransferGoesOnWhereItStoppedAndSoDoTheRelays) {
  at_tick(kFirstTick, [&] {
    fetch(reader(0), superpeer(0), 0);
    fetch(reader(1), reader(0), 1);
  });
  at_tick(kFirstTick + 1, [&] { world_->node(superpeer(0)).crash(); });
  at_tick(kFirstTick + 3, [&] { fetch(reader(0), superpeer(1), 0); });
  run();
  EXPECT_EQ(ended(reader(0)).failure, FailureKind::kUnreachable);
  uint64_t kept = ended(reader(0), 1).from;
  EXPECT_GE(kept, 5u * kBlockBytes);  // of 100 kB
  EXPECT_LE(kept, 6u * kBlockBytes);
  EXPECT_EQ(kept % kBlockBytes, 0u);
  EXPECT_EQ(ended(reader(0), 1).useful, length() - kept);
  EXPECT_EQ(ended(reader(0), 1).how, TransferEnd::kDone);
  EXPECT_LE(ended(reader(0), 1).at - tick(kFirstTick + 3),
            time_of(length() - kept) + kLatency * 2 + kMargin);
  EXPECT_EQ(ended(reader(1)).how, TransferEnd::kDone);
  EXPECT_LE(ended(reader(1)).at - ended(reader(0), 1).at, time_of(kBlockBytes) + kMargin);
  EXPECT_EQ(world_->data().bytes().from_superpeers, length());
  EXPECT_LT(world_->data().bytes().wasted, kBlockBytes);
}

TEST_F(DataPlaneTest, ARelayWhoseSourceGoesOnTooLateStalls) {
  at_tick(kFirstTick, [&] {
    fetch(reader(0), superpeer(0), 0);
    fetch(reader(1), reader(0), 1);
  });
  at_tick(kFirstTick + 1, [&] { world_->node(superpeer(0)).crash(); });
  run();
  EXPECT_EQ(ended(reader(1)).failure, FailureKind::kStalled);
  Duration after = ended(reader(1)).at - ended(reader(0)).at;
  EXPECT_GE(after + kMargin, Duration::milliseconds(800));
  EXPECT_LE(after, Duration::milliseconds(800) + kMargin);
  EXPECT_GE(ended(reader(1)).useful, 4u * kBlockBytes);
}

TEST_F(DataPlaneTest, WhenAChunkIsGivenUpItsRelaysAreToldAndKeepWhatTheyHave) {
  peer::TransferId first;
  at_tick(kFirstTick, [&] {
    first = fetch(reader(0), superpeer(0), 0);
    fetch(reader(1), reader(0), 1);
  });
  at_tick(kFirstTick + 1, [&] { world_->data().cancel(reader(0), first); });
  at_tick(kFirstTick + 2, [&] { fetch(reader(1), superpeer(0), 0); });
  at_tick(kFirstTick + 2, [&] { fetch(reader(0), superpeer(1), 0); });
  run();
  EXPECT_EQ(ended(reader(1)).failure, FailureKind::kLacking);
  EXPECT_GE(ended(reader(1), 1).from, 4u * kBlockBytes);
  EXPECT_EQ(ended(reader(0), 1).from, 0u);
}

TEST_F(DataPlaneTest, KeptBlocksAreDroppedWhenTheyAreNotNeeded) {
  at_tick(kFirstTick, [&] { fetch(reader(0), superpeer(0), 0); });
  at_tick(kFirstTick + 1, [&] { world_->node(superpeer(0)).crash(); });
  at_tick(kFirstTick + 2, [&] { world_->data().drop_kept(reader(0), chunk()); });
  at_tick(kFirstTick + 3, [&] { fetch(reader(0), superpeer(1), 0); });
  run();
  EXPECT_EQ(ended(reader(0), 1).from, 0u);
  EXPECT_EQ(world_->data().bytes().from_superpeers, length());
  EXPECT_GE(world_->data().bytes().wasted, 5u * kBlockBytes);
}

TEST_F(DataPlaneTest, AReadOfTheOriginBeginsAnew) {
  at_tick(kFirstTick, [&] { fetch(reader(0), superpeer(0), 0); });
  at_tick(kFirstTick + 1, [&] { world_->node(superpeer(0)).crash(); });
  at_tick(kFirstTick + 2, [&] { fetch_from_origin(reader(0)); });
  run();
  EXPECT_EQ(ended(reader(0), 1).useful, length());
  EXPECT_EQ(world_->data().bytes().from_superpeers, 0u);
  EXPECT_EQ(world_->data().bytes().from_origin, length());
}

TEST_F(DataPlaneTest, ALiarInAChainIsFoundOutAtItsFirstBlock) {
  at_tick(kFirstTick, [&] {
    world_->node(reader(1)).is_corrupting = true;
    fetch(reader(0), superpeer(0), 0);
    fetch(reader(1), reader(0), 1);
    fetch(reader(2), reader(1), 2);
    fetch(reader(3), reader(2), 3);
  });
  at_tick(kFirstTick + 1, [&] { fetch(reader(2), reader(0), 1); });
  run();
  EXPECT_EQ(ended(reader(2)).failure, FailureKind::kCorrupt);
  EXPECT_LE(ended(reader(2)).at - tick(kFirstTick), time_of(4 * kBlockBytes) + kMargin);
  EXPECT_EQ(ended(reader(2)).useful, 0u);
  EXPECT_EQ(ended(reader(1)).how, TransferEnd::kDone);
  EXPECT_EQ(ended(reader(2), 1).how, TransferEnd::kDone);
  EXPECT_EQ(ended(reader(3)).how, TransferEnd::kDone);  // it has waited, and seen nothing wrong
}

TEST_F(DataPlaneTest, AHedgeBringsTheRestAndTheOtherTransferIsCancelled) {
  at_tick(kFirstTick, [&] { fetch(reader(0), superpeer(0), 0); });
  at_tick(kFirstTick + 1, [&] {
    world_->node(superpeer(0)).freeze();
    fetch(reader(0), superpeer(1), 0, DataPlane::Attempt::kHedge);
  });
  run();
  Script::Ended hedge = ended(reader(0));
  Script::Ended other = ended(reader(0), 1);
  EXPECT_EQ(hedge.how, TransferEnd::kDone);
  EXPECT_GE(hedge.from, 5u * kBlockBytes);
  EXPECT_EQ(other.how, TransferEnd::kCancelled);
  EXPECT_EQ(other.at, hedge.at);
  EXPECT_EQ(hedge.useful + other.useful, length());
  EXPECT_EQ(world_->data().bytes().from_superpeers, length());
  EXPECT_LT(world_->data().bytes().wasted, kBlockBytes);
}

// Two at the same pace share the reader's link: what both bring is counted once.
TEST_F(DataPlaneTest, WhatAHedgeBringsTwiceIsWaste) {
  at_tick(kFirstTick, [&] { fetch(reader(0), superpeer(0), 0); });
  at_tick(kFirstTick + 1, [&] { fetch(reader(0), superpeer(1), 0, DataPlane::Attempt::kHedge); });
  run();
  const ByteCounts& bytes = world_->data().bytes();
  EXPECT_EQ(bytes.from_superpeers, length());
  const std::vector<uint64_t>& sent = world_->data().traffic().sent_by_node;
  EXPECT_EQ(bytes.wasted, sent[0] + sent[1] - length());
  EXPECT_GT(bytes.wasted, 4u * kBlockBytes);
}

TEST_F(DataPlaneTest, ASecondTransferThatIsNoHedgeIsAViolation) {
  at_tick(kFirstTick, [&] {
    fetch(reader(0), superpeer(0), 0);
    fetch(reader(0), superpeer(1), 0);
  });
  world_->run(Duration::seconds(30));
  EXPECT_EQ(world_->violations().size(), 1u);
}

TEST_F(DataPlaneTest, ReadersThatWereSentInACircleStallAndGoOnElsewhere) {
  at_tick(kFirstTick, [&] {
    fetch(reader(0), reader(1), 1);
    fetch(reader(1), reader(0), 1);
  });
  at_tick(kFirstTick + 10, [&] { fetch(reader(0), superpeer(0), 0); });
  run();
  EXPECT_EQ(ended(reader(0)).failure, FailureKind::kStalled);
  EXPECT_EQ(ended(reader(0), 1).how, TransferEnd::kDone);
}

}  // namespace
}  // namespace tyto::sim
