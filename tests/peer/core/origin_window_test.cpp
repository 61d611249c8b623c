#include "peer/core/origin_window.h"

#include <gtest/gtest.h>

namespace tyto::peer {
namespace {

constexpr uint64_t kChunk = 256 * kKiB;

// Reads one after the other as the window allows; `took` says how long one takes among so many.
template <class Took>
uint32_t settle(OriginWindow& window, Took took, int reads = 200) {
  for (int i = 0; i < reads; ++i) window.read(kChunk, took(window.limit()), window.limit());
  return window.limit();
}

TEST(OriginWindow, ALinkThatOneReadFillsIsGivenTwo) {
  OriginWindow window(16);
  EXPECT_EQ(window.limit(), 1u);
  uint32_t limit = settle(window, [](uint32_t n) { return Duration::milliseconds(44) * n; });
  EXPECT_GE(limit, 2u);
  EXPECT_LE(limit, 3u);
}

TEST(OriginWindow, AnOriginFarAwayIsGivenAllThatIsAllowed) {
  OriginWindow window(16);
  EXPECT_EQ(settle(window, [](uint32_t) { return Duration::milliseconds(100); }), 16u);
}

TEST(OriginWindow, ALinkThatFourReadsFillIsGivenLittleMore) {
  OriginWindow window(16);
  uint32_t limit =
      settle(window, [](uint32_t n) { return Duration::milliseconds(10) * std::max(n, 4u); });
  EXPECT_GE(limit, 4u);
  EXPECT_LE(limit, 6u);
}

TEST(OriginWindow, ShrinksWhenTheOriginBecomesBusyAndGrowsAgainAfter) {
  OriginWindow window(8);
  settle(window, [](uint32_t) { return Duration::milliseconds(10); });
  settle(
      window, [](uint32_t n) { return Duration::milliseconds(40) * n; }, 30);
  EXPECT_LE(window.limit(), 3u);
  EXPECT_EQ(settle(window, [](uint32_t) { return Duration::milliseconds(10); }), 8u);
}

TEST(OriginWindow, ReadsThatCompetedWithNobodySayNothing) {
  OriginWindow window(8);
  settle(
      window, [](uint32_t) { return Duration::milliseconds(10); }, 3);
  uint32_t limit = window.limit();
  for (int i = 0; i < 20; ++i) window.read(kChunk, Duration::milliseconds(10), 1);
  window.read(0, Duration::milliseconds(10), limit);
  window.read(kChunk, Duration{}, limit);
  EXPECT_EQ(window.limit(), limit);
}

}  // namespace
}  // namespace tyto::peer
