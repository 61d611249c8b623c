// Chunks that one request reads at the origin: origin.run.
#include <set>

#include "base/rng.h"
#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {
namespace {

TrackerDriver driver(const OriginPolicy& origin, SelectionKind kind = {}) {
  TrackerDriver::Options options;
  options.policy.origin = origin;
  options.policy.selection.kind = kind;
  return TrackerDriver(options);
}

// The runs that a peer was sent for and has not finished, as "first+chunks" in their order.
std::string runs(TrackerDriver& t, const std::string& name) {
  std::string text;
  uint32_t left = 0;
  for (const Assign& order : t[name].assigns) {
    if (order.source.kind != SourceKind::kOrigin) continue;
    if (left == 0) {
      text += (text.empty() ? "" : " ") + std::to_string(order.chunk.index.value()) + "+" +
              std::to_string(order.run);
    } else {
      EXPECT_EQ(order.run, left);  // what is left of the run
    }
    left = order.run - 1u;
  }
  EXPECT_EQ(left, 0u);
  return text;
}

void start_superpeer(TrackerDriver& t, const std::string& name = "s") {
  t.join_superpeer(name);
  t.send(name);
}

TEST(OriginRuns, AChunkIsReadAloneUnlessThePolicySaysOtherwise) {
  TrackerDriver t = driver({.reads = 2});
  t.publish("k", 8);
  start_superpeer(t);
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(runs(t, "s"), "0+1 1+1");
}

TEST(OriginRuns, OneRequestReadsSoManyChunksInOrder) {
  TrackerDriver t = driver({.reads = 2, .run = 3});
  t.publish("k", 8);
  start_superpeer(t);
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(runs(t, "s"), "0+3 3+3");
  t.run_dry();
  EXPECT_EQ(t.core.counters().leases, 8u);
  EXPECT_EQ(t.core.counters().origin_requests, 3u);  // the last of two chunks
}

TEST(OriginRuns, ARunEndsWhereSomebodyHasTheNextChunk) {
  TrackerDriver t = driver({.reads = 1, .run = 8});
  t.publish("k", 8);
  start_superpeer(t);
  t.join("a");
  t.have("a", "k", "...#....");
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(runs(t, "s"), "0+3");
  t.run_dry();
  EXPECT_EQ(t.core.counters().origin_requests, 2u);
  EXPECT_EQ(t.core.counters().leases, 7u);
}

TEST(OriginRuns, AStreamHasNoMoreReadThanItsWindow) {
  TrackerDriver t = driver({.reads = 1, .run = 8});
  t.publish("k", 16);
  start_superpeer(t);
  t.join("r");
  uint64_t open = t.open("r", "k", ReadMode::kStream);
  t.send("r", {WindowMoved{OpenId(open), 0, 5}});
  EXPECT_EQ(runs(t, "s"), "0+5");
}

TEST(OriginRuns, ARunTakesNoMoreThanTheSuperpeerHasRoomFor) {
  TrackerDriver t = driver({.reads = 1, .run = 8});
  t.publish("k", 8);
  RegisterRequest small = t.request("s", "");
  small.role = Role::kSuperpeer;
  small.store_bytes = 3 * kChunkBytesMin;
  t.join_as("s", small);
  t.send("s");
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(runs(t, "s"), "0+3");
}

TEST(OriginRuns, APeerOfAnEarlierProtocolReadsChunkByChunk) {
  TrackerDriver t = driver({.reads = 2, .run = 8});
  t.publish("k", 8);
  RegisterRequest old = t.request("s", "");
  old.role = Role::kSuperpeer;
  old.protocol_version = kProtocolOfRuns - 1;
  t.join_as("s", old);
  t.send("s");
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(runs(t, "s"), "0+1 1+1");
}

TEST(OriginRuns, AsChunksComeRunsAreAsLongAsBefore) {
  TrackerDriver t = driver({.run = 8});
  t.publish("k", 200);
  start_superpeer(t);
  t.join("r");
  t.open("r", "k");
  t.run_dry();
  EXPECT_EQ(t.core.counters().leases, 200u);
  EXPECT_LE(t.core.counters().origin_requests, 30u);  // 25, and what is left between others
}

TEST(OriginRuns, WithoutASuperpeerTheReaderReadsRunsOfHalfItsSlots) {
  TrackerDriver t = driver({.run = 10});
  t.publish("k", 128);
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(runs(t, "r"), "0+8 8+8");
  t.run_dry();
  EXPECT_EQ(t.core.counters().leases, 128u);
  EXPECT_EQ(t.core.counters().origin_requests, 16u);
}

TEST(OriginRuns, OriginOnlyReadersReadRunsToo) {
  TrackerDriver t = driver({.run = 8}, SelectionKind::kOriginOnly);
  t.publish("k", 16);
  for (auto name : {"a", "b"}) {
    t.join(name);
    t.open(name, "k");
    EXPECT_EQ(runs(t, name), "0+8 8+8");
  }
}

TEST(OriginRuns, ARunIsOneReadOfTheBudgetUntilItsLastChunkHasEnded) {
  TrackerDriver t = driver({.reads = 1, .run = 3});
  t.publish("k", 6);
  start_superpeer(t);
  t.join("r");
  t.open("r", "k");
  for (int i = 0; i < 2; ++i) t.finish_one("s");
  EXPECT_EQ(runs(t, "s"), "2+1");
  t.finish_one("s");
  EXPECT_EQ(runs(t, "s"), "3+3");
}

TEST(OriginRuns, RequestsOfASecondAreThoseOfRuns) {
  TrackerDriver t = driver({.requests_per_s = 2, .run = 4});
  t.publish("k", 16);
  start_superpeer(t);
  t.join("r");
  t.open("r", "k");
  for (uint64_t i = 1; i <= 4; ++i) {
    EXPECT_EQ(t.core.counters().origin_requests, i);
    EXPECT_EQ(t.core.counters().leases, 4 * i);
    while (t.finish_one("s")) {
    }
    t.advance(Duration::milliseconds(500));
  }
}

TEST(OriginRuns, BytesOfTheWholeRunAreCharged) {
  TrackerDriver t = driver({.bytes_per_s = 2 * kChunkBytesMin, .run = 4});
  t.publish("k", 16);
  start_superpeer(t);
  t.join("r");
  t.open("r", "k");
  while (t.finish_one("s")) {
  }
  t.advance(Duration::milliseconds(1999));
  EXPECT_EQ(t.core.counters().leases, 4u);
  t.advance(Duration::milliseconds(2));
  EXPECT_EQ(t.core.counters().leases, 8u);
}

TEST(OriginRuns, WhenTheHolderDiesTheWholeRunIsFreed) {
  TrackerDriver t = driver({.reads = 1, .run = 4});
  t.publish("k", 8);
  start_superpeer(t, "s1");
  t.join("r");
  t.open("r", "k");
  t.finish_one("s1");
  start_superpeer(t, "s2");
  t.input(ConnectionLost{t["s1"].connection});
  t.advance(Duration::seconds(5));
  EXPECT_EQ(runs(t, "s2"), "4+4");  // from where the last one stopped
  t.core.check_invariants();
}

TEST(OriginRuns, AFaultThatEndsARunIsOneFailureOfTheOrigin) {
  TrackerDriver t = driver({.reads = 1, .run = 8});
  t.publish("k", 8);
  start_superpeer(t);
  t.join("r");
  t.open("r", "k");
  while (!t["s"].assigns.empty()) t.fail_one("s", FailureKind::kOriginFailed, "503");
  t.advance(Duration::milliseconds(200));  // the wait after one failure
  EXPECT_EQ(runs(t, "s"), "0+8");
  t.run_dry();
}

TEST(OriginRuns, ProgressOfOneChunkKeepsTheLeasesOfTheRun) {
  TrackerDriver t = driver({.reads = 1, .run = 4, .lease_term = Duration::seconds(2)});
  t.publish("k", 4);
  start_superpeer(t);
  t.join("r");
  t.open("r", "k");
  for (int i = 0; i < 4; ++i) {
    t.advance(Duration::milliseconds(1500));
    t.send("s", {ChunkProgressed{t["s"].assigns[0].assignment, 1}});
  }
  EXPECT_EQ(t.core.counters().leases_lost, 0u);
  t.advance(Duration::seconds(4));
  EXPECT_EQ(t.core.counters().leases_lost, 4u);
  t.core.check_invariants();
}

// Whatever happens, no more than one holder reads a chunk for all, and a run is what was said.
TEST(OriginRunsProperty, ChunksOfRunsAreLeasedOnceAndBudgetsAreKept) {
  for (uint64_t seed = 1; seed <= 40 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    OriginPolicy origin;
    origin.reads = 1 + rng.below(3);
    origin.run = 1 + rng.below(8);
    TrackerDriver t = driver(origin);
    for (auto key : {"k1", "k2", "k3"}) t.publish(key, 1 + rng.below(40));
    for (auto name : {"s1", "s2"}) start_superpeer(t, name);
    for (auto name : {"a", "b", "c"}) t.join(name);
    for (int i = 0; i < 300; ++i) {
      std::string who = rng.below(2) == 0 ? "s1" : "s2";
      std::string reader(1, static_cast<char>('a' + rng.below(3)));
      switch (rng.below(8)) {
        case 0: t.open(reader, "k" + std::to_string(1 + rng.below(3))); break;
        case 1:
          if (!t[who].assigns.empty()) t.fail_one(who, FailureKind::kOriginFailed, "503");
          break;
        case 2: t.advance(Duration::milliseconds(rng.below(500))); break;
        case 3: t.finish_one(reader); break;
        default: t.finish_one(who); break;
      }
      t.core.check_invariants();  // which counts leases, and runs against the budget
    }
    t.advance(Duration::seconds(30));
    t.run_dry();
  }
}

}  // namespace
}  // namespace tyto::tracker
