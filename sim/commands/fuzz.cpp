// tyto-sim fuzz.
#include "sim/commands/fuzz.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "sim/commands/apart.h"
#include "sim/commands/commands.h"
#include "sim/fuzz/shrink.h"
#include "sim/report/report.h"
#include "sim/report/trace.h"
#include "sim/scenarios/catalogue.h"
#include "sim/scenarios/written.h"

namespace tyto::sim {
namespace {

constexpr double kProgressEach_s = 5;
constexpr uint32_t kToldMax = 20;  // failures that are told in full

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Scenario scenario_of(const FuzzOptions& options, uint64_t seed) {
  Scenario scenario = options.scenario == "hostile" ? hostile_scenario(seed) : swarm_scenario(seed);
  scenario.bug = options.bug;
  return scenario;
}

class Fuzzing {
 public:
  Fuzzing(const FuzzOptions& options, std::FILE* out)
      : options_(options), out_(out), started_s_(wall_seconds()), told_s_(started_s_) {}

  int run() {
    for (uint64_t seed = options_.first_seed; !is_over(); ++seed) {
      run_seed(seed);
      if (wall_seconds() - told_s_ >= kProgressEach_s) tell_progress();
    }
    tell_summary();
    return failed_.empty() ? kExitGood : kExitViolated;
  }

 private:
  bool is_over() const {
    bool is_counted = options_.minutes == 0 || options_.runs > 0;
    if (is_counted && runs_ >= options_.runs) return true;
    return options_.minutes > 0 && wall_seconds() - started_s_ >= options_.minutes * 60.0;
  }

  void run_seed(uint64_t seed) {
    Scenario scenario = scenario_of(options_, seed);
    Outcome outcome = run_apart(scenario);
    ++runs_;
    events_ += outcome.events;
    if (outcome.faults.empty()) ++calm_;
    for (const auto& [kind, count] : outcome.faults) faults_[kind].add(count);
    for (const auto& [kind, count] : outcome.notices) notices_[kind].add(count);
    if (outcome.is_good()) return;
    failed_[outcome.failure].push_back(seed);
    if (++told_ <= kToldMax) tell_failure(scenario, outcome);
  }

  void tell_failure(const Scenario& scenario, const Outcome& outcome) {
    print("seed {} fails after {} events, at {} ms:\n{}replay: tyto-sim run {} --seed {}\n",
          scenario.seed, outcome.events, outcome.time_ms, outcome.what, options_.scenario,
          scenario.seed);
    if (options_.shrink_max == 0) return;
    auto fails = [&](const Scenario& smaller) {
      return run_apart(smaller).failure == outcome.failure;
    };
    Shrunk shrunk = shrink(scenario, fails, options_.shrink_max);
    Scenario small = reduced(scenario, shrunk.reduction);
    print(
        "after {} runs, this fails in the same way:\n{}replay: tyto-sim fuzz{} --seed {} "
        "--without '{}'\n",
        shrunk.runs, scenario_text(small),
        options_.scenario == "swarm" ? "" : " --scenario " + options_.scenario, scenario.seed,
        reduction_text(shrunk.reduction));
    if (!options_.save.empty()) save(small);
  }

  void save(const Scenario& scenario) {
    std::string name = fmt::format("{}-{}.toml", options_.scenario, scenario.seed);
    std::string path = (std::filesystem::path(options_.save) / name).string();
    Result<std::string> toml =
        written(scenario, fmt::format("what is left of {}, seed {}", scenario.name, scenario.seed));
    if (!toml) return print("not saved: {}\n", toml.error().message);
    std::ofstream file(path, std::ios::binary);
    file << *toml;
    file.close();
    if (!file) return print("not saved: {} can't be written; is its folder there?\n", path);
    print("saved: tyto-sim run {} --seed {}\n", path, scenario.seed);
  }

  void tell_progress() {
    told_s_ = wall_seconds();
    print("{} seeds, {:.1f}/s, {} failed\n", runs_, runs_ / (told_s_ - started_s_), failures());
  }

