#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "base/rng.h"
#include "tracker/core/picks.h"

namespace tyto::tracker {
namespace {

// Chunk i of `ranks` has rank ranks[i]; those of rank 0 have been taken out.
BestChunks made_of(const std::vector<uint64_t>& ranks) {
  BestChunks list;
  for (uint32_t chunk = 0; chunk < ranks.size(); ++chunk)
    if (ranks[chunk] != 0) list.offer(chunk, ranks[chunk]);
  return list;
}

std::vector<uint32_t> shown(const BestChunks& list) {
  std::vector<uint32_t> chunks;
  for (std::size_t i = 0; i < list.size(); ++i) chunks.push_back(list[i]);
  return chunks;
}

std::vector<uint64_t> shuffled(uint32_t count, Rng& rng) {
  std::vector<uint64_t> ranks;
  for (uint32_t i = 0; i < count; ++i) ranks.push_back(i + 1);
  for (uint32_t i = count; i > 1; --i) std::swap(ranks[i - 1], ranks[rng.below(i)]);
  return ranks;
}

TEST(BestChunks, TheBestComeFirstThenTheLastFromTheEnd) {
  BestChunks list = made_of({20, 1, 19, 2, 18, 3, 17, 4, 16, 5, 15, 6, 14, 7});
  EXPECT_EQ(shown(list), (std::vector<uint32_t>{1, 3, 5, 7, 9, 11, 0, 2, 4}));
}

TEST(BestChunks, FewAreAllShown) {
  EXPECT_EQ(shown(made_of({3, 1, 2})), (std::vector<uint32_t>{1, 2, 0}));
  EXPECT_EQ(shown(made_of({8, 7, 6, 5, 4, 3, 2, 1})),
            (std::vector<uint32_t>{7, 6, 5, 4, 3, 2, 0, 1}));
}

TEST(BestChunks, AfterOneIsTakenOutTheListIsAsIfMadeAnewUnlessItSaysOtherwise) {
  Rng rng(1);
  for (uint32_t count = 1; count <= 40; ++count) {
    for (int round = 0; round < 50; ++round) {
      std::vector<uint64_t> ranks = shuffled(count, rng);
      BestChunks list = made_of(ranks);
      uint32_t kept = 0;
      while (list.size() > 0) {
        uint32_t chunk = list[rng.below(static_cast<uint32_t>(list.size()))];
        ranks[chunk] = 0;
        bool is_good = list.remove(chunk);
        kept += is_good ? 1 : 0;
        if (!is_good) list = made_of(ranks);
        ASSERT_EQ(shown(list), shown(made_of(ranks))) << count << " chunks";
      }
      EXPECT_GT(kept, 0u);
    }
  }
}

}  // namespace
}  // namespace tyto::tracker
