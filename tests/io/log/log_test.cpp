#include "io/log/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

namespace tyto::io {
namespace {

struct Captured {
  explicit Captured(LogFormat format = LogFormat::kText, LogLevel level = LogLevel::kDebug) {
    log = Log::open({.component = "tracker",
                     .level = level,
                     .format = format,
                     .sink = [this](std::string_view line) { lines.emplace_back(line); }})
              .value();
  }
  std::vector<std::string> lines;
  std::unique_ptr<Log> log;
};

// The line after its 24 characters of time and the space.
std::string without_time(const std::string& line) {
  return line.substr(25);
}

TEST(Log, ATextLineHasTimeLevelComponentMessageAndValues) {
  Captured captured;
  captured.log->info("peer registered", {{"peer", PeerId(0xabc)},
                                         {"bytes", uint64_t{7}},
                                         {"took", Duration::microseconds(1500)},
                                         {"is_new", true},
                                         {"chunk", ChunkIndex(3)}});
  ASSERT_EQ(captured.lines.size(), 1u);
  EXPECT_EQ(without_time(captured.lines[0]),
            "INFO  tracker \"peer registered\" peer=0000000000000abc bytes=7 took=1.500ms "
            "is_new=true chunk=3");
  EXPECT_EQ(captured.lines[0][10], 'T');
  EXPECT_EQ(captured.lines[0].substr(23, 2), "Z ");
}

TEST(Log, AJsonLineReadsBack) {
  Captured captured(LogFormat::kJson);
  captured.log->error("cannot read", {{"error", Error{ErrorCode::kNotFound, "no \"x\"\n"}},
                                      {"n", -1},
                                      {"rate", 0.5},
                                      {"bad", 0.0 / 0.0}});
  auto json = nlohmann::json::parse(captured.lines.at(0));
  EXPECT_EQ(json["level"], "error");
  EXPECT_EQ(json["component"], "tracker");
  EXPECT_EQ(json["message"], "cannot read");
  EXPECT_EQ(json["error"], "not_found: no \"x\"\n");
  EXPECT_EQ(json["n"], -1);
  EXPECT_EQ(json["rate"], 0.5);
  EXPECT_TRUE(json["bad"].is_null());
}

TEST(Log, NothingFromOutsideCanForgeALineOrReachATerminal) {
  for (LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    Captured captured(format);
    std::string evil =
        "a\n2026 ERROR forged\r\x1b[31m\x7f\xc2\x9b"
        "31m\xff\xfe b=c \"q\"";
    captured.log->info(evil, {{"key", evil}});
    ASSERT_EQ(captured.lines.size(), 1u);
    for (char c : captured.lines[0]) {
      EXPECT_GE(static_cast<unsigned char>(c), 0x20);
      EXPECT_NE(c, '\x7f');
    }
    EXPECT_EQ(captured.lines[0].find("\xc2\x9b"), std::string::npos);
  }
}

TEST(Log, UnicodeStaysReadable) {
  Captured captured;
  captured.log->info("schlüssel", {{"key", "größe/鳥"}});
  EXPECT_EQ(without_time(captured.lines[0]), "INFO  tracker \"schlüssel\" key=\"größe/鳥\"");
}

TEST(Log, EndlessTextsAreCut) {
  Captured captured(LogFormat::kJson);
  std::string huge(1'000'000, 'x');
  captured.log->info(huge, {{"a", huge}, {"b", huge}, {"c", huge}, {"d", huge}, {"e", huge}});
  EXPECT_LE(captured.lines[0].size(), 16u * 1024);
  EXPECT_EQ(nlohmann::json::parse(captured.lines[0])["truncated"], true);
}

TEST(Log, LinesBelowTheLevelAreNotWritten) {
  Captured captured(LogFormat::kText, LogLevel::kWarning);
  captured.log->info("no");
  captured.log->warning("yes");
  captured.log->set_level(LogLevel::kOff);
  captured.log->error("no");
  ASSERT_EQ(captured.lines.size(), 1u);
  EXPECT_FALSE(Log::discard()->is_enabled(LogLevel::kError));
}

TEST(Log, LevelsReadBackByName) {
  for (const char* name : {"debug", "info", "warning", "error", "off"})
    EXPECT_EQ(log_level_name(parse_log_level(name).value()), name);
  EXPECT_EQ(parse_log_level("loud").error().code, ErrorCode::kInvalidArgument);
}

TEST(Log, AFileIsAppendedToAndCanBeMovedAway) {
  std::string folder = (std::filesystem::temp_directory_path() / "tyto-log-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  std::string path = folder + "/log";
  auto lines_of = [](const std::string& file) {
    std::ifstream in(file);
    int count = 0;
    for (std::string line; std::getline(in, line);) ++count;
    return count;
  };
  {
    auto log = Log::open({.file = path}).value();
    log->info("one");
    std::filesystem::rename(path, path + ".1");
    log->info("two");
    ASSERT_TRUE(log->reopen().ok());
    log->info("three");
  }
  Log::open({.file = path}).value()->info("four");
  EXPECT_EQ(lines_of(path + ".1"), 2);
  EXPECT_EQ(lines_of(path), 2);
  std::filesystem::remove_all(folder);
}

TEST(Log, AFileThatCannotBeOpenedIsAnErrorThatNamesIt) {
  auto log = Log::open({.file = "/proc/no/such/folder/log"});
  ASSERT_FALSE(log.ok());
  EXPECT_NE(log.error().message.find("/proc/no/such/folder/log"), std::string::npos);
}

TEST(Log, ThreadsDoNotMixTheirLines) {
  Captured captured;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) captured.log->info("line", {{"i", i}});
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(captured.lines.size(), 400u);
}

}  // namespace
}  // namespace tyto::io
