#include "sim/report/figures.h"

#include <algorithm>

#include "sim/report/report.h"

namespace tyto::sim {
namespace {

enum class Who : uint8_t { kAll, kFast, kSlow };
constexpr std::array<std::string_view, 3> kWhoNames{"all", "fast", "slow"};

double ratio(uint64_t part, uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<uint64_t>(1, whole));
}

Percentiles percentiles_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {nearest_rank(values, 50), nearest_rank(values, 90), nearest_rank(values, 99),
          nearest_rank(values, 100)};
}

ReadTimes times_of(const RunResult& result, Who who) {
  std::vector<double> times;
  std::vector<double> stretches;
  for (const ReadResult& read : result.reads) {
    if (read.phase != ReadPhase::kDone) continue;
    if (who != Who::kAll && read.is_slow != (who == Who::kSlow)) continue;
    times.push_back(seconds(read.took));
    int64_t limit_us = std::max<int64_t>(1, read.fluid_limit.us());
    stretches.push_back(static_cast<double>(read.took.us()) / static_cast<double>(limit_us));
  }
  auto complete = static_cast<uint32_t>(times.size());
  return {kWhoNames[static_cast<std::size_t>(who)], complete, percentiles_of(std::move(times)),
          percentiles_of(std::move(stretches))};
}

void add_reads(const RunResult& result, Figures& figures) {
  bool has_slow = false;
  figures.reads = static_cast<uint32_t>(result.reads.size());
  figures.first_asked = Duration::forever();
  for (const ReadResult& read : result.reads) {
    if (read.phase == ReadPhase::kDone) ++figures.complete;
    if (read.phase == ReadPhase::kFailed) ++figures.failed;
    if (read.phase == ReadPhase::kInterrupted) ++figures.interrupted;
    has_slow |= read.is_slow;
    if (read.attempts == 0) continue;
    figures.first_asked = std::min(figures.first_asked, read.asked);
    figures.last_ended = std::max(figures.last_ended, read.asked + read.took);
  }
  figures.first_asked = std::min(figures.first_asked, figures.last_ended);
  figures.times.push_back(times_of(result, Who::kAll));
  if (!has_slow) return;
  figures.times.push_back(times_of(result, Who::kFast));
  figures.times.push_back(times_of(result, Who::kSlow));
}

Rate rate_of(const std::vector<Sample>& samples, uint64_t Sample::*count, double active_s) {
  Rate rate;
  if (active_s > 0) rate.mean = static_cast<double>(samples.back().*count) / active_s;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    double span = seconds(samples[i].at - samples[i - 1].at);
    auto events = static_cast<double>(samples[i].*count - samples[i - 1].*count);
    if (span > 0) rate.peak = std::max(rate.peak, events / span);
  }
  return rate;
}

void add_measured(const Measured& measured, Figures& figures) {
  if (measured.samples.empty()) return;
  const Sample& last = measured.samples.back();
  figures.bytes_by_tier = last.bytes_by_tier;
  double active_s = seconds(figures.last_ended - figures.first_asked);
  for (std::size_t i = 0; i < kLinkGroups; ++i) {
    double most = static_cast<double>(measured.links[i].bytes_per_s) * active_s;
    LinkFigures& link = figures.links[i];
    if (most > 0) link.mean = static_cast<double>(last.links[i].bytes) / most;
    for (const Sample& sample : measured.samples)
      link.busiest = std::max(link.busiest, sample.links[i].busiest_permille / 1000.0);
  }
  figures.exchanges = rate_of(measured.samples, &Sample::exchanges, active_s);
  figures.decisions = rate_of(measured.samples, &Sample::decisions, active_s);
}

}  // namespace

double seconds(Duration span) {
  return static_cast<double>(span.ns()) / 1e9;
}

double nearest_rank(const std::vector<double>& sorted, uint32_t percent) {
  if (sorted.empty()) return 0;
  std::size_t rank = (sorted.size() * percent + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

Figures figures_of(const RunResult& result) {
  Figures figures;
  add_reads(result, figures);
  figures.amplification = result.origin_chunks_distinct == 0
                              ? 0
                              : ratio(result.origin_chunks_read, result.origin_chunks_distinct);
  figures.superpeer_copies_sent = ratio(result.bytes_from_superpeers_sent, result.bytes_wanted);
  for (uint64_t bytes : result.bytes_into_rack)
    figures.rack_copies.push_back(ratio(bytes, result.bytes_wanted));
  for (uint64_t bytes : result.bytes_into_region)
    figures.region_copies.push_back(ratio(bytes, result.bytes_wanted));
  if (result.origin_chunks_distinct > 0)
    figures.cluster_messages_per_chunk =
        ratio(result.cluster_messages, result.origin_chunks_distinct);
  add_measured(result.measured, figures);
  return figures;
}

std::vector<CompletionPoint> completion_curve(const RunResult& result, CompletionCurve which) {
  std::vector<double> times;
  for (const ReadResult& read : result.reads) {
    if (which == CompletionCurve::kFluidLimit) {
      times.push_back(seconds(read.fluid_limit));
    } else if (read.phase == ReadPhase::kDone) {
      bool is_from_start = which == CompletionCurve::kFromStart;
      times.push_back(seconds(is_from_start ? read.asked + read.took : read.took));
    }
  }
  std::sort(times.begin(), times.end());
  std::vector<CompletionPoint> curve;
  std::size_t points = std::min(times.size(), kCompletionPointsMax);
  for (std::size_t i = 0; i < points; ++i) {
    std::size_t at = points == 1 ? 0 : i * (times.size() - 1) / (points - 1);
    curve.push_back({times[at], ratio(at + 1, result.reads.size())});
  }
  return curve;
}

}  // namespace tyto::sim
