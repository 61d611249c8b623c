// A summary in words: questions, and what the records say to them.
#include <string>
#include <utility>
#include <vector>

#include "tracker/core/explain/sentences.h"
#include "tracker/core/explain/summary.h"

namespace tyto::tracker {
namespace {

using Records = std::vector<RecordPicture>;

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
             span_words(failure.record.took) + "); " + span_words(slow.took) + " in all";
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
  add_line(s.by_policy, "read by the reader itself, as its bucket wants it");
  add_line(s.by_lot, "read by the reader itself, by lot, to measure what reading the origin takes");
  add_line(s.without_order, "read without an order of this tracker");
  return answer;
}

Answer list_of(std::string question, const std::vector<std::size_t>& list, const Records& records) {
  Answer answer{std::move(question), {}};
  for (std::size_t i : list) answer.lines.push_back(sentence_of(records[i]));
  return answer;
}

Answer what_was_slow(const Summary& s, const Records& records) {
  Answer answer{"Which transfers were slow (usually " + span_words(s.usual_took) +
                    " between peers, " + span_words(s.usual_origin_took) + " from the origin)?",
                {}};
  for (const SlowTransfer& slow : s.slow)
    answer.lines.push_back(sentence_of(records[slow.record]) + ": " + fault_words(slow, records));
  return answer;
}

Answer what_was_evicted(const Summary& s, const Records& records) {
  Answer answer{"What was evicted (" + std::to_string(s.evicted_chunks) + " chunks)?", {}};
  for (const EvictionSeen& eviction : s.evictions) {
    RecordPicture all = records[eviction.record];
    all.record.count = eviction.count;
    answer.lines.push_back(sentence_of(all) +
                           (eviction.unused
                                ? "; last used there " + span_words(*eviction.unused) + " before"
                                : "; no use of it there is on record"));
  }
  return answer;
}

}  // namespace

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
