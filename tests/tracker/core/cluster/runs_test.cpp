// Chunks that directories have granted together, read at the origin by one request.
#include <gtest/gtest.h>

#include "tests/support/populate.h"

namespace tyto::tracker {
namespace {

constexpr uint32_t kChunks = 64;
const Duration kLimit = Duration::seconds(60);

TrackerCluster::Options options_of(int trackers, uint32_t run) {
  TrackerCluster::Options options{.trackers = trackers};
  options.policy.origin.run = run;
  options.protocol_version = kProtocolOfRuns;
  return options;
}

uint64_t requests(TrackerCluster& t, int trackers) {
  uint64_t requests = 0;
  for (int k = 0; k < trackers; ++k) requests += t.core(k).counters().origin_requests;
  return requests;
}

// What a cold start of all readers takes.
uint64_t requests_of(int trackers, uint32_t run, int superpeers) {
  TrackerCluster t(options_of(trackers, run));
  populate(t, trackers, 2, superpeers);
  t.publish("big", kChunks);
  open_all(t, trackers, 2, "big");
  EXPECT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  EXPECT_EQ(sum(t.tally.origin), static_cast<int>(kChunks));
  EXPECT_EQ(most(t.tally.origin), 1);
  return requests(t, trackers);
}

TEST(RunsOfSeveral, WhatIsGrantedTogetherIsOneRequest) {
  for (int trackers : {2, 3, 4}) {
    EXPECT_EQ(requests_of(trackers, 1, 1), kChunks) << trackers;
    EXPECT_LE(requests_of(trackers, 8, 1), kChunks / 3) << trackers;
  }
}

TEST(RunsOfSeveral, AReaderThatReadsForAllForWantOfASuperpeerReadsRunsToo) {
  EXPECT_EQ(requests_of(3, 1, 0), kChunks);
  EXPECT_LT(requests_of(3, 8, 0), kChunks);
}

TEST(RunsOfSeveral, ARunThatFailsIsReadAnew) {
  TrackerCluster t(options_of(3, 8));
  populate(t, 3, 2);
  t.publish("big", kChunks);
  t.is_origin_broken = true;
  open_all(t, 3, 2, "big");
  t.run(Duration::seconds(2));
  t.is_origin_broken = false;
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
  for (const auto& [name, peer] : t.peers) EXPECT_TRUE(peer.failures.empty()) << name;
}

TEST(RunsOfSeveral, WhoDiesInARunIsReplaced) {
  TrackerCluster t(options_of(2, 8));
  populate(t, 2, 2, 2);
  t.publish("big", kChunks);
  open_all(t, 2, 2, "big");
  t.run(Duration::milliseconds(30));
  t.kill_peer("s0");
  ASSERT_TRUE(t.run_until_complete(kLimit));
  t.check_invariants();
}

}  // namespace
}  // namespace tyto::tracker
