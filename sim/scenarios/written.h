// A scenario written as a file.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sim/world/scenario.h"

namespace tyto::sim {

// The TOML of which `tyto-sim run FILE --seed N` makes the same run, N being the scenario's seed.
// What is as by default is left out.
//
// Purity: pure.
// Errors: kUnsupported if a file can't say all of it: groups of readers, no readers or no reads at
//         all. The message says what.
// Requires: all values are within the bounds of their keys.
Result<std::string> written(const Scenario& scenario, std::string_view about);

}  // namespace tyto::sim
