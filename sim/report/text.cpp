// The report for a terminal.
#include <fmt/format.h>

#include <algorithm>

#include "sim/report/figures.h"
#include "sim/report/report.h"

namespace tyto::sim {
namespace {

constexpr uint32_t kFailedReadsToldMax = 20;
constexpr std::size_t kRacksToldMax = 16;

double mib(uint64_t bytes) {
  return static_cast<double>(bytes) / (1024.0 * 1024.0);
}

std::string percentiles_text(const Percentiles& values) {
  return fmt::format("p50 {:.3f}  p90 {:.3f}  p99 {:.3f}  max {:.3f}\n", values.p50, values.p90,
                     values.p99, values.max);
}

std::string times_text(const Figures& figures) {
  std::string out;
  for (const ReadTimes& times : figures.times) {
    std::string of = times.name == "all" ? "" : fmt::format(" of {}", times.name);
    out += fmt::format("  {:<14} ", "seconds" + of) + percentiles_text(times.seconds);
    out += "  of fluid limit " + percentiles_text(times.stretch);
  }
  return out;
}

std::string traffic_text(const RunResult& result, const Figures& figures) {
  std::string out = fmt::format(
      "  MiB from       peers {:.1f}  superpeers {:.1f}  origin {:.1f}  wasted {:.1f}\n",
      mib(result.bytes.from_peers), mib(result.bytes.from_superpeers),
      mib(result.bytes.from_origin), mib(result.bytes.wasted));
  out += fmt::format("  amplification  {:.3f} ({} reads of {} chunks", figures.amplification,
                     result.origin_chunks_read, result.origin_chunks_distinct);
  if (result.origin_requests > 0) out += fmt::format(", {} requests", result.origin_requests);
  out += ")\n";
  out += fmt::format("  copies         {:.3f} sent by superpeers", figures.superpeer_copies_sent);
  for (std::size_t i = 0; i < std::min(figures.rack_copies.size(), kRacksToldMax); ++i)
    out += fmt::format("{} {:.3f}", i == 0 ? "; into racks" : "", figures.rack_copies[i]);
  if (figures.rack_copies.size() > kRacksToldMax)
    out += fmt::format(" and {} more", figures.rack_copies.size() - kRacksToldMax);
  for (std::size_t i = 0; i < std::min(figures.region_copies.size(), kRacksToldMax); ++i)
    out += fmt::format("{} {:.3f}", i == 0 ? "; into regions" : "", figures.region_copies[i]);
  out += "\n";
  if (result.trackers > 1)
    out +=
        fmt::format("  trackers       {}, {} messages between them, {:.2f} for each chunk\n",
                    result.trackers, result.cluster_messages, figures.cluster_messages_per_chunk);
  return out;
}

template <class Counts, class Name>
std::string counts_text(const Counts& counts, const Name& name) {
  std::string out;
  for (const auto& [kind, count] : counts) out += fmt::format(" {} {}", name(kind), count);
  return out;
}

std::string buckets_text(const Measured& measured) {
  std::string out;
  for (const auto& [name, bucket] : measured.buckets) {
    double whole = static_cast<double>(std::max<uint64_t>(1, bucket.total())) / 100;
    out += fmt::format(
        "  bucket {}: own store {:.1f} %, peers {:.1f} %, superpeers {:.1f} %, origin {:.1f} %\n",
        name, static_cast<double>(bucket.from_own_store) / whole,
        static_cast<double>(bucket.from_peers) / whole,
        static_cast<double>(bucket.from_superpeers) / whole,
        static_cast<double>(bucket.from_origin) / whole);
  }
  return out;
}

std::string links_text(const Measured& measured, const Figures& figures) {
  std::string out = "  link load      mean/busiest %:";
  for (std::size_t i = 0; i < kLinkGroups; ++i) {
    if (measured.links[i].links == 0) continue;
    out += fmt::format(" {} {:.0f}/{:.0f}", link_group_name(static_cast<LinkGroup>(i)),
                       figures.links[i].mean * 100, figures.links[i].busiest * 100);
  }
  return out + "\n";
}

std::string decisions_text(const Measured& measured, const Figures& figures) {
  const Decisions& decisions = measured.decisions;
  std::string out =
      fmt::format("  decisions      {} ({:.0f}/s, at most {:.0f}/s):", decisions.total(),
                  figures.decisions.mean, figures.decisions.peak);
  out += counts_text(decisions.assignments, choice_name);
  out += counts_text(decisions.evictions, choice_name);
  out += fmt::format(" cancels {} hedges {} opens {} resolves {}\n", decisions.cancels,
                     decisions.hedges, decisions.opens + decisions.opens_ended, decisions.resolves);
  out += fmt::format("  exchanges      {:.0f}/s, at most {:.0f}/s\n", figures.exchanges.mean,
                     figures.exchanges.peak);
  const TransferEnds& ends = measured.transfers;
  out += fmt::format("  transfers      done {} cancelled {} died {}", ends.done, ends.cancelled,
                     ends.died);
  if (!ends.failed.empty()) out += "; failed:" + counts_text(ends.failed, failure_kind_name);
  return out + "\n";
}

std::string measured_text(const RunResult& result, const Figures& figures) {
  if (!result.measured.is_recorded) return "";
  std::string out = "  MiB crossing  ";
  for (std::size_t i = 0; i < kTiers; ++i) {
    if (figures.bytes_by_tier[i] == 0 && i > 1) continue;
    out +=
        fmt::format(" {} {:.1f} ", tier_name(static_cast<Tier>(i)), mib(figures.bytes_by_tier[i]));
  }
  out += "\n" + buckets_text(result.measured) + links_text(result.measured, figures);
  return out + decisions_text(result.measured, figures);
}

std::string events_text(const RunResult& result) {
  std::string out = fmt::format("  virtual time {:.1f} s, {} events:", seconds(result.virtual_time),
                                result.events);
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    if (result.events_by_kind[i] == 0) continue;
    out +=
        fmt::format(" {} {}", event_kind_name(static_cast<EventKind>(i)), result.events_by_kind[i]);
  }
  return out + fmt::format("\n  event hash {:016x}\n", result.event_hash);
}

std::string faults_text(const RunResult& result) {
  std::string out;
  uint32_t failed = 0;
  for (const ReadResult& read : result.reads) {
    if (read.phase != ReadPhase::kFailed || ++failed > kFailedReadsToldMax) continue;
    out += fmt::format("  node {} failed: {}: {:.300}\n", read.node.value(),
                       error_code_name(read.error.code), read.error.message);
  }
  if (failed > kFailedReadsToldMax)
    out += fmt::format("  and {} reads more that failed\n", failed - kFailedReadsToldMax);
  for (const Violation& violation : result.violations) {
    out += fmt::format("  VIOLATION at {:.3f} s, {}: {}\n", seconds(violation.at - World::kStart),
                       violation.checker, violation.what);
  }
  return out;
}

}  // namespace

std::string text_report(const RunResult& result) {
  Figures figures = figures_of(result);
  std::string out = fmt::format("{}, seed {}: {} of {} reads complete, {} failed, {} cut short\n",
                                result.scenario, result.seed, figures.complete, figures.reads,
                                figures.failed, figures.interrupted);
  out += times_text(figures) + traffic_text(result, figures) + measured_text(result, figures);
  out += fmt::format("  memory of cores at most: reader {}, superpeer {} bytes\n",
                     result.reader_core_bytes_max, result.superpeer_core_bytes_max);
  return out + events_text(result) + faults_text(result);
}

}  // namespace tyto::sim
