// What light peers count, all peers of a process together.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/time.h"
#include "tracker/core/admission/admission.h"

namespace tyto::bench {

// Durations since the last report.
class Spans {
 public:
  void add(Duration span) { ns_.push_back(span.ns()); }
  // {count, p50_ms, p99_ms, max_ms}; empties it.
  nlohmann::json take();

 private:
  std::vector<int64_t> ns_;
};

struct LightCounts {
  // By class of exchange, as the tracker sorts them.
  struct OfClass {
    uint64_t sent = 0;
    uint64_t refused = 0;
    Spans answered;  // news: until the tracker had taken them
    Spans told;      // when to come back, as the tracker said
  };
  std::array<OfClass, tracker::kExchangeClasses> classes;
  uint64_t registered = 0;  // registrations, cumulative
  uint64_t register_refused = 0;
  uint64_t redirected = 0;
  uint64_t connected = 0;   // now
  uint64_t opens_done = 0;  // whole
  uint64_t opens_failed = 0;
  uint64_t origin_reads = 0;
  std::array<uint64_t, 16> waits{};  // what readers were told they wait for: WaitsFor
  Spans open_took;
  Spans lost_waiting;  // without a tracker, while a reader waited
  Spans lost_idle;     // the same, while none did

  // What happens, in numbers that only grow, besides `connected`.
  nlohmann::json tick() const;
  // The same with all spans since the last report.
  nlohmann::json report();
};

}  // namespace tyto::bench
