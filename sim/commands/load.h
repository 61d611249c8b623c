// Scenarios from the catalogue or from files.
#pragma once

#include <string>

#include "base/result.h"
#include "sim/scenarios/catalogue.h"
#include "sim/scenarios/document.h"

namespace tyto::sim {

// The scenario that the command line means: a path if it ends in .toml or has a slash, else a name
// of the catalogue.
// Errors: kNotFound, kInvalidArgument, with what to do.
Result<Scenario> load_scenario(const std::string& name_or_path, const Knobs& knobs);

// What a file says. Errors: kInvalidArgument, with file, line and key.
Result<ScenarioDocument> read_scenario_file(const std::string& path);

}  // namespace tyto::sim
