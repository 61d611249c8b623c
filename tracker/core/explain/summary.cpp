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

// The median of each peer that has more than one, each worked out once.
class Medians {
 public:
  void add(PeerId peer, Duration took) { spans_[peer].push_back(took); }
  bool is_slow(PeerId peer, Duration usual) {
    auto [it, is_new] = known_.try_emplace(peer);
    std::vector<Duration>& spans = spans_[peer];
    if (is_new && spans.size() > 1) it->second = median(spans);
    return spans.size() > 1 && it->second >= usual * kSlowTimes;
  }

 private:
  std::map<PeerId, std::vector<Duration>> spans_;
  std::map<PeerId, Duration> known_;
};

// What became of one order after the other, and how long deliveries took.
struct Tempo {
  std::vector<Duration> between_peers;
  std::vector<Duration> from_origin;
  Medians by_source;
  Medians by_reader;
  std::map<Transfer, std::size_t> first_failures;
  std::map<Transfer, std::size_t> hedges;

  explicit Tempo(const Records& records) {
    for (std::size_t i = 0; i < records.size(); ++i) {
      const Record& record = records[i].record;
      if (record.kind == RecordKind::kSourceFailed || record.kind == RecordKind::kAssignmentFailed)
        first_failures.try_emplace(transfer_of(record), i);
      if (record.kind == RecordKind::kHedged) hedges[transfer_of(record)] = i;
      if (record.kind != RecordKind::kDelivered) continue;
      (record.source == PeerId(0) ? from_origin : between_peers).push_back(record.took);
      by_source.add(record.source, record.took);
      by_reader.add(record.peer, record.took);
    }
  }
};

// How long a delivery took, and who is to blame if that was long.
SlowTransfer judge(const Records& records, std::size_t at, Tempo& tempo, Duration usual) {
  const Record& record = records[at].record;
  SlowTransfer slow{.record = at, .took = record.took};
  auto failure = tempo.first_failures.find(transfer_of(record));
  auto hedge = tempo.hedges.find(transfer_of(record));
  if (failure != tempo.first_failures.end() && failure->second < at) {
    const Record& failed = records[failure->second].record;
    slow.took = record.when - (failed.when - failed.took);
    slow.fault = Fault::kSourceFailed;
    slow.cause = failure->second;
  } else if (hedge != tempo.hedges.end() && hedge->second < at) {
    slow.fault = Fault::kWasLate;
    slow.cause = hedge->second;
  } else if (record.source == PeerId(0)) {
    slow.fault = Fault::kOrigin;
  } else if (record.reason.generation > 0) {
    slow.fault = Fault::kDeepTree;
  } else if (tempo.by_source.is_slow(record.source, usual)) {
    slow.fault = Fault::kSource;
  } else if (tempo.by_reader.is_slow(record.peer, usual)) {
    slow.fault = Fault::kReader;
  }
  return slow;
}

bool is_slow(const SlowTransfer& transfer, Duration usual) {
  return transfer.took >= kSlowMin &&
         (transfer.fault == Fault::kSourceFailed || transfer.took >= usual * kSlowTimes);
}

void find_slow(Summary& summary, const Records& records) {
  Tempo tempo(records);
  summary.usual_took = median(tempo.between_peers);
  summary.usual_origin_took = median(tempo.from_origin);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i].record;
    if (record.kind != RecordKind::kDelivered) continue;
    Duration usual = record.source == PeerId(0) ? summary.usual_origin_took : summary.usual_took;
    SlowTransfer transfer = judge(records, i, tempo, usual);
    if (is_slow(transfer, usual)) summary.slow.push_back(transfer);
  }
  std::stable_sort(summary.slow.begin(), summary.slow.end(),
                   [](const auto& a, const auto& b) { return a.took > b.took; });
  summary.slow.resize(std::min(summary.slow.size(), kSummaryListMax));
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
  else if (reason.choice == Choice::kOriginPolicy || reason.choice == Choice::kOriginCold)
    ++summary.by_policy;
  else if (reason.choice == Choice::kOriginShadow)
    ++summary.by_lot;
  else
    ++(reason.copies == 0 ? summary.nobody_held : summary.holders_unusable);
  if (reason.choice == Choice::kOriginNoSuperpeer) ++summary.no_superpeer;
}

bool goes_on(const EvictionSeen& eviction, const Records& records, const Record& record) {
  const Record& first = records[eviction.record].record;
  return first.peer == record.peer && first.version == record.version &&
         first.for_version == record.for_version && first.reason == record.reason &&
         first.chunk + eviction.count == record.chunk;
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
        if (!summary.evictions.empty() && goes_on(summary.evictions.back(), records, record)) {
          summary.evictions.back().count += record.count;
          break;
        }
        EvictionSeen eviction{.record = i, .count = record.count};
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

}  // namespace tyto::tracker
