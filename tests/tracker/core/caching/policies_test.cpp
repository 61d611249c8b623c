// What each policy chooses, as tables.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tracker/core/caching/pins.h"
#include "tracker/core/caching/replacement.h"
#include "tracker/core/caching/shares.h"
#include "tracker/core/heat.h"

namespace tyto::tracker {
namespace {

// One candidate for each character, the least recently used first: how many copies there are, as a
// digit; a letter from 'a' (1 copy) on for a hot object.
std::vector<Candidate> candidates(const std::string& text) {
  std::vector<Candidate> list;
  for (char c : text) {
    Candidate candidate;
    candidate.is_hot = c >= 'a';
    candidate.copies = static_cast<uint32_t>(candidate.is_hot ? c - 'a' + 1 : c - '0');
    list.push_back(candidate);
  }
  return list;
}

struct Row {
  const char* candidates;
  std::size_t place;
  Choice why;
};

void check(const Replacement& policy, const std::vector<Row>& rows) {
  Rng rng(1);
  for (const Row& row : rows) {
    Nomination found = policy.nominate(candidates(row.candidates), rng);
    EXPECT_EQ(found.place, row.place) << row.candidates;
    EXPECT_EQ(found.why, row.why) << row.candidates;
  }
}

TEST(Replacement, LeastRecentlyUsedTakesTheOldest) {
  check(lru_replacement(),
        {{"1", 0, Choice::kEvictLru}, {"293", 0, Choice::kEvictLru}, {"a1", 0, Choice::kEvictLru}});
}

TEST(Replacement, TimeToLiveTakesWhatWouldExpireFirst) {
  check(ttl_replacement(), {{"293", 0, Choice::kEvictLru}});
}

TEST(Replacement, LeastRareTakesTheOneWithTheMostCopiesAndTheOldestOfEquals) {
  Choice why = Choice::kEvictLeastRare;
  check(least_rare_replacement(),
        {{"1", 0, why}, {"293", 1, why}, {"2929", 1, why}, {"a2c", 2, why}, {"111", 0, why}});
}

TEST(Replacement, HybridTakesTheOldestColdOneOrTheHotOneWithTheMostCopiesWhicheverIsOlder) {
  check(hybrid_replacement(), {{"293", 0, Choice::kEvictLru},
                               {"acb", 1, Choice::kEvictLeastRare},
                               {"ac1", 1, Choice::kEvictLeastRare},
                               {"a1c", 1, Choice::kEvictLru},
                               {"1ac", 0, Choice::kEvictLru}});
}

TEST(Replacement, RandomTakesEachOfThoseWhoseTurnItIs) {
  std::vector<Candidate> list = candidates("12345678");
  for (std::size_t i = 4; i < 8; ++i) list[i].is_by_lot = true;
  Rng rng(1);
  std::vector<int> taken(8);
  for (int i = 0; i < 4000; ++i) ++taken[random_replacement().nominate(list, rng).place];
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(taken[i], 0);
  for (std::size_t i = 4; i < 8; ++i) EXPECT_NEAR(taken[i], 1000, 120);
}

TEST(Replacement, RandomTakesAnyIfItIsNobodysTurn) {
  std::vector<Candidate> list = candidates("123");
  Rng rng(1);
  std::vector<int> taken(3);
  for (int i = 0; i < 3000; ++i) ++taken[random_replacement().nominate(list, rng).place];
  for (int times : taken) EXPECT_NEAR(times, 1000, 120);
}

TEST(Replacement, EachKindHasItsPolicy) {
  EXPECT_EQ(&replacement(ReplacementKind::kLru), &lru_replacement());
  EXPECT_EQ(&replacement(ReplacementKind::kLeastRare), &least_rare_replacement());
  EXPECT_EQ(&replacement(ReplacementKind::kHybrid), &hybrid_replacement());
  EXPECT_EQ(&replacement(ReplacementKind::kTtl), &ttl_replacement());
  EXPECT_EQ(&replacement(ReplacementKind::kRandom), &random_replacement());
}

TEST(Shares, KeepEachBucketsBytesApart) {
  Shares shares;
  BucketIndex a(0);
  BucketIndex b(1);
  shares.use(a, 10);
  shares.use(b, 5);
  shares.begin_evicting(a, 4);
  EXPECT_EQ(shares.of(a).used_bytes, 10u);
  EXPECT_EQ(shares.of(a).evicting_bytes, 4u);
  shares.end_evicting(a, 4);
  EXPECT_EQ(shares.of(a).used_bytes, 6u);
  EXPECT_EQ(shares.of(a).evicting_bytes, 0u);
  EXPECT_EQ(shares.of(b).used_bytes, 5u);
  shares.free(b, 5);
  EXPECT_EQ(shares.rows().size(), 1u);
}

VersionId version(uint8_t n) {
  VersionId id;
  id.digest.bytes[0] = n;
  return id;
}

Instant at(int64_t seconds) {
  return Instant() + Duration::seconds(seconds);
}

TEST(Pins, HoldAVersionUntilTheLatestOfItsPinsRunsOut) {
  Pins pins;
  pins.put({"b", "x"}, {version(1), 10, at(100)});
  pins.put({"b", "y"}, {version(1), 10, at(200)});
  EXPECT_TRUE(pins.holds(version(1), at(150)));
  EXPECT_FALSE(pins.holds(version(1), at(200)));
  pins.remove({"b", "y"});
  EXPECT_TRUE(pins.holds(version(1), at(99)));
  EXPECT_FALSE(pins.holds(version(1), at(150)));
  pins.put({"b", "x"}, {version(2), 10, at(100)});  // in place of the former
  EXPECT_FALSE(pins.holds(version(1), at(50)));
  EXPECT_TRUE(pins.holds(version(2), at(50)));
}

TEST(Pins, ThatHaveRunOutAreForgottenAndTheOthersKept) {
  Pins pins;
  pins.put({"b", "x"}, {version(1), 10, at(100), {}});
  pins.put({"b", "y"}, {version(1), 10, at(200), {}});
  pins.put({"b", "z"}, {version(2), 10, at(50), {}});
  pins.forget_expired(at(100));
  int left = 0;
  pins.visit([&](const ObjectName& name, const Pin&) {
    EXPECT_EQ(name.key, "y");
    ++left;
  });
  EXPECT_EQ(left, 1);
  EXPECT_TRUE(pins.holds(version(1), at(150)));
  EXPECT_FALSE(pins.holds(version(2), at(0)));
}

TEST(Pins, CountTheBytesOfABucketsOtherPinsInForce) {
  Pins pins;
  pins.put({"a", "x"}, {version(1), 1, at(100)});
  pins.put({"b", "x"}, {version(2), 10, at(100)});
  pins.put({"b", "y"}, {version(3), 100, at(200)});
  EXPECT_EQ(pins.bytes({"b", "z"}, at(50)), 110u);
  EXPECT_EQ(pins.bytes({"b", "x"}, at(50)), 100u);
  EXPECT_EQ(pins.bytes({"b", "z"}, at(150)), 100u);
  EXPECT_EQ(pins.count({"b", "x"}, at(50)), 2u);
}

TEST(Heat, HalfIsForgottenEachHalfLifeHoweverOftenItIsLookedAt) {
  Heat heat;
  for (int i = 0; i < 8; ++i) heat.note_open(at(0));
  EXPECT_EQ(heat.milliopens(at(0)), 8000u);
  EXPECT_EQ(heat.milliopens(at(600)), 4000u);
  EXPECT_EQ(heat.milliopens(at(1800)), 1000u);
  EXPECT_NEAR(heat.milliopens(at(300)), 5657, 5);
  EXPECT_TRUE(heat.is_at_least(4, at(600)));
  EXPECT_FALSE(heat.is_at_least(4, at(700)));
  EXPECT_EQ(heat.milliopens(at(1'000'000)), 0u);
}

TEST(Heat, ASteadyRateComesToItsMeanOverTheHalfLife) {
  Heat heat;
  for (int i = 0; i < 20'000; ++i) heat.note_open(at(i));
  EXPECT_NEAR(heat.milliopens(at(20'000)), 866'000, 25'000);
}

}  // namespace
}  // namespace tyto::tracker
