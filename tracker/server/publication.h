// From what `tyto publish` sends to a change of the catalog.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "schema/messages/bucket.h"
#include "tracker/catalog/catalog.h"

namespace tyto::tracker {

// What a publisher says besides the torrent.
struct PublicationRequest {
  std::string key;
  std::string_view torrent;               // a .torrent file: BitTorrent v2, one file
  std::optional<std::string> origin_url;  // absent: the bucket's origin and the key; empty: none
  std::string etag;                       // strong, with its quotes, or empty
  std::optional<WallTime> modified;
  std::optional<uint64_t> object_bytes;  // as the origin says; must then agree with the torrent
};

// Checks all of it, and makes the version: its id is the SHA-256 of the info dictionary.
//
// Errors: kInvalidArgument or kUnsupported, naming what is wrong and what would do.
// Purity: pure. Cost: linear in the torrent; hashes 32 bytes a chunk.
Result<Publish> publication_of(const BucketConfig& bucket, const PublicationRequest& request);

// An origin: empty, or a URL under file:///, http:// or https:// without query and fragment.
Result<void> check_origin(std::string_view origin);

}  // namespace tyto::tracker
