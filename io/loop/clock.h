// The only clock of the programs. Everything else is told the time.
#pragma once

#include "base/time.h"

namespace tyto::io {

// The monotonic clock (CLOCK_MONOTONIC): never goes back, stands still while the machine sleeps.
// Threads: any.
Instant monotonic_now();

// The calendar (CLOCK_REALTIME). May jump; never used to measure spans.
// Threads: any.
WallTime wall_now();

}  // namespace tyto::io
