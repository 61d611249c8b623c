#include "sim/scenarios/expand.h"

#include <algorithm>
#include <optional>

#include "settings/quantity.h"
#include "settings/table.h"
#include "sim/scenarios/arrivals.h"
#include "sim/scenarios/targets.h"

namespace tyto::sim {
namespace {

constexpr std::size_t kReadsMax = 50'000'000;
constexpr std::size_t kFaultsMax = 1'000'000;
constexpr Duration kTimeMax = Duration::seconds(2 * 366 * 86400);

// Whether the last of `count`, one each `gap` from `first`, comes after the end of all runs.
bool is_too_late(Duration first, Duration gap, uint64_t count) {
  if (count <= 1 || gap == Duration()) return first > kTimeMax;
  return first > kTimeMax || static_cast<uint64_t>((kTimeMax - first).ns() / gap.ns()) < count - 1;
}

// One document on its way to a scenario.
class Expansion {
 public:
  Expansion(const ScenarioDocument& document, const Knobs& knobs)
      : document_(document),
        knobs_(knobs),
        scenario_(document.scenario),
        targets_(make_stream(knobs.seed, Stream::kTargets)),
        sizes_(make_stream(knobs.seed, Stream::kSizes)),
        arrivals_(make_stream(knobs.seed, Stream::kArrivals)) {}

  Result<Scenario> build(std::string_view name) {
    scenario_.name = name;
    scenario_.seed = knobs_.seed;
    add_readers();
    if (auto done = check_latency(); !done) return done.error();
    if (auto done = add_objects(); !done) return done.error();
    for (const ReadsRow& row : document_.reads)
      if (auto done = add_reads(row); !done) return done.error();
    for (const FaultsRow& row : document_.faults)
      if (auto done = add_faults(row); !done) return done.error();
    if (auto done = check_whole_reads(); !done) return done.error();
    if (auto done = set_measured(); !done) return done.error();
    return std::move(scenario_);
  }

 private:
  struct Span {
    uint32_t first = 0;
    uint32_t count = 0;
  };

  void add_readers() {
    FleetSpec& fleet = scenario_.fleet;
    fleet.superpeers = document_.superpeers;
    uint64_t written = 0;
    for (const ReadersRow& row : document_.readers) written += row.count;
    fleet.readers = knobs_.readers > 0 ? knobs_.readers : static_cast<uint32_t>(written);
    const ReadersRow& most = document_.readers.front();
    fleet.reader_link = most.link;
    fleet.reader_disk = most.disk;
    fleet.reader_store_bytes = most.store_bytes;
    fleet.reader_memory_bytes = most.memory_bytes;
    fleet.reader_uploads_max = most.uploads_max;
    uint64_t passed = 0;
    for (const ReadersRow& row : document_.readers) {
      uint64_t first = (passed * fleet.readers + written - 1) / written;
      passed += row.count;
      uint64_t end = (passed * fleet.readers + written - 1) / written;
      fleet.groups.push_back({row.name, static_cast<uint32_t>(first),
                              static_cast<uint32_t>(end - first), row.link, row.disk,
                              row.store_bytes, row.uploads_max, row.is_slow, row.memory_bytes});
    }
  }

  // What takes round trips must have some that take time.
  Result<void> check_latency() const {
    if (scenario_.latency.round_trip() > Duration()) return {};
    if (scenario_.fleet.has_loss() || scenario_.origin.loss_ppm > 0)
      return wrong(0,
                   "loss_ppm: what loss costs depends on the latency, and there is none; give "
                   "latency.base");
    if (scenario_.tcp.has_slow_start)
      return wrong(0,
                   "tcp.slow_start: without a latency no round trip takes any time; give "
                   "latency.base, or leave it out");
    return {};
  }

  Result<void> add_objects() {
    for (const ObjectsRow& row : document_.objects) {
      if (span_of(row.key))
        return wrong(row.line, "objects.key: \"" + row.key +
                                   "\" is there already: give each row a key of its own");
      if (row.key.empty() || row.key.size() > kKeyBytesMax - 10)
        return wrong(row.line, "objects.key: expected 1 to " + std::to_string(kKeyBytesMax - 10) +
                                   " bytes, found " + std::to_string(row.key.size()));
      if (!is_chunk_count(row.chunks))
        return wrong(row.line, "objects.chunks: no object has 2, 3 or 4 chunks, found " +
                                   std::to_string(row.chunks) +
                                   "; up to 1 MiB it is one, so write 1, or 5 or more");
      if (row.is_pinned && !row.is_published)
        return wrong(row.line, "objects.pinned: \"" + row.key +
                                   "\" is not published, so nobody knows yet what is to be pinned; "
                                   "give published = true too");
      bool is_drawn = row.sizes == Sizes::kUniform || row.sizes == Sizes::kLogUniform;
      if (is_drawn && row.bytes_max < std::max<uint64_t>(row.bytes, 1))
        return wrong(row.line,
                     "objects.size_max: expected at least `size`, and a byte, to draw "
                     "from; found " +
                         settings::bytes_text(row.bytes_max));
      keys_.push_back({row.key, {static_cast<uint32_t>(scenario_.objects.size()), row.count}});
      for (uint32_t i = 0; i < row.count; ++i)
        scenario_.objects.push_back({row.count == 1 ? row.key : row.key + "-" + std::to_string(i),
                                     size_of(row, i), row.is_published, row.is_pinned});
    }
    return {};
  }

