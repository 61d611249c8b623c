// Scenario files: what they mean, and what is said of wrong ones.
#include <gtest/gtest.h>

#include <set>

#include "sim/scenarios/document.h"
#include "sim/scenarios/expand.h"

namespace tyto::sim {
namespace {

Result<Scenario> load(const std::string& toml, const Knobs& knobs = {}) {
  Result<ScenarioDocument> document = parse_scenario("about = \"a test\"\n" + toml, "t.toml");
  if (!document) return document.error();
  return expand(*document, "t", knobs);
}

// What is said of a file whose second line is the first of `toml`.
std::string complaint(const std::string& toml) {
  Result<Scenario> scenario = load(toml);
  if (scenario) return "accepted";
  EXPECT_EQ(scenario.error().code, ErrorCode::kInvalidArgument);
  return scenario.error().message;
}

TEST(ScenarioFile, SaysNothingAndGetsTheDefaults) {
  Scenario scenario = load("").value();
  EXPECT_EQ(scenario.fleet.superpeers, 1u);
  EXPECT_EQ(scenario.fleet.readers, 8u);
  EXPECT_EQ(scenario.reads.size(), 8u);
  EXPECT_EQ(scenario.objects.at(0).bytes, 16 * kMiB);
  EXPECT_EQ(scenario.fleet.link(scenario.fleet.reader(7)).up_bytes_per_s, 12'500'000u);
  EXPECT_TRUE(scenario.faults.empty());
}

TEST(ScenarioFile, QuantitiesAreReadWithTheirUnits) {
  Scenario scenario = load(R"(
origin = {rate = "50 Mbit/s", latency = "200 ms"}
superpeers = {up = "1.5 GB/s", store = "1 GiB"}
)")
                          .value();
  EXPECT_EQ(scenario.origin.bytes_per_s, 6'250'000u);
  EXPECT_EQ(scenario.origin.latency, Duration::milliseconds(200));
  EXPECT_EQ(scenario.fleet.superpeer_link.up_bytes_per_s, 1'500'000'000u);
  EXPECT_EQ(scenario.fleet.superpeer_store_bytes, kGiB);
}

TEST(ScenarioFile, TheTrackersSettingsAreThoseOfItsOwnFile) {
  Scenario scenario = load(R"(
[tracker.policy]
uploads_per_host = 3
patience = "1.5 s"
[tracker.session]
park = "7 s"
[bucket]
revalidate = "always"
)")
                          .value();
  EXPECT_EQ(scenario.tracker.uploads_per_host, 3u);
  EXPECT_EQ(scenario.tracker.patience, Duration::milliseconds(1500));
  EXPECT_EQ(scenario.tracker.park, Duration::seconds(7));
  EXPECT_EQ(scenario.bucket.revalidate, Revalidate::kAlways);
}

constexpr const char* kTwoGroups = R"(
[[readers]]
count = 6
[[readers]]
name = "far"
count = 2
up = "8 Mbit/s"
slow = true
)";

TEST(ScenarioFile, GroupsFollowOneAnother) {
  FleetSpec fleet = load(kTwoGroups).value().fleet;
  EXPECT_EQ(fleet.readers, 8u);
  EXPECT_FALSE(fleet.is_slow(fleet.reader(5)));
  EXPECT_TRUE(fleet.is_slow(fleet.reader(6)));
  EXPECT_EQ(fleet.link(fleet.reader(5)).up_bytes_per_s, 12'500'000u);
  EXPECT_EQ(fleet.link(fleet.reader(7)).up_bytes_per_s, 1'000'000u);
  EXPECT_EQ(fleet.link(fleet.superpeer(0)).down_bytes_per_s, 125'000'000u);
}

TEST(ScenarioFile, OtherReadersAreDealtOutInProportion) {
  FleetSpec fleet = load(kTwoGroups, {.readers = 40}).value().fleet;
  EXPECT_EQ(fleet.readers, 40u);
  EXPECT_EQ(fleet.groups.at(0).readers, 30u);
  EXPECT_EQ(fleet.groups.at(1).readers, 10u);
}

TEST(ScenarioFile, AnotherSizeIsThatOfEveryObject) {
  Scenario scenario =
      load("[[objects]]\nkey = \"a\"\n[[objects]]\nkey = \"b\"\nsize = \"1 B\"\n", {.chunks = 6})
          .value();
  EXPECT_EQ(scenario.objects.at(0).bytes, object_bytes(6));
  EXPECT_EQ(scenario.objects.at(1).bytes, object_bytes(6));
}

TEST(ScenarioFile, ReadsComeAsTheirArrivalSays) {
  auto times = [](const std::string& arrival) {
    Scenario scenario = load("[readers]\ncount = 4\n[reads]\nat = \"1 s\"\n" + arrival).value();
    std::vector<int64_t> ms;
    for (const ReadSpec& read : scenario.reads) ms.push_back(read.at.ms());
    return ms;
  };
  using Times = std::vector<int64_t>;
  EXPECT_EQ(times(""), (Times{1000, 1000, 1000, 1000}));
  EXPECT_EQ(times("arrival = \"spread\"\nover = \"10 s\"\n"), (Times{1000, 3500, 6000, 8500}));
  EXPECT_EQ(times("arrival = \"each\"\ngap = \"20 ms\"\n"), (Times{1000, 1020, 1040, 1060}));
  EXPECT_EQ(times("arrival = \"waves\"\nwaves = 2\ngap = \"1 m\"\n"),
            (Times{1000, 1000, 61000, 61000}));
}

TEST(ScenarioFile, DrawnArrivalsComeInOrderAndDependOnTheSeed) {
  for (const char* arrival : {"poisson", "diurnal"}) {
    std::string toml =
        "[readers]\ncount = 500\n[reads]\nat = \"1 s\"\nover = \"100 s\"\narrival = \"" +
        std::string(arrival) + "\"\n";
    Scenario scenario = load(toml).value();
    Duration before = Duration::seconds(1);
    for (const ReadSpec& read : scenario.reads) {
      EXPECT_LE(before, read.at);
      before = read.at;
    }
    EXPECT_GT(before, Duration::seconds(75));
    EXPECT_LT(before, Duration::seconds(125));
    EXPECT_NE(scenario.reads[250].at, load(toml, {.seed = 2}).value().reads[250].at);
    EXPECT_EQ(scenario.reads[250].at, load(toml).value().reads[250].at);
  }
}

TEST(ScenarioFile, PopularObjectsAreReadMoreOften) {
  Scenario scenario = load(R"(
[readers]
count = 100
[objects]
count = 20
[reads]
pick = "zipf"
reads_each = 30
arrival = "spread"
over = "10 m"
)")
                          .value();
  ASSERT_EQ(scenario.reads.size(), 3000u);
  std::vector<uint32_t> times(20), by_node(100);
  for (const ReadSpec& read : scenario.reads) {
    ++times.at(read.object);
    ++by_node.at(read.node.value() - 1);
  }
  EXPECT_EQ(by_node, std::vector<uint32_t>(100, 30));
  EXPECT_GT(times[0], 700u);  // 3000 over 3.6, the sum of 1/i: 834
  EXPECT_GT(times[0], 3 * times[4]);
}

TEST(ScenarioFile, ARowOfObjectsIsReadObjectByObject) {
  Scenario scenario = load(R"(
[readers]
count = 2
[objects]
key = "t"
count = 3
sizes = "steps"
size = "5 B"
step = "1 kB"
[reads]
object_gap = "1 s"
)")
                          .value();
  ASSERT_EQ(scenario.objects.size(), 3u);
  EXPECT_EQ(scenario.objects[2].key, "t-2");
  EXPECT_EQ(scenario.objects[2].bytes, 2005u);
  ASSERT_EQ(scenario.reads.size(), 6u);
  EXPECT_EQ(scenario.reads[5].object, 2u);
  EXPECT_EQ(scenario.reads[5].at, Duration::milliseconds(2100));
}

TEST(ScenarioFile, DrawnSizesStayWithinTheirBoundsAndDependOnTheSeed) {
  std::string row = "[objects]\ncount = 200\nsize = \"1 kB\"\nsize_max = \"1 MB\"\n";
  for (const char* sizes : {"uniform", "log_uniform"}) {
    std::string toml = row + "sizes = \"" + sizes + "\"\n[reads]\nwho = \"reader 0\"\n";
    Scenario first = load(toml).value();
    Scenario second = load(toml, {.seed = 2}).value();
    uint32_t same = 0;
    for (std::size_t i = 0; i < first.objects.size(); ++i) {
      EXPECT_GE(first.objects[i].bytes, 1000u);
      EXPECT_LE(first.objects[i].bytes, 1'000'000u);
      same += first.objects[i].bytes == second.objects[i].bytes ? 1 : 0;
    }
    EXPECT_LT(same, 10u);
  }
}

std::vector<uint32_t> targets_of(const std::string& who, uint64_t seed = 1) {
  Scenario scenario =
      load(std::string(kTwoGroups) +
               "[racks]\ncount = 3\n[[faults]]\nkind = \"peer_crash\"\nat = \"1 s\"\n"
               "who = \"" +
               who + "\"\n",
           {.seed = seed})
          .value();
  std::vector<uint32_t> targets;
  for (const FaultSpec& fault : scenario.faults) targets.push_back(fault.target);
  return targets;
}

TEST(ScenarioFile, TargetsAreChosenByIndexGroupRackAndShare) {
  using Targets = std::vector<uint32_t>;
  EXPECT_EQ(targets_of("superpeer 0"), Targets{0});
  EXPECT_EQ(targets_of("reader 0"), Targets{1});
  EXPECT_EQ(targets_of("readers 2-4"), (Targets{3, 4, 5}));
  EXPECT_EQ(targets_of("group far"), (Targets{7, 8}));
  EXPECT_EQ(targets_of("rack 2"), (Targets{3, 6}));
  EXPECT_EQ(targets_of("superpeers"), Targets{0});
  EXPECT_EQ(targets_of("everybody").size(), 9u);
  EXPECT_EQ(targets_of("100% of readers"), targets_of("readers"));
  EXPECT_EQ(targets_of("1% of readers").size(), 1u);
}

TEST(ScenarioFile, RacksAreDealtOutOverZonesAndZonesOverRegions) {
  Scenario scenario =
      load(
          "[readers]\ncount = 12\n[racks]\ncount = 6\n[zones]\ncount = 4\n[regions]\ncount = "
          "2\n[superpeers]\ncount = 5\n[[faults]]\nkind = \"peer_crash\"\nat = \"1 s\"\nwho = "
          "\"zone "
          "1\"\n")
          .value();
  const FleetSpec& fleet = scenario.fleet;
  EXPECT_EQ(fleet.rack(fleet.reader(11)), 5u);
  EXPECT_EQ(fleet.zone(fleet.reader(11)), 1u);
  EXPECT_EQ(fleet.region(fleet.reader(11)), 1u);
  EXPECT_EQ(fleet.zone(fleet.superpeer(4)), 0u);
  std::vector<uint32_t> targets;
  for (const FaultSpec& fault : scenario.faults) targets.push_back(fault.target - 5);
  EXPECT_EQ(targets, (std::vector<uint32_t>{1, 5, 7, 11}));
}

TEST(ScenarioFile, AShareIsDrawnBySeedAndEverybodyMayBeInIt) {
  std::set<uint32_t> drawn;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    std::vector<uint32_t> targets = targets_of("25% of readers", seed);
    EXPECT_EQ(targets.size(), 2u);
    EXPECT_EQ(targets, targets_of("25% of readers", seed));
    drawn.insert(targets.begin(), targets.end());
  }
  EXPECT_EQ(drawn, (std::set<uint32_t>{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(ScenarioFile, FaultsRepeatAndWander) {
  Scenario scenario = load(R"(
[[faults]]
kind = "connection_dropped"
who = "readers 0-1"
at = "1 s"
lasts = "forever"
gap = "10 ms"
times = 2
every = "5 s"
)")
                          .value();
  std::vector<int64_t> ms;
  for (const FaultSpec& fault : scenario.faults) ms.push_back(fault.at.ms());
  EXPECT_EQ(ms, (std::vector<int64_t>{1000, 1010, 6000, 6010}));
  EXPECT_EQ(scenario.faults.front().lasts, Duration::forever());
}

TEST(ScenarioFile, WhatIsWrongIsSaidWithFileLineAndKey) {
  const std::string fault = "[[faults]]\nkind = \"peer_crash\"\nat = \"1 s\"\n";
  const std::vector<std::pair<std::string, std::string>> wrongs = {
      {"origin = 5", "t.toml:2: unknown setting \"origin\""},
      {"[orgin]\nrate = \"1 MB/s\"", "t.toml:2: unknown table [orgin] (did you mean \"origin\"?)"},
      {"[origin]\nrat = \"1 MB/s\"", "t.toml:3: unknown setting \"origin.rat\" (did you mean"},
      {"[origin]\nrate = \"50 Mbit\"", "t.toml:3: origin.rate: expected a rate with its unit"},
      {"[origin]\nrate = 5", "origin.rate: expected a rate with its unit"},
      {"[origin]\nrate = \"0 B/s\"", "from 1B/s to 1TB/s"},
      {"[origin]\nlatency = \"200\"", "origin.latency: expected a span of time with its unit"},
      {"[origin]\nlatency = \"-1 s\"", "origin.latency: expected a span of time"},
      {"[origin]\nreads_max = 0", "origin.reads_max: expected an integer from 1"},
      {"[origin]\nreads_max = 1.5", "found a fraction"},
      {"[tracker.policy]\nuploads_per_hots = 1", "tracker.policy.uploads_per_hots\" (did you mean"},
      {"[tracker.policy]\nattempts_max = 0", "t.toml:3: tracker.policy.attempts_max: expected an"},
      {"[tracker.policy]\norigin_retry_min = \"9 m\"",
       "t.toml: tracker.policy.origin_retry_min is above policy.origin_retry_max"},
      {"[bucket]\nrevalidate = \"allways\"", "(did you mean \"always\"?)"},
      {"[readers]\ncount = 0", "t.toml:3: readers.count: expected an integer from 1"},
      {"[readers]\nstore = \"1 B\"", "readers.store: expected a size with its unit"},
      {"[[readers]]\n[[readers]]\ncuont = 1",
       "t.toml:4: unknown setting \"readers.cuont\" (did you mean \"count\"?)"},
      {"readers = 5", "t.toml:2: readers: expected a table, or several, found an integer"},
      {"readers = [5]", "t.toml:2: readers: expected a table, found an integer; begin it with"},
      {"[[objects]]\nsize = \"20 TiB\"", "objects.size: expected a size with its unit"},
      {"[[objects]]\n[[objects]]", "t.toml:3: objects.key: \"object\" is there already"},
      {"[objects]\nchunks = 3", "t.toml:2: objects.chunks: no object has 2, 3 or 4 chunks"},
      {"[[objects]]\nkey = \"\"", "t.toml:2: objects.key: expected 1 to"},
      {"[objects]\nsizes = \"uniform\"\nsize_max = \"1 B\"", "objects.size_max: expected at least"},
      {"[reads]\nobject = \"objct\"",
       "t.toml:2: reads.object: there are no [[objects]] with the "
       "key \"objct\" (did you mean \"object\"?)"},
      {"[reads]\nwho = \"reader 8\"",
       "t.toml:2: reads.who: \"reader 8\" is out of range: there "
       "are 8 readers"},
      {"[reads]\nwho = \"reader x\"", "reads.who: \"reader x\" is no target: write everybody"},
      {"[reads]\nwho = \"readers 3-1\"", "is no target"},
      {"[reads]\nwho = \"\"", "is no target"},
      {"[reads]\nwho = \"120% of readers\"", "is no share"},
      {"[reads]\nwho = \"superpeer 0\"", "has superpeers in it"},
      {"[readers]\nname = \"near\"\n[reads]\nwho = \"group nera\"", "(did you mean \"near\"?)"},
      {"[reads]\nwho = \"rack 0\"", "there are 0, counted from 0"},
      {"[reads]\narrival = \"often\"", "reads.arrival: expected \"at_once\", \"spread\""},
      {"[reads]\nmode = \"backwards\"", "reads.mode: expected \"whole\" or \"stream\""},
      {"[reads]\narrival = \"each\"\ngap = \"365 d\"", "after more than a year"},
      {"[[faults]]\nat = \"1 s\"", "t.toml:2: faults.kind is missing"},
      {"[[faults]]\nkind = \"peer_crash\"", "t.toml:2: faults.at is missing: When."},
      {"[[faults]]\nkind = \"peer_crsh\"\nat = \"1 s\"", "(did you mean \"peer_crash\"?)"},
      {fault, "t.toml:2: faults.who: \"\" is no target"},
      {fault + "who = \"reader 99\"", "faults.who: \"reader 99\" is out of range"},
      {fault + "who = \"reader 0\"\nlasts = \"for ever\"", "or \"forever\", found \"for ever\""},
      {fault + "who = \"reader 0\"\nobject = \"object\"", "only origin_changes is of an object"},
      {"[[faults]]\nkind = \"tracker_crash\"\nat = \"1 s\"\nwho = \"reader 0\"",
       "faults.who: tracker_crash is of no node; leave `who` out"},
      {"[[faults]]\nkind = \"origin_changes\"\nat = \"1 s\"\nobject = \"b\"", "no [[objects]]"},
      {"[[faults]]\nkind = \"zone_cut\"\nat = \"1 s\"", "faults.zone: expected one of 0 zones"},
      {"[readers]\nloss_ppm = 200001", "readers.loss_ppm: expected an integer from 0 to 200000"},
      {"[racks]\nloss_ppm = 5\n[latency]\nbase = \"0\"\njitter = \"0\"",
       "t.toml: loss_ppm: what loss costs depends on the latency"},
      {"[tcp]\nslow_start = true\n[latency]\nbase = \"0\"\njitter = \"0\"",
       "t.toml: tcp.slow_start: without a latency no round trip takes any time"},
      {"[readers]\ndisk_write = \"fast\"", "t.toml:3: readers.disk_write: expected a rate"},
      {"[origin]\nerrors = \"200%\"", "t.toml:3: origin.errors: expected a share"},
      {"[origin]\nranges = false\n[objects]\nsize = \"17 GiB\"",
       "t.toml: origin.ranges: \"object\" has 17GiB; without ranges expected 16GiB at most"},
      {"[tcp]\ninitial_window = \"1 B\"", "tcp.initial_window: expected a size"},
      {"[regions]\ncount = 2", "t.toml: regions.count: regions are made of zones"},
      {"[measure]\nobject = \"b\"", "t.toml: measure.object: there are no [[objects]]"},
      {"[expect]\nleases = \"none\"", "expect.leases: expected \"strict\" or \"counted\""},
      {"[expect]\ninventories_agree = \"yes\"", "expected \"off\" or \"on\", found \"yes\""},
      {"about = \"again\"", "t.toml:2: not TOML: "},
      {"[origin", "t.toml:2: not TOML: "},
  };
  for (const auto& [toml, said] : wrongs)
    EXPECT_NE(complaint(toml).find(said), std::string::npos) << toml << "\n" << complaint(toml);
}

TEST(ScenarioFile, WithoutASayingWhatItIsItIsRefused) {
  Result<ScenarioDocument> document = parse_scenario("[origin]\n", "t.toml");
  ASSERT_FALSE(document.ok());
  EXPECT_EQ(document.error().message, "t.toml: about is missing: say in a line what it is");
}

TEST(ScenarioFile, TheFormatIsItselfAScenario) {
  std::string format = scenario_format();
  EXPECT_NE(format.find("[[faults]]"), std::string::npos);
  EXPECT_NE(format.find("[tracker.policy]"), std::string::npos);
  // What must be set is commented out there.
  std::string filled;
  std::size_t from = 0;
  for (std::string must : {"#about = ", "#kind = ", "#at = "}) {
    std::size_t at = format.find(must, from);
    ASSERT_NE(at, std::string::npos) << must;
    filled += format.substr(from, at - from);
    from = at + 1;
  }
  filled += format.substr(from);
  std::size_t who = filled.find("who = \"\"");
  ASSERT_NE(who, std::string::npos);
  filled.replace(who, 8, "who = \"reader 0\"");
  Result<ScenarioDocument> document = parse_scenario(filled, "t.toml");
  ASSERT_TRUE(document.ok()) << document.error().message;
  Result<Scenario> scenario = expand(*document, "t", {});
  EXPECT_TRUE(scenario.ok()) << scenario.error().message;
}

}  // namespace
}  // namespace tyto::sim
