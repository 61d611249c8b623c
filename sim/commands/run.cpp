// tyto-sim run.
#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>

#include "sim/commands/commands.h"
#include "sim/commands/load.h"
#include "sim/commands/progress.h"
#include "sim/fleet/world.h"
#include "sim/report/recorder.h"
#include "sim/report/report.h"
#include "sim/report/trace.h"

namespace tyto::sim {
namespace {

// Above this, the exact world would take days.
constexpr uint32_t kExactReadersMax = 100'000;

struct RunOptions {
  std::string scenario;
  std::string world = "exact";
  int64_t refresh_ms = 20;
  Knobs knobs;
  std::string json_file;
  std::string report_file;
  bool has_trace = false;
};

// The command that repeats the run.
std::string replay_of(const RunOptions& options) {
  std::string command =
      "tyto-sim run " + options.scenario + " --seed " + std::to_string(options.knobs.seed);
  if (options.knobs.readers > 0) command += " --readers " + std::to_string(options.knobs.readers);
  if (options.knobs.chunks > 0) command += " --chunks " + std::to_string(options.knobs.chunks);
  if (options.world == "fleet")
    command += " --world fleet --refresh-ms " + std::to_string(options.refresh_ms);
  return command;
}

// A file that is known to be writable before a long run, and is written after it.
class OutputFile {
 public:
  explicit OutputFile(std::string path) : path_(std::move(path)) {
    if (!path_.empty()) file_.open(path_, std::ios::binary);
  }
  // Prints why it cannot be written, if so. No path: it is not wanted, which is good.
  bool is_good() {
    if (path_.empty() || file_.good()) return true;
    std::fprintf(stderr,
                 "tyto-sim: %s cannot be written: %s; name a file in a folder that exists and is "
                 "yours\n",
                 path_.c_str(), std::strerror(errno));
    return false;
  }
  bool write(const std::string& text) {
    if (path_.empty()) return true;
    file_ << text << std::flush;
    return is_good();
  }
  bool is_wanted() const { return !path_.empty(); }

 private:
  std::string path_;
  std::ofstream file_;
};

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

ProgressLine progress_line(const RunOptions& options) {
  bool is_terminal = isatty(STDERR_FILENO) == 1;
  return ProgressLine(stderr,
                      is_terminal ? ProgressLine::Output::kRewritten : ProgressLine::Output::kLines,
                      options.scenario, wall_seconds);
}

// A fleet's mail comes and goes by the ten thousand messages. Memory that is free stays with the
// process: what goes back to the system comes again as empty pages, one fault each.
void keep_freed_memory() {
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, 64 << 20);
  mallopt(M_MMAP_MAX, 0);
}

// Why the run cannot be, in words for who asked for it.
Result<RunResult> run_fleet(const Scenario& scenario, const RunOptions& options) {
  if (options.has_trace || !options.report_file.empty())
    return Error{ErrorCode::kUnsupported,
                 "--trace and --report need the exact world; leave out --world fleet"};
  keep_freed_memory();
  ProgressLine line = progress_line(options);
  fleet::Options fleet;
  fleet.refresh = Duration::milliseconds(options.refresh_ms);
  RunProgress last;
  auto result = fleet::run(scenario, fleet, [&](const fleet::Progress& progress) {
    last = {.virtual_time = progress.virtual_time,
            .events = progress.events,
            .reads = static_cast<uint32_t>(scenario.reads.size()),
            .reads_over = progress.reads_over,
            .bytes_wanted = progress.bytes_wanted,
            .bytes_delivered = progress.bytes_delivered};
    line.update(last);
  });
  line.finish(last);
  if (result.ok()) result->replay = replay_of(options);
  return result;
}

Result<RunResult> run_exact(const Scenario& scenario, const RunOptions& options) {
  if (scenario.fleet.readers > kExactReadersMax)
    return Error{ErrorCode::kUnsupported, "the exact world is for " +
                                              std::to_string(kExactReadersMax) +
                                              " readers at most, and scenario '" + scenario.name +
                                              "' has " + std::to_string(scenario.fleet.readers) +
                                              "; add --world fleet, or name fewer with --readers"};
  ProgressLine line = progress_line(options);
  Measured measured;
  std::vector<std::unique_ptr<Checker>> watchers;
  watchers.push_back(record_into(measured, {scenario.measure.object, scenario.measure.chunk}));
  if (options.has_trace) {
    watchers.push_back(trace_to(stdout));
  } else {
    watchers.push_back(show_progress(line));
  }
  RunResult result = run(scenario, std::move(watchers));
  result.measured = std::move(measured);
  result.replay = replay_of(options);
  return result;
}

int run_one(const RunOptions& options) {
  Result<Scenario> scenario = load_scenario(options.scenario, options.knobs);
  if (!scenario) {
    std::fprintf(stderr, "tyto-sim: %s\n", scenario.error().message.c_str());
    return kExitUsage;
  }
  OutputFile json(options.json_file);
  OutputFile page(options.report_file);
  if (!json.is_good() || !page.is_good()) return kExitUsage;
  std::printf("%s, seed %llu\n", options.scenario.c_str(),
              static_cast<unsigned long long>(options.knobs.seed));
  std::fflush(stdout);  // if a core aborts, the seed is known
  bool is_fleet = options.world == "fleet";
  auto result = is_fleet ? run_fleet(*scenario, options) : run_exact(*scenario, options);
  if (!result.ok()) {
    std::fprintf(stderr, "tyto-sim: %s\n", result.error().message.c_str());
    return kExitUsage;
  }
  std::fputs(text_report(*result).c_str(), stdout);
  if (json.is_wanted() && !json.write(json_report(*result))) return kExitUsage;
  if (page.is_wanted() && !page.write(page_report(*result))) return kExitUsage;
  return result->is_good() ? kExitGood : kExitViolated;
}

// Told of numbers of chunks that no object has.
std::string chunk_count(const std::string& text) {
  if (is_chunk_count(static_cast<uint32_t>(std::stoul(text)))) return {};
  return "no object has 2 to 4 chunks, since up to 1 MiB it is one: ask for 1, or for 5 and more";
}

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "run one scenario and report");
  command->add_option("scenario", options->scenario, "as named by list, or a path to a .toml")
      ->required();
  command->add_option("--seed", options->knobs.seed, "of all randomness")->capture_default_str();
  command->add_option("--readers", options->knobs.readers, "0: the scenario's own")
      ->check(CLI::Range(0u, 1'000'000u));
  command->add_option("--chunks", options->knobs.chunks, "of each object; 0: the scenario's own")
      ->check(CLI::Range(0u, 65'536u))
      ->check(chunk_count);
  command
      ->add_option("--world", options->world,
                   "exact: up to some thousand peers, every fault; fleet: up to a million, whole "
                   "reads, crashes and leaving")
      ->check(CLI::IsMember({"exact", "fleet"}))
      ->capture_default_str();
  command
      ->add_option("--refresh-ms", options->refresh_ms,
                   "how long a flow of the fleet world may keep its rate; longer is faster and "
                   "less exact")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--json", options->json_file, "write all figures and series there, as JSON");
  command->add_option("--report", options->report_file,
                      "write a page with plots there, one HTML file that needs no other");
  command->add_flag("--trace", options->has_trace,
                    "say what happens, line by line, instead of how far it is");
  command->callback([options, &exit_code] { exit_code = run_one(*options); });
}

}  // namespace tyto::sim
