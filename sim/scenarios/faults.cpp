// One thing goes wrong in mid-download.
#include "sim/scenarios/catalogue.h"

namespace tyto::sim {
namespace {

constexpr Duration ms(int64_t n) {
  return Duration::milliseconds(n);
}

// A cold start in which a fault may cost origin reads, and leases may meet their like.
Scenario faulty(std::string_view name, const Knobs& knobs, std::vector<FaultSpec> faults) {
  Scenario scenario = base_scenario(name, knobs);
  scenario.faults = std::move(faults);
  scenario.expect.leases = Leases::kCounted;
  scenario.expect.amplification_permille_max = 0;
  return scenario;
}

uint32_t first_reader() {
  return 1;
}

Scenario source_killed(const Knobs& knobs) {
  return faulty("source_killed", knobs,
                {{ms(700), FaultKind::kPeerCrash, first_reader()},
                 {ms(900), FaultKind::kPeerCrashEmpty, first_reader() + 1}});
}

Scenario superpeer_killed(const Knobs& knobs) {
  return faulty("superpeer_killed", knobs, {{ms(500), FaultKind::kPeerCrash, 0, ms(1500)}});
}

Scenario superpeer_gone(const Knobs& knobs) {
  Scenario scenario = faulty("superpeer_gone", knobs, {{ms(500), FaultKind::kPeerCrash, 0}});
  scenario.bucket.trust_peers = true;
  return scenario;
}

Scenario tracker_gone(const Knobs& knobs) {
  Scenario scenario = faulty("tracker_gone", knobs, {{ms(600), FaultKind::kTrackerCrash}});
  scenario.expect.read_time_max = Duration::seconds(120);
  return scenario;
}

// Nobody ever meets a tracker: every open fails, and says why.
Scenario tracker_never(const Knobs& knobs) {
  Scenario scenario = faulty("tracker_never", knobs, {{ms(0), FaultKind::kTrackerCrash}});
  scenario.expect.reads = Reads::kCompleteOrFail;
  return scenario;
}

Scenario tracker_restarted(const Knobs& knobs) {
  return faulty("tracker_restarted", knobs, {{ms(600), FaultKind::kTrackerCrash, 0, ms(700)}});
}

Scenario tracker_restarted_late(const Knobs& knobs) {
  return faulty("tracker_restarted_late", knobs,
                {{ms(600), FaultKind::kTrackerCrash, 0, Duration::seconds(5)}});
}

Scenario tracker_frozen(const Knobs& knobs) {
  return faulty("tracker_frozen", knobs, {{ms(600), FaultKind::kTrackerFreeze, 0, ms(4000)}});
}

Scenario origin_refuses(const Knobs& knobs) {
  return faulty("origin_refuses", knobs, {{ms(300), FaultKind::kOriginRefuses, 0, ms(3000)}});
}

Scenario origin_cuts(const Knobs& knobs) {
  return faulty("origin_cuts", knobs, {{ms(300), FaultKind::kOriginCuts, 0, ms(1000)}});
}

Scenario origin_silent(const Knobs& knobs) {
  return faulty("origin_silent", knobs, {{ms(300), FaultKind::kOriginSilent, 0, ms(4000)}});
}

Scenario origin_gone(const Knobs& knobs) {
  Scenario scenario = faulty("origin_gone", knobs, {{ms(300), FaultKind::kOriginRefuses}});
  scenario.expect.reads = Reads::kCompleteOrFail;
  scenario.expect.read_time_max = Duration::seconds(120);
  return scenario;
}

// Those who read it get a clear error; who asks later gets the new version.
Scenario origin_changes(const Knobs& knobs) {
  Scenario scenario = faulty("origin_changes", knobs, {{ms(500), FaultKind::kOriginChanges, 0}});
  scenario.expect.reads = Reads::kCompleteOrFail;
  for (uint32_t i = 0; i < scenario.fleet.readers; ++i)
    scenario.reads.push_back({Duration::seconds(20), scenario.fleet.reader(i)});
  return scenario;
}

Scenario corrupt_source(const Knobs& knobs) {
  return faulty("corrupt_source", knobs, {{ms(150), FaultKind::kPeerCorrupts, first_reader()}});
}

Scenario corrupt_superpeer(const Knobs& knobs) {
  return faulty("corrupt_superpeer", knobs, {{ms(400), FaultKind::kPeerCorrupts, 0, ms(2000)}});
}

Scenario lacking_source(const Knobs& knobs) {
  Scenario scenario =
      faulty("lacking_source", knobs, {{ms(800), FaultKind::kPeerForgets, first_reader()}});
  scenario.expect.inventories_agree = false;
  return scenario;
}

Scenario disk_full(const Knobs& knobs) {
  Scenario scenario = faulty("disk_full", knobs, {{ms(600), FaultKind::kDiskFull, first_reader()}});
  scenario.expect.reads = Reads::kCompleteOrFail;
  return scenario;
}

Scenario superpeer_disk_full(const Knobs& knobs) {
  Scenario scenario = faulty("superpeer_disk_full", knobs, {{ms(500), FaultKind::kDiskFull, 0}});
  scenario.expect.reads = Reads::kCompleteOrFail;
  return scenario;
}

Scenario reader_killed(const Knobs& knobs) {
  return faulty("reader_killed", knobs,
                {{ms(700), FaultKind::kPeerCrash, first_reader(), ms(500)}});
}

Scenario reader_frozen(const Knobs& knobs) {
  return faulty("reader_frozen", knobs,
                {{ms(700), FaultKind::kPeerFreeze, first_reader(), ms(3000)}});
}

Scenario superpeer_frozen(const Knobs& knobs) {
  return faulty("superpeer_frozen", knobs, {{ms(500), FaultKind::kPeerFreeze, 0, ms(3000)}});
}

Scenario reader_leaves(const Knobs& knobs) {
  return faulty("reader_leaves", knobs, {{ms(700), FaultKind::kPeerLeave, first_reader()}});
}

Scenario control_cut(const Knobs& knobs) {
  return faulty("control_cut", knobs,
                {{ms(600), FaultKind::kControlCut, first_reader(), ms(4000)}});
}

Scenario control_cut_short(const Knobs& knobs) {
  return faulty("control_cut_short", knobs,
                {{ms(600), FaultKind::kControlCut, first_reader(), ms(600)}});
}

Scenario superpeer_cut_off(const Knobs& knobs) {
  return faulty("superpeer_cut_off", knobs, {{ms(500), FaultKind::kControlCut, 0, ms(5000)}});
}

Scenario data_cut(const Knobs& knobs) {
  return faulty("data_cut", knobs, {{ms(600), FaultKind::kDataCut, first_reader(), ms(3000)}});
}

Scenario connection_dropped(const Knobs& knobs) {
  Scenario scenario = faulty("connection_dropped", knobs, {});
  for (uint32_t i = 0; i < scenario.fleet.size(); ++i)
    scenario.faults.push_back({ms(300 + 90 * int64_t{i}), FaultKind::kConnectionDropped, i});
  return scenario;
}

// Defects that the checkers must see.
Scenario unverified(const Knobs& knobs) {
  Scenario scenario = corrupt_source(knobs);
  scenario.name = "canary_unverified";
  scenario.bug = PlantedBug::kVerificationSkipped;
  return scenario;
}

Scenario uncapped(const Knobs& knobs) {
  Scenario scenario = source_killed(knobs);
  scenario.name = "canary_uncapped";
  scenario.bug = PlantedBug::kCapsIgnored;
  scenario.fleet.reader_uploads_max = 1;
  scenario.tracker.uploads_per_superpeer = 1;
  scenario.faults = {{ms(600), FaultKind::kTrackerCrash}};
  scenario.expect.read_time_max = Duration::seconds(120);
  return scenario;
}

Scenario hanging(const Knobs& knobs) {
  Scenario scenario = base_scenario("canary_hanging", knobs);
  scenario.bug = PlantedBug::kTransfersLost;
  scenario.expect.read_time_max = Duration::seconds(20);
  return scenario;
}

}  // namespace

std::vector<CatalogueEntry> fault_scenarios() {
  return {
      {"source_killed", "two readers die in mid-chunk, one with its disk", source_killed},
      {"superpeer_killed", "the superpeer dies and comes back", superpeer_killed},
      {"superpeer_gone", "the superpeer dies for good", superpeer_gone},
      {"tracker_gone", "the tracker dies for good", tracker_gone},
      {"tracker_never", "there never is a tracker", tracker_never},
      {"tracker_restarted", "the tracker dies and is back at once", tracker_restarted},
      {"tracker_restarted_late", "the tracker is back after 5 s", tracker_restarted_late},
      {"tracker_frozen", "the tracker stands still for 4 s", tracker_frozen},
      {"origin_refuses", "503 for 3 s", origin_refuses},
      {"origin_cuts", "the origin cuts connections for 1 s", origin_cuts},
      {"origin_silent", "the origin says nothing for 4 s", origin_silent},
      {"origin_gone", "503 for good", origin_gone},
      {"origin_changes", "the object changes in mid-download", origin_changes},
      {"corrupt_source", "a reader sends corrupt bytes", corrupt_source},
      {"corrupt_superpeer", "the superpeer sends corrupt bytes for 2 s", corrupt_superpeer},
      {"lacking_source", "a reader has lost half of its chunks", lacking_source},
      {"disk_full", "a reader's disk is full", disk_full},
      {"superpeer_disk_full", "the superpeer's disk is full", superpeer_disk_full},
      {"reader_killed", "a reader dies and goes on from its disk", reader_killed},
      {"reader_frozen", "a reader stands still for 3 s", reader_frozen},
      {"superpeer_frozen", "the superpeer stands still for 3 s", superpeer_frozen},
      {"reader_leaves", "a reader leaves in mid-download", reader_leaves},
      {"control_cut", "a reader and the tracker can't talk for 4 s", control_cut},
      {"control_cut_short", "the same for 0.6 s", control_cut_short},
      {"superpeer_cut_off", "the superpeer and the tracker can't talk for 5 s", superpeer_cut_off},
      {"data_cut", "a reader is cut off from all sources for 3 s", data_cut},
      {"connection_dropped", "every control connection breaks once", connection_dropped},
  };
}

std::vector<CatalogueEntry> canary_scenarios() {
  return {
      {"canary_unverified", "must fail: nobody verifies", unverified},
      {"canary_uncapped", "must fail: sources ignore their caps", uncapped},
      {"canary_hanging", "must fail: transfers get lost", hanging},
  };
}

}  // namespace tyto::sim
