#include "tracker/server/publication.h"

#include <span>
#include <utility>

#include "base/names.h"
#include "io/hash/merkle.h"
#include "io/hash/sha256.h"
#include "io/http/url.h"
#include "schema/manifest/manifest.h"
#include "tracker/core/names.h"

namespace tyto::tracker {

namespace {

Error invalid(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

Result<void> check_url(std::string_view what, std::string_view url) {
  if (url.size() > kUrlBytesMax)
    return invalid(std::string(what) + " has " + std::to_string(url.size()) + " bytes; at most " +
                   std::to_string(kUrlBytesMax) + " are taken");
  if (url.starts_with("file:///")) {
    for (char c : url)
      if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f)
        return invalid(std::string(what) + " \"" + printable(url) +
                       "\" holds a blank or a control character: escape it, as %20");
    return {};
  }
  if (url.starts_with("http://") || url.starts_with("https://")) {
    auto parsed = io::Url::parse(url);
    if (parsed.ok()) return {};
    return invalid(std::string(what) + ": " + parsed.error().message);
  }
  return invalid(std::string(what) + " \"" + printable(url) +
                 "\" is not understood; expected file:///folder/, http://host/path/ or "
                 "https://host/path/");
}

Result<void> check_etag(std::string_view etag) {
  if (etag.empty()) return {};
  bool is_strong = etag.size() >= 2 && etag.front() == '"' && etag.back() == '"';
  for (char c : etag) is_strong &= static_cast<unsigned char>(c) > ' ' && c != 0x7f;
  if (is_strong && etag.size() <= kEtagBytesMax) return {};
  return invalid("etag \"" + printable(etag) +
                 "\" is no strong ETag; expected text in double quotes, at most " +
                 std::to_string(kEtagBytesMax) + " bytes (leave weak ones out)");
}

}  // namespace

Result<void> check_origin(std::string_view origin) {
  if (origin.empty()) return {};
  if (origin.find_first_of("?#") != std::string_view::npos)
    return invalid("origin \"" + printable(origin) +
                   "\" has a query or a fragment; expected a plain prefix that keys are added to");
  return check_url("origin", origin);
}

Result<Publish> publication_of(const BucketConfig& bucket, const PublicationRequest& request) {
  if (auto checked = check_key(request.key); !checked.ok()) return checked.error();
  auto torrent = parse_torrent(request.torrent);
  if (!torrent.ok()) return torrent.error();
  const Manifest& manifest = torrent->manifest;
  if (io::pieces_root_of(manifest.chunking, manifest.chunk_roots) != manifest.pieces_root)
    return invalid(
        "the torrent contradicts itself: its pieces root is not the root over its piece layer; "
        "make it again");
  if (request.object_bytes.value_or(manifest.chunking.object_bytes) !=
      manifest.chunking.object_bytes)
    return invalid("the torrent is of " + std::to_string(manifest.chunking.object_bytes) +
                   " bytes, but object_bytes says " + std::to_string(*request.object_bytes) +
                   ": the object changed while it was read; publish again");
  Publish publish;
  publish.facts.id = VersionId{io::sha256(torrent->info)};
  publish.facts.bucket = bucket.id;
  publish.facts.bucket_name = bucket.name;
  publish.facts.key = request.key;
  publish.facts.chunking = manifest.chunking;
  publish.facts.is_published = true;
  OriginPin& origin = publish.facts.origin;
  if (request.origin_url) {
    origin.url = *request.origin_url;
  } else if (!bucket.origin.empty()) {
    origin.url = origin_url(bucket.origin, request.key);
  }
  if (!origin.url.empty())
    if (auto checked = check_url("origin_url", origin.url); !checked.ok()) return checked.error();
  if (auto checked = check_etag(request.etag); !checked.ok()) return checked.error();
  origin.etag = request.etag;
  origin.modified = request.modified;
  publish.roots = manifest.chunk_roots;
  return publish;
}

}  // namespace tyto::tracker
