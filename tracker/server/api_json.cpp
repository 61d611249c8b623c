#include "tracker/server/api_json.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

#include "base/names.h"
#include "tracker/server/publication.h"

namespace tyto::tracker {

namespace {

constexpr std::array<std::pair<std::string_view, Revalidate>, 3> kRevalidates = {
    {{"never", Revalidate::kNever}, {"age", Revalidate::kAge}, {"always", Revalidate::kAlways}}};
constexpr int64_t kRevalidateAgeMsMax = int64_t{366} * 24 * 3600 * 1000;

Error invalid(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

Error wrong_type(const std::string& member, const char* expected, const Json& found) {
  return invalid("\"" + member + "\" must be " + expected + ", but is " + printable(found.dump()));
}

Result<void> take_revalidate(const Json& value, BucketConfig& bucket) {
  for (const auto& [word, revalidate] : kRevalidates) {
    if (word != value) continue;
    bucket.revalidate = revalidate;
    return {};
  }
  return wrong_type("revalidate", "\"never\", \"age\" or \"always\"", value);
}

Result<void> take_text(const std::string& member, const Json& value, std::string& text) {
  if (!value.is_string()) return wrong_type(member, "a text", value);
  text = value.get<std::string>();
  return {};
}

// One member of a bucket's JSON, put into `asked`.
Result<void> take_member(const std::string& member, const Json& value, BucketRequest kind,
                         AskedBucket& asked) {
  BucketConfig& bucket = asked.bucket;
  if (member == "name") return take_text(member, value, bucket.name);
  if (member == "origin") return take_text(member, value, bucket.origin);
  if (member == "revalidate") return take_revalidate(value, bucket);
  if (member == "revalidate_age_ms") {
    if (!value.is_number_integer() || value.get<int64_t>() < 0 ||
        value.get<int64_t>() > kRevalidateAgeMsMax)
      return wrong_type(member, "a whole number of milliseconds from 0 to 366 days", value);
    bucket.revalidate_age = Duration::milliseconds(value.get<int64_t>());
    return {};
  }
  if (member == "trust_peers") {
    if (!value.is_boolean()) return wrong_type(member, "true or false", value);
    bucket.trust_peers = value.get<bool>();
    return {};
  }
  if (member == "policy" && kind == BucketRequest::kCreate)
    return take_text(member, value, asked.policy);
  if (member == "policy")
    return invalid(
        "\"policy\" is given when a bucket is made; change it by PUT or PATCH of "
        "/api/v1/buckets/BUCKET/policy (tyto bucket edit)");
  return invalid("\"" + printable(member) +
                 "\" is no member of a bucket; known are name, origin, revalidate, "
                 "revalidate_age_ms, trust_peers and policy");
}

}  // namespace

std::string_view role_name(Role role) {
  return role == Role::kSuperpeer ? "superpeer" : "peer";
}

std::string_view source_kind_name(SourceKind kind) {
  switch (kind) {
    case SourceKind::kPeer: return "peer";
    case SourceKind::kSuperpeer: return "superpeer";
    case SourceKind::kOrigin: return "origin";
  }
  return "unknown";
}

int http_status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return 400;
    case ErrorCode::kDenied: return 403;
    case ErrorCode::kNotFound: return 404;
    case ErrorCode::kConflict: return 409;
    case ErrorCode::kUnsupported: return 422;
    case ErrorCode::kOverloaded:
    case ErrorCode::kUnavailable: return 503;
    case ErrorCode::kTimedOut: return 504;
    case ErrorCode::kNoSpace: return 507;
    case ErrorCode::kCorrupt:
    case ErrorCode::kCancelled:
    case ErrorCode::kInternal: return 500;
  }
  return 500;
}

std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json json_of(const Error& error) {
  return {{"error", {{"code", error_code_name(error.code)}, {"message", error.message}}}};
}

Json json_of(const BucketConfig& bucket) {
  std::string_view revalidate = "unknown";
  for (const auto& [word, value] : kRevalidates)
    if (value == bucket.revalidate) revalidate = word;
  return {{"name", bucket.name},
          {"id", bucket.id.value()},
          {"origin", bucket.origin},
          {"revalidate", revalidate},
          {"revalidate_age_ms", bucket.revalidate_age.ms()},
          {"trust_peers", bucket.trust_peers},
          {"policy_version", bucket.policy_version}};
}

Json json_of(const BucketPicture& bucket) {
  return {{"kept_bytes", bucket.kept_bytes},
          {"evicting_bytes", bucket.evicting_bytes},
          {"kept_bytes_max", bucket.kept_bytes_max},
          {"kept_at_peers", bucket.peers}};
}

Json json_of(const ObjectName& name, const ObjectDirectory::Entry& entry) {
  return {{"bucket", name.bucket},
          {"key", name.key},
          {"version", entry.facts->id.hex()},
          {"object_bytes", entry.facts->chunking.object_bytes},
          {"chunk_bytes", entry.facts->chunking.chunk_bytes},
          {"chunks", entry.facts->chunking.chunk_count()},
          {"is_published", entry.is_published}};
}

