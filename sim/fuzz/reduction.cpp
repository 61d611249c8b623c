#include "sim/fuzz/reduction.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace tyto::sim {
namespace {

constexpr std::array<std::string_view, kKnobGroups> kGroupNames = {
    "links",  "racks",   "stores", "uploads", "origin", "latency", "tracker",
    "bucket", "catalog", "policy", "modes",   "tcp",    "disks",   "bucket_policy"};

void make_plain(Scenario& scenario, KnobGroup group) {
  const Scenario plain;
  FleetSpec& fleet = scenario.fleet;
  switch (group) {
    case KnobGroup::kLinks:
      fleet.reader_link = fleet.superpeer_link = fleet.rack_link = {12'500'000, 12'500'000};
      return;
    case KnobGroup::kRacks: fleet.racks = 0; return;
    case KnobGroup::kStores:
      fleet.reader_store_bytes = plain.fleet.reader_store_bytes;
      fleet.superpeer_store_bytes = plain.fleet.superpeer_store_bytes;
      // None at all would be another world: nothing could be read.
      if (fleet.reader_memory_bytes > 0) fleet.reader_memory_bytes = fleet.reader_store_bytes;
      return;
    case KnobGroup::kUploads: fleet.reader_uploads_max = 0; return;
    case KnobGroup::kOrigin: scenario.origin = plain.origin; return;
    case KnobGroup::kLatency: scenario.latency = plain.latency; return;
    case KnobGroup::kTracker: scenario.tracker = plain.tracker; return;
    case KnobGroup::kBucket: scenario.bucket = plain.bucket; return;
    case KnobGroup::kCatalog: scenario.catalog_lag = plain.catalog_lag; return;
    case KnobGroup::kPolicy: scenario.reader_policy = plain.reader_policy; return;
    case KnobGroup::kModes:
      for (ReadSpec& read : scenario.reads) read.mode = ReadMode::kWhole;
      return;
    case KnobGroup::kTcp: scenario.tcp = plain.tcp; return;
    case KnobGroup::kDisks: fleet.superpeer_disk = fleet.reader_disk = {}; return;
    case KnobGroup::kBucketPolicy:
      scenario.policy = plain.policy;
      for (ObjectSpec& object : scenario.objects) object.is_pinned = false;
      return;
  }
}

template <class Item>
std::vector<Item> without(const std::vector<Item>& items, const std::set<uint32_t>& left_out) {
  std::vector<Item> rest;
  for (uint32_t i = 0; i < items.size(); ++i)
    if (!left_out.contains(i)) rest.push_back(items[i]);
  return rest;
}

// Requires: the reader is there.
void remove_reader(Scenario& scenario, uint32_t reader) {
  uint32_t gone = scenario.fleet.reader(reader).value();
  auto move_up = [&](uint32_t node) { return node > gone ? node - 1 : node; };
  std::erase_if(scenario.reads, [&](const ReadSpec& read) { return read.node.value() == gone; });
  std::erase_if(scenario.faults, [&](const FaultSpec& fault) {
    return is_of_node(fault.kind) && fault.target == gone;
  });
  for (ReadSpec& read : scenario.reads) read.node = NodeId(move_up(read.node.value()));
  for (FaultSpec& fault : scenario.faults)
    if (is_of_node(fault.kind)) fault.target = move_up(fault.target);
  --scenario.fleet.readers;
}

// --- text ---

template <class Items, class Name>
void add_list(std::string& out, std::string_view key, const Items& items, const Name& name) {
  if (items.empty()) return;
  if (!out.empty()) out += ' ';
  out += std::string(key) + '=';
  bool is_first = true;
  for (const auto& item : items) {
    if (!is_first) out += ',';
    is_first = false;
    out += name(item);
  }
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    std::size_t end = std::min(text.find(by), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::optional<uint32_t> number(std::string_view text) {
  uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool take_item(Reduction& out, std::string_view key, std::string_view item) {
  if (key == "plain") {
    auto* name = std::find(kGroupNames.begin(), kGroupNames.end(), item);
    if (name == kGroupNames.end()) return false;
    out.plain.insert(static_cast<KnobGroup>(name - kGroupNames.begin()));
    return true;
  }
  if (key == "halved") {
    std::size_t times = item.find('x');
    if (times == std::string_view::npos) return false;
    auto object = number(item.substr(0, times));
    auto count = number(item.substr(times + 1));
    if (!object || !count || *count > 63) return false;
    out.halved[*object] = *count;
    return true;
  }
  if (key == "calm") {
    auto ms = item.ends_with("ms") ? number(item.substr(0, item.size() - 2)) : std::nullopt;
    if (!ms || *ms == 0) return false;
    out.calm_at = Duration::milliseconds(*ms);
    return true;
  }
  auto value = number(item);
  if (!value) return false;
  if (key == "faults") return out.faults.insert(*value), true;
  if (key == "reads") return out.reads.insert(*value), true;
  if (key == "readers") return out.readers.insert(*value), true;
  return false;
}

std::string ms_text(Duration span) {
  return std::to_string(span.ns() / 1'000'000) + " ms";
}

}  // namespace

std::string_view knob_group_name(KnobGroup group) {
  return kGroupNames[static_cast<std::size_t>(group)];
}

Scenario reduced(const Scenario& whole, const Reduction& reduction) {
  Scenario scenario = whole;
  scenario.faults = without(whole.faults, reduction.faults);
  scenario.reads = without(whole.reads, reduction.reads);
  for (auto reader = reduction.readers.rbegin(); reader != reduction.readers.rend(); ++reader)
    if (*reader < scenario.fleet.readers) remove_reader(scenario, *reader);
  for (const auto& [object, times] : reduction.halved)
    if (object < scenario.objects.size()) scenario.objects[object].bytes >>= times;
  for (KnobGroup group : reduction.plain) make_plain(scenario, group);
  if (reduction.calm_at > Duration()) scenario.calm_at = reduction.calm_at;
  return scenario;
}

std::string reduction_text(const Reduction& reduction) {
  std::string out;
  auto as_number = [](uint32_t item) { return std::to_string(item); };
  add_list(out, "faults", reduction.faults, as_number);
  add_list(out, "reads", reduction.reads, as_number);
  add_list(out, "readers", reduction.readers, as_number);
  add_list(out, "halved", reduction.halved, [](const auto& item) {
    return std::to_string(item.first) + 'x' + std::to_string(item.second);
  });
  add_list(out, "plain", reduction.plain,
           [](KnobGroup group) { return std::string(knob_group_name(group)); });
  if (reduction.calm_at > Duration()) {
    add_list(out, "calm", std::vector{reduction.calm_at},
             [](Duration calm) { return std::to_string(calm.ns() / 1'000'000) + "ms"; });
  }
  return out;
}

Result<Reduction> parse_reduction(std::string_view text) {
  Reduction out;
  for (std::string_view word : split(text, ' ')) {
    std::size_t equals = std::min(word.find('='), word.size());
    std::string_view key = word.substr(0, equals);
    std::string_view list = word.substr(std::min(equals + 1, word.size()));
    bool is_good = !list.empty();
    for (std::string_view item : split(list, ',')) is_good = is_good && take_item(out, key, item);
    if (is_good) continue;
    return {ErrorCode::kInvalidArgument,
            "--without: '" + std::string(word) +
                "' says nothing that can be left out; expected faults=0,2 reads=3 readers=1 "
                "halved=0x2 plain=links,latency or calm=5000ms, as fuzz prints it"};
  }
  return out;
}

std::string scenario_text(const Scenario& scenario) {
  const FleetSpec& fleet = scenario.fleet;
  std::string out = "  " + std::to_string(fleet.superpeers) + " superpeers, " +
                    std::to_string(fleet.readers) + " readers, " + std::to_string(fleet.racks) +
                    " racks; calm at " + ms_text(scenario.calm_at) + "\n";
  for (uint32_t i = 0; i < scenario.objects.size(); ++i) {
    const ObjectSpec& object = scenario.objects[i];
    bool is_read = std::any_of(scenario.reads.begin(), scenario.reads.end(),
                               [&](const ReadSpec& read) { return read.object == i; });
    if (!is_read) continue;
    out += "  object " + std::to_string(i) + ": " + std::to_string(object.bytes) + " bytes" +
           (object.is_published ? ", published" : "") + (object.is_pinned ? ", pinned\n" : "\n");
  }
  for (const ReadSpec& read : scenario.reads) {
    out += "  " + ms_text(read.at) + ": node " + std::to_string(read.node.value()) +
           (read.mode == ReadMode::kStream ? " streams object " : " reads object ") +
           std::to_string(read.object) + "\n";
  }
  for (const FaultSpec& fault : scenario.faults) {
    out += "  " + ms_text(fault.at) + ": " + std::string(fault_kind_name(fault.kind));
    if (is_of_node(fault.kind)) out += " of node " + std::to_string(fault.target);
    if (fault.kind == FaultKind::kOriginChanges)
      out += " of object " + std::to_string(fault.target);
    out += fault.lasts == Duration::forever() ? "\n" : " for " + ms_text(fault.lasts) + "\n";
  }
  return out;
}

}  // namespace tyto::sim
