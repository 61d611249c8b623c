#include "tracker/core/parking.h"

#include <algorithm>

#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {
namespace {

constexpr VersionIndex kV{1};
constexpr VersionIndex kW{2};

std::vector<ReaderIndex> readers_of(const Parking& parking, LotIndex lot) {
  std::vector<ReaderIndex> readers;
  for (ReaderIndex r = parking[lot].first; r != kNoReader; r = parking.after(r))
    readers.push_back(r);
  return readers;
}

std::vector<VersionIndex> woken(Parking& parking) {
  std::vector<VersionIndex> versions;
  while (auto lot = parking.take_woken()) {
    versions.push_back(parking[*lot].version);
    parking.begin_look(*lot);
  }
  return versions;
}

TEST(Parking, ReadersOfALotStandInTheOrderInWhichTheyCameUrgentOnesInFront) {
  Parking parking;
  for (uint32_t r : {7u, 3u, 5u}) parking.park(ReaderIndex(r), kV, 1, Priority::kNormal);
  parking.park(ReaderIndex(9), kV, 1, Priority::kUrgent);
  LotIndex lot = parking.lot_of(ReaderIndex(3));
  EXPECT_EQ(readers_of(parking, lot),
            (std::vector{ReaderIndex(9), ReaderIndex(7), ReaderIndex(3), ReaderIndex(5)}));
  parking.leave(ReaderIndex(7));
  parking.leave(ReaderIndex(5));
  EXPECT_EQ(readers_of(parking, lot), (std::vector{ReaderIndex(9), ReaderIndex(3)}));
  EXPECT_FALSE(parking.is_parked(ReaderIndex(7)));
}

TEST(Parking, AChangeWakesTheLotOfItsVersionAndRackAlone) {
  Parking parking;
  parking.park(ReaderIndex(1), kV, 1, Priority::kNormal);
  parking.park(ReaderIndex(2), kW, 1, Priority::kNormal);
  parking.park(ReaderIndex(3), kV, 2, Priority::kNormal);
  parking.note_change(kW, 1);
  parking.note_change(kW, 1);
  parking.note_change(kW, 2);
  EXPECT_EQ(woken(parking), std::vector{kW});
}

TEST(Parking, RoomWakesAllLotsOfItsRack) {
  Parking parking;
  parking.park(ReaderIndex(1), kV, 1, Priority::kNormal);
  parking.park(ReaderIndex(2), kW, 1, Priority::kNormal);
  parking.park(ReaderIndex(3), kV, 2, Priority::kNormal);
  parking.note_room(1);
  EXPECT_EQ(woken(parking).size(), 2u);
  EXPECT_TRUE(woken(parking).empty());
}

TEST(Parking, LotsThatAreWokenTogetherComeInTheOrderOfTheirFirstReaders) {
  Parking parking;
  parking.park(ReaderIndex(1), kW, 1, Priority::kNormal);
  parking.park(ReaderIndex(2), kV, 1, Priority::kNormal);
  parking.note_change(kV, 1);
  parking.note_room(1);
  EXPECT_EQ(woken(parking), (std::vector{kW, kV}));
  parking.leave(ReaderIndex(1));
  parking.park(ReaderIndex(1), kW, 1, Priority::kNormal);
  parking.note_room(1);
  EXPECT_EQ(woken(parking), (std::vector{kV, kW}));
}

TEST(Parking, WhatChangesWhileALotIsLookedAtWakesItAgain) {
  Parking parking;
  parking.park(ReaderIndex(1), kV, 1, Priority::kNormal);
  parking.note_change(kV, 1);
  LotIndex lot = *parking.take_woken();
  parking.note_change(kV, 1);  // it is not being looked at yet
  parking.begin_look(lot);
  parking.note_change(kV, 1);
  EXPECT_EQ(parking.take_woken(), lot);
  EXPECT_FALSE(parking.take_woken().has_value());
}

TEST(Parking, AWokenLotThatAllHaveLeftIsStillThereToBeLookedAt) {
  Parking parking;
  parking.park(ReaderIndex(1), kV, 1, Priority::kNormal);
  parking.note_change(kV, 1);
  parking.leave(ReaderIndex(1));
  LotIndex lot = *parking.take_woken();
  EXPECT_EQ(parking[lot].count, 0u);
  parking.begin_look(lot);
  EXPECT_FALSE(parking.is_used(lot));
  parking.park(ReaderIndex(1), kW, 3, Priority::kNormal);
  EXPECT_EQ(parking[parking.lot_of(ReaderIndex(1))].rack, 3u);
}

// One of the rack has all, and one upload slot. What is rare is taken first, and what is common is
// held by who is in another rack and has no slot at all, so that what the first reader has is
// never among the choices of the second one that are looked at.
TEST(Parking, ASlotInARackIsNotAlwaysTakenByWhoHadItBefore) {
  constexpr uint32_t kChunks = 256;
  TrackerDriver t;
  t.publish("k", kChunks);
  auto join = [&](const std::string& name, const std::string& rack, uint32_t uploads) {
    RegisterRequest request = t.request(name, "r/z/" + rack + "/" + name);
    request.uploads_max = uploads;
    t.join_as(name, request);
  };
  join("s", "k1", 1);
  t.have("s", "k", std::string(kChunks, '#'));
  for (auto name : {"x", "y"}) {
    join(name, "k2", 1);
    t.have(name, "k", std::string(64, '#') + std::string(kChunks - 64, '.'));
  }
  join("a", "k1", 1);
  join("b", "k1", 1);
  t.open("a", "k");
  t.open("b", "k");
  std::size_t brought_a = 0;
  std::size_t brought_b = 0;
  for (int i = 0; i < 60; ++i) {
    brought_a += t.finish_one("a") ? 1 : 0;
    brought_b += t.finish_one("b") ? 1 : 0;
  }
  EXPECT_GE(brought_a, 25u);
  EXPECT_GE(brought_b, 25u);
  t.core.check_invariants();
}

// One superpeer with one upload has all of two objects. Who reports takes the upload that it has
// freed; readers of the other object get their part all the same.
TEST(Waiting, ReadersOfAnotherObjectAtTheSameSourceAreNotPassedOver) {
  constexpr uint32_t kChunks = 100;
  TrackerDriver::Options options;
  options.config.uploads_per_superpeer = 1;
  TrackerDriver t(options);
  t.publish("large", kChunks);
  t.publish("small", 4);
  t.join_superpeer("s");
  t.have("s", "large", std::string(kChunks, '#'));
  t.have("s", "small", "####");
  t.send("s");  // it stays there
  t.join("a");
  t.join("b");
  t.open("a", "large");
  t.open("a", "small");
  t.open("b", "small");
  auto has_small = [&](const std::string& name) {
    const auto& commands = t[name].commands;
    return std::count_if(commands.begin(), commands.end(), [](const Command& command) {
      const auto* order = std::get_if<Assign>(&command);
      return order != nullptr && order->chunk.version == TrackerDriver::facts("small", 4).id;
    });
  };
  for (int second = 0; second < 40; ++second) {
    t.advance(Duration::seconds(1));
    t.finish_one("a");
    t.finish_one("b");
  }
  EXPECT_EQ(has_small("a"), 4);
  EXPECT_EQ(has_small("b"), 4);
  EXPECT_GE(t.count<Assign>("a"), 20);  // and those of the large one go on
  t.core.check_invariants();
}

// The source has come to hold many other objects since: that does not make it forgotten.
TEST(Waiting, NorAreThoseOfWhatTheSourceHasNotUsedForLong) {
  TrackerDriver::Options options;
  options.config.uploads_per_superpeer = 1;
  TrackerDriver t(options);
  t.publish("small", 1);
  t.publish("large", 100);
  t.join_superpeer("s");
  t.have("s", "small", "#");
  for (int i = 0; i < 100; ++i) {
    t.publish("other" + std::to_string(i), 1);
    t.have("s", "other" + std::to_string(i), "#");
  }
  t.have("s", "large", std::string(100, '#'));
  t.join("a");
  t.join("b");
  t.open("a", "large");
  t.open("b", "small");
  for (int second = 0; second < 10; ++second) {
    t.advance(Duration::milliseconds(999));
    t.finish_one("a");
  }
  EXPECT_EQ(t["b"].assigns.size(), 1u);
}

// Two are parked for a chunk whose only holder, of their rack, has its one slot taken. It drops the
// chunk; the first of them is sent to the origin, for which the other one may go on to wait where
// it does: what ends that read wakes its rack.
TEST(Parking, AReaderWaitsInItsRackForWhatAnotherOneOfItReadsAtTheOrigin) {
  TrackerDriver t;
  VersionId version = t.publish("k", 2);
  for (auto name : {"holder", "a", "b"}) {
    RegisterRequest request = t.request(name, "r/z/k/" + std::string(name));
    request.uploads_max = 1;
    t.join_as(name, request);
  }
  t.have("holder", "k", "##");
  t.open("a", "k");
  t.open("b", "k");
  ASSERT_EQ(t.peers.at("a").assigns.size(), 1u);
  uint32_t other = 1 - t.peers.at("a").assigns[0].chunk.index.value();
  t.send("holder", {ChunksDropped{version, other, 1}});
  t.core.check_invariants();
  auto is_origin = [](const Assign& a) { return a.source.kind == SourceKind::kOrigin; };
  const auto& assigns = t.peers.at("a").assigns;
  ASSERT_EQ(std::count_if(assigns.begin(), assigns.end(), is_origin), 1);
  t.run_dry();
  EXPECT_EQ(t.count<Assign>("a"), 2);
  EXPECT_EQ(t.count<Assign>("b"), 2);
}

}  // namespace
}  // namespace tyto::tracker
