#include <gtest/gtest.h>

#include "peer/core/core_state.h"
#include "tests/support/peer_core_driver.h"

namespace tyto::peer {
namespace {

TEST(Cache, ChunksThatNobodyReadsAreDroppedAndConfirmedOnceFree) {
  PeerCoreDriver peer;
  peer.connect({{shared(facts_of(1, 4))}, {inventory(1, "####")}});
  peer.answer({evict(1, 1, 2)});
  EXPECT_EQ(peer.did(), Texts{"drop v1 1+2"});
  EXPECT_FALSE(peer.core().holds({version_id(1), ChunkIndex(1)}));
  EXPECT_TRUE(peer.core().holds({version_id(1), ChunkIndex(0)}));
  peer.give(ChunksLost{version_id(1), 1, 2});
  peer.pass(Policy{}.report_within);
  EXPECT_EQ(peer.told(), Texts{"dropped v1 1+2"});
}

TEST(Cache, ChunksThatAreNotHereAreConfirmedAtOnce) {
  PeerCoreDriver peer;
  peer.connect({{}, {inventory(1, "#..#")}});
  peer.answer({evict(1, 0, 99), evict(7, 0, 3), evict(1, 4'000'000'000u, 4'000'000'000u)});
  EXPECT_EQ(peer.did(), (Texts{"drop v1 0+1", "drop v1 3+1",
                               "exchange parked [dropped v1 1+2; dropped v7 0+3]"}));
}

TEST(Cache, AnOrderRepeatedWhileBytesAreBeingFreedIsConfirmedOnce) {
  PeerCoreDriver peer;
  peer.connect({{}, {inventory(1, "#")}});
  peer.answer({evict(1, 0, 1)});
  peer.answer({evict(1, 0, 1)});
  EXPECT_EQ(peer.did(), Texts{"drop v1 0+1"});
  peer.give(ChunksLost{version_id(1), 0, 1});
  peer.give(ChunksLost{version_id(1), 0, 1});
  peer.pass(Policy{}.report_within);
  EXPECT_EQ(peer.told(), Texts{"dropped v1 0+1"});
}

TEST(Cache, ChunksOfAWholeReadStayUntilItIsClosed) {
  PeerCoreDriver peer;
  peer.connect({{}, {inventory(1, "####")}});
  peer.open_whole(1, 4);
  peer.answer({evict(1, 0, 2)});
  EXPECT_EQ(peer.did(), Texts{"exchange parked [deferred v1 0+2]"});
  EXPECT_TRUE(peer.core().holds({version_id(1), ChunkIndex(0)}));
  peer.answer();
  peer.give(CloseAsked{OpenId(1)});
  EXPECT_EQ(peer.did(), Texts{"drop v1 0+2"});
  peer.pass(Policy{}.report_within);
  EXPECT_EQ(peer.told(), Texts{"closed 1"});
}

TEST(Cache, ChunksOfAStreamStayWhileTheyAreInItsWindow) {
  PeerCoreDriver peer;
  peer.connect({{}, {inventory(1, "####")}});
  peer.open_stream(1, 0, 2);
  peer.answer({describe(1, 4), opened(1, 1)});
  peer.take_effects();
  peer.answer({evict(1, 0, 4)});
  EXPECT_EQ(peer.did(), (Texts{"drop v1 2+2", "exchange parked [deferred v1 0+2]"}));
  peer.answer();
  peer.give(WindowAsked{OpenId(1), 1, 2});
  EXPECT_EQ(peer.did("drop"), Texts{"drop v1 0+1"});
  peer.give(WindowAsked{OpenId(1), 2, 2});
  EXPECT_EQ(peer.did("drop"), Texts{"drop v1 1+1"});
}

TEST(Cache, AChunkIsFetchedAgainOnlyOnceItsOldBytesAreFree) {
  PeerCoreDriver peer;
  peer.connect({{shared(facts_of(1, 2))}, {inventory(1, "#.")}});
  peer.answer({describe(1, 2), evict(1, 0, 1)});
  peer.answer({assignment(1, 1, 0, peer_source(7))});
  EXPECT_EQ(peer.did(), Texts{"drop v1 0+1"});
  peer.give(ChunksLost{version_id(1), 0, 1});
  EXPECT_EQ(peer.did("start"), Texts{"start t2 v1/0 from p7"});
}

TEST(Cache, ATransferThatWaitsForBytesCanBeCancelled) {
  PeerCoreDriver peer;
  peer.connect({{shared(facts_of(1, 2))}, {inventory(1, "#.")}});
  peer.answer({evict(1, 0, 1), assignment(1, 1, 0, peer_source(7)), cancel(1)});
  EXPECT_EQ(peer.did(),
            (Texts{"drop v1 0+1", "exchange parked [assignment-failed a1 v1/0 p7 cancelled]"}));
  peer.give(ChunksLost{version_id(1), 0, 1});
  EXPECT_EQ(peer.did("start"), Texts{});
}

TEST(Cache, ABrokenChunkIsReportedAndWantedAgain) {
  PeerCoreDriver peer;
  peer.connect({{shared(facts_of(1, 3))}, {inventory(1, "###")}});
  peer.give(ChunksLost{version_id(1), 1, 1});
  peer.give(ChunksLost{version_id(8), 1, 1});
  peer.give(ChunksLost{version_id(1), 4'000'000'000u, 4'000'000'000u});
  EXPECT_FALSE(peer.core().holds({version_id(1), ChunkIndex(1)}));
  peer.pass(Policy{}.report_within);
  EXPECT_EQ(peer.told(), Texts{"dropped v1 1+1"});
}

TEST(Cache, FactsAreRememberedAgainAfterTheLastChunkHasGone) {
  PeerCoreDriver peer;
  peer.connect({{shared(facts_of(1, 1))}, {inventory(1, "#")}});
  peer.answer({evict(1, 0, 1)});
  peer.give(ChunksLost{version_id(1), 0, 1});
  peer.take_effects();
  peer.answer({assignment(1, 1, 0, peer_source(7))});
  EXPECT_EQ(peer.did(),
            (Texts{"remember v1", "start t1 v1/0 from p7", "exchange parked [dropped v1 0+1]"}));
}

TEST(Cache, AnInventoryLeavesOutWhatIsBeingDropped) {
  PeerCoreDriver peer;
  peer.connect({{}, {inventory(1, "###")}});
  peer.answer({evict(1, 0, 1)});
  peer.lose_tracker();
  peer.pass(Policy{}.reconnect_min);
  peer.take_effects();
  peer.register_anew();
  EXPECT_EQ(peer.did("inventory"), Texts{"inventory v1:.##"});
}

TEST(Cache, ANewSessionForgetsEvictionsThatTheOldOnePutOff) {
  PeerCoreDriver peer;
  peer.connect({{}, {inventory(1, "##")}});
  peer.open_whole(1, 2);
  peer.answer({evict(1, 0, 2)});
  peer.lose_tracker();
  peer.pass(Policy{}.reconnect_min);
  peer.register_anew();
  EXPECT_EQ(peer.did("inventory"), Texts{"inventory v1:##"});
  peer.give(CloseAsked{OpenId(1)});
  EXPECT_EQ(peer.did("drop"), Texts{});
}

TEST(Cache, StoresThatContradictThemselvesAreLeftOut) {
  InventoryEntry short_bits = inventory(1, "###");
  short_bits.chunks = Bitmap::full(2);
  InventoryEntry bad_size = inventory(2, "###");
  bad_size.chunking.chunk_bytes = 3;
  InventoryEntry other_size = inventory(3, "###");
  PeerCoreDriver peer;
  peer.start({{nullptr, shared(facts_of(3, 2))}, {short_bits, bad_size, other_size}});
  peer.register_anew();
  EXPECT_EQ(peer.did("inventory"), Texts{});
}

TEST(Cache, InventoryPagesKeepToTheirBounds) {
  std::vector<InventoryEntry> entries;
  for (int i = 0; i < 600; ++i) {
    InventoryEntry entry = inventory(1, "#");
    entry.version.digest.bytes[1] = static_cast<uint8_t>(i);
    entry.version.digest.bytes[2] = static_cast<uint8_t>(i / 256);
    entries.push_back(entry);
  }
  PeerCoreDriver peer;
  peer.start({{}, entries});
  peer.take_effects();
  peer.register_anew();
  std::size_t seen = 0;
  for (const Effect& effect : peer.take_effects()) {
    const auto* sent = std::get_if<SendInventory>(&effect);
    if (sent == nullptr) continue;
    for (const InventoryPage& page : sent->pages) {
      EXPECT_LE(page.entries.size(), kInventoryEntriesPerPageMax);
      EXPECT_EQ(page.is_last, &page == &sent->pages.back());
      seen += page.entries.size();
    }
  }
  EXPECT_EQ(seen, 600u);
}

TEST(Cache, TooManyVersionsWithoutUseStartTheSessionAnewAndAreForgotten) {
  PeerCoreDriver peer;
  peer.connect();
  std::size_t described = 0;
  while (described <= kVersionsIdleMax && peer.did("tracker lost").empty()) {
    std::vector<Command> commands;
    for (std::size_t i = 0; i < kCommandsPerExchangeMax; ++i, ++described) {
      VersionFacts facts = facts_of(1, 1);
      facts.id.digest.bytes[1] = static_cast<uint8_t>(described);
      facts.id.digest.bytes[2] = static_cast<uint8_t>(described >> 8);
      facts.id.digest.bytes[3] = static_cast<uint8_t>(described >> 16);
      commands.push_back(Describe{shared(facts)});
    }
    peer.answer(std::move(commands));
  }
  EXPECT_GE(described, kVersionsIdleMax);
  peer.pass(Policy{}.reconnect_min);
  peer.register_anew();
  EXPECT_LT(peer.core().memory_bytes(), 8192u);
}

}  // namespace
}  // namespace tyto::peer
