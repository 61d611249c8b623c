// Chunks that are to be kept in memory only: where the core has them put, and what it says of them.
#include <gtest/gtest.h>

#include "tests/support/peer_core_driver.h"

namespace tyto::peer {
namespace {

Assign in_memory(Assign order) {
  order.placement = Placement::kMemory;
  return order;
}

template <class T>
std::vector<T> all_of(const Effects& effects) {
  std::vector<T> found;
  for (const Effect& effect : effects)
    if (const auto* typed = std::get_if<T>(&effect)) found.push_back(*typed);
  return found;
}

std::vector<ChunkVerified> verified_of(const Effects& effects) {
  std::vector<ChunkVerified> found;
  for (const SendExchange& sent : all_of<SendExchange>(effects))
    for (const Event& event : sent.up.events)
      if (const auto* verified = std::get_if<ChunkVerified>(&event)) found.push_back(*verified);
  return found;
}

// Where the transfers begun since the last call put their chunks.
std::vector<Placement> started_in(PeerCoreDriver& peer) {
  std::vector<Placement> places;
  for (const StartTransfer& start : all_of<StartTransfer>(peer.take_effects()))
    places.push_back(start.placement);
  return places;
}

std::vector<InventoryEntry> entries_of(const Effects& effects) {
  std::vector<InventoryEntry> entries;
  for (const SendInventory& sent : all_of<SendInventory>(effects))
    for (const InventoryPage& page : sent.pages)
      entries.insert(entries.end(), page.entries.begin(), page.entries.end());
  return entries;
}

TEST(PeerPlacement, AChunkGoesWhereItsOrderSaysAndIsReportedSo) {
  PeerCoreDriver peer;
  peer.connect();
  peer.answer({describe(1, 2), in_memory(assignment(1, 1, 0, peer_source(7))),
               assignment(2, 1, 1, peer_source(7))});
  EXPECT_EQ(started_in(peer), (std::vector{Placement::kMemory, Placement::kDisk}));
  peer.done(1);
  peer.done(2);
  peer.pass(Policy{}.report_within);
  auto told = verified_of(peer.take_effects());
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].medium, Medium::kMemory);
  EXPECT_EQ(told[1].medium, Medium::kDisk);
}

TEST(PeerPlacement, WhatIsToBeInBothIsToldAsOnDisk) {
  PeerCoreDriver peer;
  peer.connect();
  Assign order = assignment(1, 1, 0, peer_source(7));
  order.placement = Placement::kBoth;
  peer.answer({describe(1, 1), order});
  EXPECT_EQ(started_in(peer), std::vector{Placement::kBoth});
  peer.done(1);
  peer.pass(Policy{}.report_within);
  auto told = verified_of(peer.take_effects());
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].medium, Medium::kDisk);
}

TEST(PeerPlacement, AChunkThatIsHereIsReportedWhereItIsWhateverTheOrderSays) {
  PeerCoreDriver peer;
  InventoryEntry held = inventory(1, "##");
  held.in_memory = Bitmap(2);
  held.in_memory.set(0);
  peer.connect({{shared(facts_of(1, 2))}, {held}});
  peer.answer({describe(1, 2), assignment(1, 1, 0, peer_source(7)),
               in_memory(assignment(2, 1, 1, peer_source(7)))});
  auto told = verified_of(peer.take_effects());
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].medium, Medium::kMemory);
  EXPECT_EQ(told[1].medium, Medium::kDisk);
}

TEST(PeerPlacement, AHedgeGoesWhereTheTransferBesideItGoes) {
  PeerCoreDriver peer;
  peer.connect();
  peer.answer({describe(1, 1), in_memory(assignment(1, 1, 0, peer_source(7)))});
  peer.take_effects();
  Assign hedge = assignment(2, 1, 0, peer_source(8));
  hedge.is_hedge = true;
  peer.answer({hedge});
  EXPECT_EQ(started_in(peer), std::vector{Placement::kMemory});
}

TEST(PeerPlacement, AFallbackGoesWhereTheOrderSaid) {
  PeerCoreDriver peer;
  peer.connect();
  peer.answer({describe(1, 1), in_memory(assignment(1, 1, 0, peer_source(7), {peer_source(8)}))});
  peer.take_effects();
  peer.fail(1, FailureKind::kUnreachable);
  EXPECT_EQ(started_in(peer), std::vector{Placement::kMemory});
}

TEST(PeerPlacement, WithoutATrackerChunksGoWhereItWantedThemLast) {
  PeerCoreDriver peer;
  peer.connect();
  peer.open(1);
  Opened opened_in_memory = std::get<Opened>(opened(1, 1));
  opened_in_memory.placement = Placement::kMemory;
  peer.answer({describe(1, 2), opened_in_memory});
  auto opens = all_of<OpenSucceeded>(peer.take_effects());
  ASSERT_EQ(opens.size(), 1u);
  EXPECT_EQ(opens[0].medium, Medium::kMemory);
  peer.lose_tracker();
  peer.pass(Duration::seconds(10));
  auto places = started_in(peer);
  ASSERT_FALSE(places.empty());
  for (Placement place : places) EXPECT_EQ(place, Placement::kMemory);
}

TEST(PeerPlacement, ATransferUnderWayStaysWhereItIsWhenAnotherOrderTakesItOver) {
  PeerCoreDriver peer;
  peer.connect();
  peer.answer({describe(1, 1), in_memory(assignment(1, 1, 0, peer_source(7)))});
  peer.lose_tracker();
  peer.pass(Duration::seconds(1));
  peer.take_effects();
  peer.register_anew();
  auto entries = entries_of(peer.take_effects());
  ASSERT_EQ(entries.size(), 1u);
  ASSERT_EQ(entries[0].underway.size(), 1u);
  EXPECT_EQ(entries[0].underway[0].medium, Medium::kMemory);
  peer.give(InventorySent{});
  peer.answer({describe(1, 1), assignment(9, 1, 0, peer_source(7))});
  peer.take_effects();
  peer.done(1);
  peer.pass(Policy{}.report_within);
  auto told = verified_of(peer.take_effects());
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].assignment, assignment_id(9));
  EXPECT_EQ(told[0].medium, Medium::kMemory);
}

TEST(PeerPlacement, TheInventorySaysWhatIsInMemoryAndForgetsWhatIsDropped) {
  PeerCoreDriver peer;
  InventoryEntry held = inventory(1, "####");
  held.in_memory = Bitmap(4);
  held.in_memory.set(1);
  held.in_memory.set(2);
  peer.connect({{shared(facts_of(1, 4))}, {held}});
  peer.answer({evict(1, 1, 1)});
  peer.give(ChunksLost{version_id(1), 1, 1});
  peer.lose_tracker();
  peer.pass(Duration::seconds(1));
  peer.take_effects();
  peer.register_anew();
  auto entries = entries_of(peer.take_effects());
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].chunks.count(), 3u);
  EXPECT_EQ(entries[0].in_memory.count(), 1u);
  EXPECT_TRUE(entries[0].in_memory.test(2));
}

}  // namespace
}  // namespace tyto::peer
