// Metrics in Prometheus's exposition format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace tyto::io {

using MetricLabels = std::map<std::string, std::string>;

// Handles: cheap to copy. Threads: any. Ownership: must not outlive their Metrics.
class Counter {
 public:
  void add(uint64_t n = 1);
  // Raises the counter to a total that is counted elsewhere; a lower total changes nothing.
  void raise_to(uint64_t total);
  uint64_t value() const;

 private:
  friend class Metrics;
  explicit Counter(prometheus::Counter* counter) : counter_(counter) {}
  prometheus::Counter* counter_;
};

class Gauge {
 public:
  void set(double value);
  void add(double value);  // may be negative
  double value() const;

 private:
  friend class Metrics;
  explicit Gauge(prometheus::Gauge* gauge) : gauge_(gauge) {}
  prometheus::Gauge* gauge_;
};

class Histogram {
 public:
  void observe(double value);

 private:
  friend class Metrics;
  explicit Histogram(prometheus::Histogram* histogram) : histogram_(histogram) {}
  prometheus::Histogram* histogram_;
};

// All metrics of a process. Asking twice for the same name and labels gives the same metric.
//
// Threads: synchronised.
// Bounds:  kSeriesPerFamilyMax label sets a name; those beyond share one, with every label's value
//          "other".
class Metrics {
 public:
  static constexpr std::size_t kSeriesPerFamilyMax = 1000;
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Requires (all three): `name` follows Prometheus's rule [a-zA-Z_:][a-zA-Z0-9_:]* and stands for
  // one kind of metric with one set of label names. Base units; counters end in "_total".
  Counter counter(const std::string& name, const std::string& help, const MetricLabels& = {});
  Gauge gauge(const std::string& name, const std::string& help, const MetricLabels& = {});
  // `bounds` are the buckets' upper ends, rising.
  Histogram histogram(const std::string& name, const std::string& help,
                      const std::vector<double>& bounds, const MetricLabels& = {});
  // Calls `collect` before each text(), on its thread: for gauges that mirror state kept elsewhere.
  void before_text(std::function<void()> collect);
  // Everything, in exposition format 0.0.4.
  std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tyto::io