  // What is read in one go is one flow.
  Result<void> check_whole_reads() const {
    if (scenario_.origin.has_ranges) return {};
    for (const ObjectSpec& object : scenario_.objects)
      if (object.bytes > 16 * kGiB)
        return wrong(0, "origin.ranges: \"" + object.key + "\" has " +
                            settings::bytes_text(object.bytes) +
                            "; without ranges expected 16GiB at most: make it smaller, or leave "
                            "origin.ranges out");
    return {};
  }

  uint64_t size_of(const ObjectsRow& row, uint32_t index) {
    uint64_t least = row.chunks > 0 ? object_bytes(row.chunks) : row.bytes;
    switch (row.sizes) {
      case Sizes::kEqual: return knobs_.chunks > 0 ? object_bytes(knobs_.chunks) : least;
      case Sizes::kSteps: return std::min(least + index * row.step_bytes, kObjectBytesMax);
      case Sizes::kUniform:
        return static_cast<uint64_t>(
            between(sizes_, static_cast<int64_t>(least), static_cast<int64_t>(row.bytes_max)));
      case Sizes::kLogUniform: return draw_log_uniform(sizes_, least, row.bytes_max);
    }
    return least;
  }

  Result<void> add_reads(const ReadsRow& row) {
    auto objects = objects_of(row.line, "reads.object", row.objects);
    if (!objects) return objects.error();
    auto nodes = choose(row.who, scenario_.fleet, targets_);
    if (!nodes) return wrong(row.line, "reads.who: " + nodes.error().message);
    for (NodeId node : *nodes)
      if (scenario_.fleet.is_superpeer(node))
        return wrong(row.line, "reads.who: \"" + row.who +
                                   "\" has superpeers in it, which read nothing of their own; "
                                   "name readers");
    std::size_t added =
        nodes->size() * std::size_t{row.pick == Pick::kAll ? objects->count : row.reads_each};
    if (added > kReadsMax - scenario_.reads.size())
      return wrong(row.line, "reads: more than " + std::to_string(kReadsMax) +
                                 " reads in all; name fewer readers or objects");
    bool has_over = row.arrival == Arrival::kSpread || row.arrival == Arrival::kPoisson ||
                    row.arrival == Arrival::kDiurnal;
    if (row.arrival == Arrival::kDiurnal && row.over == Duration())
      return wrong(row.line, "reads.over: expected more than 0s, over which readers can come");
    Duration over = has_over ? row.over : Duration();
    uint64_t gaps = row.arrival == Arrival::kEach    ? nodes->size()
                    : row.arrival == Arrival::kWaves ? row.waves
                                                     : 0;
    if (is_too_late(row.at + over, row.gap, gaps) ||
        is_too_late(row.at + over, row.object_gap, objects->count))
      return wrong(row.line,
                   "reads: the last would ask after more than a year; shorten `at`, `gap`, `over` "
                   "or `object_gap`");
    if (row.pick == Pick::kZipf) return add_drawn_reads(row, *nodes, *objects);
    std::vector<Duration> times = arrival_times(row, nodes->size(), arrivals_);
    for (uint32_t o = 0; o < objects->count; ++o)
      for (std::size_t i = 0; i < nodes->size(); ++i)
        scenario_.reads.push_back({.at = times[i] + row.object_gap * int64_t{o},
                                   .node = (*nodes)[i],
                                   .object = objects->first + o,
                                   .mode = row.mode,
                                   .window = row.window});
    return {};
  }

  // Readers come in turn, and draw what they read.
  Result<void> add_drawn_reads(const ReadsRow& row, const std::vector<NodeId>& nodes,
                               const Span& objects) {
    Zipf popularity(objects.count, row.zipf_permille);
    std::vector<Duration> times =
        arrival_times(row, nodes.size() * std::size_t{row.reads_each}, arrivals_);
    for (std::size_t i = 0; i < times.size(); ++i)
      scenario_.reads.push_back({.at = times[i],
                                 .node = nodes[i % nodes.size()],
                                 .object = objects.first + popularity.draw(arrivals_),
                                 .mode = row.mode,
                                 .window = row.window});
    return {};
  }

