// The parts of the JSON report.
#pragma once

#include <nlohmann/json.hpp>

#include "sim/report/figures.h"

namespace tyto::sim {

using Json = nlohmann::ordered_json;

// To six places, so that what is told is what was computed on every machine.
double rounded(double value);
double rounded_seconds(Duration span);

// Bytes by source, tier and bucket, and what was wasted.
Json traffic_json(const RunResult& result, const Figures& figures);
// Links and trackers, in sum.
Json load_json(const RunResult& result, const Figures& figures);
// Everything over time: an array a quantity, an element a sample.
Json series_json(const Measured& measured);
// How the sampled chunk spread.
Json tree_json(const ChunkTree& tree);

}  // namespace tyto::sim
