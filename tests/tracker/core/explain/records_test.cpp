// What a tracker core writes down of what it decides, and of what becomes of it.
#include <algorithm>

#include "tests/support/tracker_core_driver.h"
#include "tracker/core/explain/sentences.h"

namespace tyto::tracker {
namespace {

using Pictures = std::vector<RecordPicture>;

Pictures records(const TrackerDriver& t, const RecordFilter& filter = {}) {
  Pictures pictures;
  t.core.visit_records(filter, [&](const RecordPicture& p) { pictures.push_back(p); });
  return pictures;
}

Pictures of_kind(const TrackerDriver& t, RecordKind kind, const RecordFilter& filter = {}) {
  Pictures pictures = records(t, filter);
  std::erase_if(pictures, [&](const RecordPicture& p) { return p.record.kind != kind; });
  return pictures;
}

// The text of the last record of a kind; empty if there is none.
std::string last_text(const TrackerDriver& t, RecordKind kind) {
  Pictures pictures = of_kind(t, kind);
  return pictures.empty() ? "" : sentence_of(pictures.back());
}

bool says(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

RegisterRequest small_store(TrackerDriver& t, const std::string& name, uint64_t chunks) {
  RegisterRequest request = t.request(name, "");
  request.store_bytes = chunks * kChunkBytesMin;
  return request;
}

// Peer a holds all of k, which r reads.
void read_from_a(TrackerDriver& t) {
  t.publish("k", 8);
  t.join("a", "z/a");
  t.have("a", "k", "########");
  t.send("a");
  t.join("r", "z/r");
  t.open("r", "k");
}

TEST(Records, AnAssignmentSaysWhoWasLookedAtAndWhy) {
  TrackerDriver t;
  t.publish("k", 1);
  for (auto name : {"a", "b"}) {
    t.join(name);
    t.have(name, "k", "#");
  }
  t.join("r");
  t.open("r", "k");
  Pictures assigned = of_kind(t, RecordKind::kAssigned);
  ASSERT_EQ(assigned.size(), 1u);
  EXPECT_EQ(assigned[0].peer.name, "r");
  EXPECT_EQ(assigned[0].object, "b/k");
  EXPECT_EQ(assigned[0].record.chunk, 0u);
  EXPECT_EQ(assigned[0].record.reason, t["r"].assigns[0].reason);
  EXPECT_EQ(assigned[0].record.source, t["r"].assigns[0].source.peer);
  std::vector<std::string> eligible;
  for (const LookPicture& look : assigned[0].looks)
    if (look.look.verdict == Verdict::kEligible) eligible.push_back(look.peer.name);
  std::sort(eligible.begin(), eligible.end());
  eligible.erase(std::unique(eligible.begin(), eligible.end()), eligible.end());
  EXPECT_EQ(eligible, (std::vector<std::string>{"a", "b"}));
}

TEST(Records, ALeaseSaysThatNobodyHeldTheChunk) {
  TrackerDriver t;
  t.publish("k", 1);
  t.join_superpeer("s");
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(last_text(t, RecordKind::kLeased),
            "chunk 0 to superpeer s from the origin: nobody held it; read once, for all");
}

TEST(Records, ALeaseOfWhatIsHeldSaysWhyItsHoldersWereNoSources) {
  TrackerDriver t;
  t.publish("k", 1);
  t.join_superpeer("s");
  t.send("s");
  t.join("a");
  t.have("a", "k", "#");
  t.send("a");
  t.join("r");
  t.open("r", "k");
  t.fail_one("r", FailureKind::kUnreachable);
  Pictures leased = of_kind(t, RecordKind::kLeased);
  ASSERT_EQ(leased.size(), 1u);
  EXPECT_EQ(leased[0].record.reason.copies, 1u);
  EXPECT_GE(leased[0].record.reason.rejected_suspect, 1u);
  EXPECT_TRUE(says(sentence_of(leased[0]), "1 copy was held, and could not be read from"));
}

TEST(Records, ADeliverySaysWhereItCameFromAndInWhatTime) {
  TrackerDriver t;
  read_from_a(t);
  ChunkVerified done = t.verified(t["r"].assigns[0]);
  done.took = Duration::milliseconds(120);
  t.send("r", {done});
  Pictures delivered = of_kind(t, RecordKind::kDelivered);
  ASSERT_EQ(delivered.size(), 1u);
  EXPECT_EQ(delivered[0].source.name, "a");
  EXPECT_EQ(delivered[0].record.bytes, kChunkBytesMin);
  EXPECT_EQ(delivered[0].record.reason.choice, Choice::kWholeCopy);
  EXPECT_TRUE(says(sentence_of(delivered[0]), "came to peer r from peer a in 120 ms"));
}

TEST(Records, WhatCameWithoutAnOrderSaysSo) {
  TrackerDriver t;
  VersionId version = t.publish("k", 8);
  t.join("r");
  ChunkVerified done;
  done.assignment = {TrackerEpoch(77), 5};
  done.chunk = {version, ChunkIndex(3)};
  t.send("r", {done});
  EXPECT_TRUE(says(last_text(t, RecordKind::kDelivered), "without an order of this tracker"));
}

TEST(Records, FailuresAreKeptInFullThoughNothingIsSampled) {
  TrackerDriver::Options options;
  options.config.explain.detail_rate = 0;
  TrackerDriver t(options);
  read_from_a(t);
  t.fail_one("r", FailureKind::kStalled, "no byte for 800 ms");
  EXPECT_TRUE(of_kind(t, RecordKind::kAssigned)[0].looks.empty());
  std::string text = last_text(t, RecordKind::kAssignmentFailed);
  EXPECT_TRUE(says(text, "peer a failed (stalled)")) << text;
  EXPECT_TRUE(says(text, "no byte for 800 ms")) << text;
}

TEST(Records, AFailedSourceSaysWhoIsNext) {
  TrackerDriver t;
  t.publish("k", 1);
  for (auto name : {"a", "b"}) {
    t.join(name);
    t.have(name, "k", "#");
  }
  t.join("r");
  t.open("r", "k");
  const Assign& order = t["r"].assigns[0];
  ASSERT_EQ(order.fallbacks.size(), 1u);
  t.send("r",
         {SourceFailed{order.assignment, order.chunk, order.source, FailureKind::kStalled, 0}});
  std::string next = order.source.peer == t["a"].id ? "b" : "a";
  EXPECT_TRUE(says(last_text(t, RecordKind::kSourceFailed), "it goes on with peer " + next));
}

TEST(Records, WhatWasCancelledIsNoFailure) {
  TrackerDriver t;
  read_from_a(t);
  t.fail_one("r", FailureKind::kCancelled);
  EXPECT_TRUE(of_kind(t, RecordKind::kAssignmentFailed).empty());
}

TEST(Records, AWaitIsShownWhileItLastsAndWrittenDownWhenItIsOver) {
  TrackerDriver t;
  t.publish("k", 1);
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  t.advance(Duration::milliseconds(1200));
  Pictures waits = of_kind(t, RecordKind::kWaits);
  ASSERT_EQ(waits.size(), 1u);
  EXPECT_EQ(waits[0].record.took, Duration::milliseconds(1200));
  EXPECT_EQ(waits[0].record.reason.choice, Choice::kWaitForLease);
  EXPECT_TRUE(of_kind(t, RecordKind::kWaited).empty());
  t.finish_one("s");
  EXPECT_TRUE(of_kind(t, RecordKind::kWaits).empty());
  EXPECT_EQ(last_text(t, RecordKind::kWaited),
            "peer r waited for 1.2 s: what it lacks is being read from the origin (chunk 0)");
}

TEST(Records, AWaitOfLessThanTenMillisecondsIsNotWrittenDown) {
  TrackerDriver t;
  t.publish("k", 1);
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  t.advance(Duration::milliseconds(9));
  t.finish_one("s");
  EXPECT_TRUE(of_kind(t, RecordKind::kWaited).empty());
}

TEST(Records, AnEvictionSaysWhatForAndWhatIsLeft) {
  TrackerDriver t;
  t.publish("old", 2);
  t.publish("new", 1);
  t.join_as("r", small_store(t, "r", 2));
  t.have("r", "old", "##");
  t.join("a");
  t.have("a", "new", "#");
  t.have("a", "old", "#.");
  t.open("r", "new");
  Pictures evicted = of_kind(t, RecordKind::kEvicted, {.object = ObjectName{"b", "old"}});
  ASSERT_EQ(evicted.size(), 1u);
  EXPECT_EQ(evicted[0].record.reason.choice, Choice::kEvictLru);
  EXPECT_EQ(evicted[0].record.reason.copies, 1u);
  std::string text = sentence_of(evicted[0]);
  EXPECT_TRUE(says(text, "peer r is to free chunk 0: least recently used there")) << text;
  EXPECT_TRUE(says(text, "to make room for b/new")) << text;
  EXPECT_TRUE(says(text, "copies left elsewhere: 1")) << text;
}

TEST(Records, ACorruptCopysEvictionHasItsReason) {
  TrackerDriver t;
  read_from_a(t);
  t.fail_one("r", FailureKind::kCorrupt);
  EXPECT_EQ(t.last<Evict>("a")->reason.choice, Choice::kEvictCorrupt);
  EXPECT_TRUE(says(last_text(t, RecordKind::kEvicted), "no other copy is left"));
}

TEST(Records, ARefusalHasItsReasonAndItsMessage) {
  TrackerDriver t;
  t.publish("k", 8);
  t.join_as("r", small_store(t, "r", 2));
  t.open("r", "k");
  Pictures refused = of_kind(t, RecordKind::kRefused, {.object = ObjectName{"b", "k"}});
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].record.reason.choice, Choice::kRefuseNoSpace);
  EXPECT_TRUE(says(sentence_of(refused[0]), "raise its limit, or stream the object"));
}

TEST(Records, AReadIsOpenedAndClosed) {
  TrackerDriver t;
  read_from_a(t);
  t.advance(Duration::seconds(2));
  t.send("r", {OpenClosed{OpenId(1)}});
  EXPECT_TRUE(says(last_text(t, RecordKind::kOpened), "2.0 MiB in 8 chunks"));
  EXPECT_EQ(last_text(t, RecordKind::kClosed), "peer r closed it, 2.0 s after it asked");
}

TEST(Records, ALookUpSaysHowLongItTookAndWhatCameOfIt) {
  TrackerDriver t;
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  t.advance(Duration::milliseconds(300));
  t.resolve("s", TrackerDriver::facts("k", 1));
  RecordFilter of_k{.object = ObjectName{"b", "k"}};
  ASSERT_EQ(of_kind(t, RecordKind::kResolving, of_k).size(), 1u);
  Pictures resolved = of_kind(t, RecordKind::kResolved, of_k);
  ASSERT_EQ(resolved.size(), 1u);
  EXPECT_EQ(resolved[0].record.took, Duration::milliseconds(300));
  EXPECT_EQ(of_kind(t, RecordKind::kOpened)[0].record.took, Duration::milliseconds(300));
}

TEST(Records, ThoseThatWentAwayAreNamedWithWhatTheyHeldAndRead) {
  TrackerDriver t;
  read_from_a(t);
  t.input(ConnectionLost{t["a"].connection});
  t.input(ConnectionLost{t["r"].connection});
  t.advance(Duration::seconds(5));
  EXPECT_TRUE(says(last_text(t, RecordKind::kGone), "peer a is gone, and with it the 8 chunks"));
  EXPECT_TRUE(says(last_text(t, RecordKind::kGaveUp), "peer r went away while it read"));
}

TEST(Records, AreSelectedByObjectPeerChunkTimeAndNumber) {
  TrackerDriver t;
  read_from_a(t);
  t.publish("other", 1);
  Instant begin = t.now;
  t.advance(Duration::seconds(1));
  t.join_superpeer("s");
  t.open("r", "other");
  std::size_t all = records(t).size();
  EXPECT_EQ(records(t, {.object = ObjectName{"b", "k"}}).size() +
                records(t, {.object = ObjectName{"b", "other"}}).size(),
            all);
  std::string digits = hex_digits(t["r"].id).substr(0, 8);
  EXPECT_EQ(of_kind(t, RecordKind::kAssigned, {.peer = digits}).size(), 8u);
  EXPECT_EQ(of_kind(t, RecordKind::kAssigned, {.peer = "nobody"}).size(), 0u);
  EXPECT_EQ(of_kind(t, RecordKind::kAssigned, {.chunk = 3}).size(), 1u);
  EXPECT_EQ(of_kind(t, RecordKind::kOpened, {.since = begin + Duration::seconds(1)}).size(), 1u);
  // What a superpeer reads at the origin belongs to what the reader asks about.
  EXPECT_EQ(of_kind(t, RecordKind::kLeased, {.peer = "r"}).size(), 1u);
  RecordFilter newest{.object = ObjectName{"b", "k"}, .newest = 3};
  Pictures three = records(t, newest);
  ASSERT_EQ(three.size(), 3u);
  EXPECT_LT(three[0].record.n, three[2].record.n);
}

TEST(Records, AreNotKeptWhenTheJournalIsOff) {
  TrackerDriver::Options options;
  options.config.explain.records = 0;
  TrackerDriver t(options);
  read_from_a(t);
  t.run_dry();
  EXPECT_TRUE(records(t).empty());
  EXPECT_EQ(t.core.journal_counts().records, 0u);
}

TEST(Records, AVisitSaysWhoAndWhatIsKnown) {
  TrackerDriver t;
  read_from_a(t);
  auto seen = [&](const RecordFilter& filter) {
    return t.core.visit_records(filter, [](auto&) {});
  };
  EXPECT_TRUE(seen({.peer = "r"}).is_peer_known);
  EXPECT_TRUE(seen({.peer = "a"}).is_peer_known);  // registered, though it has read nothing
  EXPECT_FALSE(seen({.peer = "zzzz"}).is_peer_known);
  std::string id = hex_digits(t["r"].id);
  std::string upper = id;
  for (char& c : upper)
    if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
  EXPECT_TRUE(seen({.peer = upper}).is_peer_known);
  EXPECT_EQ(records(t, {.peer = upper}).size(), records(t, {.peer = "r"}).size());
  EXPECT_FALSE(seen({.peer = id + "0"}).is_peer_known);
  ObjectName object{"b", "k"};
  EXPECT_EQ(seen({.object = object}).chunks, 8u);
  EXPECT_EQ(seen({.object = ObjectName{"b", "other"}}).chunks, 0u);
  RecordsSeen later = seen({.object = object, .since = t.now + Duration::seconds(1)});
  EXPECT_EQ(later.matching, 0u);
  EXPECT_EQ(later.newest, t.now);
}

}  // namespace
}  // namespace tyto::tracker
