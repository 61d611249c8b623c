// The scenarios that are written as TOML, as this folder had them when the program was built.
#pragma once

#include <span>
#include <string_view>

namespace tyto::sim {

struct ScenarioFile {
  std::string_view path;  // "limits/flat16.toml"
  std::string_view text;
};

std::span<const ScenarioFile> scenario_files();

}  // namespace tyto::sim
