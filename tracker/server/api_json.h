// The shapes of the API's JSON, and the reading of what comes in.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "io/http/http_server.h"
#include "tracker/core/tracker_core.h"
#include "tracker/server/api.h"

namespace tyto::tracker {

using Json = nlohmann::ordered_json;

int http_status_of(ErrorCode code);
// Pretty-printed, with a line's end; texts that are not UTF-8 are mended.
std::string json_text(const Json& json);
Json json_of(const Error& error);
Json json_of(const BucketConfig& bucket);
Json json_of(const BucketPicture& bucket);
// What a listing says of an object.
Json json_of(const ObjectName& name, const ObjectDirectory::Entry& entry);
// What is known of its copies, to be merged into the above.
Json json_of(const VersionPicture& picture);
Json json_of(const OriginPin& origin);
Json json_of(const PeerPicture& peer);
Json json_of(const TransferPicture& transfer, Instant now);
Json json_of(const ClusterPicture& cluster);
Json json_of(const Counters& counters);
Json json_of(const PolicyHead& head);

std::string_view source_kind_name(SourceKind kind);
std::string_view role_name(Role role);

// Whether a request that makes a bucket or one that changes it.
enum class BucketRequest : uint8_t { kCreate, kUpdate };
// What is asked for: the bucket, and for kCreate its policy's document.
struct AskedBucket {
  BucketConfig bucket;
  std::string policy;
};
// A bucket as asked for in `text`: `base` with the members that are there replaced.
// Errors: kInvalidArgument, naming the member, what was found and what is expected.
Result<AskedBucket> parse_bucket(const std::string& text, BucketConfig base, BucketRequest kind);

// The parameter `limit` of a query: from 1 to kListLimitMax, kListLimitDefault if absent.
Result<std::size_t> parse_limit(const io::HttpRequest& request);
// A parameter that is a whole number.
Result<std::optional<int64_t>> parse_number(const io::HttpRequest& request, std::string_view name);

}  // namespace tyto::tracker
