#include "superpeer/core/superpeer_policy.h"

#include <gtest/gtest.h>

#include "tests/support/peer_core_driver.h"

namespace tyto::peer {
namespace {

TEST(SuperpeerPolicy, KeepsWhatElseWasSet) {
  Policy base;
  base.stuck_timeout = Duration::seconds(7);
  Policy policy = superpeer::superpeer_policy(base);
  EXPECT_EQ(policy.role, Role::kSuperpeer);
  EXPECT_TRUE(policy.serves_orphans);
  EXPECT_EQ(policy.stuck_timeout, Duration::seconds(7));
}

TEST(SuperpeerPolicy, InventoriesCarryTheRoots) {
  PeerCoreDriver superpeer(superpeer::superpeer_policy());
  InventoryEntry entry = inventory(1, "##.#");
  entry.roots = {root_of(1), root_of(2), root_of(4)};
  superpeer.start({{shared(facts_of(1, 4))}, {entry}});
  superpeer.register_anew();
  auto effects = superpeer.take_effects();
  const auto& sent = std::get<SendInventory>(effects.back());
  EXPECT_EQ(sent.pages.at(0).entries.at(0), entry);
}

TEST(SuperpeerPolicy, RootsOfWhatIsReadAndDroppedAreKeptUpToDate) {
  PeerCoreDriver superpeer(superpeer::superpeer_policy());
  InventoryEntry entry = inventory(1, "#..");
  entry.roots = {root_of(9)};
  superpeer.connect({{shared(facts_of(1, 3))}, {entry}});
  superpeer.answer({evict(1, 0, 1), assignment(1, 1, 2, origin())});
  superpeer.give(ChunksLost{version_id(1), 0, 1});
  superpeer.done(1);
  superpeer.lose_tracker();
  superpeer.pass(Policy{}.reconnect_min);
  superpeer.take_effects();
  superpeer.register_anew();
  auto effects = superpeer.take_effects();
  const auto& sent = std::get<SendInventory>(effects.back());
  InventoryEntry expected = inventory(1, "..#");
  expected.roots = {root_of(1)};
  EXPECT_EQ(sent.pages.at(0).entries.at(0), expected);
}

TEST(SuperpeerPolicy, ChunksWhoseRootsAreUnknownAreToldWithoutThem) {
  PeerCoreDriver superpeer(superpeer::superpeer_policy());
  superpeer.start({{}, {inventory(1, "##")}});
  superpeer.register_anew();
  EXPECT_EQ(superpeer.did("inventory"), Texts{"inventory v1:##"});
}

TEST(SuperpeerPolicy, ALongObjectsRootsAreCutIntoPages) {
  PeerCoreDriver superpeer(superpeer::superpeer_policy());
  constexpr uint32_t kChunks = 40'000;
  InventoryEntry entry = inventory(1, std::string(kChunks, '#'));
  entry.roots.resize(kChunks, root_of(3));
  superpeer.start({{}, {entry}});
  superpeer.register_anew();
  auto effects = superpeer.take_effects();
  const auto& sent = std::get<SendInventory>(effects.back());
  EXPECT_GE(sent.pages.size(), 5u);
  Bitmap seen(kChunks);
  for (const InventoryPage& page : sent.pages) {
    std::size_t bytes = 0;
    for (const InventoryEntry& part : page.entries) {
      EXPECT_EQ(part.roots.size(), part.chunks.count());
      bytes += part.roots.size() * Digest::kSize + part.chunks.words().size() * 8;
      for (uint32_t i = part.chunks.next_set(0); i < kChunks; i = part.chunks.next_set(i + 1)) {
        EXPECT_FALSE(seen.test(i));
        seen.set(i);
      }
    }
    EXPECT_LE(bytes, kInventoryPageBytesMax);
  }
  EXPECT_TRUE(seen.all());
}

TEST(SuperpeerPolicy, TransfersGoOnWithoutAReader) {
  PeerCoreDriver superpeer(superpeer::superpeer_policy());
  superpeer.connect();
  superpeer.open_whole(1, 2);
  superpeer.answer({assignment(1, 1, 0, origin())});
  superpeer.give(CloseAsked{OpenId(1)});
  EXPECT_EQ(superpeer.did("cancel"), Texts{});
}

TEST(SuperpeerPolicy, AHeldChunksRootIsToldWhenAskedForAgain) {
  PeerCoreDriver superpeer(superpeer::superpeer_policy());
  InventoryEntry entry = inventory(1, "#");
  entry.roots = {root_of(9)};
  superpeer.connect({{shared(facts_of(1, 1))}, {entry}});
  superpeer.answer({assignment(1, 1, 0, origin())});
  EXPECT_EQ(superpeer.told(), Texts{"verified a1 v1/0 origin root"});
}

}  // namespace
}  // namespace tyto::peer
