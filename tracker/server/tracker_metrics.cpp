#include "tracker/server/tracker_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace tyto::tracker {

namespace {

const std::vector<double> kExchangeBounds = {0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1,
                                             0.3,    1,      3,     10,    30,   60};
const std::vector<double> kDecideBounds = {0.000001, 0.000003, 0.00001, 0.00003, 0.0001, 0.0003,
                                           0.001,    0.003,    0.01,    0.03,    0.1};

double seconds_of(Duration span) {
  return static_cast<double>(span.ns()) * 1e-9;
}

// Resident memory, from the kernel's books; 0 where they cannot be read.
double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t total = 0;
  uint64_t resident = 0;
  statm >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_files() {
  std::error_code fault;
  std::filesystem::directory_iterator files("/proc/self/fd", fault);
  if (fault) return 0;
  return static_cast<double>(std::distance(begin(files), end(files)));
}

uint64_t cpu_milliseconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  auto of = [](const timeval& t) {
    return static_cast<uint64_t>(t.tv_sec) * 1000 + static_cast<uint64_t>(t.tv_usec) / 1000;
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

}  // namespace

TrackerMetrics::TrackerMetrics(io::Metrics& metrics)
    : metrics_(metrics),
      exchange_seconds_(metrics.histogram("tyto_tracker_exchange_seconds",
                                          "From an exchange's arrival to its answer, waiting for "
                                          "news included.",
                                          kExchangeBounds)),
      decide_seconds_(metrics.histogram("tyto_tracker_decide_seconds", "One round of decisions.",
                                        kDecideBounds)),
      inputs_(metrics.counter("tyto_tracker_inputs_total", "Inputs given to the core.")) {
  add_core_counters();
}

void TrackerMetrics::add_core_counters() {
  struct Row {
    const char* name;
    const char* help;
    uint64_t Counters::*total;
  };
  static constexpr Row kRows[] = {
      {"exchanges", "Exchanges with peers.", &Counters::exchanges},
      {"events", "Events from peers.", &Counters::events},
      {"assignments", "Chunks assigned.", &Counters::assignments},
      {"leases", "Chunks leased to be read from an origin.", &Counters::leases},
      {"origin_requests", "Requests that peers were to make of origins, a run of chunks being one.",
       &Counters::origin_requests},
      {"leases_granted", "Chunks that this tracker, as their directory, let others have read.",
       &Counters::leases_granted},
      {"leases_for_lost",
       "Of these, chunks of which a tracker that is lost would be the directory.",
       &Counters::leases_for_lost},
      {"leases_lost", "Leases taken away for want of progress.", &Counters::leases_lost},
      {"evictions", "Chunks ordered to be evicted.", &Counters::evictions},
      {"resolves", "Names looked up at an origin.", &Counters::resolves},
      {"chunks_verified", "Chunks that arrived whole.", &Counters::chunks_verified},
      {"source_failures", "Sources that failed a transfer.", &Counters::source_failures},
      {"assignment_failures", "Assignments that failed.", &Counters::assignment_failures},
      {"corrupt_reports", "Sources reported for wrong bytes.", &Counters::corrupt_reports},
      {"between_regions_bytes", "Bytes from peers of another region than the reader's.",
       &Counters::bytes_between_regions},
      {"wasted_bytes", "Bytes received and thrown away.", &Counters::bytes_wasted},
      {"shadow_opens", "Opens of the shadow share.", &Counters::shadow_opens},
      {"shadow_completed", "Readers of the shadow share that have all.",
       &Counters::shadow_completed},
      {"shadow_bytes", "What they read from the origin.", &Counters::shadow_bytes},
      {"shadow_ns", "Nanoseconds that took them, together.", &Counters::shadow_ns},
      {"compared_completed", "Other readers of the same buckets that have all.",
       &Counters::compared_completed},
      {"compared_bytes", "What they were brought.", &Counters::compared_bytes},
      {"compared_ns", "Nanoseconds that took them, together.", &Counters::compared_ns},
      {"opens", "Objects opened.", &Counters::opens},
      {"opens_hot", "Opens of objects that were hot.", &Counters::opens_hot},
      {"opens_failed", "Opens that ended with an error.", &Counters::opens_failed},
  };
  for (const Row& row : kRows)
    core_counters_.push_back(
        {metrics_.counter(std::string("tyto_tracker_") + row.name + "_total", row.help),
         row.total});
  struct SourceRow {
    const char* kind;
    uint64_t Counters::*total;
  };
  static constexpr SourceRow kSources[] = {{"peer", &Counters::bytes_from_peers},
                                           {"superpeer", &Counters::bytes_from_superpeers},
                                           {"origin", &Counters::bytes_from_origin}};
  for (const SourceRow& row : kSources)
    core_counters_.push_back(
        {metrics_.counter("tyto_tracker_delivered_bytes_total",
                          "Bytes delivered, by the kind of their source.", {{"source", row.kind}}),
         row.total});
}

void TrackerMetrics::exchange_answered(Duration took) {
  exchange_seconds_.observe(seconds_of(took));
}

void TrackerMetrics::decided(Duration took, uint64_t inputs) {
  decide_seconds_.observe(seconds_of(took));
  inputs_.add(inputs);
}

void TrackerMetrics::malformed(const char* door) {
  metrics_
      .counter("tyto_tracker_malformed_total", "Messages and connections that broke a protocol.",
               {{"door", door}})
      .add();
}

void TrackerMetrics::refresh(const Counters& counters, const Gauges& gauges) {
  for (CounterOf& one : core_counters_) one.counter.raise_to(counters.*one.total);
  for (std::size_t i = 0; i < counters.evictions_by.size(); ++i) {
    if (counters.evictions_by[i] == 0) continue;
    metrics_
        .counter("tyto_tracker_evictions_by_reason_total", "Chunks ordered to be evicted, by why.",
                 {{"reason", std::string(choice_name(static_cast<Choice>(i)))}})
        .raise_to(counters.evictions_by[i]);
  }
  auto set = [&](const char* name, const char* help, double value,
                 const io::MetricLabels& labels = {}) {
    metrics_.gauge(std::string("tyto_tracker_") + name, help, labels).set(value);
  };
  auto number = [](auto n) { return static_cast<double>(n); };
  set("ready", "1 while peers are served.", gauges.is_ready ? 1 : 0);
  set("epoch", "This run's number.", number(gauges.epoch.value()));
  set("sessions", "Sessions, those that wait to be resumed included.", number(gauges.sessions));
  set("peers", "Connected peers, by role.", number(gauges.peers), {{"role", "peer"}});
  set("peers", "Connected peers, by role.", number(gauges.superpeers), {{"role", "superpeer"}});
  set("rpc_connections", "Connections of peers.", number(gauges.rpc_connections));
  set("exchanges_open", "Exchanges that wait for news.", number(gauges.exchanges_open));
  set("transfers", "Transfers under way.", number(gauges.transfers));
  set("buckets", "Buckets.", number(gauges.buckets));
  set("objects", "Names known.", number(gauges.objects));
  set("catalog_queue", "Changes that wait to be written.", number(gauges.catalog.queued));
  set("catalog_failing", "1 while the catalog cannot be written.",
      gauges.catalog.is_failing ? 1 : 0);
  auto raise = [&](const char* name, const char* help, uint64_t total) {
    metrics_.counter(std::string("tyto_tracker_") + name, help).raise_to(total);
  };
  raise("catalog_commits_total", "Commits.", gauges.catalog.commits);
  raise("catalog_failed_commits_total", "Commits that failed.", gauges.catalog.failed_commits);
  raise("catalog_facts_dropped_total", "Learned facts not written for want of room.",
        gauges.catalog.facts_dropped);
  raise("explain_records_total", "Records written to the journal of decisions.",
        gauges.journal.records);
  raise("explain_overwritten_total", "Records of the journal that gave way to newer ones.",
        gauges.journal.overwritten);
  raise("explain_details_total", "Records of the journal that were kept in full.",
        gauges.journal.details);
  raise("explain_unsampled_total", "Assignments that were not kept in full.",
        gauges.journal.unsampled);
  refresh_admission(gauges);
  refresh_links(gauges);
  refresh_buckets(gauges);
  refresh_process();
}

void TrackerMetrics::refresh_admission(const Gauges& gauges) {
  metrics_.gauge("tyto_tracker_loop_lag_seconds", "How late the loop came to its last timer.")
      .set(seconds_of(gauges.lag));
  for (std::size_t i = 0; i < kExchangeClasses; ++i)
    metrics_
        .counter("tyto_tracker_exchanges_refused_total",
                 "Exchanges that were refused for want of time, by class.",
                 {{"class", std::string(exchange_class_name(static_cast<ExchangeClass>(i)))}})
        .raise_to(gauges.refused.exchanges_refused[i]);
  metrics_
      .counter("tyto_tracker_registrations_refused_total",
               "Peers that were told to come back later.")
      .raise_to(gauges.refused.registrations_refused);
}

void TrackerMetrics::refresh_links(const Gauges& gauges) {
  metrics_.gauge("tyto_tracker_members", "Trackers of the cluster that live, this one included.")
      .set(static_cast<double>(gauges.members));
  metrics_
      .gauge("tyto_tracker_membership_failing",
             "1 while the catalog cannot be asked who belongs to the cluster.")
      .set(gauges.is_membership_failing ? 1 : 0);
  for (const LinkPicture& link : gauges.links) {
    const io::MetricLabels labels{{"tracker", link.name}};
    const bool is_up = link.state == LinkPicture::State::kUp;
    metrics_.gauge("tyto_tracker_link_up", "1 while there is a link to this tracker.", labels)
        .set(is_up ? 1 : 0);
    metrics_.gauge("tyto_tracker_link_backlog", "Messages for this tracker, not sent yet.", labels)
        .set(static_cast<double>(link.backlog));
    auto raise = [&](const char* name, const char* help, const char* direction, uint64_t total) {
      io::MetricLabels all = labels;
      all["direction"] = direction;
      metrics_.counter(name, help, all).raise_to(total);
    };
    const char* const kMessages = "tyto_tracker_link_messages_total";
    const char* const kBytes = "tyto_tracker_link_bytes_total";
    raise(kMessages, "Messages of a link.", "sent", link.messages_sent);
    raise(kMessages, "Messages of a link.", "received", link.messages_received);
    raise(kBytes, "Bytes of a link's batches.", "sent", link.bytes_sent);
    raise(kBytes, "Bytes of a link's batches.", "received", link.bytes_received);
    metrics_.counter("tyto_tracker_link_resets_total", "Times that the link was lost.", labels)
        .raise_to(link.resets);
  }
}

void TrackerMetrics::refresh_buckets(const Gauges& gauges) {
  for (const BucketPicture& bucket : gauges.kept) {
    const io::MetricLabels labels{{"bucket", bucket.name}};
    metrics_
        .gauge("tyto_tracker_bucket_kept_bytes",
               "What all peers of this tracker keep of the bucket, or are being sent.", labels)
        .set(static_cast<double>(bucket.kept_bytes));
    metrics_
        .gauge("tyto_tracker_bucket_kept_bytes_max",
               "What they may keep of it (caching.fleet_bytes); 0: no limit.", labels)
        .set(static_cast<double>(bucket.kept_bytes_max));
  }
}

void TrackerMetrics::refresh_process() {
  metrics_.gauge("process_resident_memory_bytes", "Resident memory.").set(resident_bytes());
  metrics_.gauge("process_open_fds", "Open files.").set(open_files());
  metrics_.gauge("process_cpu_seconds_total", "Processor time used.")
      .set(static_cast<double>(cpu_milliseconds()) * 1e-3);
}

}  // namespace tyto::tracker
