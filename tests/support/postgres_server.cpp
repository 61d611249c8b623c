#include "tests/support/postgres_server.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "io/postgres/database.h"

namespace tyto::support {
namespace {

constexpr const char* kPrograms = "/usr/lib/postgresql/15/bin/";
constexpr auto kStartDeadline = std::chrono::seconds(60);

// In the child: becomes the user that PostgreSQL may run as, in a session of its own.
[[noreturn]] void become(const passwd* user, const std::vector<std::string>& command,
                         const std::string& log) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setsid();
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  ::dup2(out, 1);
  ::dup2(out, 2);
  if (user != nullptr) {
    if (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)
      ::_exit(120);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  }
  ::setenv("LC_ALL", "C.UTF-8", 1);
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  ::_exit(121);
}

const passwd* postgres_user() {
  return ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
}

pid_t spawn(const std::vector<std::string>& command, const std::string& log) {
  const passwd* user = postgres_user();
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork");
  if (child == 0) become(user, command, log);
  return child;
}

}  // namespace

PostgresServer& PostgresServer::shared() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() {
  std::string pattern = "/tmp/tyto-pg-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
  folder_ = pattern;
  if (const passwd* user = postgres_user())
    if (::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0)
      throw std::runtime_error("chown " + folder_);
  const pid_t child = spawn({std::string(kPrograms) + "initdb", "-D", folder_ + "/data", "-U",
                             "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"},
                            folder_ + "/log");
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0)
    throw std::runtime_error("initdb failed; is postgresql-15 installed (tools/deps)? see " +
                             folder_ + "/log");
  start();
}

PostgresServer::~PostgresServer() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void PostgresServer::start() {
  pid_ = spawn({std::string(kPrograms) + "postgres", "-D", folder_ + "/data", "-k", folder_, "-h",
                "", "-F", "-c", "max_connections=40", "-c", "shared_buffers=16MB"},
               folder_ + "/log");
  const auto until = std::chrono::steady_clock::now() + kStartDeadline;
  for (;;) {
    auto address = io::PostgresAddress::parse(uri());
    if (address.ok() && io::PostgresDatabase::open(*address, {}).ok()) return;
    if (std::chrono::steady_clock::now() > until)
      throw std::runtime_error("PostgreSQL did not start; see " + folder_ + "/log");
    ::poll(nullptr, 0, 20);
  }
}

void PostgresServer::kill() {
  if (pid_ == 0) return;
  signal_all(SIGCONT);
  // "Immediate shutdown": what a crash leaves, with no process left behind.
  ::kill(pid_, SIGQUIT);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void PostgresServer::signal_all(int signal) const {
  // Its processes are the sessions' leaders themselves: told one by one.
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto pid = static_cast<pid_t>(std::stol(name));
    if (pid == pid_) continue;
    std::array<char, 512> text{};
    const int fd = ::open((entry.path() / "stat").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    const ssize_t got = ::read(fd, text.data(), text.size() - 1);
    ::close(fd);
    if (got <= 0) continue;
    // "pid (name) state ppid ..."
    const std::string stat(text.data(), static_cast<std::size_t>(got));
    const std::size_t after = stat.rfind(')');
    if (after == std::string::npos) continue;
    if (std::strtol(stat.c_str() + after + 4, nullptr, 10) == pid_) ::kill(pid, signal);
  }
  ::kill(pid_, signal);
}

std::string PostgresServer::uri(const std::string& database) const {
  return "postgres://postgres@/" + database + "?host=" + folder_;
}

void PostgresServer::run(const std::string& sql, const std::string& database) const {
  auto address = io::PostgresAddress::parse(uri(database));
  if (!address.ok()) throw std::runtime_error(address.error().message);
  auto opened = io::PostgresDatabase::open(*address, {});
  if (!opened.ok()) throw std::runtime_error(opened.error().message);
  if (auto done = (*opened)->run(sql); !done.ok()) throw std::runtime_error(done.error().message);
}

void PostgresServer::make_database(const std::string& name) const {
  run("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
  run("CREATE DATABASE " + name);
}

}  // namespace tyto::support
