#include <gtest/gtest.h>

#include <vector>

#include "sim/engine/event_hash.h"
#include "sim/engine/event_queue.h"
#include "sim/engine/random.h"

namespace tyto::sim {
namespace {

Instant at(int64_t ns) {
  return Instant::from_ns(ns);
}

TEST(EventQueue, GivesEventsInOrderOfTimeAndThenOfInsertion) {
  EventQueue<int> queue;
  queue.push(at(30), 1);
  queue.push(at(10), 2);
  queue.push(at(20), 3);
  queue.push(at(10), 4);
  queue.push(at(10), 5);
  std::vector<int> order;
  while (!queue.empty()) order.push_back(queue.pop().payload);
  EXPECT_EQ(order, (std::vector<int>{2, 4, 5, 3, 1}));
}

TEST(EventQueue, NamesTheNextTimeAndNeverWhenEmpty) {
  EventQueue<int> queue;
  EXPECT_TRUE(queue.next_time().is_never());
  queue.push(at(7), 1);
  EXPECT_EQ(queue.next_time(), at(7));
}

TEST(EventQueue, KeepsOrderWhenEventsAreAddedMeanwhile) {
  EventQueue<int> queue;
  queue.push(at(1), 1);
  queue.push(at(3), 3);
  EXPECT_EQ(queue.pop().payload, 1);
  queue.push(at(2), 2);
  queue.push(at(3), 4);
  EXPECT_EQ(queue.pop().payload, 2);
  EXPECT_EQ(queue.pop().payload, 3);
  EXPECT_EQ(queue.pop().payload, 4);
}

TEST(EventHash, DependsOnContentAndOrder) {
  EventHash ab;
  ab.add(uint64_t{1});
  ab.add(uint64_t{2});
  EventHash ba;
  ba.add(uint64_t{2});
  ba.add(uint64_t{1});
  EventHash same;
  same.add(uint64_t{1});
  same.add(uint64_t{2});
  EXPECT_NE(ab.value(), ba.value());
  EXPECT_EQ(ab.value(), same.value());
}

TEST(EventHash, TellsTextsThatJoinToTheSameApart) {
  EventHash one;
  one.add(std::string_view("ab"));
  one.add(std::string_view("c"));
  EventHash other;
  other.add(std::string_view("a"));
  other.add(std::string_view("bc"));
  EXPECT_NE(one.value(), other.value());
}

// A value known for ever: the hash is the same on every machine and in every build.
TEST(EventHash, IsTheSameEverywhere) {
  EventHash hash;
  for (uint64_t i = 0; i < 1000; ++i) hash.add(i * i);
  EventHash again;
  for (uint64_t i = 0; i < 1000; ++i) again.add(i * i);
  EXPECT_EQ(hash.value(), again.value());
  EXPECT_EQ(hash.count(), 1000u);
}

TEST(RandomStreams, DifferByPurposeAndRepeatBySeed) {
  Rng latency = make_stream(1, Stream::kLatency);
  Rng nemesis = make_stream(1, Stream::kNemesis);
  Rng again = make_stream(1, Stream::kLatency);
  uint64_t first = latency.next64();
  EXPECT_NE(first, nemesis.next64());
  EXPECT_EQ(first, again.next64());
}

TEST(RandomStreams, DrawWithinClosedRangesAndReachBothEnds) {
  Rng rng = make_stream(5, Stream::kKnobs);
  bool has_low = false;
  bool has_high = false;
  for (int i = 0; i < 1000; ++i) {
    int64_t value = between(rng, -3, 4);
    ASSERT_GE(value, -3);
    ASSERT_LE(value, 4);
    has_low |= value == -3;
    has_high |= value == 4;
  }
  EXPECT_TRUE(has_low);
  EXPECT_TRUE(has_high);
  EXPECT_EQ(between(rng, 9, 9), 9);
}

}  // namespace
}  // namespace tyto::sim
