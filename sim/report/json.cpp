// The report as JSON.
#include "sim/report/json.h"

#include <fmt/format.h>

#include <cmath>

#include "sim/report/report.h"

namespace tyto::sim {
namespace {

constexpr int kFormat = 1;  // grows when a field changes its meaning or goes

Json percentiles_json(const Percentiles& values) {
  return {{"p50", rounded(values.p50)},
          {"p90", rounded(values.p90)},
          {"p99", rounded(values.p99)},
          {"max", rounded(values.max)}};
}

Json times_json(const Figures& figures) {
  Json all = Json::array();
  for (const ReadTimes& times : figures.times) {
    all.push_back({{"readers", times.name},
                   {"complete", times.complete},
                   {"seconds", percentiles_json(times.seconds)},
                   {"stretch", percentiles_json(times.stretch)}});
  }
  return all;
}

Json curve_json(const std::vector<CompletionPoint>& curve) {
  Json points = Json::array();
  for (const CompletionPoint& point : curve)
    points.push_back({rounded(point.seconds), rounded(point.share)});
  return points;
}

Json failures_json(const RunResult& result) {
  constexpr std::size_t kToldMax = 100;
  Json failures = Json::array();
  for (const ReadResult& read : result.reads) {
    if (read.phase != ReadPhase::kFailed || failures.size() >= kToldMax) continue;
    failures.push_back({{"node", read.node.value()},
                        {"code", error_code_name(read.error.code)},
                        {"message", read.error.message}});
  }
  return failures;
}

Json violations_json(const RunResult& result) {
  Json violations = Json::array();
  for (const Violation& violation : result.violations) {
    violations.push_back({{"seconds", rounded_seconds(violation.at - World::kStart)},
                          {"checker", violation.checker},
                          {"what", violation.what}});
  }
  return violations;
}

Json events_json(const RunResult& result) {
  Json kinds = Json::object();
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    if (result.events_by_kind[i] == 0) continue;
    kinds[std::string(event_kind_name(static_cast<EventKind>(i)))] = result.events_by_kind[i];
  }
  return {{"total", result.events}, {"by_kind", std::move(kinds)}};
}

Json faults_json(const Measured& measured) {
  Json faults = Json::array();
  for (const FaultMark& fault : measured.faults) {
    faults.push_back({{"seconds", rounded_seconds(fault.at)},
                      {"kind", fault.kind},
                      {"target", fault.target},
                      {"phase", fault.phase == FaultPhase::kBegins ? "begins" : "ends"}});
  }
  return faults;
}

void add_measured(const RunResult& result, Json& json) {
  const Measured& measured = result.measured;
  if (!measured.is_recorded) return;
  json["faults"] = faults_json(measured);
  json["completions"] = {
      {"from_start", curve_json(completion_curve(result, CompletionCurve::kFromStart))},
      {"from_asking", curve_json(completion_curve(result, CompletionCurve::kFromAsking))},
      {"fluid_limit", curve_json(completion_curve(result, CompletionCurve::kFluidLimit))}};
  json["series"] = series_json(measured);
  json["tree"] = tree_json(measured.tree);
}

}  // namespace

double rounded(double value) {
  return std::round(value * 1e6) / 1e6;
}

double rounded_seconds(Duration span) {
  return rounded(seconds(span));
}

std::string json_report(const RunResult& result) {
  Figures figures = figures_of(result);
  Json json = {
      {"format", kFormat},
      {"scenario", result.scenario},
      {"seed", result.seed},
      {"version", TYTO_VERSION},
      {"replay", result.replay},
      {"event_hash", fmt::format("{:016x}", result.event_hash)},
      {"events", events_json(result)},
      {"virtual_seconds", rounded_seconds(result.virtual_time)},
      {"reads",
       {{"total", figures.reads},
        {"complete", figures.complete},
        {"failed", figures.failed},
        {"interrupted", figures.interrupted},
        {"first_asked_seconds", rounded_seconds(figures.first_asked)},
        {"last_ended_seconds", rounded_seconds(figures.last_ended)}}},
      {"times", times_json(figures)},
      {"amplification", rounded(figures.amplification)},
      {"origin_chunks",
       {{"read", result.origin_chunks_read},
        {"distinct", result.origin_chunks_distinct},
        {"requests", result.origin_requests}}},
      {"traffic", traffic_json(result, figures)},
      {"load", load_json(result, figures)},
      {"core_bytes_max",
       {{"reader", result.reader_core_bytes_max}, {"superpeer", result.superpeer_core_bytes_max}}},
      {"failures", failures_json(result)},
      {"violations", violations_json(result)}};
  add_measured(result, json);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tyto::sim
