// Buckets that want the same uplinks share them by their weights.
#include <gtest/gtest.h>

#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {
namespace {

struct Contest {
  uint32_t weight_b = 1;
  uint32_t weight_c = 1;
  int readers_b = 3;
  int readers_c = 3;
};

// Chunks that bucket b was brought for each chunk of bucket c, while both want more than one source
// can give. Transfers end in the order in which they began, as they do where flows share a link.
double ratio(const Contest& contest) {
  constexpr uint32_t kChunks = 256;
  TrackerDriver::Options options;
  options.config.uploads_per_host = 8;
  TrackerDriver t(options);
  Policy policy;
  policy.selection.tree_depth = 0;
  policy.selection.weight = contest.weight_b;
  t.set_policy(policy, "b");
  policy.selection.weight = contest.weight_c;
  t.set_policy(policy, "c");
  for (auto key : {"b:k", "c:k"}) t.publish(key, kChunks);
  t.join("seed");
  for (auto key : {"b:k", "c:k"}) t.have("seed", key, std::string(kChunks, '#'));
  std::vector<std::string> readers;
  auto join = [&](const std::string& bucket, int count) {
    for (int i = 0; i < count; ++i) {
      readers.push_back(bucket + std::to_string(i));
      RegisterRequest request = t.request(readers.back(), "r/z/k" + readers.back() + "/h");
      request.data_address = {};  // serves nobody: all compete for the seed
      t.join_as(readers.back(), request);
      t.open(readers.back(), bucket + ":k");
    }
  };
  join("b", contest.readers_b);
  join("c", contest.readers_c);
  int brought_b = 0;
  int brought_c = 0;
  constexpr int kBegun = 40;  // what the first had before the second came is not counted
  for (int i = 0; i < 240; ++i) {
    std::string oldest;
    uint64_t number = UINT64_MAX;
    for (const std::string& name : readers) {
      for (const Assign& order : t[name].assigns) {
        if (order.assignment.n >= number) continue;
        number = order.assignment.n;
        oldest = name;
      }
    }
    if (oldest.empty()) break;
    if (i >= kBegun) ++(oldest[0] == 'b' ? brought_b : brought_c);
    t.finish_one(oldest);
  }
  return static_cast<double>(brought_b) / brought_c;
}

TEST(Weights, TwoBucketsAtThreeToOneGetBytesThreeToOne) {
  EXPECT_NEAR(ratio({.weight_b = 3, .weight_c = 1}), 3.0, 0.3);
  EXPECT_NEAR(ratio({.weight_b = 1, .weight_c = 3}), 1 / 3.0, 0.033);
}

TEST(Weights, TheNumberOfReadersDoesNotMatter) {
  EXPECT_NEAR(ratio({.weight_b = 3, .weight_c = 1, .readers_b = 1, .readers_c = 6}), 3.0, 0.3);
  EXPECT_NEAR(ratio({.weight_b = 1, .weight_c = 1, .readers_b = 1, .readers_c = 6}), 1.0, 0.1);
}

TEST(Weights, WhatOneBucketDoesNotWantTheOtherTakes) {
  TrackerDriver::Options options;
  options.config.uploads_per_host = 8;
  TrackerDriver t(options);
  Policy policy;
  t.set_policy(policy, "b");
  policy.selection.weight = 100;
  t.set_policy(policy, "c");
  t.publish("b:k", 32);
  t.join("seed");
  t.have("seed", "b:k", std::string(32, '#'));
  t.join("r");
  t.open("r", "b:k");
  EXPECT_EQ(t["r"].assigns.size(), 8u);
}

}  // namespace
}  // namespace tyto::tracker
