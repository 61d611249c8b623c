// The tail of a download, and how superpeers' chunks are spread.
#include <set>

#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {
namespace {

// A reader of `chunks` chunks that two peers hold; all are done but the last, which has just begun.
struct Tail {
  explicit Tail(uint32_t chunks) {
    t.publish("k", chunks);
    for (auto name : {"a", "b"}) {
      t.join(name);
      t.have(name, "k", std::string(chunks, '#'));
      t.send(name);
    }
    t.join("r");
    t.open("r", "k");
    while (t["r"].assigns.size() > 1 || t.count<Assign>("r") < static_cast<int>(chunks)) {
      t.advance(Duration::milliseconds(10));
      Assign a = t["r"].assigns.front();
      t["r"].assigns.erase(t["r"].assigns.begin());
      ChunkVerified done = t.verified(a);
      done.took = Duration::milliseconds(100);
      t.send("r", {done});
    }
    last = t["r"].assigns.front();
  }
  int orders() { return t.count<Assign>("r"); }
  TrackerDriver t;
  Assign last;
};

TEST(Tail, WhatTakesLongIsAskedForFromAnotherSourceAsWell) {
  Tail tail(100);
  int before = tail.orders();
  tail.t.advance(Duration::milliseconds(500));
  EXPECT_EQ(tail.orders(), before);
  tail.t.advance(Duration::seconds(1));
  ASSERT_EQ(tail.orders(), before + 1);
  auto hedge = tail.t.last<Assign>("r");
  EXPECT_TRUE(hedge->is_hedge);
  EXPECT_EQ(hedge->chunk, tail.last.chunk);
  EXPECT_NE(hedge->source.peer, tail.last.source.peer);
  tail.t.core.check_invariants();
  // One is enough, and when it has won, the other one's end changes nothing.
  tail.t.advance(Duration::seconds(3));
  EXPECT_EQ(tail.orders(), before + 1);
  tail.t.send("r", {tail.t.verified(*hedge)});
  tail.t.send("r", {AssignmentFailed{tail.last.assignment, tail.last.chunk, tail.last.source,
                                     FailureKind::kCancelled, 1000, ""}});
  tail.t.core.check_invariants();
  EXPECT_EQ(tail.t.core.counters().bytes_wasted, 1000u);
  EXPECT_EQ(tail.t.core.counters().source_failures, 0u);
  tail.t.core.visit_versions([](const VersionPicture& v) { EXPECT_EQ(v.complete, 3u); });
}

TEST(Tail, WhatHasComeHalfIsWaitedFor) {
  Tail tail(100);
  int before = tail.orders();
  tail.t.send("r", {ChunkProgressed{tail.last.assignment, 2}});
  tail.t.advance(Duration::seconds(3));
  EXPECT_EQ(tail.orders(), before);
}

TEST(Tail, ObjectsOfFewChunksAreNotHedgedSinceOneWouldBeTooMuch) {
  Tail tail(40);
  int before = tail.orders();
  tail.t.advance(Duration::seconds(3));
  EXPECT_EQ(tail.orders(), before);
}

std::vector<uint32_t> from_superpeers(TrackerDriver& t, const std::string& name) {
  std::vector<uint32_t> chunks;
  for (const Command& command : t[name].commands)
    if (auto* order = std::get_if<Assign>(&command);
        order != nullptr && order->source.kind == SourceKind::kSuperpeer)
      chunks.push_back(order->chunk.index.value());
  return chunks;
}

TEST(Spread, WhoHasNotPassedOnWhatNobodyElseHasIsSentNoMoreOfIt) {
  TrackerDriver::Options options;
  options.config.uploads_per_host = 1;
  TrackerDriver t(options);
  t.publish("k", 128);
  t.join_superpeer("s");
  t.have("s", "k", std::string(128, '#'));
  t.send("s");
  for (auto name : {"r1", "r2", "r3"}) {
    t.join(name);
    t.open(name, "k");
  }
  // The first was alone when it came, and was sent all that the superpeer could send at once.
  std::size_t of_first = from_superpeers(t, "r1").size();
  EXPECT_EQ(of_first, options.config.assignments_per_peer);
  EXPECT_TRUE(from_superpeers(t, "r2").empty() && from_superpeers(t, "r3").empty());
  for (int i = 0; i < 4; ++i) t.finish_one("r1");
  std::set<uint32_t> of_others;
  for (auto name : {"r2", "r3"})
    for (uint32_t chunk : from_superpeers(t, name)) of_others.insert(chunk);
  EXPECT_GE(of_others.size(), 2u);
  std::vector<uint32_t> first = from_superpeers(t, "r1");
  for (std::size_t i = of_first; i < first.size(); ++i) EXPECT_TRUE(of_others.contains(first[i]));
  t.run_dry();
  t.core.visit_versions([](const VersionPicture& v) { EXPECT_EQ(v.complete, 4u); });
}

TEST(Spread, AReaderWhoseChunksNobodyWantsIsSentTheRestAllTheSame) {
  TrackerDriver t;
  t.publish("k", 64);
  t.join_superpeer("s");
  t.have("s", "k", std::string(64, '#'));
  t.send("s");
  t.join("idle");
  OpenRequested stream;
  stream.open = OpenId(77);
  stream.bucket = "b";
  stream.key = "k";
  stream.mode = ReadMode::kStream;
  t.send("idle", {stream});
  t.join("r");
  t.open("r", "k");
  for (int i = 0; i < 200 && t.count<Assign>("r") < 64; ++i) {
    while (t.finish_one("r")) {
    }
    t.advance(Duration::milliseconds(500));
  }
  EXPECT_EQ(t.count<Assign>("r"), 64);
}

// The peer's oldest assignment is done, and took so long.
void finish_one_in(TrackerDriver& t, const std::string& name, Duration took) {
  ASSERT_FALSE(t[name].assigns.empty());
  Assign a = t[name].assigns.front();
  t[name].assigns.erase(t[name].assigns.begin());
  ChunkVerified done = t.verified(a);
  done.took = took;
  t.send(name, {done});
}

TEST(SlowLinks, AHostThatWasSlowWithOneObjectIsServedAnotherOfWhichNothingIsKnown) {
  TrackerDriver t;
  for (auto key : {"k", "other"}) t.publish(key, 200);
  for (auto key : {"k", "other"}) {
    t.join(std::string("source-of-") + key);
    t.have(std::string("source-of-") + key, key, std::string(200, '#'));
  }
  for (auto name : {"fast", "slow"}) {
    t.join(name);
    t.open(name, "k");
  }
  for (int i = 0; i < 60; ++i) {
    t.advance(Duration::milliseconds(100));
    finish_one_in(t, "fast", Duration::milliseconds(200));
    if (i % 15 == 14) finish_one_in(t, "slow", Duration::seconds(12));
  }
  t.open("slow", "other");
  auto last = t.last<Assign>("slow");
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->chunk.version, TrackerDriver::facts("other", 200).id);
  t.core.check_invariants();
}

