// What happens in a run, line by line, for people who look for the reason of something.
#pragma once

#include <cstdio>
#include <memory>

#include "sim/world/checker.h"

namespace tyto::sim {

// Writes reads, assignments, transfers and stored chunks to `out`. Checks nothing.
//
// Ownership: borrows the file.
std::unique_ptr<Checker> trace_to(std::FILE* out);

}  // namespace tyto::sim
