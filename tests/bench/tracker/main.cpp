// The tracker core under a fleet of one size: decisions a second, and memory.
//
//   tracker_bench [--peers N] [--versions N] [--seconds S]
//
// Writes a JSON object to standard output.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fleet.h"

namespace tyto::bench {
namespace {

constexpr uint32_t kExchangesPerTurn = 64;

struct Options {
  FleetSize size;
  double seconds = 5;
};

struct Figures {
  double bytes_per_idle_peer = 0;
  double bytes_per_peer_chunk = 0;
  uint64_t peer_chunks = 0;
  Turn all;                       // of turns of kExchangesPerTurn
  std::vector<double> us_single;  // a decision, of turns of one exchange
  double busy_share = 0;
};

uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t pages = 0;
  file >> pages >> pages;
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

double growth_per(uint64_t before, uint64_t after, uint64_t count) {
  return after < before ? 0 : static_cast<double>(after - before) / static_cast<double>(count);
}

// Downloads go on until the fleet is spent or the time is up. Every fourth turn is timed exchange
// by exchange, the others as a whole.
void download(Fleet& fleet, Figures& figures, double us_max) {
  for (uint32_t turn = 1; figures.all.us < us_max && !fleet.is_spent(); ++turn) {
    if (turn % 4 != 0) {
      Turn taken = fleet.turn(kExchangesPerTurn, Clock::kProcessor);
      figures.all.exchanges += taken.exchanges;
      figures.all.decisions += taken.decisions;
      figures.all.us += taken.us;
      continue;
    }
    for (uint32_t i = 0; i < kExchangesPerTurn; ++i) {
      Turn taken = fleet.turn(1, Clock::kWall);
      figures.us_single.push_back(taken.us /
                                  static_cast<double>(std::max<uint64_t>(1, taken.decisions)));
    }
  }
}

// A small fleet is soon spent, and made anew.
Figures measure(const Options& options) {
  Figures figures;
  double us_max = options.seconds * 1e6;
  do {
    Fleet fleet(options.size);
    fleet.publish();
    uint64_t empty = resident_bytes();
    fleet.join();
    uint64_t joined = resident_bytes();
    fleet.hold();
    uint64_t held = resident_bytes();
    if (figures.all.decisions == 0) {
      figures.peer_chunks = fleet.peer_chunks();
      figures.bytes_per_idle_peer = growth_per(empty, joined, options.size.peers);
      figures.bytes_per_peer_chunk = growth_per(joined, held, fleet.peer_chunks());
    }
    fleet.open();
    download(fleet, figures, us_max);
    figures.busy_share = fleet.busy_share();
  } while (figures.all.us < us_max);
  return figures;
}

double quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  auto at = static_cast<std::ptrdiff_t>(static_cast<double>(values.size() - 1) * share);
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

nlohmann::json as_json(const Options& options, Figures& figures) {
  auto decisions = static_cast<double>(figures.all.decisions);
  return {{"peers", options.size.peers},
          {"versions", options.size.versions},
          {"peer_chunks", figures.peer_chunks},
          {"core_decisions_per_s", decisions / figures.all.us * 1e6},
          {"decisions_per_exchange", decisions / static_cast<double>(figures.all.exchanges)},
          {"p50_decision_us", quantile(figures.us_single, 0.5)},
          {"p99_decision_us", quantile(figures.us_single, 0.99)},
          {"bytes_per_peer_chunk", figures.bytes_per_peer_chunk},
          {"bytes_per_idle_peer", figures.bytes_per_idle_peer},
          {"busy_share", figures.busy_share},
          {"decisions", figures.all.decisions}};
}

// Nothing if the arguments make no sense.
std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    std::string flag = argv[i];
    if (i + 1 == argc) return std::nullopt;
    try {
      if (flag == "--peers")
        options.size.peers = static_cast<uint32_t>(std::stoul(argv[i + 1]));
      else if (flag == "--versions")
        options.size.versions = static_cast<uint32_t>(std::stoul(argv[i + 1]));
      else if (flag == "--explain-records")
        options.size.explain_records = static_cast<uint32_t>(std::stoul(argv[i + 1]));
      else if (flag == "--seconds")
        options.seconds = std::stod(argv[i + 1]);
      else
        return std::nullopt;
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }
  bool is_sane = options.size.peers >= 100 && options.size.versions >= 1 && options.seconds > 0;
  return is_sane ? std::optional(options) : std::nullopt;
}

}  // namespace
}  // namespace tyto::bench

int main(int argc, char** argv) {
  using namespace tyto::bench;
  auto options = parse(argc, argv);
  if (!options) {
    std::fprintf(stderr,
                 "usage: tracker_bench [--peers N] [--versions N] [--seconds S]\n"
                 "                     [--explain-records N]\n"
                 "  N of peers is at least 100, of versions at least 1; S is above 0\n");
    return 2;
  }
  Figures figures = measure(*options);
  if (figures.all.decisions == 0) {
    std::fprintf(stderr, "tracker_bench: not one assignment was sent\n");
    return 1;
  }
  std::puts(as_json(*options, figures).dump(2).c_str());
  return 0;
}
