#include "sim/scenarios/document.h"

#include "settings/table.h"
#include "sim/scenarios/document_rows.h"
#include "tracker/settings/core_settings.h"
#include "tracker/settings/policy_document.h"

namespace tyto::sim {
namespace {

void add_fleet(settings::Table& table, ScenarioDocument& document) {
  FleetSpec& fleet = document.scenario.fleet;
  table.add(document.superpeers, {"superpeers.count", "How many there are."}, {0, 1024, "hosts"});
  describe_link(table, fleet.superpeer_link, "superpeers.");
  describe_disk(table, fleet.superpeer_disk, "superpeers.");
  table.add_bytes(fleet.superpeer_store_bytes, {"superpeers.store", "What each may keep."},
                  {kChunkBytesMin, kObjectBytesMax});
  table.add_bytes(
      fleet.superpeer_memory_bytes,
      {"superpeers.memory", "What each lends besides, for what is kept in memory only."},
      {0, kObjectBytesMax});
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
  add_loss(table, origin.loss_ppm, "origin.loss_ppm");
  table.add(origin.reads_max, {"origin.reads_max", "Reads at once; more wait in line."},
            {1, 1'000'000, "reads"});
  table.add(origin.latency, {"origin.latency", "To a look-up's answer, or a read's first byte."},
            kTimes);
  table.add(origin.jitter_max,
            {"origin.jitter", "What is added to its latency, drawn from 0 to this."}, kTimes);
  table.add_share(origin.errors_permille,
                  {"origin.errors",
                   "Of the reads, that fail at once, after all attempts of the reader. Times at "
                   "which all fail are faults: origin_refuses."});
  table.add_switch(
      origin.has_ranges,
      {"origin.ranges",
       "Whether it knows ranges. Where it does not, who reads a chunk reads the object "
       "from its start to its end, once, and has its chunks out of that."});
  table.add(scenario.latency.base, {"latency.base", "Of a small message, one way."}, kTimes);
  table.add(scenario.latency.jitter_max,
            {"latency.jitter", "What is added to it, drawn from 0 to this."}, kTimes);
  table.add_switch(scenario.tcp.has_slow_start,
                   {"tcp.slow_start",
                    "Whether new connections begin slowly: with a window that doubles each round "
                    "trip."});
  table.add_bytes(scenario.tcp.initial_window_bytes,
                  {"tcp.initial_window", "What a new connection may send in its first round trip."},
                  {kSegmentBytes, 64 * kMiB});
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
  table.add(scenario.trackers,
            {"trackers.count", "Trackers, which together direct all peers: docs/cluster.md."},
            {1, 128, "trackers"});
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

// Of the readers' cores, what is drawn where everything is.
void add_peers(settings::Table& table, ScenarioDocument& document) {
  peer::Policy& policy = document.scenario.reader_policy;
  table.add(policy.orphan_after,
            {"peers.orphan_after", "How long a reader's tracker is gone before it goes on alone."},
            kTimes);
  table.add(policy.orphan_transfers,
            {"peers.orphan_transfers", "How many chunks it fetches at once then."},
            {1, 1024, "transfers"});
  table.add(policy.partial_kept,
            {"peers.partial_kept", "How long blocks of a transfer that failed are kept."}, kTimes);
  table.add(policy.report_within, {"peers.report_within", "How long results wait for company."},
            kTimes);
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
                    {"transfers_lost", PlantedBug::kTransfersLost},
                    {"versions_mixed", PlantedBug::kVersionsMixed},
                    {"leases_ignored", PlantedBug::kLeasesIgnored},
                    {"generations_lost", PlantedBug::kGenerationsLost},
                    {"sources_in_a_circle", PlantedBug::kSourcesInACircle},
                    {"drops_forgotten", PlantedBug::kDropsForgotten},
                    {"records_kept", PlantedBug::kRecordsKept},
                    {"budget_ignored", PlantedBug::kBudgetIgnored},
                    {"requests_ignored", PlantedBug::kRequestsIgnored},
                    {"crossings_ignored", PlantedBug::kCrossingsIgnored},
                    {"pins_ignored", PlantedBug::kPinsIgnored},
                    {"aborts", PlantedBug::kAborts}});
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
  table.add(expect.rack_copies_permille_max,
            {"expect.rack_copies_permille_max",
             "Bytes that entered a rack for each 1000 of the objects read. 0: counted only."});
  table.add(expect.region_copies_permille_max,
            {"expect.region_copies_permille_max",
             "Bytes that entered a region from peers of others for each 1000 of the objects read. "
             "0: counted only."});
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
  add_peers(table, document);
  table.add_rows(document.objects, {"objects", "What there is to read."}, describe_objects);
  table.add_rows(document.reads, {"reads", "Who reads what, and when."}, describe_reads);
  table.add_rows(document.faults, {"faults", "What goes wrong."}, describe_faults);
  add_end(table, document);
}

Error scenario_error(const std::string& file, uint32_t line, const std::string& message) {
  std::string place = line == 0 ? file : file + ":" + std::to_string(line);
  return {ErrorCode::kInvalidArgument, place + ": " + message};
}

ScenarioDocument empty_document() {
  ScenarioDocument document;
  document.scenario.fleet.superpeer_link = {12'500'000, 125'000'000};
  document.scenario.origin.bytes_per_s = 25'000'000;
  return document;
}

Result<ScenarioDocument> parse_scenario(std::string_view toml, std::string file) {
  ScenarioDocument document = empty_document();
  document.file = std::move(file);
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
  ScenarioDocument document = empty_document();
  settings::Table table;
  add_scenario_settings(table, document);
  return table.commented_rows();
}

}  // namespace tyto::sim