Json json_of(const VersionPicture& picture) {
  return {{"roots_known", picture.roots_known},
          {"holders", picture.members},
          {"holders_complete", picture.complete},
          {"holders_in_memory", picture.in_memory},
          {"copies_min", picture.copies_min},
          {"heat", static_cast<double>(picture.heat_milliopens) / 1000},
          {"is_hot", picture.is_hot},
          {"is_pinned", picture.is_pinned},
          {"readers", picture.readers}};
}

Json json_of(const OriginPin& origin) {
  if (origin.url.empty()) return nullptr;
  Json json = {{"url", origin.url}, {"etag", nullptr}, {"modified_unix_ns", nullptr}};
  if (!origin.etag.empty()) json["etag"] = origin.etag;
  if (origin.modified) json["modified_unix_ns"] = origin.modified->unix_ns();
  return json;
}

Json json_of(const PeerPicture& peer) {
  return {{"peer", hex_digits(peer.peer)},
          {"role", role_name(peer.role)},
          {"name", peer.name},
          {"location", peer.location},
          {"data_address", peer.data_address.text()},
          {"store_bytes", peer.store_bytes},
          {"used_bytes", peer.used_bytes},
          {"memory_bytes", peer.memory_bytes},
          {"used_memory_bytes", peer.used_memory_bytes},
          {"uploads", peer.uploads},
          {"uploads_max", peer.uploads_max},
          {"downloads", peer.downloads},
          {"opens", peer.opens},
          {"is_connected", peer.is_connected},
          {"is_leaving", peer.is_leaving},
          {"is_suspect", peer.is_suspect},
          {"is_quarantined", peer.is_quarantined}};
}

Json json_of(const TransferPicture& transfer, Instant now) {
  Json json = {
      {"assignment", {{"epoch", transfer.assignment.epoch.value()}, {"n", transfer.assignment.n}}},
      {"version", transfer.chunk.version.hex()},
      {"chunk", transfer.chunk.index.value()},
      {"reader", hex_digits(transfer.reader)},
      {"source", {{"kind", source_kind_name(transfer.source.kind)}}},
      {"quarters", transfer.quarters},
      {"age_ms", (now - transfer.since).ms()},
      {"reason",
       {{"choice", choice_name(transfer.reason.choice)},
        {"copies", transfer.reason.copies},
        {"candidates", transfer.reason.candidates},
        {"generation", transfer.reason.generation},
        {"policy_version", transfer.reason.policy_version}}}};
  if (transfer.source.kind != SourceKind::kOrigin) {
    json["source"]["peer"] = hex_digits(transfer.source.peer);
    json["source"]["address"] = transfer.source.address.text();
  }
  return json;
}

namespace {

// Ids have 64 bits, more than a number in JSON keeps.
std::string id_text(MemberId id) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(id.value()));
  return text;
}

Json member_json(const Member& member) {
  return {{"id", id_text(member.id)},
          {"rpc_address", member.rpc.text()},
          {"region", member.region},
          {"epoch", member.epoch.value()}};
}

Json link_json(const LinkPicture& link) {
  const bool is_up = link.state == LinkPicture::State::kUp;
  Json json = member_json(link.member);
  json["name"] = link.name;
  json["program_version"] = link.program;
  json["state"] = is_up ? "up" : "down";
  json["is_member"] = link.is_member;
  json["since_ms"] = link.since.ms();
  json["resets"] = link.resets;
  json["messages_sent"] = link.messages_sent;
  json["messages_received"] = link.messages_received;
  json["bytes_sent"] = link.bytes_sent;
  json["bytes_received"] = link.bytes_received;
  json["backlog"] = link.backlog;
  if (!is_up) json["why_down"] = link.why_down;
  return json;
}

Json links_json(const LinksPicture& picture) {
  Json json = {{"self", member_json(picture.self)},
               {"name", picture.name},
               {"serial", picture.members.serial},
               {"membership", picture.source == LinksPicture::Source::kList ? "list" : "catalog"},
               {"is_membership_failing", picture.is_source_failing},
               {"members", Json::array()},
               {"links", Json::array()},
               {"unreached", Json::array()}};
  for (const Member& member : picture.members.members)
    json["members"].push_back(member_json(member));
  for (const LinkPicture& link : picture.links) json["links"].push_back(link_json(link));
  for (const AddressPicture& address : picture.unreached)
    json["unreached"].push_back({{"address", address.address.text()}, {"why", address.why}});
  return json;
}

Json refused_json(const ClusterPicture& cluster) {
  Json json = {{"registrations", cluster.registrations_refused}};
  for (std::size_t i = 0; i < kExchangeClasses; ++i)
    json[std::string(exchange_class_name(static_cast<ExchangeClass>(i)))] =
        cluster.exchanges_refused[i];
  return json;
}

}  // namespace

