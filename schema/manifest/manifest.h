// What an object's content is, and the same as a BitTorrent v2 torrent (BEP 52) of a single file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/chunking.h"
#include "base/digest.h"
#include "base/result.h"

namespace tyto {

// An object's size, cut and content, by chunk roots. A chunk is a "piece" of BitTorrent's.
//
// Hashing is the caller's business (`io/hash`): that `pieces_root` is the root over `chunk_roots`
// is for him to see to, above all for a manifest that came from outside.
struct Manifest {
  std::string name;  // of the file, see name_of_key()
  Chunking chunking;
  std::vector<Digest> chunk_roots;  // chunking.chunk_count() of them
  Digest pieces_root;  // of the whole object; of a single chunk, its root; of none, all zero
  bool operator==(const Manifest&) const = default;
};

// Holds a manifest to its own rules: a cut that is valid, as many roots as chunks, a pieces root
// that is zero exactly for empty objects and is the root of an only chunk, and a name that can
// be a file's (1 to 255 bytes without '/' and NUL, not "." or ".."). Fails with kInvalidArgument.
Result<void> check_manifest(const Manifest& manifest);

// The last component of a key: the file's name in the manifest. Requires: check_key(key).
std::string_view name_of_key(std::string_view key);

// The info dictionary, bencoded. Its SHA-256 is the version's id. The same manifest gives the same
// bytes for ever. Requires: check_manifest(manifest).
std::string info_dictionary(const Manifest& manifest);

// A torrent file, taken apart.
struct Torrent {
  Manifest manifest;
  std::string info;  // the info dictionary as it stands there: its SHA-256 is the version's id
};

// A torrent file of the manifest: `info` and, for objects of several chunks, the piece layers.
// `info` is info_dictionary(manifest), or what came from outside with it.
std::string write_torrent(const Torrent& torrent);

// Reads a torrent file made by anyone: BitTorrent v2 (or a hybrid's v2 half), a single file, pieces
// of 16 KiB to 16 MiB, at most kChunksMax of them.
//
// Errors: kInvalidArgument for what is no torrent or contradicts itself, kUnsupported for what is
// one of another kind (v1, several files, other piece sizes). The message says which and what
// would do. Not checked: that the pieces root is the root over the piece layer.
// Purity: pure. Cost: linear, at most 64 MiB of text.
Result<Torrent> parse_torrent(std::string_view text);

}  // namespace tyto
