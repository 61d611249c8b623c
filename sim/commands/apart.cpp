#include "sim/commands/apart.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/assert.h"
#include "sim/scenarios/run.h"

namespace tyto::sim {
namespace {

using Json = nlohmann::json;
constexpr unsigned kHangs_s = 60;
constexpr std::size_t kViolationsTold = 5;

// Where a run is when it aborts. Used in the child alone, by its handler of SIGABRT, which can be
// told nothing.
World* g_world = nullptr;

void tell_where(int) {
  std::array<char, 96> line{};
  if (g_world == nullptr) return;
  uint64_t ms = static_cast<uint64_t>((g_world->now() - g_world->start_time()).ns()) / 1'000'000;
  int length = std::snprintf(line.data(), line.size(), "at %llu %llu\n",
                             static_cast<unsigned long long>(g_world->events()),
                             static_cast<unsigned long long>(ms));
  (void)!write(STDERR_FILENO, line.data(), static_cast<std::size_t>(length));
}

// Notes which faults begin, and which world it is.
class Counter final : public Checker {
 public:
  explicit Counter(std::map<std::string, uint64_t>& faults) : faults_(faults) {}
  std::string_view name() const override { return "counter"; }
  void on_fault(World&, const FaultSpec& fault, FaultPhase phase) override {
    if (phase == FaultPhase::kBegins) ++faults_[std::string(fault_kind_name(fault.kind))];
  }
  Instant on_time(World& world) override {
    g_world = &world;
    return Instant::never();
  }

 private:
  std::map<std::string, uint64_t>& faults_;
};

Json run_here(const Scenario& scenario) {
  std::map<std::string, uint64_t> faults;
  std::vector<std::unique_ptr<Checker>> watchers;
  watchers.push_back(std::make_unique<Counter>(faults));
  RunResult result = run(scenario, std::move(watchers));
  Json notices = Json::object();
  for (const auto& [kind, count] : result.notices)
    notices[std::string(tracker::notice_kind_name(kind))] = count;
  std::string what;
  for (std::size_t i = 0; i < std::min(result.violations.size(), kViolationsTold); ++i) {
    const Violation& violation = result.violations[i];
    what += violation.checker + ": " + violation.what + "\n";
  }
  return {{"failure", result.is_good() ? "" : result.violations[0].checker},
          {"what", what},
          {"events", result.events},
          {"time_ms", result.virtual_time.ns() / 1'000'000},
          {"faults", faults},
          {"notices", notices}};
}

[[noreturn]] void be_child(const Scenario& scenario, int result, int complaints) {
  dup2(complaints, STDERR_FILENO);
  std::signal(SIGABRT, tell_where);
  alarm(kHangs_s);
  std::string text = run_here(scenario).dump();
  for (std::size_t sent = 0; sent < text.size();) {
    ssize_t count = write(result, text.data() + sent, text.size() - sent);
    if (count <= 0) _exit(2);
    sent += static_cast<std::size_t>(count);
  }
  _exit(0);
}

std::string read_all(int file) {
  std::string text;
  std::array<char, 4096> piece{};
  for (ssize_t count; (count = read(file, piece.data(), piece.size())) > 0;)
    text.append(piece.data(), static_cast<std::size_t>(count));
  close(file);
  return text;
}

Outcome outcome_of_death(int status, const std::string& complaints) {
  Outcome outcome;
  std::string said = complaints.substr(0, complaints.find('\n'));
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
    outcome.failure = "hangs";
    outcome.what = "the run took more than " + std::to_string(kHangs_s) + " s on the clock\n";
    return outcome;
  }
  outcome.failure = "abort: " + said;
  outcome.what = outcome.failure + "\n";
  if (std::size_t at = complaints.rfind("at "); at != std::string::npos) {
    char* end = nullptr;
    outcome.events = std::strtoull(complaints.c_str() + at + 3, &end, 10);
    outcome.time_ms = std::strtoull(end, nullptr, 10);
  }
  return outcome;
}

}  // namespace

Outcome run_apart(const Scenario& scenario) {
  std::array<int, 2> result{};
  std::array<int, 2> complaints{};
  TYTO_ASSERT(pipe(result.data()) == 0);
  TYTO_ASSERT(pipe(complaints.data()) == 0);
  pid_t child = fork();
  TYTO_ASSERT(child >= 0);
  if (child == 0) be_child(scenario, result[1], complaints[1]);
  close(result[1]);
  close(complaints[1]);
  std::string told = read_all(result[0]);
  std::string said = read_all(complaints[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return outcome_of_death(status, said);
  Json json = Json::parse(told);
  return {json["failure"], json["what"],   json["events"],
          json["time_ms"], json["faults"], json["notices"]};
}

}  // namespace tyto::sim
