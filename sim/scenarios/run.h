// A scenario, run to its end under all checkers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/report/measured.h"
#include "sim/world/world.h"

namespace tyto::sim {

// How one read went.
struct ReadResult {
  NodeId node;
  ReadPhase phase = ReadPhase::kNotYet;
  Duration asked;        // from the run's start
  Duration took;         // from its first asking to its end
  Duration fluid_limit;  // what ideal flow over the same links would take
  bool is_slow = false;  // behind a slow link
  uint32_t attempts = 0;
  Error error;
};

struct RunResult {
  std::string scenario;
  uint64_t seed = 0;
  uint64_t event_hash = 0;
  uint64_t events = 0;
  std::array<uint64_t, kEventKinds> events_by_kind{};
  Duration virtual_time;
  std::vector<ReadResult> reads;
  ByteCounts bytes;
  uint64_t bytes_wanted = 0;                // the sizes of all objects that were read
  uint64_t bytes_from_superpeers_sent = 0;  // whatever became of them
  std::vector<uint64_t> bytes_into_rack;
  std::vector<uint64_t> bytes_into_region;  // from peers of others
  uint64_t origin_chunks_read = 0;
  uint64_t origin_requests = 0;  // by which they were read; of a fleet world 0
  uint64_t origin_chunks_distinct = 0;
  uint64_t redundant_transfers = 0;
  std::size_t reader_core_bytes_max = 0;  // the largest core there was
  std::size_t superpeer_core_bytes_max = 0;
  tracker::Counters tracker;  // of the first tracker's last run, if it lived
  uint32_t trackers = 1;
  uint64_t cluster_messages = 0;    // that trackers sent to one another
  uint64_t cluster_deliveries = 0;  // in which they went
  std::map<tracker::NoticeKind, uint64_t> notices;
  std::vector<Violation> violations;
  std::string replay;  // the command that repeats the run; empty if there is none
  Measured measured;   // of runs that were recorded; see sim/report/recorder.h

  bool is_good() const { return violations.empty(); }
  // Origin reads for each 1000 distinct chunks.
  uint64_t amplification_permille() const;
};

// `also` watch, besides all checkers.
RunResult run(const Scenario& scenario, std::vector<std::unique_ptr<Checker>> also = {});

// The least time in which the reader `node` of `scenario` can have `bytes` while everybody reads
// as much as the scenario says: the tightest of the seeds' and the origin's links, its own, its
// rack's, and all uplinks together for what everybody's downlink lets in by then.
Duration fluid_limit(const Scenario& scenario, NodeId node, uint64_t bytes);

}  // namespace tyto::sim
