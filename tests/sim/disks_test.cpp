// Disks that take time, and disks that turn bad.
#include <gtest/gtest.h>

#include "tests/sim/data_plane_fixture.h"

namespace tyto::sim {
namespace {

constexpr uint64_t kDisk = kRate / 2;

Scenario with_disks() {
  Scenario scenario = quiet_scenario();
  scenario.fleet.reader_disk = {kDisk, kDisk};
  return scenario;
}

Duration on_disk(uint64_t bytes) {
  return time_of(bytes) * 2;
}

class DisksTest : public DataPlaneTest {
 protected:
  DisksTest() : DataPlaneTest(with_disks()) {}

  Duration took(NodeId node) { return ended(node).at - tick(kFirstTick); }
  void expect_took(NodeId node, Duration least) {
    EXPECT_EQ(ended(node).how, TransferEnd::kDone);
    EXPECT_GE(took(node).ns(), least.ns());
    EXPECT_LE(took(node).ns(), (least + kLatency * 4 + kMargin).ns());
  }
};

TEST_F(DisksTest, AChunkIsStoredWhenTheDiskHasTakenIt) {
  at_tick(kFirstTick, [&] { fetch(reader(0), superpeer(0), 0); });
  at_tick(kFirstTick + 5, [&] {
    EXPECT_FALSE(world_->node(reader(0)).store().holds(chunk()));
    EXPECT_EQ(world_->node(superpeer(0)).uploads, 0u);  // which is free by then
  });
  run();
  expect_took(reader(0), time_of(length()) + on_disk(length()));
}

TEST_F(DisksTest, WhoReadsAlongDoesNotWaitForTheDisk) {
  at_tick(kFirstTick, [&] {
    fetch(reader(0), superpeer(0), 0);
    fetch(reader(1), reader(0), 1);
  });
  run();
  expect_took(reader(1), time_of(length() + kBlockBytes) + on_disk(length()));
}

TEST_F(DisksTest, WhoComesWhileTheDiskTakesTheChunkHasItFromMemory) {
  at_tick(kFirstTick, [&] { fetch(reader(0), superpeer(0), 0); });
  at_tick(kFirstTick + 4, [&] { fetch(reader(1), reader(0), 1); });
  run();
  Duration took = ended(reader(1)).at - tick(kFirstTick + 4);
  EXPECT_LE(took.ns(), (time_of(length()) + on_disk(length()) + kLatency * 4 + kMargin).ns());
}

TEST_F(DisksTest, UploadsOfWholeChunksShareTheDisk) {
  hold(reader(0));
  at_tick(kFirstTick, [&] {
    fetch(reader(1), reader(0), 0);
    fetch(reader(2), reader(0), 0);
  });
  run();
  expect_took(reader(1), on_disk(length()) * 2 + on_disk(length()));
  expect_took(reader(2), on_disk(length()) * 2 + on_disk(length()));
}

TEST_F(DisksTest, TheDiskOfAFrozenProcessStandsStill) {
  at_tick(kFirstTick, [&] { fetch(reader(0), superpeer(0), 0); });
  at_tick(kFirstTick + 4, [&] { world_->node(reader(0)).freeze(); });
  at_tick(kFirstTick + 24, [&] { world_->node(reader(0)).thaw(); });
  run();
  expect_took(reader(0), time_of(length()) + on_disk(length()) + Duration::seconds(2));
}

TEST_F(DisksTest, WhatIsOnItsWayToTheDiskNeedsItsSourceNoMore) {
  at_tick(kFirstTick, [&] { fetch(reader(0), superpeer(0), 0); });
  at_tick(kFirstTick + 4, [&] { world_->node(superpeer(0)).crash(); });
  run();
  expect_took(reader(0), time_of(length()) + on_disk(length()));
}

TEST_F(DisksTest, ACrashLosesWhatTheDiskHasNotTaken) {
  at_tick(kFirstTick, [&] { fetch(reader(0), superpeer(0), 0); });
  at_tick(kFirstTick + 4, [&] { world_->node(reader(0)).crash(); });
  run();
  EXPECT_EQ(ended(reader(0)).how, TransferEnd::kDied);
  EXPECT_FALSE(world_->node(reader(0)).store().holds(chunk()));
}

Scenario with_slow_disk() {
  Scenario scenario = with_disks();
  scenario.fleet.reader_link = scenario.fleet.superpeer_link = {8 * kRate, 8 * kRate};
  scenario.fleet.reader_disk = {};
  // Node 2 is the first reader.
  scenario.faults = {{Duration(), FaultKind::kDiskSlow, 2, Duration::seconds(5)}};
  return scenario;
}

class SlowDiskTest : public DataPlaneTest {
 protected:
  SlowDiskTest() : DataPlaneTest(with_slow_disk()) {}
};

TEST_F(SlowDiskTest, ADiskThatIsSlowMovesAMegabyteASecondUntilItIsMended) {
  static_assert(kSlowDiskBytesPerS == kRate);
  at_tick(kFirstTick, [&] { fetch(reader(0), superpeer(0), 0); });
  at_tick(60, [&] { world_->node(reader(0)).store().drop(chunk()); });
  at_tick(61, [&] { fetch(reader(0), superpeer(0), 0); });
  run();
  Duration slow = ended(reader(0)).at - tick(kFirstTick);
  Duration mended = ended(reader(0), 1).at - tick(61);
  Duration moving = Duration::nanoseconds(time_of(length()).ns() / 8);
  EXPECT_GE(slow.ns(), (moving + time_of(length())).ns());
  EXPECT_LE(mended.ns(), (moving + kLatency * 4 + kMargin).ns());
}

// --- bad disks ---

TEST_F(DataPlaneTest, AChunkThatTurnedBadIsFoundOutAtItsFirstBlockWithoutARoot) {
  at_tick(kFirstTick, [&] {
    world_->node(superpeer(0)).store().spoil_half();
    fetch(reader(0), superpeer(0), 0);
  });
  at_tick(kFirstTick + 5, [&] { fetch(reader(0), superpeer(1), 0); });
  run();
  EXPECT_EQ(ended(reader(0)).how, TransferEnd::kFailed);
  EXPECT_EQ(ended(reader(0)).failure, FailureKind::kCorrupt);
  EXPECT_EQ(ended(reader(0), 1).how, TransferEnd::kDone);
  EXPECT_EQ(world_->data().bytes().wasted, kBlockBytes);
}

}  // namespace
}  // namespace tyto::sim
