// The program tyto-tracker as its operator meets it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"

extern char** environ;

namespace tyto::tracker {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kDeadline = std::chrono::seconds(20);

// A tyto-tracker under way, its output in files.
class Program {
 public:
  Program(const support::TempFolder& folder, std::vector<std::string> arguments)
      : out_(folder.file("out")), err_(folder.file("err")) {
    arguments.insert(arguments.begin(), TYTO_TRACKER_PROGRAM);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const int flags = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&actions, 1, out_.c_str(), flags, 0644);
    posix_spawn_file_actions_addopen(&actions, 2, err_.c_str(), flags, 0644);
    EXPECT_EQ(posix_spawn(&pid_, TYTO_TRACKER_PROGRAM, &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  // Its exit code; -1 if a signal ended it, -2 if it had not ended by the deadline.
  int wait() {
    int status = 0;
    const auto until = Clock::now() + kDeadline;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
      if (Clock::now() > until) return -2;
      ::poll(nullptr, 0, 5);
    }
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void send(int signal) { ::kill(pid_, signal); }
  pid_t pid() const { return pid_; }
  std::string out() const { return text_of(out_); }
  std::string err() const { return text_of(err_); }
  static std::string text_of(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

 private:
  std::string out_;
  std::string err_;
  pid_t pid_ = 0;
};

class ProgramTest : public testing::Test {
 protected:
  std::vector<std::string> serving() {
    return {"--listen-rpc=127.0.0.1:0", "--listen-http=127.0.0.1:0",
            "--catalog=sqlite:" + folder.file("catalog.sqlite"), "--ready-file=" + ready()};
  }
  std::string ready() { return folder.file("ready.json"); }
  bool wait_ready() {
    const auto until = Clock::now() + kDeadline;
    while (Program::text_of(ready()).empty()) {
      if (Clock::now() > until) return false;
      ::poll(nullptr, 0, 5);
    }
    return true;
  }
  // Runs it with a config file of this text, expects it to be refused, and hands back why.
  std::string refused_config(const std::string& text) {
    std::ofstream(folder.file("tracker.toml")) << text;
    Program program(folder, {"--config=" + folder.file("tracker.toml")});
    EXPECT_EQ(program.wait(), 2) << text;
    return program.err();
  }
  support::TempFolder folder;
};

TEST_F(ProgramTest, TellsItsVersion) {
  Program program(folder, {"--version"});
  EXPECT_EQ(program.wait(), 0);
  EXPECT_NE(program.out().find("0.1"), std::string::npos);
}

TEST_F(ProgramTest, AnnouncesWhereItListensAndEndsInOrderOnSigterm) {
  Program program(folder, serving());
  ASSERT_TRUE(wait_ready()) << program.err();
  auto ready_file = nlohmann::json::parse(Program::text_of(ready()));
  EXPECT_EQ(ready_file["pid"], program.pid());
  const std::string rpc = ready_file["rpc"];
  EXPECT_EQ(rpc.find("127.0.0.1:"), 0u);
  EXPECT_NE(rpc, "127.0.0.1:0");
  EXPECT_NE(program.out().find("ready: rpc " + rpc), std::string::npos);
  program.send(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
  EXPECT_NE(program.err().find("draining"), std::string::npos);
}

TEST_F(ProgramTest, AFileWrittenByPrintConfigIsTaken) {
  Program printing(folder, {"--print-config"});
  ASSERT_EQ(printing.wait(), 0);
  std::ofstream(folder.file("tracker.toml")) << printing.out();
  auto arguments = serving();
  arguments.push_back("--config=" + folder.file("tracker.toml"));
  Program program(folder, arguments);
  ASSERT_TRUE(wait_ready()) << program.err();
  program.send(SIGINT);
  EXPECT_EQ(program.wait(), 0);
}

TEST_F(ProgramTest, TheReferenceInTheDocumentationIsWhatPrintConfigSays) {
  Program printing(folder, {"--print-config"});
  ASSERT_EQ(printing.wait(), 0);
  const std::string documentation = Program::text_of(TYTO_SOURCE_DIR "/docs/tracker.md");
  EXPECT_NE(documentation.find("```toml\n" + printing.out() + "```\n"), std::string::npos)
      << "put the output of tyto-tracker --print-config into docs/tracker.md";
}

TEST_F(ProgramTest, WrongSettingsAreRefusedWithTheirPlaceAndTheRemedy) {
  std::string why = refused_config("[listen]\nrpc = 7400\n");
  EXPECT_NE(why.find("tracker.toml:2"), std::string::npos) << why;
  EXPECT_NE(why.find("rpc"), std::string::npos) << why;
  why = refused_config("[listen]\nrcp = \"0.0.0.0:7400\"\n");
  EXPECT_NE(why.find("tracker.toml:2"), std::string::npos) << why;
  EXPECT_NE(why.find("rpc"), std::string::npos) << "the nearest name: " << why;
  why = refused_config("[session]\npark = \"2h\"\n");
  EXPECT_NE(why.find("park"), std::string::npos) << why;
  EXPECT_NE(why.find("1m"), std::string::npos) << "the bound: " << why;
  why = refused_config("[policy]\nuploads_per_host = 0\n");
  EXPECT_NE(why.find("uploads_per_host"), std::string::npos) << why;
  why = refused_config("[log]\nlevel = \"loud\"\n");
  EXPECT_NE(why.find("warning"), std::string::npos) << "the words known: " << why;
  why = refused_config("[listen]\nrpc = \"nowhere\"\n");
  EXPECT_NE(why.find("listen.rpc"), std::string::npos) << why;
  why = refused_config("[policy]\norigin_retry_min = \"9s\"\n");
  EXPECT_NE(why.find("origin_retry_max"), std::string::npos) << why;
  why = refused_config("[listen\n");
  EXPECT_NE(why.find("tracker.toml"), std::string::npos) << why;
}

TEST_F(ProgramTest, ATakenPortIsNamed) {
  Program first(folder, serving());
  ASSERT_TRUE(wait_ready()) << first.err();
  const std::string rpc = nlohmann::json::parse(Program::text_of(ready()))["rpc"];
  support::TempFolder other;
  Program second(other, {"--listen-rpc=" + rpc, "--listen-http=127.0.0.1:0",
                         "--catalog=sqlite:" + other.file("catalog.sqlite")});
  EXPECT_EQ(second.wait(), 1);
  EXPECT_NE(second.err().find("listen.rpc"), std::string::npos) << second.err();
  EXPECT_NE(second.err().find(rpc), std::string::npos) << second.err();
}

TEST_F(ProgramTest, ASecondTrackerOnOneCatalogIsRefused) {
  Program first(folder, serving());
  ASSERT_TRUE(wait_ready()) << first.err();
  support::TempFolder other;
  Program second(other, {"--listen-rpc=127.0.0.1:0", "--listen-http=127.0.0.1:0",
                         "--catalog=sqlite:" + folder.file("catalog.sqlite")});
  EXPECT_EQ(second.wait(), 1);
  EXPECT_NE(second.err().find("locked by another process"), std::string::npos) << second.err();
}

}  // namespace
}  // namespace tyto::tracker
