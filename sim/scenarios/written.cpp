#include "sim/scenarios/written.h"

#include <map>
#include <set>

#include "settings/table.h"
#include "sim/scenarios/catalogue.h"
#include "sim/scenarios/document.h"
#include "sim/scenarios/document_rows.h"
#include "sim/scenarios/expand.h"

namespace tyto::sim {
namespace {

Error refusal(const std::string& what) {
  return {ErrorCode::kUnsupported, "no scenario file can say this: " + what};
}

// The keys whose values differ from those of `usual`, which has the same keys.
std::map<std::string, std::string> differing(const settings::Table& table,
                                             const settings::Table& usual,
                                             std::map<std::string, std::string>* top) {
  std::map<std::string, std::string> tables;
  for (std::size_t i = 0; i < table.settings().size(); ++i) {
    const settings::Setting& setting = table.settings()[i];
    if (setting.shape == settings::TomlShape::kRows) continue;
    if (setting.default_toml == usual.settings()[i].default_toml) continue;
    std::string line = std::string(setting.key()) + " = " + setting.default_toml + "\n";
    std::string name(setting.table());
    (name.empty() && top != nullptr ? *top : tables)[name] += line;
  }
  return tables;
}

template <class Row>
std::string row_text(std::string_view name, Row row, void (*describe)(settings::Table&, Row&)) {
  Row plain;
  settings::Table table;
  settings::Table usual;
  describe(table, row);
  describe(usual, plain);
  std::string out = "\n[[" + std::string(name) + "]]\n";
  for (const auto& [none, lines] : differing(table, usual, nullptr)) out += lines;
  return out;
}

std::string target_text(const Scenario& scenario, uint32_t node) {
  bool is_superpeer = node < scenario.fleet.superpeers;
  return is_superpeer ? "superpeer " + std::to_string(node)
                      : "reader " + std::to_string(node - scenario.fleet.superpeers);
}

std::string rows_text(const Scenario& scenario) {
  const FleetSpec& fleet = scenario.fleet;
  ReadersRow readers;
  readers.count = fleet.readers;
  readers.link = fleet.reader_link;
  readers.disk = fleet.reader_disk;
  readers.store_bytes = fleet.reader_store_bytes;
  readers.memory_bytes = fleet.reader_memory_bytes;
  readers.uploads_max = fleet.reader_uploads_max;
  std::string out = row_text("readers", readers, describe_readers);
  for (const ObjectSpec& object : scenario.objects) {
    ObjectsRow row;
    row.key = object.key;
    row.bytes = object.bytes;
    row.is_published = object.is_published;
    row.is_pinned = object.is_pinned;
    out += row_text("objects", row, describe_objects);
  }
  for (const ReadSpec& read : scenario.reads) {
    ReadsRow row;
    row.who = target_text(scenario, read.node.value());
    row.objects = scenario.objects[read.object].key;
    row.at = read.at;
    row.mode = read.mode;
    row.window = read.window;
    out += row_text("reads", row, describe_reads);
  }
  for (const FaultSpec& fault : scenario.faults) {
    FaultsRow row;
    row.kind = fault.kind;
    if (is_of_node(fault.kind)) row.who = target_text(scenario, fault.target);
    if (fault.kind == FaultKind::kOriginChanges) row.object = scenario.objects[fault.target].key;
    if (fault.kind == FaultKind::kZoneCut) row.zone = fault.target;
    if (is_of_tracker(fault.kind)) row.tracker = fault.target;
    row.at = fault.at;
    row.lasts = fault.lasts;
    // Required keys, whatever their values.
    std::string text = row_text("faults", row, describe_faults);
    if (row.kind == FaultsRow().kind)
      text += "kind = " + settings::toml_quoted(fault_kind_name(row.kind)) + "\n";
    if (row.at == FaultsRow().at) text += "at = \"0s\"\n";
    out += text;
  }
  return out;
}

}  // namespace

Result<std::string> written(const Scenario& scenario, std::string_view about) {
  if (!scenario.fleet.groups.empty()) return refusal("groups of readers, counted out");
  if (scenario.fleet.readers == 0) return refusal("no readers at all");
  if (scenario.reads.empty()) return refusal("no reads at all");
  ScenarioDocument document = empty_document();
  ScenarioDocument usual_document = empty_document();
  document.about = about;
  document.scenario = scenario;
  document.superpeers = scenario.fleet.superpeers;
  settings::Table table;
  settings::Table usual;
  add_scenario_settings(table, document);
  add_scenario_settings(usual, usual_document);
  std::map<std::string, std::string> top;
  std::map<std::string, std::string> tables = differing(table, usual, &top);
  std::string out = top[""];
  for (const auto& [name, lines] : tables) out += "\n[" + name + "]\n" + lines;
  out += rows_text(scenario);
  Result<ScenarioDocument> read = parse_scenario(out, "the file");
  if (!read) return refusal(read.error().message);
  Result<Scenario> again = expand(*read, scenario.name, {.seed = scenario.seed});
  if (!again) return refusal(again.error().message);
  return out;
}

}  // namespace tyto::sim
