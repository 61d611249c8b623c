#include "io/loop/loop.h"

#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>
#include <thread>
#include <vector>

#include "io/loop/clock.h"
#include "io/loop/rate_limited_errors.h"
#include "io/loop/timer.h"

namespace tyto::io {
namespace {

constexpr Duration kLimit = Duration::seconds(20);

TEST(Loop, RunsPostedTasksInOrderAndNeverInsidePost) {
  Loop loop;
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) loop.post([&order, i] { order.push_back(i); });
  EXPECT_TRUE(order.empty());
  ASSERT_TRUE(loop.run_until([&] { return order.size() == 3; }, kLimit));
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
}

TEST(Loop, TakesTasksFromOtherThreads) {
  Loop loop;
  std::thread::id ran_on;
  std::thread other([&] {
    EXPECT_FALSE(loop.on_own_thread());
    loop.post([&] {
      ran_on = std::this_thread::get_id();
      loop.stop();
    });
  });
  loop.run();
  other.join();
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(Loop, StopBeforeRunMakesItReturnAtOnceAndTheNextRunGoesOn) {
  Loop loop;
  int ran = 0;
  loop.stop();
  loop.post([&] {
    ++ran;
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(ran, 0);
  loop.run();
  EXPECT_EQ(ran, 1);
}

TEST(Loop, APauseLetsEventsGatherAndLosesNone) {
  Loop loop;
  int pauses = 0;
  std::vector<int> order;
  loop.set_pause([&] { return ++pauses < 50 ? Duration::microseconds(100) : Duration{}; });
  Timer timer(loop);
  timer.start_after(Duration::milliseconds(2), [&] {
    order.push_back(1);
    loop.post([&] { order.push_back(2); });
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_GT(pauses, 0);
  // Without one the loop waits as usual, and another thread's stop() is heard.
  loop.set_pause(nullptr);
  std::thread other([&] { loop.stop(); });
  loop.run();
  other.join();
}

TEST(Loop, StopFromAnotherThreadEndsRun) {
  Loop loop;
  std::thread other([&] { loop.stop(); });
  loop.run();
  other.join();
}

TEST(Loop, RunUntilGivesUpAfterItsLimit) {
  Loop loop;
  Instant before = loop.now();
  EXPECT_FALSE(loop.run_until([] { return false; }, Duration::milliseconds(20)));
  EXPECT_GE(loop.now() - before, Duration::milliseconds(20));
}

TEST(Loop, SeveralLoopsLiveOnThreadsOfTheirOwn) {
  int sum = 0;
  Loop mine;
  std::thread other([&] {
    Loop theirs;
    theirs.post([&] {
      mine.post([&] { sum += 1; });
      theirs.stop();
    });
    theirs.run();
  });
  EXPECT_TRUE(mine.run_until([&] { return sum == 1; }, kLimit));
  other.join();
}

TEST(Loop, DropsTasksNotRunWhenItIsDestroyed) {
  auto token = std::make_shared<int>(1);
  {
    Loop loop;
    loop.post([token] {});
    EXPECT_EQ(token.use_count(), 2);
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(Loop, CallsBackOnSignalsAgainAndAgain) {
  Loop loop;
  std::vector<int> seen;
  loop.on_signal({SIGUSR1, SIGUSR2}, [&](int signal) { seen.push_back(signal); });
  std::raise(SIGUSR1);
  ASSERT_TRUE(loop.run_until([&] { return seen.size() == 1; }, kLimit));
  std::raise(SIGUSR2);
  ASSERT_TRUE(loop.run_until([&] { return seen.size() == 2; }, kLimit));
  EXPECT_EQ(seen, (std::vector<int>{SIGUSR1, SIGUSR2}));
}

TEST(Loop, AWriteToAClosedPipeDoesNotKillTheProcess) {
  Loop loop;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  EXPECT_EQ(::write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  ::close(ends[1]);
}

TEST(LoopDeathTest, AnExceptionThatEscapesACallbackAbortsWithItsMessage) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Loop loop;
        loop.post([] { throw std::runtime_error("a nail in the wood"); });
        loop.run();
      },
      "escaped a callback.*a nail in the wood");
  EXPECT_DEATH(
      {
        Loop loop({.on_bug = [](std::string_view what) {
          fprintf(stderr, "hook got: %.*s\n", static_cast<int>(what.size()), what.data());
        }});
        loop.post([] { throw 1; });
        loop.run();
      },
      "hook got: an exception of unknown type");
}

TEST(Timer, FiresOnceAndNotBeforeItsTime) {
  Loop loop;
  Timer timer(loop);
  int fired = 0;
  Instant due = loop.now() + Duration::milliseconds(15);
  timer.start_at(due, [&] {
    ++fired;
    EXPECT_GE(loop.now(), due);
  });
  EXPECT_TRUE(timer.is_armed());
  ASSERT_TRUE(loop.run_until([&] { return fired > 0; }, kLimit));
  EXPECT_FALSE(timer.is_armed());
  EXPECT_FALSE(loop.run_until([&] { return fired > 1; }, Duration::milliseconds(30)));
}

TEST(Timer, ATimeThatHasPassedFiresSoonButNotInsideStart) {
  Loop loop;
  Timer timer(loop);
  bool fired = false;
  timer.start_at(Instant::from_ns(1), [&] { fired = true; });
  EXPECT_FALSE(fired);
  EXPECT_TRUE(loop.run_until([&] { return fired; }, kLimit));
}

TEST(Timer, CancelledRestartedOrDestroyedOnesStaySilent) {
  Loop loop;
  int wrong = 0, right = 0;
  Timer cancelled(loop), restarted(loop), never(loop);
  cancelled.start_after(Duration::milliseconds(5), [&] { ++wrong; });
  cancelled.cancel();
  restarted.start_after(Duration::milliseconds(5), [&] { ++wrong; });
  restarted.start_after(Duration::milliseconds(20), [&] { ++right; });
  never.start_after(Duration::milliseconds(5), [&] { ++wrong; });
  never.start_at(Instant::never(), [&] { ++wrong; });
  EXPECT_FALSE(never.is_armed());
  {
    Timer destroyed(loop);
    destroyed.start_after(Duration::milliseconds(5), [&] { ++wrong; });
  }
  ASSERT_TRUE(loop.run_until([&] { return right == 1; }, kLimit));
  EXPECT_EQ(wrong, 0);
}

TEST(Timer, IsSilencedEvenWhenItsWaitHadEndedAlready) {
  Loop loop;
  Timer first(loop), second(loop);
  int fired = 0;
  // Both are due when the loop looks; whoever comes first silences the other.
  first.start_at(Instant::from_ns(1), [&] {
    ++fired;
    second.cancel();
  });
  second.start_at(Instant::from_ns(2), [&] {
    ++fired;
    first.cancel();
  });
  EXPECT_FALSE(loop.run_until([&] { return fired > 1; }, Duration::milliseconds(20)));
  EXPECT_EQ(fired, 1);
}

TEST(Timer, MayStartItselfAgainOrDestroyItselfInItsCallback) {
  Loop loop;
  int ticks = 0;
  auto timer = std::make_unique<Timer>(loop);
  std::function<void()> tick = [&] {
    if (++ticks == 3) return timer.reset();
    timer->start_after(Duration::milliseconds(1), tick);
  };
  timer->start_after(Duration::milliseconds(1), tick);
  ASSERT_TRUE(loop.run_until([&] { return timer == nullptr; }, kLimit));
  EXPECT_EQ(ticks, 3);
}

TEST(RateLimitedErrors, TellsTheFirstOfEachKindAndThenCountsInSilence) {
  std::vector<std::pair<std::string, uint64_t>> told;
  RateLimitedErrors errors([&](const Error& error, uint64_t suppressed) {
    told.emplace_back(error.message, suppressed);
  });
  auto at = [](int64_t s) { return Instant::from_ns(0) + Duration::seconds(s); };
  errors.report(at(1), "a", {ErrorCode::kUnavailable, "a1"});
  errors.report(at(2), "a", {ErrorCode::kUnavailable, "a2"});
  errors.report(at(2), "b", {ErrorCode::kUnavailable, "b1"});
  errors.report(at(10), "a", {ErrorCode::kUnavailable, "a3"});
  errors.report(at(11), "a", {ErrorCode::kUnavailable, "a4"});
  EXPECT_EQ(told, (std::vector<std::pair<std::string, uint64_t>>{{"a1", 0}, {"b1", 0}, {"a4", 2}}));
}

TEST(Clock, MonotonicNeverGoesBackAndWallIsOfThisCentury) {
  Instant before = monotonic_now();
  EXPECT_LE(before, monotonic_now());
  EXPECT_GT(wall_now(), WallTime::from_unix_s(1'600'000'000));
}

}  // namespace
}  // namespace tyto::io
