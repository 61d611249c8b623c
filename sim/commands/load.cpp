#include "sim/commands/load.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/scenarios/expand.h"

namespace tyto::sim {
namespace {

constexpr std::uintmax_t kFileBytesMax = 1 << 20;

}  // namespace

Result<ScenarioDocument> read_scenario_file(const std::string& path) {
  std::error_code error;
  std::uintmax_t bytes = std::filesystem::file_size(path, error);
  if (!error && bytes > kFileBytesMax)
    return scenario_error(path, 0, "is larger than 1 MiB; is it a scenario?");
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!error) text << in.rdbuf();
  if (error || !in)
    return scenario_error(path, 0,
                          "cannot be read: " + (error ? error.message() : std::strerror(errno)) +
                              "; check the path, or see tyto-sim list for names");
  return parse_scenario(text.str(), path);
}

Result<Scenario> load_scenario(const std::string& name_or_path, const Knobs& knobs) {
  bool is_path = name_or_path.ends_with(".toml") || name_or_path.find('/') != std::string::npos;
  if (!is_path) return catalogue_scenario(name_or_path, knobs);
  Result<ScenarioDocument> document = read_scenario_file(name_or_path);
  if (!document) return document.error();
  return expand(*document, std::filesystem::path(name_or_path).stem().string(), knobs);
}

}  // namespace tyto::sim