  void tell_summary() {
    double elapsed_s = wall_seconds() - started_s_;
    print(
        "{} runs from seed {} on in {:.1f} s ({:.1f}/s), {} events, {} without a fault, "
        "{} failed\n",
        runs_, options_.first_seed, elapsed_s, runs_ / std::max(elapsed_s, 1e-9), events_, calm_,
        failures());
    print("{:<20} {:>9} {:>8}\n", "fault", "times", "seeds");
    for (const auto& [kind, count] : faults_)
      print("{:<20} {:>9} {:>8}\n", kind, count.times, count.seeds);
    print("{:<20} {:>9} {:>8}\n", "notice", "times", "seeds");
    for (const auto& [kind, count] : notices_)
      print("{:<20} {:>9} {:>8}\n", kind, count.times, count.seeds);
    for (const auto& [failure, seeds] : failed_)
      print("FAILED {} times, first with seed {}: {}\n", seeds.size(), seeds[0], failure);
  }

  std::size_t failures() const {
    std::size_t all = 0;
    for (const auto& [failure, seeds] : failed_) all += seeds.size();
    return all;
  }

  template <class... Parts>
  void print(fmt::format_string<Parts...> format, Parts&&... parts) {
    std::string text = fmt::format(format, std::forward<Parts>(parts)...);
    std::fputs(text.c_str(), out_);
    std::fflush(out_);
  }

  struct Count {
    uint64_t times = 0;
    uint64_t seeds = 0;
    void add(uint64_t more) {
      times += more;
      ++seeds;
    }
  };

  const FuzzOptions& options_;
  std::FILE* out_;
  double started_s_;
  double told_s_;
  uint32_t runs_ = 0;
  uint32_t told_ = 0;
  uint64_t events_ = 0;
  uint64_t calm_ = 0;
  std::map<std::string, Count> faults_;
  std::map<std::string, Count> notices_;
  std::map<std::string, std::vector<uint64_t>> failed_;
};

// One seed with something left out, in this process.
int replay(const FuzzOptions& options, std::FILE* out) {
  Result<Reduction> reduction = parse_reduction(options.without);
  if (!reduction.ok()) {
    std::fprintf(stderr, "tyto-sim: %s\n", reduction.error().message.c_str());
    return kExitUsage;
  }
  Scenario scenario = reduced(scenario_of(options, options.first_seed), *reduction);
  std::fputs(scenario_text(scenario).c_str(), out);
  std::fflush(out);  // if a core aborts, it is known in what
  std::vector<std::unique_ptr<Checker>> watchers;
  if (options.has_trace) watchers.push_back(trace_to(out));
  RunResult result = run(scenario, std::move(watchers));
  std::fputs(text_report(result).c_str(), out);
  return result.is_good() ? kExitGood : kExitViolated;
}

}  // namespace

int fuzz(const FuzzOptions& options, std::FILE* out) {
  if (!options.without.empty()) return replay(options, out);
  return Fuzzing(options, out).run();
}

void add_fuzz_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<FuzzOptions>();
  CLI::App* command = app.add_subcommand(
      "fuzz",
      "run hostile worlds, one a seed, and make those that fail small; exits 1 if any does");
  CLI::Option* runs =
      command->add_option("--runs", options->runs, "how many seeds")->capture_default_str();
  command->add_option("--seed", options->first_seed, "the first")->capture_default_str();
  command->add_option("--minutes", options->minutes, "go on for so long; --runs is a bound then")
      ->check(CLI::Range(0u, 100'000u));
  command->add_option("--scenario", options->scenario, "what the seeds are of")
      ->check(CLI::IsMember({"swarm", "hostile"}))
      ->capture_default_str();
  command->add_option("--shrink", options->shrink_max, "runs for making one failure small")
      ->capture_default_str();
  command->add_option("--save", options->save,
                      "a folder, for a scenario file of what is left of each failure");
  CLI::Option* without = command->add_option(
      "--without", options->without, "replay --seed without these, as a failure's last line says");
  command->add_flag("--trace", options->has_trace, "say what happens in that replay, line by line")
      ->needs(without);
  command->callback([options, runs, &exit_code] {
    if (options->minutes > 0 && runs->count() == 0) options->runs = 0;
    exit_code = fuzz(*options, stdout);
  });
}

}  // namespace tyto::sim
