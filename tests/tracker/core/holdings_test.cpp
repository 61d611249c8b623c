#include "tracker/core/holdings.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/rng.h"

namespace tyto::tracker {
namespace {

class HoldingsTest : public ::testing::Test {
 protected:
  PeerIndex peer(uint64_t id, const std::string& location = "h") {
    PeerIndex index = fleet.add(PeerId(id));
    fleet.peer(index).host = fleet.host_at(Location::parse(location).value());
    return index;
  }
  VersionIndex version(uint8_t name, uint32_t chunks) {
    VersionId id;
    id.digest.bytes[0] = name;
    return versions.intern(id, {uint64_t{chunks} * kChunkBytesMin, kChunkBytesMin});
  }
  Parking parking;
  Fleet fleet{parking};
  Versions versions;
  Holdings holdings{fleet, versions, parking};
};

TEST_F(HoldingsTest, CountsCopiesMembersAndCompleteOnes) {
  VersionIndex v = version(1, 3);
  PeerIndex a = peer(1);
  PeerIndex b = peer(2);
  EXPECT_TRUE(holdings.add(v, a, 1));
  EXPECT_FALSE(holdings.add(v, a, 1));
  holdings.add_all(v, b);
  EXPECT_EQ(versions[v].copies, (std::vector<uint32_t>{1, 2, 1}));
  EXPECT_EQ(versions[v].members, 2u);
  EXPECT_EQ(versions[v].complete, 1u);
  EXPECT_TRUE(holdings.remove(v, b, 0));
  EXPECT_FALSE(holdings.remove(v, b, 0));
  EXPECT_EQ(versions[v].complete, 0u);
  holdings.remove_all(b);
  EXPECT_EQ(versions[v].copies, (std::vector<uint32_t>{0, 1, 0}));
  EXPECT_EQ(versions[v].members, 1u);
}

TEST_F(HoldingsTest, KeepsAPeersVersionsByRecency) {
  PeerIndex a = peer(1);
  VersionIndex v1 = version(1, 2);
  VersionIndex v2 = version(2, 2);
  holdings.add(v1, a, 0);
  holdings.add(v2, a, 0);
  EXPECT_EQ(holdings[fleet.peer(a).oldest_holding].version, v1);
  holdings.touch(holdings.find(v1, a));
  EXPECT_EQ(holdings[fleet.peer(a).oldest_holding].version, v2);
  EXPECT_EQ(holdings[fleet.peer(a).newest_holding].version, v1);
}

TEST_F(HoldingsTest, GroupsMembersByRack) {
  VersionIndex v = version(1, 1);
  PeerIndex a = peer(1, "z/r1/h1");
  PeerIndex b = peer(2, "z/r1/h2");
  PeerIndex c = peer(3, "z/r2/h3");
  for (PeerIndex p : {a, b, c}) holdings.add(v, p, 0);
  ASSERT_EQ(versions[v].groups.size(), 2u);
  EXPECT_EQ(versions[v].groups[0].holders.size(), 2u);
  holdings.remove_all(a);
  EXPECT_EQ(versions[v].groups[0].holders.size(), 1u);
  EXPECT_EQ(holdings[versions[v].groups[0].holders[0].holding].peer, b);
}

TEST_F(HoldingsTest, AHostHasRoomUntilItsUploadsAreAsManyAsItIsWorth) {
  HostIndex host = fleet.peer(peer(1)).host;
  HostRow& row = fleet.host(host);
  row.uploads_max = 2;
  auto has_room_with = [&](uint16_t uploads, uint16_t slots) {
    row.uploads = uploads;
    row.slots = slots;
    fleet.note_uploads(host);
    return fleet.has_room(host);
  };
  EXPECT_TRUE(has_room_with(1, 0));
  EXPECT_FALSE(has_room_with(2, 0));
  EXPECT_FALSE(has_room_with(1, 1));
  EXPECT_TRUE(has_room_with(1, 2));
}

TEST_F(HoldingsTest, AHoldingIsFoundWhereItWasAndWhereItHasMovedTo) {
  PeerIndex a = peer(1);
  VersionIndex v1 = version(1, 2);
  VersionIndex v2 = version(2, 2);
  holdings.add(v1, a, 0);
  HoldingIndex first = holdings.find(v1, a);
  EXPECT_EQ(holdings.find(v1, a, first), first);
  EXPECT_EQ(holdings.find(v2, a, first), kNoHolding);
  holdings.remove_all(a);
  EXPECT_EQ(holdings.find(v1, a, first), kNoHolding);
  holdings.add(v2, a, 0);  // takes the row
  holdings.add(v1, a, 0);
  EXPECT_EQ(holdings.find(v1, a, first), holdings.find(v1, a));
}

// Against a plain model, over many random steps.
TEST_F(HoldingsTest, AgreesWithAModel) {
  Rng rng(7);
  std::vector<PeerIndex> peers;
  for (uint64_t i = 1; i <= 20; ++i) peers.push_back(peer(i, "h" + std::to_string(i)));
  std::vector<VersionIndex> all{version(1, 1), version(2, 64), version(3, 65), version(4, 130)};
  std::map<std::pair<uint32_t, uint32_t>, std::set<uint32_t>> model;
  for (int step = 0; step < 20000; ++step) {
    PeerIndex p = peers[rng.below(20)];
    VersionIndex v = all[rng.below(4)];
    uint32_t c = rng.below(versions[v].chunk_count());
    auto& held = model[{v.value(), p.value()}];
    if (rng.one_in(1, 200)) {
      holdings.remove_all(p);
      for (VersionIndex other : all) model[{other.value(), p.value()}].clear();
    } else if (rng.one_in(1, 50)) {
      holdings.add_all(v, p);
      for (uint32_t i = 0; i < versions[v].chunk_count(); ++i) held.insert(i);
    } else if (rng.one_in(2, 3)) {
      EXPECT_EQ(holdings.add(v, p, c), held.insert(c).second);
    } else {
      EXPECT_EQ(holdings.remove(v, p, c), held.erase(c) == 1);
    }
  }
  for (auto& [key, held] : model) {
    HoldingIndex h = holdings.find(VersionIndex(key.first), PeerIndex(key.second));
    EXPECT_EQ(h == kNoHolding, held.empty());
    for (uint32_t c = 0; c < versions[VersionIndex(key.first)].chunk_count() && !held.empty(); ++c)
      EXPECT_EQ(holdings.has(h, c), held.contains(c));
  }
}

}  // namespace
}  // namespace tyto::tracker
