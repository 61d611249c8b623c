#include "io/metrics/metrics.h"

#include <gtest/gtest.h>

namespace tyto::io {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, TextHasHelpTypeAndValues) {
  Metrics metrics;
  metrics.counter("tyto_exchanges_total", "Exchanges answered.").add(3);
  metrics.gauge("tyto_peers", "Peers registered.", {{"role", "superpeer"}}).set(2.5);
  std::string text = metrics.text();
  EXPECT_TRUE(has_line(text, "# HELP tyto_exchanges_total Exchanges answered.")) << text;
  EXPECT_TRUE(has_line(text, "# TYPE tyto_exchanges_total counter")) << text;
  EXPECT_TRUE(has_line(text, "tyto_exchanges_total 3")) << text;
  EXPECT_TRUE(has_line(text, "tyto_peers{role=\"superpeer\"} 2.5")) << text;
}

TEST(Metrics, SameNameAndLabelsAreTheSameMetric) {
  Metrics metrics;
  metrics.counter("c_total", "C.", {{"a", "1"}}).add(1);
  metrics.counter("c_total", "C.", {{"a", "1"}}).add(2);
  metrics.counter("c_total", "C.", {{"a", "2"}}).add(5);
  EXPECT_EQ(metrics.counter("c_total", "C.", {{"a", "1"}}).value(), 3u);
}

TEST(Metrics, ACounterNeverGoesBack) {
  Metrics metrics;
  Counter counter = metrics.counter("c_total", "C.");
  counter.raise_to(10);
  counter.raise_to(4);
  EXPECT_EQ(counter.value(), 10u);
  counter.raise_to(11);
  EXPECT_EQ(counter.value(), 11u);
}

TEST(Metrics, HistogramCountsIntoItsBuckets) {
  Metrics metrics;
  Histogram histogram = metrics.histogram("h_seconds", "H.", {0.1, 1});
  histogram.observe(0.05);
  histogram.observe(0.5);
  histogram.observe(50);
  std::string text = metrics.text();
  EXPECT_TRUE(has_line(text, "h_seconds_bucket{le=\"1\"} 2")) << text;
  EXPECT_TRUE(has_line(text, "h_seconds_count 3")) << text;
}

TEST(Metrics, LabelValuesAreEscaped) {
  Metrics metrics;
  metrics.gauge("g", "G.", {{"name", "a\"b\\c\nd"}}).set(1);
  EXPECT_TRUE(has_line(metrics.text(), "g{name=\"a\\\"b\\\\c\\nd\"} 1")) << metrics.text();
}

TEST(Metrics, LabelSetsBeyondTheLimitShareOne) {
  Metrics metrics;
  std::size_t total = Metrics::kSeriesPerFamilyMax + 50;
  for (std::size_t i = 0; i < total; ++i)
    metrics.counter("c_total", "C.", {{"peer", std::to_string(i)}}).add(1);
  EXPECT_EQ(metrics.counter("c_total", "C.", {{"peer", "other"}}).value(), 50u);
  EXPECT_EQ(metrics.counter("c_total", "C.", {{"peer", "7"}}).value(), 1u);
}

TEST(Metrics, CollectorsRunBeforeEachText) {
  Metrics metrics;
  int calls = 0;
  metrics.before_text([&] { metrics.gauge("g", "G.").set(++calls); });
  EXPECT_TRUE(has_line(metrics.text(), "g 1"));
  EXPECT_TRUE(has_line(metrics.text(), "g 2"));
}

}  // namespace
}  // namespace tyto::io
