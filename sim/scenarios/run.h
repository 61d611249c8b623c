// A scenario, run to its end under all checkers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/world/world.h"

namespace tyto::sim {

// How one read went.
struct ReadResult {
  NodeId node;
  ReadPhase phase = ReadPhase::kNotYet;
  Duration took;         // from its first asking to its end
  Duration fluid_limit;  // what ideal flow over the same links would take
  uint32_t attempts = 0;
  Error error;
};

struct RunResult {
  std::string scenario;
  uint64_t seed = 0;
  uint64_t event_hash = 0;
  uint64_t events = 0;
  Duration virtual_time;
  std::vector<ReadResult> reads;
  ByteCounts bytes;
  uint64_t origin_chunks_read = 0;
  uint64_t origin_chunks_distinct = 0;
  uint64_t redundant_transfers = 0;
  std::size_t core_bytes_max = 0;  // the largest peer core there was
  tracker::Counters tracker;       // of the last tracker, if it lived
  std::map<tracker::NoticeKind, uint64_t> notices;
  std::vector<Violation> violations;

  bool is_good() const { return violations.empty(); }
  // Origin reads for each 1000 distinct chunks.
  uint64_t amplification_permille() const;
};

RunResult run(const Scenario& scenario);

// The least time in which a reader of `scenario` can have `bytes` while everybody reads as much
// as the scenario says.
Duration fluid_limit(const Scenario& scenario, uint64_t bytes);

}  // namespace tyto::sim
