// The tracker's figures for Prometheus.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "io/metrics/metrics.h"
#include "tracker/catalog/catalog_writer.h"
#include "tracker/core/admission/admission.h"
#include "tracker/core/tracker_core.h"
#include "tracker/server/cluster/link_picture.h"

namespace tyto::tracker {

// What is read when Prometheus asks.
struct Gauges {
  std::size_t sessions = 0;
  std::size_t peers = 0;  // connected, by role
  std::size_t superpeers = 0;
  std::size_t rpc_connections = 0;
  std::size_t exchanges_open = 0;
  std::size_t transfers = 0;
  std::size_t buckets = 0;
  std::size_t objects = 0;
  TrackerEpoch epoch;
  bool is_ready = false;
  CatalogWriter::Figures catalog;
  JournalCounts journal;
  std::vector<LinkPicture> links;  // to other trackers
  std::vector<BucketPicture> kept;
  std::size_t members = 1;
  bool is_membership_failing = false;
  Admission::Counts refused;
  Duration lag;
};

// Threads: confined to its loop. Ownership: borrows the metrics.
class TrackerMetrics {
 public:
  explicit TrackerMetrics(io::Metrics& metrics);

  void exchange_answered(Duration took);
  void decided(Duration took, uint64_t inputs);
  void malformed(const char* door);
  // Brings everything else up to date.
  void refresh(const Counters& counters, const Gauges& gauges);

 private:
  struct CounterOf {
    io::Counter counter;
    uint64_t Counters::*total;
  };
  void add_core_counters();
  void refresh_process();
  void refresh_admission(const Gauges& gauges);
  void refresh_links(const Gauges& gauges);
  void refresh_buckets(const Gauges& gauges);

  io::Metrics& metrics_;
  std::vector<CounterOf> core_counters_;
  io::Histogram exchange_seconds_;
  io::Histogram decide_seconds_;
  io::Counter inputs_;
};

}  // namespace tyto::tracker