  // Nodes, objects, a zone, or a 0 that says nothing.
  Result<std::vector<uint32_t>> targets_of(const FaultsRow& row) {
    if (!is_of_node(row.kind) && !row.who.empty())
      return wrong(row.line, "faults.who: " + std::string(fault_kind_name(row.kind)) +
                                 " is of no node; leave `who` out");
    if (row.kind != FaultKind::kOriginChanges && !row.object.empty())
      return wrong(row.line, "faults.object: only origin_changes is of an object; leave it out");
    std::vector<uint32_t> targets;
    if (is_of_node(row.kind)) {
      auto nodes = choose(row.who, scenario_.fleet, targets_);
      if (!nodes) return wrong(row.line, "faults.who: " + nodes.error().message);
      for (NodeId node : *nodes) targets.push_back(node.value());
    } else if (row.kind == FaultKind::kOriginChanges) {
      auto objects = objects_of(row.line, "faults.object", row.object);
      if (!objects) return objects.error();
      for (uint32_t i = 0; i < objects->count; ++i) targets.push_back(objects->first + i);
    } else if (row.kind == FaultKind::kZoneCut) {
      if (row.zone >= scenario_.fleet.zones)
        return wrong(row.line, "faults.zone: expected one of " +
                                   std::to_string(scenario_.fleet.zones) +
                                   " zones, counted from 0, found " + std::to_string(row.zone) +
                                   "; raise zones.count, or name another");
      targets.push_back(row.zone);
    } else if (is_of_tracker(row.kind)) {
      if (row.tracker >= scenario_.trackers)
        return wrong(row.line,
                     "faults.tracker: expected one of " + std::to_string(scenario_.trackers) +
                         " trackers, counted from 0, found " + std::to_string(row.tracker) +
                         "; raise trackers.count, or name another");
      targets.push_back(row.tracker);
    } else {
      targets.push_back(0);
    }
    return targets;
  }

  Result<void> add_faults(const FaultsRow& row) {
    Result<std::vector<uint32_t>> found = targets_of(row);
    if (!found) return found.error();
    const std::vector<uint32_t>& targets = *found;
    if (targets.size() * std::size_t{row.times} > kFaultsMax - scenario_.faults.size())
      return wrong(row.line, "faults: more than " + std::to_string(kFaultsMax) +
                                 " in all; name fewer targets or times");
    if (is_too_late(row.at, row.every, row.times) || is_too_late(row.at, row.gap, targets.size()))
      return wrong(row.line,
                   "faults: the last would come after more than a year; shorten `at`, `every` or "
                   "`gap`");
    for (uint32_t n = 0; n < row.times; ++n)
      for (std::size_t i = 0; i < targets.size(); ++i)
        scenario_.faults.push_back(
            {row.at + row.every * int64_t{n} + row.gap * static_cast<int64_t>(i), row.kind,
             targets[i], row.lasts});
    return {};
  }

  Result<void> set_measured() {
    auto objects = objects_of(0, "measure.object", document_.measured_object);
    if (!objects) return objects.error();
    scenario_.measure.object = objects->first;
    if (document_.measured_chunk != ScenarioDocument::kMiddle)
      scenario_.measure.chunk = document_.measured_chunk;
    return {};
  }

  std::optional<Span> span_of(const std::string& key) const {
    for (const auto& [known, span] : keys_)
      if (known == key) return span;
    return std::nullopt;
  }
  Result<Span> objects_of(uint32_t line, const std::string& name, const std::string& key) const {
    if (key.empty()) return keys_.front().second;
    if (auto span = span_of(key)) return *span;
    std::vector<std::string> names;
    for (const auto& [known, span] : keys_) names.push_back(known);
    return wrong(line, name + ": there are no [[objects]] with the key \"" + key + "\"" +
                           settings::did_you_mean(key, names) + "; add them, or name others");
  }
  Error wrong(uint32_t line, const std::string& message) const {
    return scenario_error(document_.file, line, message);
  }

  const ScenarioDocument& document_;
  const Knobs& knobs_;
  Scenario scenario_;
  Rng targets_;
  Rng sizes_;
  Rng arrivals_;
  std::vector<std::pair<std::string, Span>> keys_;
};

}  // namespace

Result<Scenario> expand(const ScenarioDocument& document, std::string_view name,
                        const Knobs& knobs) {
  return Expansion(document, knobs).build(name);
}

}  // namespace tyto::sim
