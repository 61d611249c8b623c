#include "tracker/core/index_map.h"

#include <gtest/gtest.h>

#include <map>

namespace tyto::tracker {
namespace {

TEST(IndexMap, AnEmptyOneHasNothingAndLosesNothing) {
  IndexMap map;
  EXPECT_EQ(map.find(7), IndexMap::kAbsent);
  map.erase(7);
  EXPECT_EQ(map.size(), 0u);
}

TEST(IndexMap, WhatComesAndGoesInAnyOrderIsFoundAsInAnOrderedMap) {
  IndexMap map;
  std::map<uint64_t, uint32_t> expected;
  Rng rng(1);
  for (uint32_t turn = 0; turn < 20'000; ++turn) {
    // Few keys, so that they come back and runs of full slots are long.
    uint64_t key = rng.below(300);
    if (expected.count(key) == 0) {
      map.insert(key, turn);
      expected[key] = turn;
    } else {
      map.erase(key);
      expected.erase(key);
    }
    uint64_t asked = rng.below(300);
    auto it = expected.find(asked);
    ASSERT_EQ(map.find(asked), it == expected.end() ? IndexMap::kAbsent : it->second) << turn;
    ASSERT_EQ(map.size(), expected.size());
  }
}

}  // namespace
}  // namespace tyto::tracker
