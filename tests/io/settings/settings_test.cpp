#include "io/settings/settings.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tyto::io {
namespace {

enum class Colour { kRed, kGreen };

// A program with one setting of each kind.
struct Program {
  std::string name = "owl";
  std::string rpc = "127.0.0.1:7400";
  uint16_t port = 80;
  uint32_t window = 8;
  uint64_t cache = 64 << 20;
  Duration park = Duration::seconds(20);
  std::vector<std::string> trackers{"a:1"};
  bool is_verbose = false;
  Colour colour = Colour::kGreen;
  std::string object;
  std::string mandatory;
  Presence presence = Presence::kOptional;

  Result<ParseOutcome> run(std::vector<const char*> args) {
    Settings settings("tyto-test", "A program for tests", "1.2.3");
    fill(settings);
    args.insert(args.begin(), "tyto-test");
    return settings.parse(static_cast<int>(args.size()), args.data());
  }
  void fill(Settings& settings) {
    settings.add(name, {"name", "The program's name."});
    settings.add(rpc, {"listen.rpc", "Where it listens."});
    settings.add(port, {"listen.port", "The port."});
    settings.add(window, {"read.window_chunks", "How far it reads ahead."}, {1, 64, "chunks"});
    settings.add_bytes(cache, {"cache.bytes", "How much it keeps."}, {1 << 20, 1 << 30});
    settings.add(park, {"read.park", "How long it waits."},
                 {Duration::seconds(1), Duration::seconds(60)});
    settings.add(trackers, {"trackers", "Whom it asks."});
    settings.add_switch(is_verbose, {"log.verbose", "Whether it talks."});
    settings.add_choice<Colour>(colour, {"log.colour", "Its colour."},
                                {{"red", Colour::kRed}, {"green", Colour::kGreen}});
    settings.add(mandatory, {"must.have", "It cannot do without.", presence});
    settings.add_positional(object, {"OBJECT", "What it reads."});
  }
};

class SettingsTest : public testing::Test {
 protected:
  ~SettingsTest() override {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  // A file with this text; returns its path.
  const char* file(const std::string& text) {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    path_ = (std::filesystem::temp_directory_path() / "tyto-settings-XXXXXX").string();
    int fd = ::mkstemp(path_.data());
    EXPECT_GE(fd, 0);
    ::close(fd);
    std::ofstream(path_) << text;
    return path_.c_str();
  }
  // What is said about a file with this text, after the file's name.
  std::string complaint(const std::string& text) {
    Program program;
    auto outcome = program.run({"--config", file(text)});
    if (outcome.ok()) return "accepted";
    EXPECT_EQ(outcome.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(outcome.error().message.starts_with(path_)) << outcome.error().message;
    return outcome.error().message.substr(path_.size());
  }
  std::string flag_complaint(std::vector<const char*> args) {
    Program program;
    auto outcome = program.run(std::move(args));
    if (outcome.ok()) return "accepted";
    EXPECT_EQ(outcome.error().code, ErrorCode::kInvalidArgument);
    return outcome.error().message;
  }
  std::string path_;
};

TEST_F(SettingsTest, DefaultsStandWhenNothingIsGiven) {
  Program program;
  auto outcome = program.run({});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(outcome->action, ParseOutcome::Action::kRun);
  EXPECT_EQ(program.window, 8u);
  EXPECT_EQ(program.colour, Colour::kGreen);
}

TEST_F(SettingsTest, AFileFillsEveryKind) {
  Program program;
  auto outcome = program.run({"--config", file(R"(
name = "größe"
trackers = ["x:1", "y:2"]
[listen]
rpc = "[::1]:5"
port = 8080
[read]
window_chunks = 64
park = "1.5s"
[cache]
bytes = "512MiB"
[log]
verbose = true
colour = "red"
)")});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(program.name, "größe");
  EXPECT_EQ(program.rpc, "[::1]:5");
  EXPECT_EQ(program.port, 8080);
  EXPECT_EQ(program.window, 64u);
  EXPECT_EQ(program.park, Duration::milliseconds(1500));
  EXPECT_EQ(program.cache, 512u << 20);
  EXPECT_EQ(program.trackers, (std::vector<std::string>{"x:1", "y:2"}));
  EXPECT_TRUE(program.is_verbose);
  EXPECT_EQ(program.colour, Colour::kRed);
}

TEST_F(SettingsTest, FlagsOverrideTheFile) {
  Program program;
  const char* config = file("trackers = [\"x:1\"]\n[read]\nwindow_chunks = 5\npark = \"5s\"\n");
  auto outcome =
      program.run({"--config", config, "--read-window-chunks=7", "--trackers", "p:1", "--trackers",
                   "q:2", "--log-verbose", "on", "--listen-rpc", "[::1]", "bucket/key"});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(program.window, 7u);
  EXPECT_EQ(program.park, Duration::seconds(5));
  EXPECT_EQ(program.trackers, (std::vector<std::string>{"p:1", "q:2"}));
  EXPECT_TRUE(program.is_verbose);
  EXPECT_EQ(program.rpc, "[::1]");
  EXPECT_EQ(program.object, "bucket/key");
}

TEST_F(SettingsTest, UnknownNamesInAFileAreRefusedWithLineAndNearestName) {
  EXPECT_EQ(complaint("\n[listen]\nrcp = \"x\"\n"),
            ":3: unknown setting \"listen.rcp\" (did you mean \"listen.rpc\"?); --print-config "
            "lists all");
  EXPECT_EQ(complaint("[liste]\nrpc = \"x\"\n"),
            ":1: unknown table [liste] (did you mean \"listen\"?); --print-config lists all");
  EXPECT_EQ(complaint("zzzzzzzzzz = 1\n"),
            ":1: unknown setting \"zzzzzzzzzz\"; --print-config lists all");
}

TEST_F(SettingsTest, WrongTypesInAFileAreRefusedWithLineAndWhatIsExpected) {
  EXPECT_EQ(complaint("[read]\nwindow_chunks = \"8\"\n"),
            ":2: read.window_chunks: expected an integer from 1 to 64 (chunks), found a text");
  EXPECT_EQ(complaint("[read]\npark = 20\n"),
            ":2: read.park: expected a span of time with its unit, as \"20s\", from 1s to 1m, "
            "found \"20\"");
  EXPECT_EQ(complaint("name = 5\n"), ":1: name: expected a text, found an integer");
  EXPECT_EQ(complaint("trackers = \"x\"\n"),
            ":1: trackers: expected an array of texts, found a text");
  EXPECT_EQ(complaint("trackers = [1]\n"),
            ":1: trackers: expected an array of texts, found an array");
  EXPECT_EQ(complaint("listen = 5\n"), ":1: unknown setting \"listen\"; --print-config lists all");
  EXPECT_EQ(complaint("[name]\nx = 1\n"), ":1: name: expected a text, found a table");
  EXPECT_EQ(complaint("[log]\nverbose = \"yes\"\n"),
            ":2: log.verbose: expected \"off\" or \"on\", found \"yes\"");
}

TEST_F(SettingsTest, ValuesOutOfBoundsAreRefused) {
  EXPECT_NE(complaint("[read]\nwindow_chunks = 65\n").find("from 1 to 64"), std::string::npos);
  EXPECT_NE(complaint("[read]\nwindow_chunks = 0\n").find("from 1 to 64"), std::string::npos);
  EXPECT_NE(complaint("[read]\nwindow_chunks = -1\n").find("from 1 to 64"), std::string::npos);
  EXPECT_NE(complaint("[listen]\nport = 65536\n").find("from 0 to 65535"), std::string::npos);
  EXPECT_NE(complaint("[cache]\nbytes = \"2GiB\"\n").find("from 1MiB to 1GiB"), std::string::npos);
  EXPECT_NE(complaint("[read]\npark = \"2m\"\n").find("from 1s to 1m"), std::string::npos);
  EXPECT_NE(complaint("[log]\ncolour = \"rad\"\n").find("did you mean \"red\"?"),
            std::string::npos);
}

TEST_F(SettingsTest, WhatIsNoTomlIsRefusedWithItsLine) {
  EXPECT_TRUE(complaint("name = \"x\"\n= 5\n").starts_with(":2: not TOML: "));
  EXPECT_TRUE(complaint("name = \"x\"\nname = \"y\"\n").starts_with(":2: not TOML: "));
  EXPECT_TRUE(complaint(std::string("name = \"\0\"", 10)).starts_with(":1: not TOML: "));
}

TEST_F(SettingsTest, AMissingFileIsNamed) {
  std::string message = flag_complaint({"--config", "/no/such/file.toml"});
  EXPECT_NE(message.find("/no/such/file.toml"), std::string::npos);
  EXPECT_NE(message.find("No such file"), std::string::npos);
  EXPECT_NE(flag_complaint({"--config", "/"}), "accepted");
}

TEST_F(SettingsTest, WrongFlagsAreRefusedWithARemedy) {
  EXPECT_EQ(flag_complaint({"--listen-rcp", "x"}),
            "unknown flag --listen-rcp (did you mean \"--listen-rpc\"?); --help lists the flags");
  EXPECT_EQ(flag_complaint({"--read-window-chunks", "many"}),
            "--read-window-chunks: expected an integer from 1 to 64 (chunks), found \"many\"; "
            "--help lists the flags");
  EXPECT_EQ(flag_complaint({"one", "two"}), "unexpected argument \"two\"; --help lists the flags");
  EXPECT_NE(flag_complaint({"--read-park"}).find("--read-park"), std::string::npos);
  EXPECT_NE(flag_complaint({"--name", "a", "--name", "b"}).find("--name"), std::string::npos);
}

TEST_F(SettingsTest, AMissingRequiredSettingIsNamedWithItsFlag) {
  Program program;
  program.presence = Presence::kRequired;
  auto outcome = program.run({});
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().message,
            "setting \"must.have\" is missing: It cannot do without. Give --must-have, or set it "
            "in the file given to --config");
  EXPECT_TRUE(program.run({"--must-have", "x"}).ok());
  EXPECT_TRUE(program.run({"--config", file("[must]\nhave = \"y\"\n")}).ok());
}

TEST_F(SettingsTest, ThePrintedConfigurationIsAcceptedAndChangesNothing) {
  Program printer;
  auto printed = printer.run({"--print-config"});
  ASSERT_TRUE(printed.ok());
  EXPECT_EQ(printed->action, ParseOutcome::Action::kExit);
  EXPECT_NE(printed->output.find("# How far it reads ahead.\n# Is an integer from 1 to 64 (chunks)"
                                 ".\nwindow_chunks = 8\n"),
            std::string::npos)
      << printed->output;
  Program program;
  auto outcome = program.run({"--config", file(printed->output)});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(program.rpc, Program().rpc);
  EXPECT_EQ(program.park, Program().park);
  EXPECT_EQ(program.trackers, Program().trackers);
}

TEST_F(SettingsTest, HelpListsFlagsWithMeaningAndDefault) {
  Program program;
  auto help = program.run({"--help"});
  ASSERT_TRUE(help.ok());
  EXPECT_EQ(help->action, ParseOutcome::Action::kExit);
  EXPECT_NE(help->output.find("--read-window-chunks"), std::string::npos);
  EXPECT_NE(help->output.find("How far it reads ahead."), std::string::npos);
  auto version = program.run({"--version"});
  EXPECT_EQ(version->output, "tyto-test 1.2.3\n");
}

}  // namespace
}  // namespace tyto::io
