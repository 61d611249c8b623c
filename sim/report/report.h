// What a run has to say: for people, for programs, and as a page to look at.
#pragma once

#include <string>
#include <vector>

#include "sim/scenarios/run.h"

namespace tyto::sim {

// A few lines: how long it took, against what limit, where the bytes came from, what was decided,
// the event hash, and everything that went wrong.
std::string text_report(const RunResult& result);

// The same and the series over time, as one JSON object; docs/simulation.md names its fields.
std::string json_report(const RunResult& result);

// One page of HTML with all of it and with plots. It needs nothing from elsewhere.
std::string page_report(const RunResult& result);

// Three fixed runs and their event hashes, a line each: what every build must agree on.
std::string golden_hashes();

// The value at or below which so many of 100 lie. Zero of nothing. Requires: sorted.
double nearest_rank(const std::vector<double>& sorted, uint32_t percent);

}  // namespace tyto::sim