Json json_of(const ClusterPicture& cluster) {
  Json json = {
      {"epoch", cluster.epoch.value()},
      {"program_version", cluster.version},
      {"rpc_address", cluster.rpc_address},
      {"uptime_ms", cluster.uptime.ms()},
      {"is_ready", cluster.is_ready},
      {"is_draining", cluster.is_draining},
      {"connections", cluster.connections},
      {"peers", cluster.peers},
      {"superpeers", cluster.superpeers},
      {"lag_ms", cluster.lag.ms()},
      {"refused", refused_json(cluster)},
      {"catalog", {{"is_failing", cluster.is_catalog_failing}, {"queue", cluster.catalog_queue}}}};
  if (cluster.links) json["cluster"] = links_json(*cluster.links);
  return json;
}

// The choices that evicted anything, and how much.
static Json evictions_json(const Counters& counters) {
  Json json = Json::object();
  for (std::size_t i = 0; i < counters.evictions_by.size(); ++i)
    if (counters.evictions_by[i] > 0)
      json[std::string(choice_name(static_cast<Choice>(i)))] = counters.evictions_by[i];
  return json;
}

Json json_of(const Counters& counters) {
  return {{"exchanges", counters.exchanges},
          {"events", counters.events},
          {"assignments", counters.assignments},
          {"leases", counters.leases},
          {"origin_requests", counters.origin_requests},
          {"leases_granted", counters.leases_granted},
          {"leases_for_lost", counters.leases_for_lost},
          {"leases_lost", counters.leases_lost},
          {"evictions", counters.evictions},
          {"evictions_by", evictions_json(counters)},
          {"resolves", counters.resolves},
          {"chunks_verified", counters.chunks_verified},
          {"source_failures", counters.source_failures},
          {"assignment_failures", counters.assignment_failures},
          {"corrupt_reports", counters.corrupt_reports},
          {"bytes_from_peers", counters.bytes_from_peers},
          {"bytes_from_superpeers", counters.bytes_from_superpeers},
          {"bytes_from_origin", counters.bytes_from_origin},
          {"bytes_between_regions", counters.bytes_between_regions},
          {"bytes_wasted", counters.bytes_wasted},
          {"shadow_opens", counters.shadow_opens},
          {"shadow_completed", counters.shadow_completed},
          {"shadow_bytes", counters.shadow_bytes},
          {"shadow_ns", counters.shadow_ns},
          {"compared_completed", counters.compared_completed},
          {"compared_bytes", counters.compared_bytes},
          {"compared_ns", counters.compared_ns},
          {"opens", counters.opens},
          {"opens_hot", counters.opens_hot},
          {"opens_failed", counters.opens_failed}};
}

Json json_of(const PolicyHead& head) {
  Json json = {{"policy_version", head.version},
               {"made_unix_ns", nullptr},
               {"note", head.note},
               {"document_bytes", head.document_bytes}};
  if (head.made) json["made_unix_ns"] = head.made->unix_ns();
  return json;
}

Result<AskedBucket> parse_bucket(const std::string& text, BucketConfig base, BucketRequest kind) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object())
    return invalid(
        "the body is not a JSON object, as {\"name\": \"models\", \"origin\": "
        "\"https://host/path/\"}");
  const std::string name = base.name;
  AskedBucket asked{std::move(base), {}};
  for (const auto& [member, value] : json.items())
    if (auto taken = take_member(member, value, kind, asked); !taken.ok()) return taken.error();
  if (kind == BucketRequest::kUpdate && asked.bucket.name != name)
    return invalid("a bucket's name cannot be changed: \"name\" must be left out or be \"" +
                   printable(name) + "\"");
  if (auto checked = check_bucket_name(asked.bucket.name); !checked.ok()) return checked.error();
  if (auto checked = check_origin(asked.bucket.origin); !checked.ok()) return checked.error();
  return asked;
}

Result<std::optional<int64_t>> parse_number(const io::HttpRequest& request, std::string_view name) {
  const std::string* text = request.query_value(name);
  if (text == nullptr) return std::optional<int64_t>();
  int64_t number = 0;
  auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (fault != std::errc() || end != text->data() + text->size())
    return invalid("parameter " + std::string(name) + "=" + printable(*text) +
                   " is not a whole number");
  return std::optional<int64_t>(number);
}

Result<std::size_t> parse_limit(const io::HttpRequest& request) {
  auto number = parse_number(request, "limit");
  if (!number.ok()) return number.error();
  if (!*number) return kListLimitDefault;
  if (**number < 1 || **number > static_cast<int64_t>(kListLimitMax))
    return invalid("parameter limit=" + std::to_string(**number) + " is out of bounds; from 1 to " +
                   std::to_string(kListLimitMax) + " are taken");
  return static_cast<std::size_t>(**number);
}

}  // namespace tyto::tracker
