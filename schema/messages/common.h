// Words that every message of the control plane uses.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/chunking.h"
#include "base/digest.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace tyto {

enum class Role : uint8_t {
  kPeer = 0,       // reads, caches and serves
  kSuperpeer = 1,  // has no reader; is sent to the origin for others, and is trusted to learn roots
};

// Where a peer keeps a chunk.
enum class Medium : uint8_t {
  kDisk = 0,    // in its store, which is on disk if the peer has a folder for it
  kMemory = 1,  // in memory only: it is gone when the process ends
};

// Where a bucket has its chunks kept.
enum class Placement : uint8_t {
  kDisk = 0,    // in the store of a peer, and over its restarts
  kMemory = 1,  // in memory only, for as long as the peer's process lives
  kBoth = 2,    // in the store, and a copy in memory for as long as nothing else needs the room
};
// Where a chunk that is placed so counts, and what it takes room of.
inline Medium medium_of(Placement placement) {
  return placement == Placement::kMemory ? Medium::kMemory : Medium::kDisk;
}

enum class SourceKind : uint8_t { kPeer = 0, kSuperpeer = 1, kOrigin = 2 };

// Where a chunk server listens: an IPv4 or IPv6 literal or a DNS name, and a port. Port 0: it
// serves nobody.
struct Endpoint {
  std::string host;
  uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
  auto operator<=>(const Endpoint&) const = default;
  // "host:port", with IPv6 literals in brackets.
  std::string text() const {
    bool is_v6 = host.find(':') != std::string::npos;
    return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  }
};

// What ties bytes read from an origin to one version: every range is asked for under these
// conditions (`If-Match`, or the modification time where there is no strong ETag).
struct OriginPin {
  std::string url;                   // absolute: file://, http:// or https://; empty: no origin
  std::string etag;                  // strong ETag with its quotes, or empty
  std::optional<WallTime> modified;  // in whole seconds for http, nanoseconds for file
  bool operator==(const OriginPin&) const = default;
};

// All there is to know of a version but its content: immutable, and shared by all who hold it.
//
// The id is the BitTorrent v2 info-hash of the object's manifest where one was published, or else
// a hash of (URL, ETag, size, modification time) at the origin; `is_published` tells which.
struct VersionFacts {
  VersionId id;
  BucketId bucket;
  std::string bucket_name;
  std::string key;
  Chunking chunking;
  bool is_published = false;
  OriginPin origin;
  bool operator==(const VersionFacts&) const = default;
};
using VersionFactsRef = std::shared_ptr<const VersionFacts>;

// A source of one chunk.
struct Source {
  SourceKind kind = SourceKind::kOrigin;
  PeerId peer;            // zero for the origin
  Endpoint address;       // empty for the origin
  Generation generation;  // 0: holds the chunk whole
  bool operator==(const Source&) const = default;
};

// Leave to read one bucket from any source until `expires`; made and checked in the shells, and
// carried as an opaque text by the cores. Empty: no ticket was issued (authorisation is off).
struct Ticket {
  std::string text;
  WallTime expires;
  bool operator==(const Ticket&) const = default;
};

}  // namespace tyto
