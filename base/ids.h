// The names of things, one strong type each.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

#include "base/digest.h"
#include "base/strong.h"

namespace tyto {

// A peer process: 64 random bits it draws at its start, so every tracker knows it by one name.
// Zero is nobody (the origin, where a source is named).
using PeerId = Strong<struct PeerIdTag, uint64_t>;
// One registration of a peer with one tracker run.
using SessionId = Strong<struct SessionIdTag, uint64_t>;
// A tracker's run: grows by one at each start, kept in the catalog.
using TrackerEpoch = Strong<struct TrackerEpochTag, uint64_t>;
// A bucket, numbered by the catalog from 1.
using BucketId = Strong<struct BucketIdTag, uint32_t>;
// A chunk's place in its version, from 0.
using ChunkIndex = Strong<struct ChunkIndexTag, uint32_t>;
// An open handle, numbered by its peer from 1; unique within the peer's life.
using OpenId = Strong<struct OpenIdTag, uint64_t>;
// One resolution of a name that a tracker asked a peer for; unique within (session).
using ResolveId = Strong<struct ResolveIdTag, uint64_t>;
// Depth of a copy in flight: 0 for a copy that is whole, 1 for one read from the origin or from
// a whole copy, and always greater than its source's.
using Generation = Strong<struct GenerationTag, uint16_t>;
// The number of an event or a command in its direction of a session, from 1. 0 means "none yet".
using Sequence = Strong<struct SequenceTag, uint64_t>;

// Names an object's immutable content; see `VersionFacts`.
struct VersionId {
  Digest digest;
  auto operator<=>(const VersionId&) const = default;
  std::string hex() const { return digest.hex(); }
  std::string short_hex() const { return digest.short_hex(); }
};

// A chunk: the unit of decision, caching and transfer.
struct ChunkId {
  VersionId version;
  ChunkIndex index;
  auto operator<=>(const ChunkId&) const = default;
};

// An order to fetch one chunk. Unique for ever: the tracker's run and a number within it.
struct AssignmentId {
  TrackerEpoch epoch;
  uint64_t n = 0;
  auto operator<=>(const AssignmentId&) const = default;
};

}  // namespace tyto

template <>
struct std::hash<tyto::VersionId> {
  std::size_t operator()(const tyto::VersionId& id) const {
    return std::hash<tyto::Digest>{}(id.digest);
  }
};

template <>
struct std::hash<tyto::AssignmentId> {
  std::size_t operator()(const tyto::AssignmentId& id) const {
    return std::hash<uint64_t>{}(id.n ^ (id.epoch.value() << 48));
  }
};

template <>
struct std::hash<tyto::ChunkId> {
  std::size_t operator()(const tyto::ChunkId& id) const {
    return std::hash<tyto::VersionId>{}(id.version) ^
           (uint64_t{id.index.value()} * 0x9e3779b97f4a7c15);
  }
};
