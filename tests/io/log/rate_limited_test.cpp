#include "io/log/rate_limited.h"

#include <gtest/gtest.h>

#include <vector>

namespace tyto::io {
namespace {

struct Fixture {
  explicit Fixture(std::size_t keys_max = 1024) {
    log = Log::open({.sink = [this](std::string_view line) { lines.emplace_back(line); }}).value();
    limited = std::make_unique<RateLimitedLog>(
        *log, RateLimitOptions{Duration::seconds(10), keys_max, [this] { return now; }});
  }
  void pass(int seconds) { now = now + Duration::seconds(seconds); }
  bool last_line_has(const std::string& text) const {
    return lines.back().find(text) != std::string::npos;
  }
  Instant now = Instant::from_ns(1);
  std::vector<std::string> lines;
  std::unique_ptr<Log> log;
  std::unique_ptr<RateLimitedLog> limited;
};

TEST(RateLimitedLog, WritesOnceAnIntervalAndThenTellsHowManyItHeldBack) {
  Fixture f;
  for (int i = 0; i < 1000; ++i) f.limited->warning("rpc", "malformed message");
  EXPECT_EQ(f.lines.size(), 1u);
  f.pass(10);
  f.limited->warning("rpc", "malformed message", {{"from", "x"}});
  ASSERT_EQ(f.lines.size(), 2u);
  EXPECT_TRUE(f.last_line_has("from=x suppressed=999"));
  f.pass(10);
  f.limited->warning("rpc", "malformed message");
  EXPECT_FALSE(f.last_line_has("suppressed"));
}

TEST(RateLimitedLog, KeysDoNotHoldEachOtherBack) {
  Fixture f;
  f.limited->warning("a", "m");
  f.limited->warning("b", "m");
  EXPECT_EQ(f.lines.size(), 2u);
}

TEST(RateLimitedLog, MoreKeysThanItRemembersShareOneInterval) {
  Fixture f(4);
  for (int i = 0; i < 100; ++i) f.limited->warning(std::to_string(i), "m");
  EXPECT_EQ(f.lines.size(), 5u);
  f.pass(10);
  for (int i = 200; i < 300; ++i) f.limited->warning(std::to_string(i), "m");
  EXPECT_EQ(f.lines.size(), 10u);
  EXPECT_TRUE(f.last_line_has("suppressed=95"));
}

TEST(RateLimitedLog, AKeyThatIsOldMakesRoomForANewOne) {
  Fixture f(2);
  f.limited->warning("a", "m");
  f.pass(6);
  f.limited->warning("b", "m");
  for (int i = 0; i < 3; ++i) f.limited->warning("c", "m");  // no room yet
  EXPECT_EQ(f.lines.size(), 3u);
  f.pass(4);
  f.limited->warning("c", "m");  // in place of a
  EXPECT_EQ(f.lines.size(), 4u);
}

TEST(RateLimitedLog, AtALevelThatIsOffNothingIsCounted) {
  Fixture f;
  f.log->set_level(LogLevel::kError);
  f.limited->warning("a", "m");
  f.log->set_level(LogLevel::kInfo);
  f.limited->warning("a", "m");
  EXPECT_EQ(f.lines.size(), 1u);
}

}  // namespace
}  // namespace tyto::io
