// What records say together: a table of records, and the answers.
#include "tracker/core/explain/summary.h"

#include <gtest/gtest.h>

#include "tracker/core/explain/sentences.h"

namespace tyto::tracker {
namespace {

using Pictures = std::vector<RecordPicture>;

constexpr VersionIndex kVersion{1};

PeerNamed peer(const std::string& name) {
  return {PeerId(std::hash<std::string>{}(name) | 1), name, name[0] == 's'};
}

struct Story {
  Pictures records;
  int64_t now_ms = 0;

  RecordPicture& add(RecordKind kind, const std::string& who, uint32_t chunk = kNone) {
    RecordPicture& p = records.emplace_back();
    p.peer = peer(who);
    p.record.kind = kind;
    p.record.n = records.size();
    p.record.when = Instant::from_ns(++now_ms * 1'000'000);
    p.record.peer = p.peer.id;
    p.record.is_superpeer = p.peer.is_superpeer ? 1 : 0;
    p.record.version = kVersion;
    p.record.chunk = chunk;
    p.record.count = 1;
    return p;
  }
  // `from`: a peer, a superpeer (s...), or "origin".
  RecordPicture& deliver(const std::string& who, uint32_t chunk, const std::string& from,
                         int64_t ms) {
    RecordPicture& p = add(RecordKind::kDelivered, who, chunk);
    put_source(p, from);
    p.record.bytes = 1000;
    p.record.took = Duration::milliseconds(ms);
    p.record.reason.choice = Choice::kWholeCopy;
    return p;
  }
  static void put_source(RecordPicture& p, const std::string& from) {
    if (from == "origin") return;
    p.source = peer(from);
    p.record.source = p.source.id;
    p.record.source_kind = p.source.is_superpeer ? SourceKind::kSuperpeer : SourceKind::kPeer;
  }
  Fault slowest() const {
    Summary summary = summarise(records);
    return summary.slow.empty() ? Fault::kUnknown : summary.slow[0].fault;
  }
};

// Many usual transfers, against which one is slow.
Story usual() {
  Story story;
  for (uint32_t c = 0; c < 20; ++c) story.deliver("r", c, "a", 50);
  return story;
}

std::string all_lines(const Pictures& records) {
  std::string text;
  for (const Answer& answer : answers_of(summarise(records), records)) {
    text += answer.question + "\n";
    for (const std::string& line : answer.lines) text += "  " + line + "\n";
  }
  return text;
}

TEST(ExplainSummary, BytesAreCountedBySourceAndTheOriginsReadsByTheirReason) {
  Story story;
  story.deliver("r", 0, "a", 5);
  story.deliver("r", 1, "s1", 5);
  story.deliver("r", 2, "origin", 5).record.reason = {.choice = Choice::kOriginNoSuperpeer};
  story.deliver("s1", 3, "origin", 5).record.reason = {.choice = Choice::kOriginLease};
  story.deliver("s1", 4, "origin", 5).record.reason = {.choice = Choice::kOriginLease, .copies = 2};
  story.deliver("q", 5, "origin", 5).record.reason = {};
  story.deliver("r", 6, "origin", 5).record.reason = {.choice = Choice::kOriginCold, .copies = 3};
  story.deliver("r", 7, "origin", 5).record.reason = {.choice = Choice::kOriginShadow, .copies = 3};
  Summary summary = summarise(story.records);
  EXPECT_EQ(summary.readers, 2u);
  EXPECT_EQ(summary.from_peers.chunks, 1u);
  EXPECT_EQ(summary.from_superpeers.chunks, 1u);
  EXPECT_EQ(summary.from_origin.chunks, 4u);
  EXPECT_EQ(summary.by_policy, 1u);
  EXPECT_EQ(summary.by_lot, 1u);
  EXPECT_EQ(summary.origin_by_superpeers.bytes, 2000u);
  EXPECT_EQ(summary.nobody_held, 2u);
  EXPECT_EQ(summary.holders_unusable, 1u);
  EXPECT_EQ(summary.no_superpeer, 1u);
  EXPECT_EQ(summary.without_order, 1u);
  EXPECT_NE(all_lines(story.records).find("1 chunk: read by the reader itself, by lot, to measure"),
            std::string::npos);
}

TEST(ExplainSummary, ASourceThatFailedBeforeIsToBlame) {
  Story story = usual();
  RecordPicture& failed = story.add(RecordKind::kSourceFailed, "r", 30);
  Story::put_source(failed, "bad");
  failed.record.failure = FailureKind::kStalled;
  failed.record.took = Duration::milliseconds(500);
  story.now_ms += 59;
  story.deliver("r", 30, "a", 60);  // by itself it took no longer than usual
  EXPECT_EQ(story.slowest(), Fault::kSourceFailed);
  EXPECT_EQ(summarise(story.records).slow[0].took, Duration::milliseconds(560));
  EXPECT_NE(all_lines(story.records).find("peer bad had failed before (stalled"),
            std::string::npos);
}

TEST(ExplainSummary, SoIsAFirstSourceThatWasLate) {
  Story story = usual();
  Story::put_source(story.add(RecordKind::kHedged, "r", 30), "b");
  story.deliver("r", 30, "b", 900);
  EXPECT_EQ(story.slowest(), Fault::kWasLate);
}

TEST(ExplainSummary, SoIsADeepTree) {
  Story story = usual();
  story.deliver("r", 30, "b", 900).record.reason.generation = 3;
  EXPECT_EQ(story.slowest(), Fault::kDeepTree);
}

TEST(ExplainSummary, SoIsASourceThatIsSlowForAll) {
  Story story = usual();
  story.deliver("q", 30, "b", 900);
  story.deliver("r", 31, "b", 900);
  EXPECT_EQ(story.slowest(), Fault::kSource);
}

TEST(ExplainSummary, SoIsAReaderThatIsSlowFromAll) {
  Story story = usual();
  story.deliver("q", 30, "b", 900);
  story.deliver("q", 31, "c", 900);
  EXPECT_EQ(story.slowest(), Fault::kReader);
}

TEST(ExplainSummary, SoIsTheOrigin) {
  Story story = usual();
  for (uint32_t c = 30; c < 33; ++c) story.deliver("s1", c, "origin", 20);
  story.deliver("s1", 34, "origin", 900);
  EXPECT_EQ(story.slowest(), Fault::kOrigin);
}

TEST(ExplainSummary, NothingIsSlowWhereAllTakeTheSame) {
  EXPECT_TRUE(summarise(usual().records).slow.empty());
}

TEST(ExplainSummary, TheLongestWaitsComeFirst) {
  Story story;
  for (int ms : {20, 3000, 100}) {
    RecordPicture& wait = story.add(RecordKind::kWaited, "r");
    wait.record.took = Duration::milliseconds(ms);
    wait.record.reason.choice = Choice::kWaitForLease;
  }
  Summary summary = summarise(story.records);
  EXPECT_EQ(summary.waits, (std::vector<std::size_t>{1, 2, 0}));
}

TEST(ExplainSummary, AnEvictionSaysWhenTheCopyWasLastUsed) {
  Story story;
  story.deliver("r", 0, "a", 5);
  story.now_ms += 3999;
  story.add(RecordKind::kEvicted, "r", 0).record.reason.choice = Choice::kEvictLru;
  story.add(RecordKind::kEvicted, "q", 0).record.reason.choice = Choice::kEvictLru;
  std::string text = all_lines(story.records);
  EXPECT_NE(text.find("last used there 4.0 s before"), std::string::npos) << text;
  EXPECT_NE(text.find("no use of it there is on record"), std::string::npos) << text;
}

TEST(ExplainSummary, EvictionsThatFollowOnOneAnotherAreOne) {
  Story story;
  for (uint32_t chunk : {3, 4, 5, 9}) story.add(RecordKind::kEvicted, "r", chunk);
  story.add(RecordKind::kEvicted, "q", 10);
  Summary summary = summarise(story.records);
  ASSERT_EQ(summary.evictions.size(), 3u);
  EXPECT_EQ(summary.evictions[0].count, 3u);
  EXPECT_EQ(summary.evicted_chunks, 5u);
  EXPECT_NE(all_lines(story.records).find("chunks 3 to 5"), std::string::npos);
}

TEST(ExplainSummary, ListsAreBounded) {
  Story story;
  for (uint32_t c = 0; c < 100; ++c) {
    story.add(RecordKind::kRefused, "r");
    story.add(RecordKind::kSourceFailed, "r", c);
    story.add(RecordKind::kEvicted, "r", c);
    story.add(RecordKind::kWaited, "r");
    story.deliver("r", c, "a", 100 + 1000 * (c % 3));
  }
  Summary summary = summarise(story.records);
  EXPECT_EQ(summary.failures, 100u);
  EXPECT_EQ(summary.evicted_chunks, 100u);
  for (std::size_t size : {summary.waits.size(), summary.slow.size(), summary.failed.size(),
                           summary.evictions.size(), summary.refused.size()})
    EXPECT_LE(size, kSummaryListMax);
}

TEST(ExplainSentences, SpansAndBytesAreReadable) {
  EXPECT_EQ(span_words(Duration::microseconds(80)), "80 us");
  EXPECT_EQ(span_words(Duration::milliseconds(350)), "350 ms");
  EXPECT_EQ(span_words(Duration::milliseconds(1249)), "1.2 s");
  EXPECT_EQ(span_words(Duration::seconds(150)), "2.5 min");
  EXPECT_EQ(bytes_words(999), "999 B");
  EXPECT_EQ(bytes_words(1536 * 1024), "1.5 MiB");
  EXPECT_EQ(chunks_words(3, 1), "chunk 3");
  EXPECT_EQ(chunks_words(3, 7), "chunks 3 to 9");
}

}  // namespace
}  // namespace tyto::tracker
