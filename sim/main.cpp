// tyto-sim: runs scenarios in virtual time.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>

#include "sim/fleet/world.h"
#include "sim/report/report.h"
#include "sim/report/trace.h"
#include "sim/scenarios/catalogue.h"
#include "sim/scenarios/run.h"

namespace {

using namespace tyto::sim;

constexpr int kExitGood = 0;
constexpr int kExitViolated = 1;
constexpr int kExitUsage = 2;

int list() {
  for (const CatalogueEntry& entry : all_scenarios()) {
    std::printf("%-24s %s\n", std::string(entry.name).c_str(), std::string(entry.about).c_str());
  }
  return kExitGood;
}

struct Outputs {
  std::string json_file;
  bool has_trace = false;
  bool is_fleet = false;
  fleet::Options fleet;
};

int run_one(const std::string& name, const Knobs& knobs, const Outputs& outputs) {
  for (const CatalogueEntry& entry : all_scenarios()) {
    if (entry.name != name) continue;
    std::printf("%s, seed %llu\n", name.c_str(), static_cast<unsigned long long>(knobs.seed));
    std::fflush(stdout);  // if a core aborts, the seed is known
    std::vector<std::unique_ptr<Checker>> watchers;
    if (outputs.has_trace) watchers.push_back(trace_to(stdout));
    RunResult result;
    if (outputs.is_fleet) {
      Scenario scenario = entry.build(knobs);
      auto fleet = fleet::run(scenario, outputs.fleet, [](const fleet::Progress& p) {
        std::fprintf(stderr, "\r%ld ms: %lu of %lu chunks, %u reads ", (long)p.virtual_time.ms(), p.chunks_done, p.chunks_wanted, p.reads_over);
      });
      if (!fleet.ok()) return std::fprintf(stderr, "%s\n", fleet.error().message.c_str()), kExitUsage;
      result = std::move(*fleet);
    } else
    result = run(entry.build(knobs), std::move(watchers));
    std::fputs(text_report(result).c_str(), stdout);
    if (!outputs.json_file.empty()) {
      std::ofstream file(outputs.json_file);
      file << json_report(result);
      if (!file.good()) {
        std::fprintf(stderr, "tyto-sim: %s cannot be written\n", outputs.json_file.c_str());
        return kExitUsage;
      }
    }
    return result.is_good() ? kExitGood : kExitViolated;
  }
  std::fprintf(stderr, "tyto-sim: there is no scenario '%s'; see tyto-sim list\n", name.c_str());
  return kExitUsage;
}

int fuzz(uint64_t first_seed, uint32_t runs) {
  uint32_t failed = 0;
  for (uint64_t seed = first_seed; seed < first_seed + runs; ++seed) {
    std::printf("\rseed %llu ", static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    RunResult result = run(hostile_scenario(seed));
    if (result.is_good()) continue;
    ++failed;
    std::printf("\n%sreplay: tyto-sim run hostile --seed %llu\n", text_report(result).c_str(),
                static_cast<unsigned long long>(seed));
  }
  std::printf("\r%u runs, %u failed\n", runs, failed);
  return failed == 0 ? kExitGood : kExitViolated;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Runs Tyto's tracker and peers in virtual time. A seed replays a run."};
  app.require_subcommand(1);
  app.add_subcommand("list", "name the scenarios");
  CLI::App* hashes_command =
      app.add_subcommand("hashes", "print the event hashes that every build must agree on");

  std::string name;
  Outputs outputs;
  Knobs knobs;
  CLI::App* run_command = app.add_subcommand("run", "run one scenario and report");
  run_command->add_option("scenario", name, "as named by list")->required();
  run_command->add_option("--seed", knobs.seed, "of all randomness")->capture_default_str();
  run_command->add_option("--readers", knobs.readers, "0: the scenario's own")
      ->check(CLI::Range(0u, 1'000'000u));
  run_command->add_option("--chunks", knobs.chunks, "of each object; 0: the scenario's own")
      ->check(CLI::Range(0u, 65'536u));
  run_command->add_flag("--fleet", outputs.is_fleet, "x");
  int64_t refresh_ms = 20, decision_ns = 0;
  run_command->add_option("--refresh", refresh_ms, "x");
  run_command->add_option("--decision", decision_ns, "x");
  run_command->add_option("--json", outputs.json_file, "write the report there, too");
  run_command->add_flag("--trace", outputs.has_trace, "say what happens, line by line");

  uint64_t first_seed = 1;
  uint32_t runs = 100;
  CLI::App* fuzz_command =
      app.add_subcommand("fuzz", "run hostile worlds, one a seed; exits 1 if any goes wrong");
  fuzz_command->add_option("--runs", runs, "how many")->capture_default_str();
  fuzz_command->add_option("--seed", first_seed, "the first")->capture_default_str();

  CLI11_PARSE(app, argc, argv);
  outputs.fleet.refresh = tyto::Duration::milliseconds(refresh_ms);
  outputs.fleet.tracker_per_decision = tyto::Duration::nanoseconds(decision_ns);
  if (run_command->parsed()) return run_one(name, knobs, outputs);
  if (fuzz_command->parsed()) return fuzz(first_seed, runs);
  if (hashes_command->parsed())
    return std::fputs(golden_hashes().c_str(), stdout) < 0 ? kExitUsage : kExitGood;
  return list();
}
