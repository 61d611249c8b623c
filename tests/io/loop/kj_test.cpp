#include <gtest/gtest.h>
#include <kj/debug.h>

#include <vector>

#include "io/loop/kj_loop.h"
#include "io/loop/loop.h"
#include "io/loop/timer.h"

namespace tyto::io {
namespace {

constexpr Duration kLimit = Duration::seconds(20);

TEST(KjOnLoop, RunsPromisesMadeBeforeAndDuringTheRun) {
  Loop loop;
  int steps = 0;
  kj::Promise<void> early =
      kj::evalLater([&] { ++steps; }).then([&] { ++steps; }).eagerlyEvaluate(nullptr);
  kj::Promise<void> late = nullptr;
  loop.post([&] { late = kj::evalLater([&] { ++steps; }).eagerlyEvaluate(nullptr); });
  EXPECT_TRUE(loop.run_until([&] { return steps == 3; }, kLimit));
}

TEST(KjOnLoop, FulfillsAPromiseFromATimer) {
  Loop loop;
  auto paf = kj::newPromiseAndFulfiller<int>();
  int got = 0;
  auto promise = paf.promise.then([&](int value) { got = value; }).eagerlyEvaluate(nullptr);
  Timer timer(loop);
  timer.start_after(Duration::milliseconds(2), [&] { paf.fulfiller->fulfill(7); });
  EXPECT_TRUE(loop.run_until([&] { return got == 7; }, kLimit));
}

TEST(KjOnLoop, APromiseThatBreedsForEverDoesNotStarveTheRest) {
  Loop loop;
  uint64_t bred = 0;
  struct Breeder {
    uint64_t& bred;
    kj::Promise<void> more() {
      ++bred;
      return kj::evalLater([this] { return more(); });
    }
  } breeder{bred};
  auto endless = breeder.more().eagerlyEvaluate(nullptr);
  Timer timer(loop);
  bool fired = false;
  timer.start_after(Duration::milliseconds(10), [&] { fired = true; });
  EXPECT_TRUE(loop.run_until([&] { return fired; }, kLimit));
  EXPECT_GT(bred, 100u);
}

TEST(KjOnLoop, TimersFireInOrderAndDroppedOnesDoNot) {
  Loop loop;
  kj::Timer& timer = kj_timer_of(loop);
  std::vector<int> order;
  auto after = [&](int ms, int mark) {
    return timer.afterDelay(to_kj(Duration::milliseconds(ms)))
        .then([&order, mark] { order.push_back(mark); })
        .eagerlyEvaluate(nullptr);
  };
  auto third = after(30, 3);
  auto first = after(10, 1);
  auto second = after(20, 2);
  { auto dropped = after(5, 0); }
  ASSERT_TRUE(loop.run_until([&] { return order.size() == 3; }, kLimit));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(KjOnLoop, KnowsWhenItIsInsideAnEvent) {
  Loop loop;
  bool inside = false, done = false;
  auto promise = kj::evalLater([&] {
                   inside = is_inside_kj_event(loop);
                   done = true;
                 }).eagerlyEvaluate(nullptr);
  ASSERT_TRUE(loop.run_until([&] { return done; }, kLimit));
  EXPECT_TRUE(inside);
  EXPECT_FALSE(is_inside_kj_event(loop));
}

TEST(KjOnLoop, TasksDroppedWithTheLoopMayOwnPromises) {
  bool fired = false;
  {
    Loop loop;
    auto promise = std::make_shared<kj::Promise<void>>(
        kj_timer_of(loop).afterDelay(1 * kj::SECONDS).then([&] { fired = true; }));
    loop.post([promise] {});
    auto paf = kj::newPromiseAndFulfiller<void>();
    auto fulfiller = std::make_shared<kj::Own<kj::PromiseFulfiller<void>>>(kj::mv(paf.fulfiller));
    auto waiting =
        paf.promise.then([&] { fired = true; }, [](kj::Exception&&) {}).eagerlyEvaluate(nullptr);
    loop.post([fulfiller] {});
    fulfiller.reset();
  }
  EXPECT_FALSE(fired);
}

TEST(KjOnLoop, ExceptionsBecomeErrorsByWhatTheCallerShouldDo) {
  EXPECT_EQ(error_from_kj(KJ_EXCEPTION(DISCONNECTED, "gone")).code, ErrorCode::kUnavailable);
  EXPECT_EQ(error_from_kj(KJ_EXCEPTION(OVERLOADED, "busy")).code, ErrorCode::kOverloaded);
  EXPECT_EQ(error_from_kj(KJ_EXCEPTION(UNIMPLEMENTED, "no")).code, ErrorCode::kUnsupported);
  Error error = error_from_kj(KJ_EXCEPTION(FAILED, "a bug"));
  EXPECT_EQ(error.code, ErrorCode::kInternal);
  EXPECT_NE(error.message.find("a bug"), std::string::npos);
}

}  // namespace
}  // namespace tyto::io
