// What a run has to say: for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "sim/scenarios/run.h"

namespace tyto::sim {

// The value at or below which so many of 100 lie (nearest rank). Zero of nothing.
Duration percentile(std::vector<Duration> values, uint32_t percent);

// A few lines: how long it took, against what limit, where the bytes came from, the event hash,
// and everything that went wrong.
std::string text_report(const RunResult& result);
// The same as one JSON object.
std::string json_report(const RunResult& result);

// Three fixed runs and their event hashes, a line each: what every build must agree on.
std::string golden_hashes();

}  // namespace tyto::sim