// A reader that gets everything slowly, from copies that are themselves on their way, so that no
// single transfer says whose link it is.
TEST(SlowLinks, AHostIsTakenForSlowAfterFourSlowChunksWhoeverSentThem) {
  Config config;
  config.assignments_per_peer = 8;
  TrackerDriver t({.config = config});
  t.publish("k", 200);
  RegisterRequest one_upload = t.request("source", "");
  one_upload.uploads_max = 8;  // all that the fast reader asks for
  t.join_as("source", one_upload);
  t.have("source", "k", std::string(200, '#'));
  for (auto name : {"fast", "slow"}) {
    t.join(name);
    t.open(name, "k");
  }
  auto relayed = [&](const std::string& name) {
    return std::count_if(t[name].assigns.begin(), t[name].assigns.end(),
                         [](const Assign& a) { return a.reason.generation > 0; });
  };
  ASSERT_EQ(relayed("slow"), 8);
  for (int slow_ones = 0; slow_ones < 4; ++slow_ones) {
    EXPECT_EQ(t["slow"].assigns.size(), 8u) << slow_ones;
    for (int i = 0; i < 15; ++i) {
      t.advance(Duration::milliseconds(100));
      finish_one_in(t, "fast", Duration::milliseconds(200));
    }
    finish_one_in(t, "slow", Duration::seconds(6));
  }
  EXPECT_LT(t["slow"].assigns.size(), 8u);
  t.core.check_invariants();
}

}  // namespace
}  // namespace tyto::tracker
