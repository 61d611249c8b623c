#include "tracker/core/explain/summary.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

namespace tyto::tracker {
namespace {

// A transfer to be called slow took so many times the usual time, and this long.
constexpr int64_t kSlowTimes = 2;
constexpr Duration kSlowMin = Duration::milliseconds(50);

using Records = std::vector<RecordPicture>;
using Transfer = std::tuple<PeerId, VersionIndex, uint32_t>;  // to whom, and what

Transfer transfer_of(const Record& record) {
  return {record.peer, record.version, record.chunk};
}

void add(Amount& amount, const Record& record) {
  ++amount.chunks;
  amount.bytes += record.bytes;
}

template <class T>
void keep_newest(std::vector<T>& list, T entry) {
  if (list.size() == kSummaryListMax) list.erase(list.begin());
  list.push_back(std::move(entry));
}

Duration median(std::vector<Duration>& spans) {
  if (spans.empty()) return {};
  auto middle = spans.begin() + static_cast<std::ptrdiff_t>(spans.size() / 2);
  std::nth_element(spans.begin(), middle, spans.end());
  return *middle;
}

// How long deliveries took: all, by who sent, by who received.
struct Tempo {
  std::vector<Duration> all;
  std::map<PeerId, std::vector<Duration>> by_source;
  std::map<PeerId, std::vector<Duration>> by_reader;
  std::map<Transfer, std::size_t> failures;  // the last record of one
  std::map<Transfer, std::size_t> hedges;

  explicit Tempo(const Records& records) {
    for (std::size_t i = 0; i < records.size(); ++i) {
      const Record& record = records[i].record;
      if (record.kind == RecordKind::kSourceFailed || record.kind == RecordKind::kAssignmentFailed)
        failures[transfer_of(record)] = i;
      if (record.kind == RecordKind::kHedged) hedges[transfer_of(record)] = i;
      if (record.kind != RecordKind::kDelivered) continue;
      all.push_back(record.took);
      by_source[record.source].push_back(record.took);
      by_reader[record.peer].push_back(record.took);
    }
  }
};

bool is_slow_on_the_whole(std::vector<Duration>& spans, Duration usual) {
  return spans.size() > 1 && median(spans) >= usual * kSlowTimes;
}

SlowTransfer judge(const Records& records, std::size_t at, Tempo& tempo, Duration usual) {
  const Record& record = records[at].record;
  SlowTransfer slow{.record = at};
  auto failure = tempo.failures.find(transfer_of(record));
  auto hedge = tempo.hedges.find(transfer_of(record));
  if (failure != tempo.failures.end() && failure->second < at) {
    slow.fault = Fault::kSourceFailed;
    slow.cause = failure->second;
  } else if (hedge != tempo.hedges.end() && hedge->second < at) {
    slow.fault = Fault::kWasLate;
    slow.cause = hedge->second;
  } else if (record.source == PeerId(0)) {
    slow.fault = Fault::kOrigin;
  } else if (record.reason.generation > 0) {
    slow.fault = Fault::kDeepTree;
  } else if (is_slow_on_the_whole(tempo.by_source[record.source], usual)) {
    slow.fault = Fault::kSource;
  } else if (is_slow_on_the_whole(tempo.by_reader[record.peer], usual)) {
    slow.fault = Fault::kReader;
  }
  return slow;
}

void find_slow(Summary& summary, const Records& records) {
  Tempo tempo(records);
  summary.usual_took = median(tempo.all);
  std::vector<std::size_t> slow;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i].record;
    if (record.kind == RecordKind::kDelivered && record.took >= kSlowMin &&
        record.took >= summary.usual_took * kSlowTimes)
      slow.push_back(i);
  }
  std::stable_sort(slow.begin(), slow.end(), [&](std::size_t a, std::size_t b) {
    return records[a].record.took > records[b].record.took;
  });
  slow.resize(std::min(slow.size(), kSummaryListMax));
  for (std::size_t i : slow) summary.slow.push_back(judge(records, i, tempo, summary.usual_took));
}

void count_delivery(Summary& summary, const Record& record) {
  bool is_from_origin = record.source_kind == SourceKind::kOrigin;
  if (record.is_superpeer != 0) {
    if (is_from_origin) add(summary.origin_by_superpeers, record);
  } else {
    add(is_from_origin                                 ? summary.from_origin
        : record.source_kind == SourceKind::kSuperpeer ? summary.from_superpeers
                                                       : summary.from_peers,
        record);
  }
  if (!is_from_origin) return;
  const Reason& reason = record.reason;
  if (reason.choice == Choice::kNone)
    ++summary.without_order;
  else
    ++(reason.copies == 0 ? summary.nobody_held : summary.holders_unusable);
  if (reason.choice == Choice::kOriginNoSuperpeer) ++summary.no_superpeer;
}

void find_waits(Summary& summary, const Records& records) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    RecordKind kind = records[i].record.kind;
    if (kind == RecordKind::kWaited || kind == RecordKind::kWaits) summary.waits.push_back(i);
  }
  std::stable_sort(summary.waits.begin(), summary.waits.end(), [&](std::size_t a, std::size_t b) {
    return records[a].record.took > records[b].record.took;
  });
  summary.waits.resize(std::min(summary.waits.size(), kSummaryListMax));
}

std::string amount_words(const Amount& amount) {
  return std::to_string(amount.chunks) + (amount.chunks == 1 ? " chunk (" : " chunks (") +
         bytes_words(amount.bytes) + ")";
}

