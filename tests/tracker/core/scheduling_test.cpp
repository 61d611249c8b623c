#include <set>

#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {
namespace {

TEST(Scheduling, RarestChunksComeFirst) {
  TrackerDriver t;
  t.publish("k", 4);
  t.join("a");
  t.have("a", "k", "####");
  t.join("b");
  t.have("b", "k", "##.#");
  t.join("r");
  t.open("r", "k");
  ASSERT_FALSE(t["r"].assigns.empty());
  EXPECT_EQ(t["r"].assigns[0].chunk.index, ChunkIndex(2));
  EXPECT_EQ(t["r"].assigns[0].reason.copies, 1u);
}

TEST(Scheduling, AReaderHoldsABoundedNumberOfAssignments) {
  TrackerDriver t;
  t.publish("k", 100);
  t.join("a");
  t.have("a", "k", std::string(100, '#'));
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(t["r"].assigns.size(), Config{}.assignments_per_peer);
  t.finish_one("r");
  EXPECT_EQ(t["r"].assigns.size(), Config{}.assignments_per_peer);
}

TEST(Scheduling, OfASmallObjectASixthIsUnderWayAndEightChunksAtLeast) {
  struct Row {
    uint32_t chunks = 0;
    uint32_t at_most = 0;  // by configuration
    std::size_t under_way = 0;
  };
  for (Row row : {Row{5, 16, 5}, Row{8, 16, 8}, Row{47, 16, 8}, Row{54, 16, 9}, Row{95, 16, 15},
                  Row{96, 16, 16}, Row{1000, 16, 16}, Row{40, 3, 3}, Row{240, 64, 40}}) {
    TrackerDriver::Options options;
    options.config.assignments_per_peer = row.at_most;
    options.config.uploads_per_host = 100;
    TrackerDriver t(options);
    t.publish("k", row.chunks);
    for (int i = 0; i < 20; ++i) {
      std::string name = "h" + std::to_string(i);
      t.join(name);
      t.have(name, "k", std::string(row.chunks, '#'));
    }
    t.join("r");
    t.open("r", "k");
    EXPECT_EQ(t["r"].assigns.size(), row.under_way) << row.chunks << " chunks";
    t.core.check_invariants();
  }
}

TEST(Scheduling, AHostBeginsWithAsManyUploadsAsReadersOfItsFirstObjectHaveAssignments) {
  for (uint32_t chunks : {60u, 200u}) {
    TrackerDriver t;
    t.publish("k", chunks);
    t.join("h", "z/r/host");
    t.have("h", "k", std::string(chunks, '#'));
    std::size_t from_host = 0;
    for (int i = 0; i < 4; ++i) {
      std::string reader = "r" + std::to_string(i);
      t.join(reader);
      t.open(reader, "k");
      for (const Assign& order : t[reader].assigns)
        from_host += order.source.peer == t["h"].id ? 1 : 0;
    }
    EXPECT_EQ(from_host, chunks == 60 ? 10u : 16u);
  }
}

TEST(Scheduling, TheNearestSourceWinsThenTheLeastLoaded) {
  struct Row {
    const char* name;
    const char* location;
  };
  std::vector<Row> here;  // more and nearer ones
  for (Row row : {Row{"far", "r2/z/k/h1"}, Row{"region", "r1/z2/k/h2"}, Row{"zone", "r1/z1/k2/h3"},
                  Row{"rack", "r1/z1/k1/h4"}}) {
    here.push_back(row);
    TrackerDriver t;
    t.publish("k", 1);
    for (const Row& holder : here) {
      t.join(holder.name, holder.location);
      t.have(holder.name, "k", "#");
    }
    t.join("reader", "r1/z1/k1/h");
    t.open("reader", "k");
    ASSERT_EQ(t["reader"].assigns.size(), 1u);
    EXPECT_EQ(t["reader"].assigns[0].source.peer, t[row.name].id) << row.name;
  }
}

TEST(Scheduling, OrdinaryPeersAreAskedBeforeSuperpeersOfTheSameNearness) {
  TrackerDriver t;
  t.publish("k", 1);
  t.join_superpeer("s");
  t.have("s", "k", "#");
  t.join("a");
  t.have("a", "k", "#");
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(t["r"].assigns[0].source.peer, t["a"].id);
  ASSERT_EQ(t["r"].assigns[0].fallbacks.size(), 1u);
  EXPECT_EQ(t["r"].assigns[0].fallbacks[0].peer, t["s"].id);
}

TEST(Scheduling, AHostsOutflowCapHoldsOverAllItsProcesses) {
  TrackerDriver::Options options;
  options.config.uploads_per_host = 3;
  TrackerDriver t(options);
  t.publish("k", 100);
  for (auto name : {"p1", "p2"}) {
    t.join(name, "z/r/same-host");
    t.have(name, "k", std::string(100, '#'));
  }
  std::size_t assigned = 0;
  for (int i = 0; i < 4; ++i) {
    std::string reader = "r" + std::to_string(i);
    t.join(reader);
    t.open(reader, "k");
    assigned += t[reader].assigns.size();
  }
  std::size_t from_host = 0;
  for (int i = 0; i < 4; ++i)
    for (auto& a : t["r" + std::to_string(i)].assigns)
      from_host += a.source.generation.value() == 0;
  EXPECT_EQ(from_host, 3u);
  t.core.check_invariants();
}

TEST(Scheduling, ACopyInFlightServesWhenAllWholeOnesAreBusy) {
  TrackerDriver::Options options;
  options.config.uploads_per_host = 1;
  options.config.assignments_per_peer = 1;
  TrackerDriver t(options);
  t.publish("k", 1);
  t.join("a");
  t.have("a", "k", "#");
  for (auto name : {"r1", "r2", "r3"}) {
    t.join(name);
    t.open(name, "k");
    ASSERT_EQ(t[name].assigns.size(), 1u);
  }
  EXPECT_EQ(t["r1"].assigns[0].generation, Generation(1));
  EXPECT_EQ(t["r2"].assigns[0].source.peer, t["r1"].id);
  EXPECT_EQ(t["r2"].assigns[0].generation, Generation(2));
  EXPECT_EQ(t["r3"].assigns[0].source.peer, t["r2"].id);
  EXPECT_EQ(t["r3"].assigns[0].generation, Generation(3));
  EXPECT_GT(t["r3"].assigns[0].patience, t["r2"].assigns[0].patience);
  t.core.check_invariants();
}

TEST(Scheduling, EachChunkIsReadFromTheOriginOnceForAll) {
  TrackerDriver t;
  t.join_superpeer("s");
  t.send("s");
  for (int i = 0; i < 8; ++i) {
    std::string name = "r" + std::to_string(i);
    t.join(name);
    t.open(name, "k");
  }
  t.resolve("s", TrackerDriver::facts("k", 64));
  EXPECT_EQ(t["s"].assigns.size(), Config{}.origin_reads_per_superpeer);
  for (auto& a : t["s"].assigns) EXPECT_FALSE(a.root.has_value());
  t.run_dry();
  EXPECT_EQ(t.core.counters().leases, 64u);
  EXPECT_EQ(t.learned.size(), 64u);
  t.core.visit_versions([](const VersionPicture& v) {
    EXPECT_EQ(v.complete, 9u);
    EXPECT_EQ(v.roots_known, 64u);
  });
}

TEST(Scheduling, TheOriginIsReadInOrder) {
  TrackerDriver t;
  t.publish("k", 64);
  t.join_superpeer("s");
  t.send("s");
  t.join("r");
  t.open("r", "k");
  std::vector<uint32_t> order;
  for (auto& a : t["s"].assigns) order.push_back(a.chunk.index.value());
  EXPECT_EQ(order, (std::vector<uint32_t>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(Scheduling, AStreamGetsItsWindowInOrderAndNothingElse) {
  TrackerDriver t;
  t.publish("k", 64);
  t.join("a");
  t.have("a", "k", std::string(64, '#'));
  t.join("r");
  OpenRequested open;
  open.open = OpenId(7);
  open.bucket = "b";
  open.key = "k";
  open.mode = ReadMode::kStream;
  open.window_first = 10;
  open.window_count = 3;
  t.send("r", {open});
  std::vector<uint32_t> order;
  for (auto& a : t["r"].assigns) order.push_back(a.chunk.index.value());
  EXPECT_EQ(order, (std::vector<uint32_t>{10, 11, 12}));
  t.send("r", {WindowMoved{OpenId(7), 12, 3}});
  for (auto& a : t["r"].assigns) order.push_back(a.chunk.index.value());
  EXPECT_EQ(order, (std::vector<uint32_t>{10, 11, 12, 10, 11, 12, 13, 14}));
}

TEST(Scheduling, WithoutASuperpeerAPublishedChunkIsReadByOneReaderForAll) {
  TrackerDriver t;
  t.publish("k", 1);
  for (auto name : {"a", "b"}) {
    t.join(name);
    t.open(name, "k");
  }
  ASSERT_EQ(t["a"].assigns.size(), 1u);
  EXPECT_EQ(t["a"].assigns[0].reason.choice, Choice::kOriginNoSuperpeer);
  EXPECT_TRUE(t["b"].assigns.empty());
  t.finish_one("a");
  ASSERT_EQ(t["b"].assigns.size(), 1u);
  EXPECT_EQ(t["b"].assigns[0].source.peer, t["a"].id);
}

TEST(Scheduling, AnUntrustedReadersRootIsNotTaught) {
  TrackerDriver t;
  t.join("a");
  t.open("a", "k");
  t.resolve("a", TrackerDriver::facts("k", 1));
  t.finish_one("a");
  EXPECT_TRUE(t.learned.empty());
  t.join("b");
  t.open("b", "k");
  t.resolve("b", TrackerDriver::facts("k", 1));
  ASSERT_EQ(t["b"].assigns.size(), 1u);
  EXPECT_EQ(t["b"].assigns[0].source.kind, SourceKind::kOrigin);
}

TEST(Scheduling, TheSameInputsGiveTheSameEffects) {
  auto play = [] {
    TrackerDriver t;
    t.publish("k", 200);
    t.join_superpeer("s");
    t.send("s");
    for (int i = 0; i < 10; ++i) {
      t.join("r" + std::to_string(i));
      t.open("r" + std::to_string(i), "k");
    }
    t.run_dry();
    std::vector<std::pair<uint64_t, uint32_t>> log;
    for (auto& [name, peer] : t.peers)
      for (auto& c : peer.commands)
        if (auto* a = std::get_if<Assign>(&c))
          log.emplace_back(a->source.peer.value(), a->chunk.index.value());
    return log;
  };
  EXPECT_EQ(play(), play());
}

// More copies are on their way than are looked at, and all of them newer than the one in the rack.
TEST(Scheduling, AReaderIsSentToItsRackHoweverManyCopiesAreOnTheirWayElsewhere) {
  TrackerDriver t;
  t.publish("k", 1);
  t.join("s", "r1/z1/k0/s");
  t.have("s", "k", "#");
  t.join("near", "r1/z1/k1/near");
  t.open("near", "k");
  for (int i = 0; i < 60; ++i) {
    std::string name = "far" + std::to_string(i);
    t.join(name, "r1/z1/far" + std::to_string(i) + "/" + name);
    t.open(name, "k");
  }
  t.join("x", "r1/z1/k1/x");
  t.open("x", "k");
  ASSERT_EQ(t["x"].assigns.size(), 1u);
  EXPECT_EQ(t["x"].assigns[0].source.peer, t["near"].id);
}

TEST(Scheduling, WhatOnlyASuperpeerHasIsFoundHoweverManyHoldTheRest) {
  TrackerDriver t;
  t.publish("k", 2);
  t.join_superpeer("s");
  t.have("s", "k", "##");
  for (int i = 0; i < 1000; ++i) {
    std::string name = "p" + std::to_string(i);
    t.join(name);
    t.have(name, "k", "#.");
  }
  t.join("x");
  t.open("x", "k");
  ASSERT_EQ(t["x"].assigns.size(), 2u);
  for (const Assign& assign : t["x"].assigns) {
    bool is_rare = assign.chunk.index == ChunkIndex(1);
    EXPECT_EQ(assign.source.kind, is_rare ? SourceKind::kSuperpeer : SourceKind::kPeer);
  }
}

TEST(Scheduling, NothingIsReadAheadByAReaderThatIsNotConnected) {
  TrackerDriver t;
  t.publish("k", 32);
  RegisterRequest small = t.request("s", "");
  small.role = Role::kSuperpeer;
  small.store_bytes = 1;  // it can be sent for nothing
  t.join_as("s", small);
  t.send("s");
  t.join("r");
  t.open("r", "k");
  EXPECT_EQ(t.core.counters().leases, 8u);
  t["r"].keeps_parked = false;
  t.input(ConnectionLost{t["r"].connection});
  t.publish("k", 32);  // all is looked at again
  EXPECT_EQ(t.core.counters().leases, 8u);
}

}  // namespace
}  // namespace tyto::tracker
