#include "sim/models/tcp.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/scenarios/catalogue.h"
#include "sim/scenarios/run.h"

namespace tyto::sim {
namespace {

constexpr Duration kRoundTrip = Duration::milliseconds(100);
constexpr uint64_t kInitial = 10 * kSegmentBytes;

Instant at_ms(int64_t ms) {
  return Instant() + Duration::milliseconds(ms);
}

TEST(RateByLoss, IsMathissFormula) {
  for (uint32_t ppm : {1u, 10u, 100u, 1'000u, 10'000u, 200'000u}) {
    for (int64_t ms : {1, 30, 200}) {
      double expected =
          kSegmentBytes / (static_cast<double>(ms) / 1000) * std::sqrt(1.5 / (ppm / 1e6));
      auto rate = static_cast<double>(rate_by_loss(ppm, Duration::milliseconds(ms)));
      EXPECT_NEAR(rate / expected, 1.0, 0.001) << ppm << " of a million, " << ms << " ms";
    }
  }
}

TEST(RateByLoss, IsNoCapWhereNothingIsLostOrNoTimePasses) {
  EXPECT_EQ(rate_by_loss(0, kRoundTrip), kUncapped);
  EXPECT_EQ(rate_by_loss(1000, Duration()), kUncapped);
}

TEST(RateByWindow, IsAWindowEachRoundTrip) {
  EXPECT_EQ(rate_by_window(1460, kRoundTrip), 14'600u);
  EXPECT_EQ(rate_by_window(1, Duration::seconds(10)), 1u);
  EXPECT_EQ(rate_by_window(1460, Duration()), kUncapped);
}

TEST(IdleConnections, TheOneUsedLastIsTakenFirstAndANewOneIfNoneIsLeft) {
  IdleConnections idle({}, kRoundTrip);
  IdleConnections::Ends ends{HostId(1), HostId(2)};
  EXPECT_EQ(idle.take(at_ms(0), ends), kInitial);
  idle.give_back(at_ms(0), ends, 500'000);
  idle.give_back(at_ms(1), ends, 700'000);
  EXPECT_EQ(idle.take(at_ms(2), {HostId(2), HostId(1)}), kInitial);
  EXPECT_EQ(idle.take(at_ms(2), ends), 700'000u);
  EXPECT_EQ(idle.take(at_ms(2), ends), 500'000u);
  EXPECT_EQ(idle.take(at_ms(2), ends), kInitial);
}

TEST(IdleConnections, LoseHalfOfTheirWindowWithEachTimeOut) {
  IdleConnections idle({}, kRoundTrip);  // so a time-out is 300 ms
  IdleConnections::Ends ends{HostId(1), HostId(2)};
  auto after = [&](int64_t ms) {
    idle.give_back(at_ms(0), ends, 400'000);
    return idle.take(at_ms(ms), ends);
  };
  EXPECT_EQ(after(299), 400'000u);
  EXPECT_EQ(after(300), 200'000u);
  EXPECT_EQ(after(900), 50'000u);
  EXPECT_EQ(after(30'000), kInitial);
}

TEST(IdleConnections, AreKeptInBoundsAndForgottenWithTheirHost) {
  IdleConnections idle({}, kRoundTrip);
  for (uint32_t i = 0; i < 10; ++i) idle.give_back(at_ms(0), {HostId(1), HostId(2)}, 100'000'000);
  EXPECT_EQ(idle.size(), IdleConnections::kIdleMax);
  idle.give_back(at_ms(0), {HostId(3), HostId(1)}, 100'000'000);
  idle.give_back(at_ms(0), {HostId(3), HostId(2)}, 100'000'000);
  idle.forget(HostId(1));
  EXPECT_EQ(idle.size(), 1u);
  // What is as good as new by now goes when its reader gives back another.
  idle.give_back(at_ms(3'600'000), {HostId(3), HostId(4)}, 100'000'000);
  EXPECT_EQ(idle.size(), 1u);
}

// --- in a world: one reader of the origin, one chunk, a round trip of 100 ms ---

constexpr uint64_t kRate = 8'000'000;

Scenario far_origin() {
  Scenario scenario = base_scenario("far_origin", {}, {.readers = 1, .chunks = 1});
  scenario.bucket.trust_peers = true;
  scenario.fleet.superpeers = 0;
  scenario.reads[0].node = scenario.fleet.reader(0);
  scenario.fleet.reader_link = {kRate, kRate};
  scenario.origin = {.bytes_per_s = kRate, .latency = Duration()};
  scenario.latency = {Duration::milliseconds(50), Duration()};
  return scenario;
}

Duration time_of(const Scenario& scenario) {
  RunResult result = run(scenario);
  EXPECT_TRUE(result.is_good());
  return result.reads[0].took;
}

// Round i brings 2^i initial windows, until a window fills the link: that takes log2(8 MB/s * 100
// ms / 14600 B) rounds, so 6, which bring 63 of them.
TEST(SlowStart, CostsAYoungFlowTheRoundTripsThatItsWindowTakesToFillTheLink) {
  Scenario scenario = far_origin();
  scenario.objects[0].bytes = 1'000'000;
  Duration full = time_of(scenario);
  scenario.tcp.has_slow_start = true;
  Duration young = time_of(scenario);
  double rounds_s = 0.6;
  double brought = 63.0 * kInitial;  // in these
  double expected_s = rounds_s - brought / kRate;
  EXPECT_NEAR((young - full).ns() / 1e9, expected_s, 0.002);
}

TEST(SlowStart, IsOverWhenTheFlowHasItsShareOfTheLinks) {
  Scenario scenario = far_origin();
  scenario.fleet.reader_link = {kRate, 400'000};
  scenario.objects[0].bytes = 1'000'000;
  Duration full = time_of(scenario);
  scenario.tcp.has_slow_start = true;
  RunResult result = run(scenario);
  // Windows of 146 and 292 kB/s in two round trips, and then the link's 400 kB/s.
  double lost_s = 0.2 - (0.0146 + 0.0292) / 0.4;
  EXPECT_NEAR((result.reads[0].took - full).ns() / 1e9, lost_s, 0.002);
  EXPECT_EQ(result.events_by_kind[static_cast<std::size_t>(EventKind::kWindow)], 2u);
}

TEST(SlowStart, AConnectionThatWasJustUsedIsNotYoung) {
  Scenario scenario = far_origin();
  scenario.tcp.has_slow_start = true;
  scenario.objects[0].bytes = object_bytes(8);
  RunResult result = run(scenario);
  EXPECT_TRUE(result.is_good());
  // Each connection at once grows, and none anew for each of 8 chunks.
  EXPECT_LT(result.events_by_kind[static_cast<std::size_t>(EventKind::kWindow)], 8 * 6u);
}

TEST(Loss, HoldsAFlowToMathissRate) {
  Scenario scenario = far_origin();
  scenario.objects[0].bytes = 1'000'000;
  Duration full = time_of(scenario);
  scenario.fleet.reader_link.loss_ppm = 10'000;
  Duration lossy = time_of(scenario);
  double rate = static_cast<double>(rate_by_loss(10'000, kRoundTrip));
  EXPECT_NEAR((lossy - full).ns() / 1e9, 1e6 / rate - 1e6 / kRate, 0.002);
  scenario.fleet.reader_link.loss_ppm = 0;
  scenario.origin.loss_ppm = 10'000;
  EXPECT_EQ(time_of(scenario), lossy);
}

}  // namespace
}  // namespace tyto::sim
