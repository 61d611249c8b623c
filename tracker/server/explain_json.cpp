#include "tracker/server/explain_json.h"

#include <limits>
#include <utility>

#include "base/location.h"
#include "base/names.h"
#include "tracker/core/explain/sentences.h"
#include "tracker/core/explain/summary.h"

namespace tyto::tracker {
namespace {

constexpr int64_t kSinceMsMax = int64_t{366} * 24 * 3600 * 1000;

Error invalid(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

Result<std::optional<int64_t>> bounded(const io::HttpRequest& request, const char* name,
                                       int64_t max) {
  auto number = parse_number(request, name);
  if (!number.ok() || !*number) return number;
  if (**number < 0 || **number > max)
    return invalid("parameter " + std::string(name) + "=" + std::to_string(**number) +
                   " is out of bounds; from 0 to " + std::to_string(max) + " are taken");
  return number;
}

Result<std::optional<ObjectName>> parse_object(const io::HttpRequest& request) {
  const std::string* bucket = request.query_value("bucket");
  const std::string* key = request.query_value("key");
  if (bucket == nullptr && key == nullptr) return std::optional<ObjectName>();
  if (bucket == nullptr || key == nullptr)
    return invalid("parameters bucket and key go together: /api/v1/explain?bucket=B&key=K");
  if (auto good = check_bucket_name(*bucket); !good.ok()) return good.error();
  if (auto good = check_key(*key); !good.ok()) return good.error();
  return std::optional(ObjectName{*bucket, *key});
}

int64_t unix_ms(Instant when, const Moment& moment) {
  return (moment.wall.unix_ns() - (moment.now - when).ns()) / 1'000'000;
}

Json json_of(const PeerNamed& peer) {
  if (peer.id == PeerId(0)) return nullptr;
  return {{"peer", hex_digits(peer.id)},
          {"name", peer.name},
          {"role", role_name(peer.is_superpeer ? Role::kSuperpeer : Role::kPeer)}};
}

std::string_view nearness_of(uint8_t raw) {
  constexpr auto kLast = static_cast<uint8_t>(Nearness::kAnywhere);
  return nearness_name(static_cast<Nearness>(raw < kLast ? raw : kLast));
}

Json json_of(const Reason& reason) {
  return {{"choice", choice_name(reason.choice)},
          {"words", choice_words(reason.choice)},
          {"candidates", reason.candidates},
          {"rejected_busy", reason.rejected_busy},
          {"rejected_suspect", reason.rejected_suspect},
          {"rejected_lacking", reason.rejected_lacking},
          {"rejected_cycle", reason.rejected_cycle},
          {"rejected_policy", reason.rejected_policy},
          {"chunks_considered", reason.chunks_considered},
          {"nearness", nearness_of(reason.nearness)},
          {"generation", reason.generation},
          {"score", reason.score},
          {"copies", reason.copies},
          {"policy_version", reason.policy_version}};
}

Json json_of(const LookPicture& look) {
  Json json = {{"peer", json_of(look.peer)},
               {"verdict", verdict_name(look.look.verdict)},
               {"text", sentence_of(look)}};
  if (look.look.verdict != Verdict::kEligible) return json;
  json["nearness"] = nearness_of(look.look.nearness);
  json["load_256ths"] = look.look.load;
  json["generation"] = look.look.generation;
  json["score"] = look.look.score;
  return json;
}

void put_source(Json& json, const RecordPicture& picture) {
  json["source"] = {{"kind", source_kind_name(picture.record.source_kind)}};
  if (Json source = json_of(picture.source); source.is_object()) json["source"].update(source);
}

bool has_source(RecordKind kind) {
  switch (kind) {
    case RecordKind::kAssigned:
    case RecordKind::kLeased:
    case RecordKind::kHedged:
    case RecordKind::kDelivered:
    case RecordKind::kSourceFailed:
    case RecordKind::kAssignmentFailed: return true;
    default: return false;
  }
}

Json json_of(const RecordPicture& picture, const Moment& moment) {
  const Record& record = picture.record;
  Json json = {{"at_unix_ms", unix_ms(record.when, moment)},
               {"kind", record_kind_name(record.kind)},
               {"text", sentence_of(picture)},
               {"peer", json_of(picture.peer)},
               {"object", picture.object}};
  if (picture.version) json["version"] = picture.version->hex();
  if (record.chunk != kNone) json["chunk"] = record.chunk;
  if (record.count > 0) json["chunks"] = record.count;
  if (has_source(record.kind)) put_source(json, picture);
  if (record.took > Duration{}) json["took_ms"] = record.took.ms();
  if (record.bytes > 0) json["bytes"] = record.bytes;
  if (record.kind == RecordKind::kSourceFailed || record.kind == RecordKind::kAssignmentFailed)
    json["failure"] = failure_kind_name(record.failure);
  if (!picture.for_object.empty()) json["for_object"] = picture.for_object;
  if (!picture.text.empty()) json["detail"] = picture.text;
  if (record.reason.choice != Choice::kNone) json["reason"] = json_of(record.reason);
  if (picture.looks.empty()) return json;
  json["candidates_seen"] = picture.look_count;
  for (const LookPicture& look : picture.looks) json["candidates"].push_back(json_of(look));
  return json;
}

Json json_of(const Amount& amount) {
  return {{"chunks", amount.chunks}, {"bytes", amount.bytes}};
}

Json json_of(const Summary& summary) {
  Json slow = Json::array();
  for (const SlowTransfer& one : summary.slow) slow.push_back(fault_name(one.fault));
  return {{"readers", summary.readers},
          {"from",
           {{"peers", json_of(summary.from_peers)},
            {"superpeers", json_of(summary.from_superpeers)},
            {"origin", json_of(summary.from_origin)}}},
          {"origin",
           {{"by_superpeers", json_of(summary.origin_by_superpeers)},
            {"nobody_held", summary.nobody_held},
            {"holders_unusable", summary.holders_unusable},
            {"no_superpeer", summary.no_superpeer},
            {"by_policy", summary.by_policy},
            {"by_lot", summary.by_lot},
            {"without_order", summary.without_order}}},
          {"usual_took_ms", summary.usual_took.ms()},
          {"usual_origin_took_ms", summary.usual_origin_took.ms()},
          {"slow_faults", std::move(slow)},
          {"failures", summary.failures},
          {"refusals", summary.refusals},
          {"evicted_chunks", summary.evicted_chunks}};
}

// Whether there can be such records at all.
Result<void> check_known(const RecordFilter& filter, const RecordsSeen& seen) {
  if (!filter.peer.empty() && !seen.is_peer_known)
    return Error{ErrorCode::kNotFound,
                 "no peer of the name or id " + printable(filter.peer) +
                     " is known to the journal; expected a peer's name, or the first 4 or more "
                     "digits of its id: tyto peers lists those that are registered"};
  if (filter.chunk && seen.chunks > 0 && *filter.chunk >= seen.chunks)
    return invalid("chunk " + std::to_string(*filter.chunk) + " is out of bounds: " +
                   filter.object->text() + " has " + std::to_string(seen.chunks) +
                   " chunks; from 0 to " + std::to_string(seen.chunks - 1) + " are taken");
  return {};
}

// What the reader of the answer should know of the journal's limits.
std::string note_of(const RecordsSeen& seen, const JournalCounts& counts, std::size_t counted,
                    Instant now) {
  if (counts.capacity == 0) return "the journal is off: explain.records is 0";
  std::string raise =
      "raise explain.records (" + std::to_string(counts.capacity) + " now) to keep more";
  if (seen.matching > counted)
    return "the answers count the newest " + std::to_string(counted) + " records of " +
           std::to_string(seen.matching);
  if (seen.matching > 0)
    return counts.overwritten == 0 ? "" : "older records were overwritten; " + raise;
  if (seen.newest)
    return "there is no such record since then: the newest is " + span_words(now - *seen.newest) +
           " old; look further back";
  if (counts.overwritten == 0)
    return "the journal reaches back to the tracker's start and has no such record: nothing was "
           "asked for under this name";
  return "the journal has no such record; older ones were overwritten: " + raise;
}

}  // namespace

Result<ExplainQuery> parse_explain(const io::HttpRequest& request, Instant now) {
  ExplainQuery query;
  auto object = parse_object(request);
  if (!object.ok()) return object.error();
  query.filter.object = *object;
  if (const std::string* peer = request.query_value("peer")) query.filter.peer = *peer;
  if (!query.filter.object && query.filter.peer.empty())
    return invalid("there is nothing to explain: name an object (bucket and key), a peer, or both");
  auto chunk = bounded(request, "chunk", kChunksMax - 1);
  if (!chunk.ok()) return chunk.error();
  if (*chunk) query.filter.chunk = static_cast<uint32_t>(**chunk);
  auto since = bounded(request, "since_ms", kSinceMsMax);
  if (!since.ok()) return since.error();
  query.filter.since = Instant::from_ns(std::numeric_limits<int64_t>::min());
  if (*since) query.filter.since = now - Duration::milliseconds(**since);
  auto limit = parse_limit(request);
  if (!limit.ok()) return limit.error();
  query.limit = *limit;
  return query;
}

Result<Json> explain_json(const TrackerCore& core, const ExplainQuery& query,
                          const Moment& moment) {
  std::vector<RecordPicture> records;
  RecordsSeen seen = core.visit_records(
      query.filter, [&](const RecordPicture& picture) { records.push_back(picture); });
  JournalCounts counts = core.journal_counts();
  if (counts.capacity > 0)
    if (auto known = check_known(query.filter, seen); !known.ok()) return known.error();
  Summary summary = summarise(records);
  Json answers = Json::array();
  if (!records.empty())
    for (const Answer& answer : answers_of(summary, records))
      answers.push_back({{"question", answer.question}, {"lines", answer.lines}});
  Json lines = Json::array();
  std::size_t first = records.size() - std::min(records.size(), query.limit);
  for (std::size_t i = first; i < records.size(); ++i) lines.push_back(json_of(records[i], moment));
  Json begins = nullptr;
  if (seen.complete_since) begins = unix_ms(*seen.complete_since, moment);
  return Json{{"answers", std::move(answers)},
              {"summary", json_of(summary)},
              {"records", std::move(lines)},
              {"total", seen.matching},
              {"journal",
               {{"complete_since_unix_ms", std::move(begins)},
                {"kept", seen.kept},
                {"records_max", counts.capacity},
                {"overwritten", counts.overwritten}}},
              {"note", note_of(seen, counts, records.size(), moment.now)}};
}

}  // namespace tyto::tracker