std::string fault_words(const SlowTransfer& slow, const Records& records) {
  const RecordPicture& record = records[slow.record];
  switch (slow.fault) {
    case Fault::kSourceFailed: {
      const RecordPicture& failure = records[*slow.cause];
      return peer_words(failure.source) + " had failed before (" +
             std::string(failure_kind_name(failure.record.failure)) + ", after " +
             span_words(failure.record.took) + ")";
    }
    case Fault::kWasLate:
      return "it was late, so " + peer_words(records[*slow.cause].source) + " was asked as well";
    case Fault::kOrigin: return "the origin took that long";
    case Fault::kDeepTree:
      return "its source was itself still receiving it, " +
             std::to_string(record.record.reason.generation) + " deep in its tree";
    case Fault::kSource:
      return "what else came from " + peer_words(record.source) + " was slow too";
    case Fault::kReader: return "what else came to " + peer_words(record.peer) + " was slow too";
    case Fault::kUnknown: break;
  }
  return "no cause is on record";
}

Answer where_from(const Summary& s) {
  Answer answer{"Where did the bytes come from?", {}};
  if (s.from_peers.chunks + s.from_superpeers.chunks + s.from_origin.chunks == 0)
    answer.lines.push_back("no chunk has come to a reader");
  else
    answer.lines.push_back(
        std::to_string(s.readers) + (s.readers == 1 ? " reader: " : " readers: ") +
        amount_words(s.from_peers) + " from peers, " + amount_words(s.from_superpeers) +
        " from superpeers, " + amount_words(s.from_origin) + " from the origin");
  return answer;
}

Answer why_origin(const Summary& s) {
  Answer answer{"Why was the origin read?", {}};
  if (s.origin_by_superpeers.chunks + s.from_origin.chunks == 0) {
    answer.lines.push_back("it was not read");
    return answer;
  }
  answer.lines.push_back(amount_words(s.origin_by_superpeers) + " by superpeers for all, " +
                         amount_words(s.from_origin) + " by readers");
  auto add_line = [&](uint32_t chunks, const std::string& why) {
    if (chunks > 0)
      answer.lines.push_back(std::to_string(chunks) + (chunks == 1 ? " chunk: " : " chunks: ") +
                             why);
  };
  add_line(s.nobody_held, "nobody held it at that moment");
  add_line(s.holders_unusable, "there were holders, but none that could be read from");
  add_line(s.no_superpeer, "read by the reader itself, for no superpeer could be sent");
  add_line(s.without_order, "read without an order of this tracker");
  return answer;
}

Answer list_of(std::string question, const std::vector<std::size_t>& list, const Records& records) {
  Answer answer{std::move(question), {}};
  for (std::size_t i : list) answer.lines.push_back(sentence_of(records[i]));
  return answer;
}

Answer what_was_slow(const Summary& s, const Records& records) {
  Answer answer{"Which transfers were slow (usually " + span_words(s.usual_took) + ")?", {}};
  for (const SlowTransfer& slow : s.slow)
    answer.lines.push_back(sentence_of(records[slow.record]) + ": " + fault_words(slow, records));
  return answer;
}

Answer what_was_evicted(const Summary& s, const Records& records) {
  Answer answer{"What was evicted (" + std::to_string(s.evicted_chunks) + " chunks)?", {}};
  for (const EvictionSeen& eviction : s.evictions)
    answer.lines.push_back(sentence_of(records[eviction.record]) +
                           (eviction.unused
                                ? "; last used there " + span_words(*eviction.unused) + " before"
                                : "; no use of it there is on record"));
  return answer;
}

}  // namespace

std::string_view fault_name(Fault fault) {
  constexpr std::array<std::string_view, 7> kNames{
      "source_failed", "was_late", "origin", "deep_tree", "source", "reader", "unknown"};
  return kNames[static_cast<std::size_t>(fault)];
}

Summary summarise(const Records& records) {
  Summary summary;
  std::set<PeerId> readers;
  std::map<std::pair<PeerId, VersionIndex>, Instant> used;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i].record;
    switch (record.kind) {
      case RecordKind::kDelivered: count_delivery(summary, record); [[fallthrough]];
      case RecordKind::kOpened:
        if (record.is_superpeer == 0) readers.insert(record.peer);
        used[{record.peer, record.version}] = record.when;
        break;
      case RecordKind::kSourceFailed:
      case RecordKind::kAssignmentFailed:
        ++summary.failures;
        keep_newest(summary.failed, i);
        break;
      case RecordKind::kRefused:
        ++summary.refusals;
        keep_newest(summary.refused, i);
        break;
      case RecordKind::kEvicted: {
        summary.evicted_chunks += record.count;
        EvictionSeen eviction{.record = i};
        if (auto at = used.find({record.peer, record.version}); at != used.end())
          eviction.unused = record.when - at->second;
        keep_newest(summary.evictions, eviction);
        break;
      }
      default: break;
    }
  }
  summary.readers = static_cast<uint32_t>(readers.size());
  find_waits(summary, records);
  find_slow(summary, records);
  return summary;
}

std::vector<Answer> answers_of(const Summary& summary, const Records& records) {
  std::vector<Answer> answers{where_from(summary), why_origin(summary)};
  auto add_some = [&](Answer answer) {
    if (!answer.lines.empty()) answers.push_back(std::move(answer));
  };
  add_some(list_of("Which reads ended with an error (" + std::to_string(summary.refusals) + ")?",
                   summary.refused, records));
  add_some(list_of("What was waited for longest?", summary.waits, records));
  add_some(what_was_slow(summary, records));
  add_some(list_of("Which sources failed (" + std::to_string(summary.failures) + ")?",
                   summary.failed, records));
  add_some(what_was_evicted(summary, records));
  return answers;
}

}  // namespace tyto::tracker
