#include "sim/scenarios/document.h"

#include "settings/table.h"
#include "tracker/settings/core_settings.h"
#include "tracker/settings/policy_document.h"

namespace tyto::sim {
namespace {

constexpr uint32_t kReadersMax = 10'000'000;
constexpr uint64_t kRateMax = 1'000'000'000'000;
constexpr Duration kTimeMax = Duration::seconds(366 * 86400);
constexpr settings::BytesBounds kRates{1, kRateMax};
constexpr settings::DurationBounds kTimes{Duration(), kTimeMax};

void describe_link(settings::Table& table, LinkRates& link, const std::string& prefix) {
  table.within(prefix, [&](settings::Table& t) {
    t.add_rate(link.up_bytes_per_s, {"up", "The rate of the uplink."}, kRates);
    t.add_rate(link.down_bytes_per_s, {"down", "The rate of the downlink."}, kRates);
  });
}

void describe_readers(settings::Table& table, ReadersRow& row) {
  table.add(row.name, {"name", "How targets name the group: \"group NAME\"."});
  table.add(row.count, {"count", "How many hosts."}, {1, kReadersMax, "hosts"});
  describe_link(table, row.link, "");
  table.add_bytes(row.store_bytes, {"store", "What each may keep."},
                  {kChunkBytesMin, kObjectBytesMax});
  table.add(row.uploads_max, {"uploads", "Uploads at once; 0: as the tracker says."},
            {0, 65535, "uploads"});
  table.add_switch(row.is_slow, {"slow", "Whether the report tells their times apart."});
}

void describe_objects(settings::Table& table, ObjectsRow& row) {
  table.add(row.key, {"key", "The object's name; of several, NAME-0, NAME-1 and so on."});
  table.add(row.count, {"count", "How many objects."}, {1, 1'000'000, "objects"});
  table.add_bytes(row.bytes, {"size", "The size of each, or the least."}, {0, kObjectBytesMax});
  table.add(row.chunks,
            {"chunks",
             "The size in chunks instead: of 256 KiB up to 256 of them, of 16 MiB above. 0: as "
             "`size` says."},
            {0, kChunksMax, "chunks"});
  table.add_choice(row.sizes,
                   {"sizes",
                    "All equal; each `step` larger than the one before; or drawn from `size` to "
                    "`size_max`, every size or every order of magnitude as likely as another."},
                   {{"equal", Sizes::kEqual},
                    {"steps", Sizes::kSteps},
                    {"uniform", Sizes::kUniform},
                    {"log_uniform", Sizes::kLogUniform}});
  table.add_bytes(row.step_bytes, {"step", "For steps."}, {0, kObjectBytesMax});
  table.add_bytes(row.bytes_max, {"size_max", "For uniform and log_uniform."},
                  {0, kObjectBytesMax});
  table.add_switch(row.is_published,
                   {"published", "Whether the tracker knows the manifest from the start."});
}

void describe_reads(settings::Table& table, ReadsRow& row) {
  table.add(row.who, {"who", "Which readers: see the targets."});
  table.add(row.objects, {"object",
                          "The key of a row of objects, all of which are read. Empty: the "
                          "first row."});
  table.add(row.at, {"at", "When the first reader asks."}, kTimes);
  table.add_choice(
      row.arrival,
      {"arrival",
       "All at once; spread evenly over `over`; one each `gap`; in `waves` of equal size, "
       "one each `gap`, as a rolling deploy is; as a Poisson process that takes "
       "`over` on average; or over `over` by the hour of the `day`."},
      {{"at_once", Arrival::kAtOnce},
       {"spread", Arrival::kSpread},
       {"each", Arrival::kEach},
       {"waves", Arrival::kWaves},
       {"poisson", Arrival::kPoisson},
       {"diurnal", Arrival::kDiurnal}});
  table.add(row.over, {"over", "For spread, poisson and diurnal."}, kTimes);
  table.add(row.gap, {"gap", "For each and waves."}, kTimes);
  table.add(row.waves, {"waves", "For waves."}, {1, 1'000'000, "waves"});
  table.add(row.day.length, {"day", "For diurnal: how long a day is."},
            {Duration::seconds(1), kTimeMax});
  table.add(row.day.peak,
            {"peak", "For diurnal: how many times as many come in its middle as at its ends."},
            {1, 1000, {}});
  table.add_choice(row.pick,
                   {"pick",
                    "Every object of the row; or `reads_each` of them, drawn by popularity, the "
                    "first the most popular."},
                   {{"all", Pick::kAll}, {"zipf", Pick::kZipf}});
  table.add(row.zipf_permille,
            {"zipf_permille",
             "For zipf: the exponent of Zipf's law, in thousandths; 0: all are as popular."},
            {0, 4000, {}});
  table.add(row.reads_each, {"reads_each", "For zipf: how many reads each reader does."},
            {1, 100'000, "reads"});
  table.add(row.object_gap, {"object_gap", "How much later each further object is read."}, kTimes);
  table.add_choice(row.mode, {"mode", "The whole object, or in order as it comes."},
                   {{"whole", ReadMode::kWhole}, {"stream", ReadMode::kStream}});
  table.add(row.window, {"window", "How far a stream reads ahead."}, {1, 4096, "chunks"});
}

std::vector<std::pair<std::string, FaultKind>> fault_kinds() {
  std::vector<std::pair<std::string, FaultKind>> kinds;
  for (uint8_t i = 0; i <= static_cast<uint8_t>(kFaultKindLast); ++i) {
    auto kind = static_cast<FaultKind>(i);
    kinds.emplace_back(fault_kind_name(kind), kind);
  }
  return kinds;
}

void describe_faults(settings::Table& table, FaultsRow& row) {
  table.add_choice(row.kind, {"kind", "What goes wrong.", settings::Presence::kRequired},
                   fault_kinds());
  table.add(row.who, {"who",
                      "At which nodes: see the targets. For faults of peers, disks and "
                      "connections."});
  table.add(row.object, {"object", "For origin_changes: the object's key. Empty: the first."});
  table.add(row.zone, {"zone", "For zone_cut: which zone, from 0."});
  table.add(row.at, {"at", "When.", settings::Presence::kRequired}, kTimes);
  table.add(row.lasts, {"lasts", "After how long it is mended; forever: never."});
  table.add(row.times, {"times", "How often it happens, one time each `every`."},
            {1, 10'000, "times"});
  table.add(row.every, {"every", "See `times`."}, kTimes);
  table.add(row.gap, {"gap", "How much later it happens at each further target."}, kTimes);
}

void add_fleet(settings::Table& table, ScenarioDocument& document) {
  FleetSpec& fleet = document.scenario.fleet;
  table.add(document.superpeers, {"superpeers.count", "How many there are."}, {0, 1024, "hosts"});
  describe_link(table, fleet.superpeer_link, "superpeers.");
  table.add_bytes(fleet.superpeer_store_bytes, {"superpeers.store", "What each may keep."},
                  {kChunkBytesMin, kObjectBytesMax});
  table.add(fleet.racks,
            {"racks.count", "Racks, over which readers are dealt out. 0: one switch for all."},
            {0, 1'000'000, "racks"});
  describe_link(table, fleet.rack_link, "racks.");
  table.add(fleet.zones,
            {"zones.count",
             "Zones, over which racks (or readers, if there are none) and superpeers are dealt "
             "out."},
            {0, 100'000, "zones"});
  describe_link(table, fleet.zone_link, "zones.");
  table.add(fleet.regions, {"regions.count", "Regions, over which zones are dealt out."},
            {0, 10'000, "regions"});
  describe_link(table, fleet.region_link, "regions.");
  table.add_rows(document.readers,
                 {"readers", "Hosts that read. Several such tables make groups that differ."},
                 describe_readers);
}

void add_sources(settings::Table& table, ScenarioDocument& document) {
  Scenario& scenario = document.scenario;
  OriginSpec& origin = scenario.origin;
  table.add_rate(origin.bytes_per_s, {"origin.rate", "Of its link."}, kRates);
  table.add(origin.reads_max, {"origin.reads_max", "Reads at once; more wait in line."},
            {1, 1'000'000, "reads"});
  table.add(origin.latency, {"origin.latency", "To a look-up's answer, or a read's first byte."},
            kTimes);
  table.add(scenario.latency.base, {"latency.base", "Of a small message, one way."}, kTimes);
  table.add(scenario.latency.jitter_max,
            {"latency.jitter", "What is added to it, drawn from 0 to this."}, kTimes);
  BucketConfig& bucket = scenario.bucket;
  table.add_choice(
      bucket.revalidate, {"bucket.revalidate", "When a name is looked up at the origin again."},
      {{"never", Revalidate::kNever}, {"age", Revalidate::kAge}, {"always", Revalidate::kAlways}});
  table.add(bucket.revalidate_age, {"bucket.revalidate_age", "For age."}, kTimes);
  table.add_switch(bucket.trust_peers,
                   {"bucket.trust_peers",
                    "Whether ordinary peers may teach chunk roots that they read at the origin."});
  table.within("bucket.policy.",
               [&](settings::Table& t) { tracker::add_policy_rows(t, scenario.policy); });
  table.within("tracker.",
               [&](settings::Table& t) { tracker::add_core_settings(t, scenario.tracker); });
  table.add(scenario.processor.per_exchange,
            {"tracker.processor.per_exchange",
             "What an exchange or any other message costs the tracker's processor, which does one "
             "after the other."},
            {Duration(), Duration::seconds(1)});
  table.add(scenario.processor.per_decision,
            {"tracker.processor.per_decision", "And each command that is sent."},
            {Duration(), Duration::seconds(1)});
  table.add(scenario.catalog_lag,
            {"tracker.catalog_lag", "What a crash of the tracker loses of its catalog."}, kTimes);
}

void add_end(settings::Table& table, ScenarioDocument& document) {
  Scenario& scenario = document.scenario;
  table.add(scenario.calm_at,
            {"run.calm_at",
             "Whatever can be mended is mended then, and nothing more goes wrong. 0: no such "
             "moment."},
            kTimes);
  table.add_choice(scenario.readers,
                   {"run.readers",
                    "Whether a read that failed is final, or asked for again once calm has come."},
                   {{"ask_once", Readers::kAskOnce}, {"ask_again", Readers::kAskAgain}});
  table.add(scenario.settle, {"run.settle", "How long it runs on after the last read's end."},
            kTimes);
  table.add_choice(scenario.bug,
                   {"run.defect", "A defect put in on purpose, which the checkers must see."},
                   {{"none", PlantedBug::kNone},
                    {"verification_skipped", PlantedBug::kVerificationSkipped},
                    {"caps_ignored", PlantedBug::kCapsIgnored},
                    {"transfers_lost", PlantedBug::kTransfersLost}});
  Expectations& expect = scenario.expect;
  table.add_choice(
      expect.reads, {"expect.reads", "Every read gets the whole object; or that, or an error."},
      {{"all_complete", Reads::kAllComplete}, {"complete_or_fail", Reads::kCompleteOrFail}});
  table.add_choice(expect.leases,
                   {"expect.leases",
                    "Never two readers of a chunk at the origin; or two if one of them is cut off "
                    "from the tracker that leased to it."},
                   {{"strict", Leases::kStrict}, {"counted", Leases::kCounted}});
  table.add(expect.read_time_max,
            {"expect.read_time_max", "A read ends within this, from its asking or from the calm."},
            kTimes);
  table.add(expect.amplification_permille_max,
            {"expect.amplification_permille_max",
             "Chunks read at the origin for each 1000 distinct ones. 0: counted only."});
  table.add_switch(expect.inventories_agree,
                   {"expect.inventories_agree",
                    "Whether the tracker's picture of the fleet must be the fleet in the end."});
  table.add(document.measured_object,
            {"measure.object", "The object of which a chunk's way is kept. Empty: the first."});
  table.add(document.measured_chunk,
            {"measure.chunk", "Which chunk of it. 4294967295: the one in the middle."});
}

}  // namespace

void add_scenario_settings(settings::Table& table, ScenarioDocument& document) {
  table.add(document.about, {"about", "What it is, in a line.", settings::Presence::kRequired});
  add_fleet(table, document);
  add_sources(table, document);
  table.add_rows(document.objects, {"objects", "What there is to read."}, describe_objects);
  table.add_rows(document.reads, {"reads", "Who reads what, and when."}, describe_reads);
  table.add_rows(document.faults, {"faults", "What goes wrong."}, describe_faults);
  add_end(table, document);
}

Error scenario_error(const std::string& file, uint32_t line, const std::string& message) {
  std::string place = line == 0 ? file : file + ":" + std::to_string(line);
  return {ErrorCode::kInvalidArgument, place + ": " + message};
}

Result<ScenarioDocument> parse_scenario(std::string_view toml, std::string file) {
  ScenarioDocument document;
  document.file = std::move(file);
  document.scenario.fleet.superpeer_link = {12'500'000, 125'000'000};
  document.scenario.origin.bytes_per_s = 25'000'000;
  settings::Table table;
  add_scenario_settings(table, document);
  if (auto done = table.apply(toml, {document.file, "tyto-sim format lists all"}); !done)
    return done.error();
  if (!table.find("about")->is_given)
    return scenario_error(document.file, 0, "about is missing: say in a line what it is");
  if (auto done = tracker::check_core_settings(document.scenario.tracker); !done)
    return scenario_error(document.file, 0, "tracker." + done.error().message);
  if (auto done = tracker::check_policy(document.scenario.policy); !done)
    return scenario_error(document.file, 0, "bucket.policy." + done.error().message);
  const FleetSpec& fleet = document.scenario.fleet;
  if (fleet.regions > 0 && fleet.zones == 0)
    return scenario_error(document.file, 0,
                          "regions.count: regions are made of zones, and there are none; give "
                          "zones.count too");
  return document;
}

std::string scenario_format() {
  ScenarioDocument document;
  settings::Table table;
  add_scenario_settings(table, document);
  return table.commented_rows();
}

}  // namespace tyto::sim
