#include "io/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <mutex>
#include <set>

#include "base/assert.h"

namespace tyto::io {

void Counter::add(uint64_t n) {
  counter_->Increment(static_cast<double>(n));
}

void Counter::raise_to(uint64_t total) {
  double missing = static_cast<double>(total) - counter_->Value();
  if (missing > 0) counter_->Increment(missing);
}

uint64_t Counter::value() const {
  return static_cast<uint64_t>(counter_->Value());
}

void Gauge::set(double value) {
  gauge_->Set(value);
}
void Gauge::add(double value) {
  gauge_->Increment(value);
}
double Gauge::value() const {
  return gauge_->Value();
}
void Histogram::observe(double value) {
  histogram_->Observe(value);
}

struct Metrics::State {
  // Labels under which a series is kept: those given, or "other" when the family is full.
  MetricLabels admit(const std::string& name, const MetricLabels& labels) {
    auto& seen = series[name];
    if (seen.contains(labels)) return labels;
    if (seen.size() < kSeriesPerFamilyMax) {
      seen.insert(labels);
      return labels;
    }
    MetricLabels other = labels;
    for (auto& [key, value] : other) value = "other";
    return other;
  }

  mutable std::mutex mutex;
  prometheus::Registry registry;
  std::map<std::string, prometheus::Family<prometheus::Counter>*> counters;
  std::map<std::string, prometheus::Family<prometheus::Gauge>*> gauges;
  std::map<std::string, prometheus::Family<prometheus::Histogram>*> histograms;
  std::map<std::string, std::set<MetricLabels>> series;
  std::vector<std::function<void()>> collectors;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

Counter Metrics::counter(const std::string& name, const std::string& help,
                         const MetricLabels& labels) {
  std::lock_guard lock(state_->mutex);
  auto& family = state_->counters[name];
  if (family == nullptr) {
    TYTO_ASSERT(!state_->series.contains(name));
    family = &prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry);
  }
  return Counter(&family->Add(state_->admit(name, labels)));
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const MetricLabels& labels) {
  std::lock_guard lock(state_->mutex);
  auto& family = state_->gauges[name];
  if (family == nullptr) {
    TYTO_ASSERT(!state_->series.contains(name));
    family = &prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry);
  }
  return Gauge(&family->Add(state_->admit(name, labels)));
}

Histogram Metrics::histogram(const std::string& name, const std::string& help,
                             const std::vector<double>& bounds, const MetricLabels& labels) {
  std::lock_guard lock(state_->mutex);
  auto& family = state_->histograms[name];
  if (family == nullptr) {
    TYTO_ASSERT(!state_->series.contains(name));
    family = &prometheus::BuildHistogram().Name(name).Help(help).Register(state_->registry);
  }
  return Histogram(&family->Add(state_->admit(name, labels), bounds));
}

void Metrics::before_text(std::function<void()> collect) {
  std::lock_guard lock(state_->mutex);
  state_->collectors.push_back(std::move(collect));
}

std::string Metrics::text() const {
  std::vector<std::function<void()>> collectors;
  {
    std::lock_guard lock(state_->mutex);
    collectors = state_->collectors;
  }
  for (const auto& collect : collectors) collect();  // unlocked: they may ask for new metrics
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace tyto::io
