#include "sim/report/report.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "sim/scenarios/catalogue.h"

namespace tyto::sim {
namespace {

template <class... Args>
std::string format(const char* pattern, Args... args) {
  char line[512];
  int length = std::snprintf(line, sizeof line, pattern, args...);
  return std::string(line,
                     std::min<std::size_t>(static_cast<std::size_t>(length), sizeof line - 1));
}

double seconds(Duration span) {
  return static_cast<double>(span.ns()) / 1e9;
}
double mib(uint64_t bytes) {
  return static_cast<double>(bytes) / (1024.0 * 1024.0);
}

double copies(uint64_t bytes, const RunResult& result) {
  return static_cast<double>(bytes) /
         static_cast<double>(std::max<uint64_t>(1, result.bytes_wanted));
}

struct Summary {
  std::vector<Duration> times;      // of reads that got the whole object
  std::vector<Duration> permilles;  // stretch: 1000 is the limit. Held as ns
  uint32_t failed = 0;
  uint32_t interrupted = 0;
};

enum class Who : uint8_t { kAll, kFast, kSlow };

Summary summarise(const RunResult& result, Who who = Who::kAll) {
  Summary summary;
  for (const ReadResult& read : result.reads) {
    if (who != Who::kAll && read.is_slow != (who == Who::kSlow)) continue;
    if (read.phase == ReadPhase::kFailed) ++summary.failed;
    if (read.phase == ReadPhase::kInterrupted) ++summary.interrupted;
    if (read.phase != ReadPhase::kDone) continue;
    summary.times.push_back(read.took);
    int64_t limit = std::max<int64_t>(1, read.fluid_limit.us());
    summary.permilles.push_back(Duration::nanoseconds(read.took.us() * 1000 / limit));
  }
  return summary;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

double stretch(const Summary& summary, uint32_t percent) {
  return static_cast<double>(percentile(summary.permilles, percent).ns()) / 1000.0;
}

// Times of all readers, and of the fast and the slow ones apart where there are both.
std::string times_text(const RunResult& result) {
  std::string out;
  bool has_slow = std::any_of(result.reads.begin(), result.reads.end(),
                              [](const ReadResult& read) { return read.is_slow; });
  static constexpr const char* kNames[] = {"", " of fast", " of slow"};
  for (Who who : {Who::kAll, Who::kFast, Who::kSlow}) {
    if (who != Who::kAll && !has_slow) continue;
    Summary summary = summarise(result, who);
    out += format("  %-14s p50 %.3f  p90 %.3f  p99 %.3f  max %.3f\n",
                  ("seconds" + std::string(kNames[static_cast<int>(who)])).c_str(),
                  seconds(percentile(summary.times, 50)), seconds(percentile(summary.times, 90)),
                  seconds(percentile(summary.times, 99)), seconds(percentile(summary.times, 100)));
    out += format("  of fluid limit p50 %.3f  p90 %.3f  p99 %.3f  max %.3f\n", stretch(summary, 50),
                  stretch(summary, 90), stretch(summary, 99), stretch(summary, 100));
  }
  return out;
}

std::string traffic_text(const RunResult& result) {
  std::string out = format("  copies         %.3f sent by superpeers",
                           copies(result.bytes_from_superpeers_sent, result));
  for (std::size_t i = 0; i < result.bytes_into_rack.size(); ++i)
    out +=
        format("%s %.3f", i == 0 ? "; into racks" : "", copies(result.bytes_into_rack[i], result));
  return out + "\n";
}

}  // namespace

Duration percentile(std::vector<Duration> values, uint32_t percent) {
  if (values.empty()) return Duration();
  std::sort(values.begin(), values.end());
  std::size_t rank = (values.size() * percent + 99) / 100;
  return values[std::max<std::size_t>(rank, 1) - 1];
}

std::string text_report(const RunResult& result) {
  Summary summary = summarise(result);
  std::string out =
      format("%s, seed %" PRIu64 ": %zu of %zu reads complete, %u failed, %u cut short\n",
             result.scenario.c_str(), result.seed, summary.times.size(), result.reads.size(),
             summary.failed, summary.interrupted);
  out += times_text(result);
  out += format("  MiB from       peers %.1f  superpeers %.1f  origin %.1f  wasted %.1f\n",
                mib(result.bytes.from_peers), mib(result.bytes.from_superpeers),
                mib(result.bytes.from_origin), mib(result.bytes.wasted));
  out += format("  amplification  %.3f (%" PRIu64 " reads of %" PRIu64 " chunks)\n",
                static_cast<double>(result.amplification_permille()) / 1000.0,
                result.origin_chunks_read, result.origin_chunks_distinct);
  out += traffic_text(result);
  out += format("  memory of cores at most: reader %zu, superpeer %zu bytes\n",
                result.reader_core_bytes_max, result.superpeer_core_bytes_max);
  out += format("  virtual time %.1f s, %" PRIu64 " events:", seconds(result.virtual_time),
                result.events);
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    if (result.events_by_kind[i] == 0) continue;
    out += " " + std::string(event_kind_name(static_cast<EventKind>(i))) + " " +
           std::to_string(result.events_by_kind[i]);
  }
  out += "\n";
  out += format("  event hash %016" PRIx64 "\n", result.event_hash);
  for (const ReadResult& read : result.reads) {
    if (read.phase != ReadPhase::kFailed) continue;
    out +=
        format("  node %u failed: %s: %.300s\n", read.node.value(),
               std::string(error_code_name(read.error.code)).c_str(), read.error.message.c_str());
  }
  for (const Violation& violation : result.violations) {
    out += format("  VIOLATION at %.3f s, %s: %s\n",
                  seconds(violation.at - (Instant() + Duration::seconds(1))),
                  violation.checker.c_str(), violation.what.c_str());
  }
  return out;
}

std::string json_report(const RunResult& result) {
  Summary summary = summarise(result);
  std::string out = format("{\"scenario\":\"%s\",\"seed\":%" PRIu64 ",\"event_hash\":\"%016" PRIx64
                           "\",\"events\":%" PRIu64 ",",
                           result.scenario.c_str(), result.seed, result.event_hash, result.events);
  out += format("\"reads\":%zu,\"complete\":%zu,\"failed\":%u,\"interrupted\":%u,",
                result.reads.size(), summary.times.size(), summary.failed, summary.interrupted);
  out +=
      format("\"seconds_p50\":%.6f,\"seconds_p90\":%.6f,\"seconds_p99\":%.6f,\"seconds_max\":%.6f,",
             seconds(percentile(summary.times, 50)), seconds(percentile(summary.times, 90)),
             seconds(percentile(summary.times, 99)), seconds(percentile(summary.times, 100)));
  out += format("\"stretch_p50\":%.3f,\"stretch_p99\":%.3f,\"stretch_max\":%.3f,",
                stretch(summary, 50), stretch(summary, 99), stretch(summary, 100));
  out += format("\"bytes_from\":{\"peer\":%" PRIu64 ",\"superpeer\":%" PRIu64 ",\"origin\":%" PRIu64
                "},\"bytes_wasted\":%" PRIu64 ",",
                result.bytes.from_peers, result.bytes.from_superpeers, result.bytes.from_origin,
                result.bytes.wasted);
  out += format("\"superpeer_copies_sent\":%.3f,\"rack_copies\":[",
                copies(result.bytes_from_superpeers_sent, result));
  for (std::size_t i = 0; i < result.bytes_into_rack.size(); ++i)
    out += format("%s%.3f", i > 0 ? "," : "", copies(result.bytes_into_rack[i], result));
  out += format("],\"amplification\":%.3f,\"origin_chunk_reads\":%" PRIu64 ",\"violations\":[",
                static_cast<double>(result.amplification_permille()) / 1000.0,
                result.origin_chunks_read);
  for (std::size_t i = 0; i < result.violations.size(); ++i) {
    const Violation& violation = result.violations[i];
    out += i > 0 ? ",{" : "{";
    out += format("\"at_ns\":%" PRId64 ",\"checker\":\"%s\",", violation.at.ns(),
                  violation.checker.c_str());
    out += "\"what\":\"" + escaped(violation.what) + "\"}";
  }
  return out + "]}\n";
}

std::string golden_hashes() {
  std::string out;
  for (uint64_t seed : {1, 2, 3}) {
    uint64_t hash = run(hostile_scenario(seed)).event_hash;
    out += format("hostile %" PRIu64 " %016" PRIx64 "\n", seed, hash);
  }
  return out;
}

}  // namespace tyto::sim
