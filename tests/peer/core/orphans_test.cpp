#include "peer/core/orphans.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/support/peer_core_driver.h"

namespace tyto::peer {
namespace {

const Error kRefused{ErrorCode::kUnavailable, "connection refused"};

// A reader of version 1 whose tracker is about to go.
class Orphan : public testing::Test {
 protected:
  void read(uint32_t chunks, std::vector<SuperpeerListed> superpeers = {}) {
    peer.connect({}, std::move(superpeers));
    peer.open_whole(1, chunks);
  }
  // Loses the tracker for good, and waits until the peer goes on by itself.
  void go_alone() {
    peer.lose_tracker();
    peer.pass(Policy{}.orphan_after);
  }
  // Fails each transfer that is started, for `span`; returns the sources asked, in order.
  Texts fail_all(FailureKind kind, Duration span) {
    Texts asked;
    Instant end = peer.now() + span;
    while (peer.now() < end) {
      for (const Effect& effect : peer.take_effects()) {
        if (const auto* start = std::get_if<StartTransfer>(&effect)) {
          asked.push_back(text_of(effect).substr(std::string("start t00 ").size()));
          peer.fail(start->transfer.value(), kind);
        } else if (std::holds_alternative<OpenFailed>(effect)) {
          asked.push_back(text_of(effect));
        }
      }
      peer.pass(Duration::milliseconds(10));
    }
    return asked;
  }
  static SuperpeerListed superpeer(uint64_t id) {
    return {PeerId(id), {"10.1.0." + std::to_string(id), 7000}};
  }
  PeerCoreDriver peer;
};

TEST_F(Orphan, TransfersUnderWayGoOnAndNothingElseStartsAtFirst) {
  read(3);
  peer.answer({assignment(1, 1, 0, peer_source(7))});
  peer.take_effects();
  peer.lose_tracker();
  peer.pass(Duration::milliseconds(1'900));
  EXPECT_EQ(peer.did("start"), Texts{});
  EXPECT_EQ(peer.did("cancel"), Texts{});
  peer.done(1);
  EXPECT_TRUE(peer.core().holds({version_id(1), ChunkIndex(0)}));
}

TEST_F(Orphan, SourcesNamedBeforeComeFirstThenTheSuperpeerThenTheOrigin) {
  read(1, {superpeer(3)});
  peer.answer({assignment(1, 1, 0, superpeer_source(4))});
  peer.fail(1, FailureKind::kStalled);
  peer.take_effects();
  go_alone();
  Texts asked = fail_all(FailureKind::kUnreachable, Duration::milliseconds(1'200));
  ASSERT_GE(asked.size(), 3u);
  EXPECT_NE(asked[0].find("from s4"), std::string::npos) << asked[0];
  EXPECT_EQ(asked[0].find("alone"), std::string::npos) << asked[0];
  EXPECT_NE(asked[1].find("from s3 alone"), std::string::npos) << asked[1];
  EXPECT_NE(asked[2].find("from origin"), std::string::npos) << asked[2];
}

TEST_F(Orphan, PeersAreAskedOnlyForWhatAManifestCanProve) {
  for (bool is_published : {false, true}) {
    PeerCoreDriver reader;
    reader.connect();
    reader.open(1);
    VersionFacts facts = facts_of(1, 1);
    facts.is_published = is_published;
    facts.origin.url = "";
    reader.answer({Describe{shared(facts)}, opened(1, 1), assignment(1, 1, 0, peer_source(7))});
    reader.fail(1, FailureKind::kUnreachable);
    reader.take_effects();
    reader.lose_tracker();
    reader.pass(Policy{}.orphan_after);
    EXPECT_EQ(reader.did("start").size(), is_published ? 1u : 0u);
  }
}

TEST_F(Orphan, ASourceThatLiedOrLackedTheChunkIsNotAskedAgain) {
  read(1);
  peer.answer({assignment(1, 1, 0, superpeer_source(4), {superpeer_source(5)})});
  peer.fail(1, FailureKind::kCorrupt);
  peer.fail(2, FailureKind::kLacking);
  peer.take_effects();
  go_alone();
  EXPECT_EQ(peer.did("start"), Texts{});
}

TEST_F(Orphan, FetchesAFewChunksAtOnceAndTheNextWhenOneIsDone) {
  read(8, {superpeer(3)});
  go_alone();
  EXPECT_EQ(peer.did("start").size(), Policy{}.orphan_transfers);
  peer.done(1);
  EXPECT_EQ(peer.did("start").size(), 1u);
}

TEST_F(Orphan, ReadsTheWholeObjectFromASuperpeer) {
  read(8, {superpeer(3)});
  go_alone();
  for (uint64_t transfer = 1; transfer <= 8; ++transfer) peer.done(transfer);
  for (uint32_t i = 0; i < 8; ++i) EXPECT_TRUE(peer.core().holds({version_id(1), ChunkIndex(i)}));
  EXPECT_EQ(peer.did("failed"), Texts{});
}

TEST_F(Orphan, AStreamFetchesItsWindowInOrder) {
  peer.connect({}, {superpeer(3)});
  peer.open_stream(1, 2, 3);
  peer.answer({describe(1, 8), opened(1, 1)});
  peer.take_effects();
  go_alone();
  EXPECT_EQ(peer.did("start"), (Texts{"start t1 v1/2 from s3 alone", "start t2 v1/3 from s3 alone",
                                      "start t3 v1/4 from s3 alone"}));
  peer.give(WindowAsked{OpenId(1), 3, 3});
  EXPECT_EQ(peer.did("start"), Texts{"start t4 v1/5 from s3 alone"});
}

TEST_F(Orphan, TheOriginIsReadOneChunkAtATimeAndSlowly) {
  read(16);
  go_alone();
  std::size_t read_chunks = 0;
  Instant begun = peer.now();
  while (read_chunks < 16) {
    std::size_t running = 0;
    for (const Effect& effect : peer.take_effects()) {
      const auto* start = std::get_if<StartTransfer>(&effect);
      if (start == nullptr) continue;
      EXPECT_EQ(start->source.kind, SourceKind::kOrigin);
      ++running;
      ++read_chunks;
      peer.done(start->transfer.value());
    }
    EXPECT_LE(running, 1u);
    peer.pass(Duration::milliseconds(1));
    ASSERT_LT(peer.now() - begun, Duration::seconds(10));
  }
  // 15 pauses of at least 256 KiB at 20 MB/s.
  EXPECT_GE(peer.now() - begun, Duration::milliseconds(15 * 13));
}

TEST_F(Orphan, TheOriginIsAskedByDifferentPeersAtDifferentTimes) {
  std::set<int64_t> times;
  for (uint64_t seed = 1; seed <= 16; ++seed) {
    PeerCoreDriver reader({}, seed);
    reader.connect();
    reader.open_whole(1, 4);
    reader.lose_tracker();
    while (reader.did("start").empty()) {
      reader.pass(Duration::milliseconds(1));
      ASSERT_LT(reader.now(), Instant::from_ns(10'000'000'000));
    }
    times.insert(reader.now().ns() / 10'000'000);
  }
  EXPECT_GE(times.size(), 10u);
}

TEST_F(Orphan, GivesUpAfterItsRoundsWithAMessage) {
  read(2, {superpeer(3)});
  go_alone();
  Texts asked = fail_all(FailureKind::kUnreachable, Duration::seconds(60));
  EXPECT_EQ(asked.back(), "failed 1 unavailable");
  auto of_origin = std::count_if(asked.begin(), asked.end(), [](const std::string& t) {
    return t.find("v1/0 from origin") != std::string::npos;
  });
  EXPECT_LE(of_origin, 5);
}

TEST_F(Orphan, BusySourcesDoNotCountAsRoundsButPatienceEndsAllTheSame) {
  peer.connect({}, {superpeer(3)});
  peer.open(1);
  VersionFacts facts = facts_of(1, 1);
  facts.origin.url = "";
  peer.answer({Describe{shared(facts)}, opened(1, 1)});
  go_alone();
  Texts asked = fail_all(FailureKind::kBusy, Duration::seconds(50));
  EXPECT_EQ(asked.back().find("failed"), std::string::npos);
  asked = fail_all(FailureKind::kBusy, Duration::seconds(20));
  EXPECT_EQ(asked.back(), "failed 1 timed_out");
}

TEST_F(Orphan, WhileASuperpeerIsBusyTheOriginIsNotAskedAndInTheEndTheHandleFails) {
  read(1, {superpeer(3)});
  go_alone();
  Texts asked = fail_all(FailureKind::kBusy, Duration::seconds(90));
  for (const std::string& text : asked) EXPECT_EQ(text.find("origin"), std::string::npos) << text;
  EXPECT_EQ(asked.back(), "failed 1 timed_out");
}

struct Ending {
  FailureKind kind;
  const char* expected;
};
class FatalFailures : public Orphan, public testing::WithParamInterface<Ending> {};

TEST_P(FatalFailures, EndTheHandleAtOnce) {
  read(1);
  go_alone();
  Texts asked = fail_all(GetParam().kind, Duration::seconds(2));
  EXPECT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked.back(), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Orphan, FatalFailures,
                         testing::Values(Ending{FailureKind::kNoSpace, "failed 1 no_space"},
                                         Ending{FailureKind::kOriginChanged, "failed 1 conflict"},
                                         Ending{FailureKind::kOriginMissing,
                                                "failed 1 not_found"}));

TEST_F(Orphan, ATrackerThatComesBackTakesOver) {
  read(8, {superpeer(3)});
  go_alone();
  EXPECT_EQ(peer.did("start").size(), 4u);
  peer.register_anew({superpeer(3)});
  peer.give(InventorySent{});  // which names what is under way
  peer.take_effects();
  peer.done(1);
  EXPECT_EQ(peer.did("start"), Texts{});  // no more without being told
  peer.answer();
  peer.pass(Policy{}.report_within);
  Texts told = peer.told();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].substr(0, 13), "verified a0 v");
}

// A tracker that does not know what a chunk must hash to lets it go on all the same, and no more.
TEST_F(Orphan, ATrackerTakesOverWithoutARootWhatIsUnderWayAndNothingElse) {
  read(8, {superpeer(3)});
  go_alone();
  std::set<uint32_t> started;
  uint32_t first = 0;  // of the first transfer
  for (const Effect& effect : peer.take_effects()) {
    const auto* start = std::get_if<StartTransfer>(&effect);
    if (start != nullptr && started.empty()) first = start->chunk.value();
    if (start != nullptr) started.insert(start->chunk.value());
  }
  uint32_t other = 0;
  while (started.contains(other)) ++other;
  peer.register_anew({superpeer(3)});
  peer.give(InventorySent{});
  peer.take_effects();
  Assign known = assignment(9, 1, first, peer_source(3));
  Assign unknown = assignment(10, 1, other, peer_source(3));
  known.reason.choice = unknown.reason.choice = Choice::kCarriedOver;
  peer.answer({describe(1, 8), known, unknown});
  Texts refused = peer.told();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].substr(0, 21), "assignment-failed a10");
  peer.done(1);
  peer.answer();
  peer.pass(Policy{}.report_within);
  Texts brought = peer.told();
  ASSERT_EQ(brought.size(), 1u);
  EXPECT_EQ(brought[0].substr(0, 11), "verified a9");
}

TEST_F(Orphan, ResultsAreToldToASessionThatIsResumed) {
  read(1, {superpeer(3)});
  go_alone();
  peer.done(1);
  peer.take_effects();
  peer.register_resumed();
  EXPECT_EQ(peer.told(), Texts{"verified a0 v1/0 s3"});
}

TEST_F(Orphan, ClosingTheHandleEndsItAll) {
  read(8, {superpeer(3)});
  go_alone();
  peer.take_effects();
  peer.give(CloseAsked{OpenId(1)});
  EXPECT_EQ(peer.did("cancel").size(), 4u);
  peer.pass(Duration::seconds(20));
  EXPECT_EQ(peer.did("start"), Texts{});
}

TEST(Superpeers, AllReadersOfAChunkAskTheSameOneAndChunksAreSpread) {
  std::vector<SuperpeerListed> listed;
  for (uint64_t id = 1; id <= 4; ++id) listed.push_back({PeerId(id * 77), {"h", 1}});
  std::vector<SuperpeerListed> turned(listed.rbegin(), listed.rend());
  std::map<PeerId, int> firsts;
  for (uint32_t i = 0; i < 400; ++i) {
    ChunkId chunk{version_id(1), ChunkIndex(i)};
    auto best = superpeers_for(listed, chunk, 3);
    ASSERT_EQ(best.size(), 3u);
    EXPECT_EQ(best, superpeers_for(turned, chunk, 3));
    ++firsts[best[0].peer];
  }
  for (const auto& [peer, count] : firsts) EXPECT_GT(count, 60) << peer.value();
}

TEST(Superpeers, LosingOneMovesOnlyItsChunks) {
  std::vector<SuperpeerListed> listed;
  for (uint64_t id = 1; id <= 4; ++id) listed.push_back({PeerId(id * 77), {"h", 1}});
  std::vector<SuperpeerListed> fewer(listed.begin(), listed.end() - 1);
  for (uint32_t i = 0; i < 100; ++i) {
    ChunkId chunk{version_id(1), ChunkIndex(i)};
    auto before = superpeers_for(listed, chunk, 1).at(0);
    if (before.peer == listed.back().peer) continue;
    EXPECT_EQ(superpeers_for(fewer, chunk, 1).at(0), before);
  }
}

}  // namespace
}  // namespace tyto::peer
