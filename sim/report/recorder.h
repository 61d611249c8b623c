// Sees a run and keeps what a report needs.
#pragma once

#include <memory>
#include <optional>

#include "sim/report/measured.h"

namespace tyto::sim {

// Which chunk's way through the fleet is kept.
struct RecorderOptions {
  uint32_t object = 0;            // of the scenario, as it is at the start
  std::optional<uint32_t> chunk;  // none: the one in the middle
};

// Watches a world and fills `out`, which is complete when the run has ended. Checks nothing, and
// the run's event hash is the same with it and without.
//
// Ownership: borrows `out`.
// Bounds:    Series::kSamplesMax samples, kTreeEdgesMax transfers of the chunk, kFaultMarksMax
//            faults; a number a transfer under way, a link, and a chunk that its reader has not
//            taken yet.
std::unique_ptr<Checker> record_into(Measured& out, const RecorderOptions& options = {});

inline constexpr std::size_t kTreeEdgesMax = 4096;
inline constexpr std::size_t kFaultMarksMax = 64;

}  // namespace tyto::sim
