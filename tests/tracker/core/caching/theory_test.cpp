// The policies against what is known of them: closed forms, and the best that can be.
#include <gtest/gtest.h>

#include "tests/tracker/core/caching/cache_model.h"
#include "tests/tracker/core/caching/traces.h"

namespace tyto::tracker {
namespace {

constexpr uint32_t kObjects = 1000;
constexpr std::array kKinds = {ReplacementKind::kLru, ReplacementKind::kLeastRare,
                               ReplacementKind::kHybrid, ReplacementKind::kTtl,
                               ReplacementKind::kRandom};

CacheModel::Spec spec_of(ReplacementKind kind, uint32_t room, uint32_t peers = 1) {
  CacheModel::Spec spec{.peers = peers, .objects = kObjects, .room = room, .caching = {}};
  spec.caching.replacement = kind;
  if (kind == ReplacementKind::kTtl) spec.caching.ttl = Duration::seconds(3600);
  return spec;
}

// The share of requests that the peer could answer itself, after the first `warm_up` of them.
double hit_ratio(const CacheModel::Spec& spec, const Trace& trace, std::size_t warm_up) {
  CacheModel model(spec);
  uint64_t hits = 0;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    bool is_hit = model.request(0, trace[i]) == CacheModel::Outcome::kHere;
    if (is_hit && i >= warm_up) ++hits;
  }
  return static_cast<double>(hits) / static_cast<double>(trace.size() - warm_up);
}

TEST(CacheTheory, LeastRecentlyUsedIsWithinOnePercentOfChe) {
  for (double exponent : {0.6, 0.8, 1.0, 1.2}) {
    for (uint32_t room : {50u, 200u}) {
      std::vector<double> popularity = zipf(kObjects, exponent);
      Trace trace = independent(popularity, 400'000, 7);
      double expected = che_lru(popularity, room);
      double found = hit_ratio(spec_of(ReplacementKind::kLru, room), trace, 20'000);
      EXPECT_NEAR(found / expected, 1, 0.01) << "exponent " << exponent << ", room " << room
                                             << ": expected " << expected << ", found " << found;
    }
  }
}

TEST(CacheTheory, RandomReplacementIsWithinTwoPercentOfItsClosedForm) {
  for (double exponent : {0.6, 1.2}) {
    for (uint32_t room : {50u, 200u}) {
      std::vector<double> popularity = zipf(kObjects, exponent);
      Trace trace = independent(popularity, 200'000, 8);
      double expected = che_random(popularity, room);
      double found = hit_ratio(spec_of(ReplacementKind::kRandom, room), trace, 20'000);
      EXPECT_NEAR(found / expected, 1, 0.02) << "exponent " << exponent << ", room " << room
                                             << ": expected " << expected << ", found " << found;
    }
  }
}

struct NamedTrace {
  std::string name;
  Trace trace;
};

std::vector<NamedTrace> all_traces() {
  constexpr std::size_t kRequests = 20'000;
  std::vector<NamedTrace> traces;
  for (double exponent : {0.6, 0.8, 1.0, 1.2}) {
    std::vector<double> popularity = zipf(kObjects, exponent);
    std::string law = "zipf " + std::to_string(exponent);
    traces.push_back({law, independent(popularity, kRequests, 1)});
    traces.push_back({law + ", scans", with_scans(popularity, kRequests, 2000, 200, 2)});
    traces.push_back({law + ", shifts", with_shifts(popularity, kRequests, 2500, 3)});
  }
  return traces;
}

// Peers take turns, so that there are other copies for the policies to count; each peer is held
// against the best that it could have done with its own requests.
TEST(CacheTheory, NoPolicyDoesBetterThanTheBestPossible) {
  constexpr uint32_t kPeers = 4;
  constexpr uint32_t kRoom = 50;
  for (const NamedTrace& named : all_traces()) {
    for (ReplacementKind kind : kKinds) {
      CacheModel model(spec_of(kind, kRoom, kPeers));
      std::array<Trace, kPeers> own;
      std::array<uint64_t, kPeers> hits{};
      for (std::size_t i = 0; i < named.trace.size(); ++i) {
        auto peer = static_cast<uint32_t>(i % kPeers);
        own[peer].push_back(named.trace[i]);
        hits[peer] += model.request(peer, named.trace[i]) == CacheModel::Outcome::kHere ? 1 : 0;
      }
      for (uint32_t peer = 0; peer < kPeers; ++peer) {
        EXPECT_LE(hits[peer], belady_hits(own[peer], kRoom))
            << named.name << ", policy " << static_cast<int>(kind);
        EXPECT_GT(hits[peer], 0u) << named.name << ", policy " << static_cast<int>(kind);
      }
    }
  }
}

// A loop over a little more than fits is what least recently used is worst at.
TEST(CacheTheory, ALoopOverMoreThanFitsHitsNothingWithLruAndMuchByLot) {
  Trace trace;
  for (uint32_t i = 0; i < 60'000; ++i) trace.push_back(i % 60);
  EXPECT_EQ(hit_ratio(spec_of(ReplacementKind::kLru, 50), trace, 1000), 0);
  EXPECT_GT(hit_ratio(spec_of(ReplacementKind::kRandom, 50), trace, 1000), 0.5);
}

TEST(CacheTheory, EveryPolicyFollowsAHotSetThatMoves) {
  std::vector<double> popularity = zipf(kObjects, 1.0);
  Trace before = independent(popularity, 50'000, 5);
  Trace after = independent(popularity, 50'000, 6);
  for (uint32_t& object : after) object = kObjects - 1 - object;
  Trace both = before;
  both.insert(both.end(), after.begin(), after.end());
  for (ReplacementKind kind : kKinds) {
    double first = hit_ratio(spec_of(kind, 100), before, 25'000);
    double second = hit_ratio(spec_of(kind, 100), both, 75'000);
    EXPECT_GT(second, first * 0.95) << "policy " << static_cast<int>(kind);
  }
}

// What the copies of others are good for: with the same room, more of what is asked for is
// somewhere in the fleet.
TEST(CacheTheory, CountingCopiesKeepsMoreOfTheDataInTheFleetThanLru) {
  constexpr uint32_t kPeers = 20;
  Trace trace = independent(zipf(kObjects, 0.8), 100'000, 9);
  std::map<ReplacementKind, uint64_t> misses;
  for (ReplacementKind kind : kKinds) {
    CacheModel model(spec_of(kind, 50, kPeers));
    Rng rng(10);
    for (std::size_t i = 0; i < trace.size(); ++i) {
      auto outcome = model.request(rng.below(kPeers), trace[i]);
      if (outcome == CacheModel::Outcome::kNowhere && i > 50'000) ++misses[kind];
    }
  }
  EXPECT_LT(misses[ReplacementKind::kLeastRare] * 10, misses[ReplacementKind::kLru] * 9);
}

}  // namespace
}  // namespace tyto::tracker
