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

std::string hex_of(PeerId peer) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(peer.value()));
  return text.data();
}

Error invalid(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

Error wrong_type(const std::string& member, const char* expected, const Json& found) {
  return invalid("\"" + member + "\" must be " + expected + ", but is " + printable(found.dump()));
}

// One member of a bucket's JSON, put into `bucket`.
Result<void> take_member(const std::string& member, const Json& value, BucketConfig& bucket) {
  if (member == "name" || member == "origin" || member == "revalidate") {
    if (!value.is_string()) return wrong_type(member, "a text", value);
    auto text = value.get<std::string>();
    if (member == "name") {
      bucket.name = text;
    } else if (member == "origin") {
      bucket.origin = text;
    } else {
      for (const auto& [word, revalidate] : kRevalidates) {
        if (word != text) continue;
        bucket.revalidate = revalidate;
        return {};
      }
      return wrong_type(member, "\"never\", \"age\" or \"always\"", value);
    }
    return {};
  }
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
  return invalid("\"" + printable(member) +
                 "\" is no member of a bucket; known are name, origin, revalidate, "
                 "revalidate_age_ms and trust_peers");
}

}  // namespace

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
          {"copies_min", picture.copies_min},
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
  return {{"peer", hex_of(peer.peer)},
          {"role", role_name(peer.role)},
          {"name", peer.name},
          {"location", peer.location},
          {"data_address", peer.data_address.text()},
          {"store_bytes", peer.store_bytes},
          {"used_bytes", peer.used_bytes},
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
      {"reader", hex_of(transfer.reader)},
      {"source", {{"kind", source_kind_name(transfer.source.kind)}}},
      {"quarters", transfer.quarters},
      {"age_ms", (now - transfer.since).ms()},
      {"reason",
       {{"choice", choice_name(transfer.reason.choice)},
        {"copies", transfer.reason.copies},
        {"candidates", transfer.reason.candidates},
        {"generation", transfer.reason.generation}}}};
  if (transfer.source.kind != SourceKind::kOrigin) {
    json["source"]["peer"] = hex_of(transfer.source.peer);
    json["source"]["address"] = transfer.source.address.text();
  }
  return json;
}

Json json_of(const ClusterPicture& cluster) {
  return {
      {"epoch", cluster.epoch.value()},
      {"program_version", cluster.version},
      {"rpc_address", cluster.rpc_address},
      {"uptime_ms", cluster.uptime.ms()},
      {"is_ready", cluster.is_ready},
      {"is_draining", cluster.is_draining},
      {"connections", cluster.connections},
      {"peers", cluster.peers},
      {"superpeers", cluster.superpeers},
      {"catalog", {{"is_failing", cluster.is_catalog_failing}, {"queue", cluster.catalog_queue}}}};
}

Json json_of(const Counters& counters) {
  return {{"exchanges", counters.exchanges},
          {"events", counters.events},
          {"assignments", counters.assignments},
          {"leases", counters.leases},
          {"leases_lost", counters.leases_lost},
          {"evictions", counters.evictions},
          {"resolves", counters.resolves},
          {"chunks_verified", counters.chunks_verified},
          {"source_failures", counters.source_failures},
          {"assignment_failures", counters.assignment_failures},
          {"corrupt_reports", counters.corrupt_reports},
          {"bytes_from_peers", counters.bytes_from_peers},
          {"bytes_from_superpeers", counters.bytes_from_superpeers},
          {"bytes_from_origin", counters.bytes_from_origin},
          {"bytes_wasted", counters.bytes_wasted},
          {"opens", counters.opens},
          {"opens_failed", counters.opens_failed}};
}

Result<BucketConfig> parse_bucket(const std::string& text, BucketConfig base, BucketRequest kind) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object())
    return invalid(
        "the body is not a JSON object, as {\"name\": \"models\", \"origin\": "
        "\"https://host/path/\"}");
  const std::string name = base.name;
  for (const auto& [member, value] : json.items())
    if (auto taken = take_member(member, value, base); !taken.ok()) return taken.error();
  if (kind == BucketRequest::kUpdate && base.name != name)
    return invalid("a bucket's name cannot be changed: \"name\" must be left out or be \"" +
                   printable(name) + "\"");
  if (auto checked = check_bucket_name(base.name); !checked.ok()) return checked.error();
  if (auto checked = check_origin(base.origin); !checked.ok()) return checked.error();
  return base;
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
