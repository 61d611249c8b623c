// What a run comes to: the numbers that text, JSON and page tell.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "sim/scenarios/run.h"

namespace tyto::sim {

struct Percentiles {
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double max = 0;
};

// Of reads that got the whole object.
struct ReadTimes {
  std::string_view name;  // all, fast, slow
  uint32_t complete = 0;
  Percentiles seconds;  // from asking to the end
  Percentiles stretch;  // that time over the reader's own fluid limit
};

struct LinkFigures {
  double mean = 0;     // share of the group's rate that was used while reads were open
  double busiest = 0;  // share of its rate: the most loaded link in its busiest interval
};

struct Rate {
  double mean = 0;  // while reads were open, per second
  double peak = 0;  // in the busiest interval
};

struct Figures {
  uint32_t reads = 0;
  uint32_t complete = 0;
  uint32_t failed = 0;
  uint32_t interrupted = 0;
  std::vector<ReadTimes> times;  // all; fast and slow apart where there are both
  Duration first_asked;          // from the run's start
  Duration last_ended;
  double amplification = 0;               // chunks read at the origin over distinct ones
  double superpeer_copies_sent = 0;       // bytes that superpeers sent over bytes of the objects
  std::vector<double> rack_copies;        // bytes that entered each rack over bytes of the objects
  std::vector<double> region_copies;      // the same of regions, of what came from peers of others
  double cluster_messages_per_chunk = 0;  // between trackers, over distinct chunks
  // Of recorded runs only.
  std::array<uint64_t, kTiers> bytes_by_tier{};
  std::array<LinkFigures, kLinkGroups> links{};
  Rate exchanges;
  Rate decisions;
};

Figures figures_of(const RunResult& result);

double seconds(Duration span);

// The share of reads that were complete at a time.
struct CompletionPoint {
  double seconds = 0;
  double share = 0;
};
enum class CompletionCurve : uint8_t {
  kFromStart,   // of the run
  kFromAsking,  // each read by its own clock
  kFluidLimit,  // as kFromAsking, had every read taken its fluid limit
};
// At most kCompletionPointsMax points, the first and the last completion among them.
std::vector<CompletionPoint> completion_curve(const RunResult& result, CompletionCurve which);
inline constexpr std::size_t kCompletionPointsMax = 512;

}  // namespace tyto::sim
