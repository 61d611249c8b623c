// What is recorded of a run, and what is told of it while it runs and afterwards.
#include <gtest/gtest.h>

#include <numeric>

#include "sim/commands/progress.h"
#include "sim/report/figures.h"
#include "sim/report/recorder.h"
#include "sim/report/report.h"
#include "sim/report/series.h"
#include "sim/scenarios/catalogue.h"

namespace tyto::sim {
namespace {

Scenario named(std::string_view name, const Knobs& knobs = {}) {
  for (const CatalogueEntry& entry : all_scenarios())
    if (entry.name == name) return entry.build(knobs);
  ADD_FAILURE() << "no scenario " << name;
  return {};
}

RunResult recorded(const Scenario& scenario) {
  Measured measured;
  std::vector<std::unique_ptr<Checker>> watchers;
  watchers.push_back(record_into(measured));
  RunResult result = run(scenario, std::move(watchers));
  result.measured = std::move(measured);
  return result;
}

template <std::size_t n>
uint64_t sum(const std::array<uint64_t, n>& values) {
  return std::accumulate(values.begin(), values.end(), uint64_t{0});
}

TEST(Series, HalvesItselfWhenItIsFullAndKeepsTheEnds) {
  Series series;
  Duration last;
  for (int i = 0; i < 5000; ++i) {
    last = series.next();
    Sample sample{.at = last};
    sample.exchanges = static_cast<uint64_t>(last.ms());
    if (i == 700) sample.links[0].busiest_permille = 900;  // in what will go and what will stay
    series.add(sample);
    ASSERT_LT(series.samples().size(), Series::kSamplesMax);
  }
  series.close({.at = last + Duration::microseconds(300)});
  const std::vector<Sample>& samples = series.samples();
  EXPECT_EQ(samples.front().at, Duration());
  EXPECT_EQ(samples.back().at, last + Duration::microseconds(300));
  uint16_t busiest = 0;
  for (std::size_t i = 0; i + 1 < samples.size(); ++i) {
    EXPECT_EQ(samples[i].at, series.interval() * static_cast<int64_t>(i));
    EXPECT_EQ(samples[i].exchanges, static_cast<uint64_t>(samples[i].at.ms()));
    busiest = std::max(busiest, samples[i].links[0].busiest_permille);
  }
  EXPECT_EQ(busiest, 900);
}

TEST(Recorder, LeavesTheRunAsItIsWithoutIt) {
  for (std::string_view name : {"flat16", "source_killed", "streams", "origin_changes"}) {
    Scenario scenario = named(name, {.chunks = name == "flat16" ? 16u : 0u});
    EXPECT_EQ(recorded(scenario).event_hash, run(scenario).event_hash) << name;
  }
}

TEST(Recorder, AgreesWithWhatTheRunCounted) {
  RunResult result = recorded(named("racks4x4", {.chunks = 32}));
  const Sample& last = result.measured.samples.back();
  EXPECT_EQ(last.bytes_by_source[static_cast<std::size_t>(SourceClass::kPeer)],
            result.bytes.from_peers);
  EXPECT_EQ(last.bytes_by_source[static_cast<std::size_t>(SourceClass::kSuperpeer)],
            result.bytes.from_superpeers);
  EXPECT_EQ(last.bytes_by_source[static_cast<std::size_t>(SourceClass::kOrigin)],
            result.bytes.from_origin);
  EXPECT_EQ(sum(last.bytes_by_tier), sum(last.bytes_by_source));
  uint64_t into_racks =
      std::accumulate(result.bytes_into_rack.begin(), result.bytes_into_rack.end(), uint64_t{0});
  EXPECT_EQ(last.links[static_cast<std::size_t>(LinkGroup::kRackDown)].bytes, into_racks);
  EXPECT_EQ(last.reads_done, result.reads.size());
  EXPECT_EQ(last.superpeer_chunks, 32u);
  EXPECT_EQ(last.transfers, 0u);
}

TEST(Recorder, NoLinkIsSeenToCarryMoreThanItsRateBetweenTwoSamples) {
  RunResult result = recorded(named("racks4x4", {.chunks = 32}));
  const Measured& measured = result.measured;
  for (std::size_t i = 1; i < measured.samples.size(); ++i) {
    const Sample& before = measured.samples[i - 1];
    const Sample& after = measured.samples[i];
    for (std::size_t group = 0; group < kLinkGroups; ++group) {
      double most =
          static_cast<double>(measured.links[group].bytes_per_s) * seconds(after.at - before.at);
      uint64_t moved = after.links[group].bytes - before.links[group].bytes;
      // A byte or two a flow, whose position is kept in whole ones.
      EXPECT_LE(static_cast<double>(moved), most + 600) << link_group_name(LinkGroup(group));
    }
  }
}

TEST(Recorder, KnowsWhatWasInAReadersOwnStore) {
  Scenario scenario = named("one_reader");
  ReadSpec again = scenario.reads.front();
  again.at = again.at + Duration::seconds(8);
  scenario.reads.push_back(again);
  RunResult result = recorded(scenario);
  EXPECT_EQ(figures_of(result).complete, 2u);
  ASSERT_EQ(result.measured.buckets.size(), 1u);
  const BucketTraffic& bucket = result.measured.buckets.begin()->second;
  EXPECT_EQ(bucket.from_own_store, result.bytes_wanted);
  EXPECT_EQ(bucket.total(), 2 * result.bytes_wanted);
}

TEST(Recorder, TheTreeOfAChunkReachesEveryReaderOnceAndHangsTogether) {
  RunResult result = recorded(named("flat16", {.chunks = 16}));
  const ChunkTree& tree = result.measured.tree;
  EXPECT_EQ(tree.chunk, 8u);
  std::map<uint32_t, Duration> has_it;  // since when
  for (const TreeEdge& edge : tree.edges) {
    ASSERT_EQ(edge.how, TransferEnd::kDone);
    EXPECT_TRUE(has_it.emplace(edge.reader, edge.ended).second) << edge.reader;
  }
  EXPECT_EQ(has_it.size(), 17u);
  for (const TreeEdge& edge : tree.edges) {
    if (edge.source == kNoNode) continue;
    EXPECT_LE(has_it.at(edge.source), edge.ended) << "before its source";
  }
}

TEST(Figures, CompletionCurvesRiseToTheShareThatWasComplete) {
  RunResult result;
  for (int i = 1; i <= 1000; ++i) {
    ReadResult read{.node = NodeId(static_cast<uint32_t>(i)),
                    .phase = i <= 900 ? ReadPhase::kDone : ReadPhase::kFailed,
                    .asked = Duration::seconds(10),
                    .took = Duration::seconds(i)};
    result.reads.push_back(read);
  }
  auto curve = completion_curve(result, CompletionCurve::kFromStart);
  ASSERT_EQ(curve.size(), kCompletionPointsMax);
  EXPECT_EQ(curve.front().seconds, 11);
  EXPECT_EQ(curve.back().seconds, 910);
  EXPECT_DOUBLE_EQ(curve.back().share, 0.9);
  EXPECT_EQ(completion_curve(result, CompletionCurve::kFromAsking).back().seconds, 900);
}

TEST(Report, APageEndsNoElementEarlyWhateverItsTexts) {
  RunResult result = recorded(named("one_reader"));
  result.scenario = "</script><b>";
  std::string page = page_report(result);
  EXPECT_EQ(page.find("</script><b>"), std::string::npos);
  EXPECT_NE(page.find("\\u003c/script>\\u003cb>"), std::string::npos);
}

TEST(Progress, TellsTheShareAndTheTimeLeft) {
  RunProgress progress{.virtual_time = Duration::milliseconds(1500),
                       .events = 3'000'000,
                       .reads = 16,
                       .reads_over = 0,
                       .bytes_wanted = 1000,
                       .bytes_delivered = 250};
  EXPECT_EQ(ProgressLine::text(progress, 30),
            "25 % done, 0 of 16 reads, virtual time 1.5 s, 100 k events/s, about 1 min 30 s left");
  progress.bytes_delivered = 0;
  EXPECT_NE(ProgressLine::text(progress, 30).find("time left unknown yet"), std::string::npos);
}

}  // namespace
}  // namespace tyto::sim
