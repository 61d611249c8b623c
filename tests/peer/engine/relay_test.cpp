// Peers that relay chunks while they receive them.
#include <gtest/gtest.h>

#include "io/loop/loop.h"
#include "peer/core/patience.h"
#include "peer/store/disk_store.h"
#include "peer/store/memory_store.h"
#include "peer/transfer/data_protocol.h"
#include "tests/peer/engine/relay_nodes.h"
#include "tests/support/chunk_fixture.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_folder.h"

namespace tyto::peer {
namespace {

constexpr Duration kLimit = Duration::seconds(20);

class Relay : public testing::Test {
 protected:
  Node& add(ChunkServerOptions options = {}) {
    stores_.push_back(std::make_unique<MemoryStore>(64 * kMiB));
    nodes_.push_back(std::make_unique<Node>(loop_, *stores_.back(), options));
    return *nodes_.back();
  }
  template <class Done>
  bool run(Done done) {
    return support::run_until(loop_, done, kLimit);
  }

  TestObject object_ = support::make_object(20 * kBlockBytes + 77, 3, 1 * kMiB);
  io::Loop loop_;
  Tap tap_{loop_, object_};
  std::vector<std::unique_ptr<ChunkStore>> stores_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

TEST_F(Relay, TheLastOfAChainHasTheFirstBlockBeforeTheFirstSendsTheLast) {
  Node& a = add();
  Node& b = add();
  Node& c = add();
  a.fetch(object_, {tap_.source()});
  b.fetch(object_, {a.source(1)});
  c.fetch(object_, {b.source(2)});
  tap_.open_to(1);
  ASSERT_TRUE(run([&] { return c.verified() >= kBlockBytes; }));
  EXPECT_FALSE(tap_.has_sent_all());
  tap_.open_to(7);
  ASSERT_TRUE(run([&] { return c.verified() == 7 * kBlockBytes; }));
  EXPECT_FALSE(tap_.has_sent_all());
  tap_.open_to(100);
  ASSERT_TRUE(run([&] { return c.is_whole(); }));
  for (auto& node : nodes_) {
    EXPECT_TRUE(node->stored() == object_.bytes);
    EXPECT_TRUE(node->failures().empty());
  }
}

TEST_F(Relay, AChainOnDiskSendsFromTheFilesThatItWrites) {
  support::TempFolder folder;
  std::vector<std::unique_ptr<DiskStore>> disks;
  for (const char* name : {"a", "b", "c"}) {
    auto disk = DiskStore::open(folder.file(name), 64 * kMiB);
    ASSERT_TRUE(disk) << disk.error().message;
    disks.push_back(std::move(disk).value());
    nodes_.push_back(std::make_unique<Node>(loop_, *disks.back()));
  }
  nodes_[0]->fetch(object_, {tap_.source()});
  nodes_[1]->fetch(object_, {nodes_[0]->source(1)});
  nodes_[2]->fetch(object_, {nodes_[1]->source(2)});
  tap_.open_to(5);
  ASSERT_TRUE(run([&] { return nodes_[2]->verified() == 5 * kBlockBytes; }));
  tap_.open_to(100);
  ASSERT_TRUE(run([&] { return nodes_[2]->is_whole(); }));
  for (auto& node : nodes_) EXPECT_TRUE(node->stored() == object_.bytes);
  nodes_.clear();
}

TEST_F(Relay, AReaderThatWasSentEarlyIsHeldUntilTheSourceBegins) {
  Node& a = add();
  Node& b = add();
  b.fetch(object_, {a.source(1)});
  ASSERT_TRUE(run([&] { return a.server().stats().waits_now == 1; }));
  a.fetch(object_, {tap_.source()});
  tap_.open_to(3);
  ASSERT_TRUE(run([&] { return b.verified() == 3 * kBlockBytes; }));
  tap_.open_to(100);
  ASSERT_TRUE(run([&] { return b.is_whole(); }));
  EXPECT_TRUE(b.failures().empty());
}

TEST_F(Relay, AReaderWhoWasPromisedNothingIsToldThatNothingIsHere) {
  Node& a = add();
  Node& b = add();
  b.fetch(object_, {a.source(0)});
  ASSERT_TRUE(run([&] { return !b.failures().empty(); }));
  EXPECT_EQ(b.failures()[0].kind, FailureKind::kLacking);
}

TEST_F(Relay, AnEarlyReaderIsToldWhenTheSourcesOwnTransferFails) {
  Node& a = add();
  Node& b = add();
  Node& lacking = add();
  b.fetch(object_, {a.source(1)});
  ASSERT_TRUE(run([&] { return a.server().stats().waits_now == 1; }));
  a.fetch(object_, {lacking.source(0)});
  ASSERT_TRUE(run([&] { return !b.failures().empty(); }));
  EXPECT_EQ(b.failures()[0].kind, FailureKind::kLacking);
}

TEST_F(Relay, WhenTheUpstreamDiesAReaderGoesOnAtTheBlockAndItsOwnReadersOnlyPause) {
  Tap second(loop_, object_);
  Node& a = add();
  Node& b = add();
  a.fetch(object_, {tap_.source(), second.source()});
  b.fetch(object_, {a.source(1)});
  tap_.open_to(7);
  ASSERT_TRUE(run([&] { return b.verified() == 7 * kBlockBytes; }));
  tap_.die();
  second.open_to(9);
  ASSERT_TRUE(run([&] { return b.verified() == 9 * kBlockBytes; }));
  EXPECT_EQ(second.range(), "bytes=" + std::to_string(second.leaf_bytes() + 7 * kBlockBytes) + "-");
  second.open_to(100);
  ASSERT_TRUE(run([&] { return b.is_whole(); }));
  ASSERT_EQ(a.failures().size(), 1u);
  EXPECT_EQ(a.failures()[0].kind, FailureKind::kUnreachable);
  EXPECT_EQ(a.failures()[0].bytes, 0u);  // nothing was in vain
  EXPECT_TRUE(b.failures().empty());
  EXPECT_EQ(a.server().stats().broken_off, 0u);
  for (auto& node : nodes_) EXPECT_TRUE(node->stored() == object_.bytes);
}

// As when the source of one dies, and it is sent to a peer that has less of the chunk than itself.
TEST_F(Relay, AReaderThatIsAheadOfItsNewSourceWaitsUntilItIsCaughtUpWith) {
  Tap second(loop_, object_);
  Node& ahead = add();
  Node& behind = add();
  behind.fetch(object_, {second.source()});
  second.open_to(3);
  ASSERT_TRUE(run([&] { return behind.verified() == 3 * kBlockBytes; }));
  ahead.fetch(object_, {tap_.source(), behind.source(1)});
  tap_.open_to(7);
  ASSERT_TRUE(run([&] { return ahead.verified() == 7 * kBlockBytes; }));
  tap_.die();
  ASSERT_TRUE(run([&] { return behind.server().stats().uploads_now == 1; }));
  second.open_to(9);
  ASSERT_TRUE(run([&] { return ahead.verified() == 9 * kBlockBytes; }));
  second.open_to(100);
  ASSERT_TRUE(run([&] { return ahead.is_whole(); }));
  EXPECT_TRUE(ahead.stored() == object_.bytes);
}

TEST_F(Relay, ALiarInMidChunkSpoilsNoBlockOfItsReaderNorOfTheirs) {
  Tap honest(loop_, object_);
  Node& a = add();
  Node& b = add();
  a.fetch(object_, {tap_.source(), honest.source()});
  b.fetch(object_, {a.source(1)});
  tap_.spoil(11);
  tap_.open_to(100);
  ASSERT_TRUE(run([&] { return !a.failures().empty(); }));
  EXPECT_EQ(a.failures()[0].kind, FailureKind::kCorrupt);
  ASSERT_TRUE(run([&] { return b.verified() == 11 * kBlockBytes; }));
  EXPECT_EQ(a.verified(), 11 * kBlockBytes);
  honest.open_to(100);
  ASSERT_TRUE(run([&] { return b.is_whole(); }));
  EXPECT_TRUE(b.failures().empty());  // nobody but the liar's own reader saw a bad byte
  for (auto& node : nodes_) EXPECT_TRUE(node->stored() == object_.bytes);
}

TEST_F(Relay, WhenAPartIsGivenUpItsReadersAreCut) {
  Node& a = add();
  Node& b = add();
  a.fetch(object_, {tap_.source()});
  b.fetch(object_, {a.source(1)});
  tap_.open_to(7);
  ASSERT_TRUE(run([&] { return b.verified() == 7 * kBlockBytes; }));
  tap_.die();
  ASSERT_TRUE(run([&] { return !a.failures().empty(); }));
  EXPECT_TRUE(a.failures()[0].is_partial_kept);
  EXPECT_TRUE(b.failures().empty());
  a.desk().drop_partial(object_.chunk(0));
  ASSERT_TRUE(run([&] { return !b.failures().empty(); }));
  EXPECT_EQ(b.failures()[0].kind, FailureKind::kLacking);
  EXPECT_EQ(stores_[0]->usage().used_bytes, 0u);
}

TEST_F(Relay, PartsThatAreKeptMakeRoomForWhatIsWantedNow) {
  stores_.push_back(std::make_unique<MemoryStore>(object_.bytes.size() + 1000));
  nodes_.push_back(std::make_unique<Node>(loop_, *stores_.back()));
  Node& a = *nodes_.back();
  a.fetch(object_, {tap_.source()});
  tap_.open_to(7);
  ASSERT_TRUE(run([&] { return a.verified() == 7 * kBlockBytes; }));
  tap_.die();
  ASSERT_TRUE(run([&] { return !a.failures().empty(); }));
  TestObject other = support::make_object(100'000, 9, 1 * kMiB);
  Tap second(loop_, other);
  second.open_to(100);
  a.fetch(other, {second.source()});
  ASSERT_TRUE(run([&] { return a.is_whole(); }));
  EXPECT_EQ(a.failures().size(), 1u);
  EXPECT_EQ(a.desk().relayed(object_.chunk(0)), nullptr);
}

TEST_F(Relay, TheUploadRateHoldsForWhatIsRelayed) {
  object_ = support::make_object(1 * kMiB, 3, 1 * kMiB);
  Tap source(loop_, object_);
  source.open_to(100);
  Node& a = add();
  Node& b = add();
  a.server().set_limits({.uploads_max = 4, .upload_bytes_per_s = 4'000'000});
  a.fetch(object_, {source.source()});
  Instant start = loop_.now();
  b.fetch(object_, {a.source(1)});
  ASSERT_TRUE(run([&] { return b.is_whole(); }));
  EXPECT_GE((loop_.now() - start).ms(), 160);
  EXPECT_TRUE(b.stored() == object_.bytes);
}

TEST_F(Relay, TheCapOfUploadsHoldsForWhatIsRelayed) {
  Node& a = add({.uploads_max = 1});
  Node& b = add();
  Node& c = add();
  a.fetch(object_, {tap_.source()});
  tap_.open_to(2);
  b.fetch(object_, {a.source(1)});
  ASSERT_TRUE(run([&] { return b.verified() == 2 * kBlockBytes; }));
  c.fetch(object_, {a.source(1)});
  ASSERT_TRUE(run([&] { return !c.failures().empty(); }));
  EXPECT_EQ(c.failures()[0].kind, FailureKind::kBusy);
}

TEST_F(Relay, TwoSourcesOfAHedgeFillOneChunkAndTheFirstAtItsEndWins) {
  Tap second(loop_, object_);
  Node& a = add();
  a.fetch(object_, {tap_.source()});
  tap_.open_to(5);
  ASSERT_TRUE(run([&] { return a.verified() == 5 * kBlockBytes; }));
  a.hedge(second.source());
  second.open_to(9);
  ASSERT_TRUE(run([&] { return a.verified() == 9 * kBlockBytes; }));
  EXPECT_EQ(second.range(), "bytes=" + std::to_string(second.leaf_bytes() + 5 * kBlockBytes) + "-");
  tap_.open_to(8);  // three blocks that are there already
  second.open_to(12);
  ASSERT_TRUE(run([&] { return a.verified() == 12 * kBlockBytes; }));
  // Its three blocks have come by the time that one more of the other has.
  ASSERT_TRUE(run([&] { return a.client().stats().bytes_received == 15 * kBlockBytes; }));
  second.open_to(100);
  ASSERT_TRUE(run([&] { return a.is_whole() && !a.failures().empty(); }));
  ASSERT_EQ(a.failures().size(), 1u);
  EXPECT_EQ(a.failures()[0].kind, FailureKind::kCancelled);
  EXPECT_EQ(a.failures()[0].transfer, TransferId(1));
  EXPECT_EQ(a.failures()[0].bytes, 3 * kBlockBytes);
  EXPECT_TRUE(a.stored() == object_.bytes);
}

TEST_F(Relay, OfAHedgeTheLiarIsLeftAndTheOtherGoesOn) {
  Tap liar(loop_, object_);
  Node& a = add();
  a.fetch(object_, {tap_.source()});
  tap_.open_to(5);
  ASSERT_TRUE(run([&] { return a.verified() == 5 * kBlockBytes; }));
  liar.spoil(7);
  liar.open_to(100);
  a.hedge(liar.source());
  ASSERT_TRUE(run([&] { return !a.failures().empty(); }));
  EXPECT_EQ(a.failures()[0].kind, FailureKind::kCorrupt);
  EXPECT_FALSE(a.failures()[0].is_partial_kept);  // it is in use
  EXPECT_EQ(a.verified(), 7 * kBlockBytes);
  tap_.open_to(100);
  ASSERT_TRUE(run([&] { return a.is_whole(); }));
  EXPECT_TRUE(a.stored() == object_.bytes);
}

// --- silence ---

TEST_F(Relay, ASourceThatStopsAfterAGoodStartIsLeftLongBeforeItsPatience) {
  Node& a = add();
  Instant start = loop_.now();
  a.fetch(object_, {tap_.source()});
  tap_.open_to(8);
  ASSERT_TRUE(run([&] { return !a.failures().empty(); }));
  EXPECT_EQ(a.failures()[0].kind, FailureKind::kStalled);
  EXPECT_GE((loop_.now() - start).ms(), kSilenceMin.ms());
  EXPECT_LT((loop_.now() - start).ms(), 5000);
}

TEST_F(Relay, BytesBelowABlockAreASignOfLifeToo) {
  Node& a = add();
  a.fetch(object_, {tap_.source()});
  tap_.open_to(8);
  ASSERT_TRUE(run([&] { return a.verified() == 8 * kBlockBytes; }));
  // A hundred bytes at a time, of a block that is far from whole.
  for (int i = 1; i <= 12; ++i) {
    tap_.trickle(100);
    Instant until = loop_.now() + Duration::milliseconds(100);
    ASSERT_TRUE(run([&] { return loop_.now() >= until; }));
  }
  EXPECT_TRUE(a.failures().empty());
  tap_.open_to(100);
  ASSERT_TRUE(run([&] { return a.is_whole(); }));
}

TEST_F(Relay, ACopyInFlightThatAnswersIsWaitedFor) {
  Node& a = add();
  Node& b = add();
  a.fetch(object_, {tap_.source(1)});  // so its patience with the tap is not tried here
  b.fetch(object_, {a.source(2)});
  tap_.open_to(8);
  ASSERT_TRUE(run([&] { return b.verified() == 8 * kBlockBytes; }));
  ASSERT_TRUE(run([&] { return a.server().stats().answered_ok >= 3; }));  // two probes
  EXPECT_TRUE(b.failures().empty());
  tap_.open_to(100);
  ASSERT_TRUE(run([&] { return b.is_whole(); }));
  EXPECT_TRUE(b.failures().empty());
}

TEST_F(Relay, ACopyInFlightThatAnswersIsWaitedForNoLongerThanItsPatience) {
  Node& a = add();
  Node& b = add();
  b.patience = Duration::milliseconds(700);
  a.fetch(object_, {tap_.source(1)});
  b.fetch(object_, {a.source(2)});
  tap_.open_to(8);
  ASSERT_TRUE(run([&] { return !b.failures().empty(); }));
  EXPECT_EQ(b.failures()[0].kind, FailureKind::kStalled);
  EXPECT_TRUE(a.failures().empty());
}

TEST_F(Relay, ACopyInFlightThatDoesNotEvenAnswerIsLeftInUnderASecond) {
  Node& a = add();
  tap_.open_to(8);
  a.fetch(object_, {tap_.source(1)});
  ASSERT_TRUE(run([&] { return a.verified() == 8 * kBlockBytes; }));
  tap_.freeze();
  Instant start = loop_.now();
  ASSERT_TRUE(run([&] { return !a.failures().empty(); }));
  EXPECT_EQ(a.failures()[0].kind, FailureKind::kUnreachable);
  EXPECT_GE((loop_.now() - start).ms(), 700);
  EXPECT_LT((loop_.now() - start).ms(), 5000);  // 800, on a machine that is not loaded
}

// An answer that has all it was asked for queued has nothing to do with what comes later.
TEST_F(Relay, APartOfAGrowingChunkIsAnsweredOnceHoweverSlowlyItIsTaken) {
  TestObject large = support::make_object(1024 * kBlockBytes, 5, 16 * kMiB);
  Tap tap(loop_, large);
  Node& a = add();
  a.fetch(large, {tap.source()});
  tap.open_to(900);
  ASSERT_TRUE(run([&] { return a.verified() == 900 * kBlockBytes; }));
  support::RawClient client(a.source().address.port, support::RawClient::Buffer::kSmall);
  std::size_t end = tap.leaf_bytes() + 880 * kBlockBytes;
  client.send("GET " + chunk_target({large.facts->id, ChunkIndex(0)}) +
              " HTTP/1.1\r\nHost: a\r\nRange: bytes=0-" + std::to_string(end - 1) +
              "\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(run([&] { return a.server().stats().uploads_now == 1; }));
  tap.open_to(1024);
  ASSERT_TRUE(run([&] { return a.is_whole(); }));
  ASSERT_TRUE(client.read_to_end(loop_, kLimit));
  EXPECT_TRUE(client.received().ends_with(large.bytes.substr(879 * kBlockBytes, kBlockBytes)));
}

}  // namespace
}  // namespace tyto::peer
