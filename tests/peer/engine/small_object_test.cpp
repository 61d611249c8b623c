// What small objects cost on the wire, over a session that is up.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/limits.h"
#include "tests/support/small_cluster.h"
#include "tyto/peer.h"

namespace tyto {
namespace {

constexpr uint64_t kObjects = 20;
constexpr uint64_t kStep = kOneChunkBytesMax / kObjects;  // from a byte to 1 MiB

class SmallObjects : public ::testing::Test {
 protected:
  void SetUp() override {
    for (uint64_t i = 0; i <= kObjects; ++i)
      contents.push_back(cluster.put("k" + std::to_string(i), 1 + kStep * i, i + 1));
  }
  Peer connect(const std::string& host) {
    PeerOptions options;
    options.trackers = {cluster.tracker()};
    options.listen = "127.0.0.1:0";
    options.location = options.name = host;
    auto peer = Peer::connect(options);
    EXPECT_TRUE(peer.ok());
    return std::move(*peer);
  }
  void read(Peer& peer, uint64_t i, FetchOrder order = FetchOrder::kAny) {
    auto object = peer.open("b", "k" + std::to_string(i), {.order = order});
    ASSERT_TRUE(object.ok()) << object.error().message;
    std::vector<std::byte> out(object->size());
    auto got = object->read(0, out);
    ASSERT_TRUE(got.ok()) << got.error().message;
    EXPECT_EQ(out, contents[i]);
  }
  uint64_t count(const std::string& what) const {
    return cluster.counter("tyto_tracker_" + what + "_total");
  }
  // Waits until the tracker has been told of `events` in all.
  void await_events(uint64_t events) const {
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (count("events") < events && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
    EXPECT_EQ(count("events"), events);
  }

  support::SmallCluster cluster;
  std::vector<std::vector<std::byte>> contents;
};

// The report of an object goes up with the next open, or alone after some milliseconds; which of
// the two is the machine's matter, so that only the core's tests can say more of it.
TEST_F(SmallObjects, TakeOneAssignmentOneTransferAndAtMostAReportBesidesTheOpen) {
  Peer holder = connect("holder");
  for (uint64_t i = 0; i <= kObjects; ++i) read(holder, i);
  constexpr uint64_t kEventsEach = 3;                    // opened, verified, closed
  uint64_t events = (kEventsEach + 1) * (kObjects + 1);  // and looked up at the origin
  await_events(events);

  for (FetchOrder order : {FetchOrder::kAny, FetchOrder::kAsRead}) {
    Peer reader = connect(order == FetchOrder::kAny ? "any" : "as-read");
    read(reader, 0, order);  // from here on the session is up
    await_events(events += kEventsEach);
    uint64_t exchanges = count("exchanges");
    uint64_t assignments = count("assignments");
    uint64_t bytes = contents[0].size();
    for (uint64_t i = 1; i <= kObjects; ++i) {
      read(reader, i, order);
      bytes += contents[i].size();
    }
    await_events(events += kEventsEach * kObjects);
    EXPECT_EQ(count("assignments") - assignments, kObjects);
    EXPECT_GE(count("exchanges") - exchanges, kObjects);
    EXPECT_LE(count("exchanges") - exchanges, 2 * kObjects);
    PeerStats stats = reader.stats();
    EXPECT_EQ(stats.bytes_from_peers, bytes);
    EXPECT_EQ(stats.bytes_wasted, 0u);
    reader.leave(Duration::seconds(2));
    await_events(events += 1);  // leaving
  }
}

}  // namespace
}  // namespace tyto
