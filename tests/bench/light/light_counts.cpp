#include "light_counts.h"

#include <algorithm>

namespace tyto::bench {

nlohmann::json Spans::take() {
  if (ns_.empty()) return {{"count", 0}};
  std::sort(ns_.begin(), ns_.end());
  auto ms_at = [&](std::size_t percent) {
    const std::size_t at = std::min(ns_.size() - 1, ns_.size() * percent / 100);
    return static_cast<double>(ns_[at]) / 1e6;
  };
  nlohmann::json figures{
      {"count", ns_.size()}, {"p50_ms", ms_at(50)}, {"p99_ms", ms_at(99)}, {"max_ms", ms_at(100)}};
  ns_.clear();
  return figures;
}

nlohmann::json LightCounts::tick() const {
  nlohmann::json tick{{"registered", registered},     {"register_refused", register_refused},
                      {"redirected", redirected},     {"connected", connected},
                      {"opens_done", opens_done},     {"opens_failed", opens_failed},
                      {"origin_reads", origin_reads}, {"waits", waits}};
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const std::string name(tracker::exchange_class_name(static_cast<tracker::ExchangeClass>(i)));
    tick["classes"][name] = {{"sent", classes[i].sent}, {"refused", classes[i].refused}};
  }
  return tick;
}

nlohmann::json LightCounts::report() {
  nlohmann::json report = tick();
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const std::string name(tracker::exchange_class_name(static_cast<tracker::ExchangeClass>(i)));
    report["classes"][name]["answered"] = classes[i].answered.take();
    report["classes"][name]["told"] = classes[i].told.take();
  }
  report["open_took"] = open_took.take();
  report["lost_waiting"] = lost_waiting.take();
  report["lost_idle"] = lost_idle.take();
  return report;
}

}  // namespace tyto::bench
