// A daemon's numbers, for Prometheus.
#pragma once

#include "io/metrics/metrics.h"
#include "peer/engine/engine.h"

namespace tyto::peer {

// Registers the families, and fills them from engine.stats() before each text().
// Ownership: `engine` must outlive `metrics`.
void add_engine_metrics(io::Metrics& metrics, const Engine& engine);

}  // namespace tyto::peer
