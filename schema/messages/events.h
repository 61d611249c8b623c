// What a peer tells its tracker. Past participles: facts, in the order they came about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bitmap.h"
#include "schema/messages/common.h"

namespace tyto {

enum class ReadMode : uint8_t {
  kWhole = 0,   // all chunks are wanted, in any order: the tracker picks
  kStream = 1,  // only the chunks of the reader's window are wanted
};

enum class Priority : uint8_t { kPrefetch = 0, kNormal = 1, kUrgent = 2 };

// A reader wants an object. Answered by `Opened` or `OpenEnded`.
struct OpenRequested {
  OpenId open;
  std::string bucket;
  std::string key;
  std::optional<VersionId> pinned;  // this version and no other
  ReadMode mode = ReadMode::kWhole;
  Priority priority = Priority::kNormal;
  Duration deadline;          // from now; zero: none
  uint32_t window_first = 0;  // first window in chunks, for kStream
  uint32_t window_count = 0;
  bool operator==(const OpenRequested&) const = default;
};

// A streaming reader's window is now [first, first + count) chunks; those before it are consumed.
struct WindowMoved {
  OpenId open;
  uint32_t first = 0;
  uint32_t count = 0;
  bool operator==(const WindowMoved&) const = default;
};

// The reader closed its handle; nothing more is wanted for it.
struct OpenClosed {
  OpenId open;
  bool operator==(const OpenClosed&) const = default;
};

// A transfer reached the given quarter (1 to 3) of its chunk.
struct ChunkProgressed {
  AssignmentId assignment;
  uint8_t quarter = 0;
  bool operator==(const ChunkProgressed&) const = default;
};

// A chunk is whole, verified and (unless `stored` is false) kept. If the assignment is unknown to
// the tracker, only the inventory fact counts.
struct ChunkVerified {
  AssignmentId assignment;
  ChunkId chunk;
  Source source;               // the one that delivered it in the end
  std::optional<Digest> root;  // computed here; given for chunks read from the origin
  bool stored = true;
  uint32_t bytes = 0;  // payload received for it, repeats included
  Duration took;
  Medium medium = Medium::kDisk;  // where it is kept, whatever was ordered
  bool operator==(const ChunkVerified&) const = default;
};

enum class FailureKind : uint8_t {
  kUnreachable = 0,    // no connection, it broke, or no answer to whether it lives
  kStalled = 1,        // no byte within the patience
  kCorrupt = 2,        // bytes that do not match the root
  kLacking = 3,        // 404: the source does not hold it
  kBusy = 4,           // 503: the source is at its cap
  kRefused = 5,        // 401 or 403
  kOriginChanged = 6,  // the origin's object is not the pinned version any more
  kOriginFailed = 7,   // 5xx, cut connection or time-out at the origin, after retries
  kOriginMissing = 8,  // 404 or 410 at the origin
  kNoSpace = 9,        // the receiver's own store is full
  kCancelled = 10,     // by the tracker's Cancel, or because the reader left
  kInternal = 11,      // the receiver's own fault, as a disk error
};

std::string_view failure_kind_name(FailureKind kind);

// One source of an assignment failed; the peer goes on with the next one it was given.
struct SourceFailed {
  AssignmentId assignment;
  ChunkId chunk;
  Source source;
  FailureKind kind = FailureKind::kUnreachable;
  uint32_t bytes_wasted = 0;
  bool operator==(const SourceFailed&) const = default;
};

// All sources of an assignment failed, or it could not be carried out: the chunk is wanted again.
// The last source's failure is in `kind`, with a sentence for people in `detail`.
struct AssignmentFailed {
  AssignmentId assignment;
  ChunkId chunk;
  Source source;
  FailureKind kind = FailureKind::kUnreachable;
  uint32_t bytes_wasted = 0;
  std::string detail;
  bool operator==(const AssignmentFailed&) const = default;
};

// The chunks' bytes are free again. Answers `Evict`, and tells of losses on disk.
struct ChunksDropped {
  VersionId version;
  uint32_t first = 0;
  uint32_t count = 0;
  bool operator==(const ChunksDropped&) const = default;
};

// The chunks are still read here; the eviction will be carried out, and confirmed, later.
struct EvictionDeferred {
  VersionId version;
  uint32_t first = 0;
  uint32_t count = 0;
  bool operator==(const EvictionDeferred&) const = default;
};

// What a name stands for at the origin. Answers `Resolve`.
struct NameResolved {
  ResolveId resolve;
  std::optional<VersionFacts> facts;  // bucket and key as asked; or else
  Error error;                        // why there is none
  bool operator==(const NameResolved&) const = default;
};

// The store's limits changed: bytes lent now.
struct StoreResized {
  uint64_t bytes = 0;
  uint64_t memory_bytes = 0;  // besides, for what is kept in memory only
  bool operator==(const StoreResized&) const = default;
};

// The peer is about to exit: no more assignments, uploads end within `deadline`.
struct Leaving {
  Duration deadline;
  bool operator==(const Leaving&) const = default;
};

using Event = std::variant<OpenRequested, WindowMoved, OpenClosed, ChunkProgressed, ChunkVerified,
                           SourceFailed, AssignmentFailed, ChunksDropped, EvictionDeferred,
                           NameResolved, StoreResized, Leaving>;

}  // namespace tyto
