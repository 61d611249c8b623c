// What a tracker tells a peer. Imperatives, numbered, applied in order. Within one exchange they
// come as: limits, cancels, evictions, descriptions, answers to opens, resolutions, assignments,
// waits, lists of trackers.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/wait.h"
#include "schema/messages/common.h"
#include "schema/messages/home.h"
#include "schema/messages/reason.h"

namespace tyto {

// Caps that the peer keeps on its own side too.
struct SetLimits {
  uint32_t uploads_max = 0;           // at once; more are answered 503. 0: none
  uint64_t upload_bytes_per_s = 0;    // 0: unlimited
  uint64_t download_bytes_per_s = 0;  // 0: unlimited
  bool operator==(const SetLimits&) const = default;
};

// Stop a transfer; what it brought of the chunk may be thrown away. Unknown ids are ignored.
struct Cancel {
  AssignmentId assignment;
  bool operator==(const Cancel&) const = default;
};

// Free these chunks [first, first + count). They are no source any more from the moment this is
// sent; `ChunksDropped` confirms. Chunks not held are confirmed at once.
struct Evict {
  VersionId version;
  uint32_t first = 0;
  uint32_t count = 0;
  Reason reason;
  bool operator==(const Evict&) const = default;
};

// The facts of a version that later commands speak of. Sent once per session and version.
struct Describe {
  VersionFactsRef facts;  // never null
  bool operator==(const Describe& other) const {
    return facts == other.facts || (facts && other.facts && *facts == *other.facts);
  }
};

// The open handle stands for this version, which was described before.
struct Opened {
  OpenId open;
  VersionId version;
  Ticket ticket;
  // Where chunks of it are kept that the peer fetches without a tracker. Other than kDisk only to
  // peers of protocol version 5.
  Placement placement = Placement::kDisk;
  bool operator==(const Opened&) const = default;
};

// The handle cannot be opened, or can't be read to its end: the reason is for the reader.
struct OpenEnded {
  OpenId open;
  Error error;
  bool operator==(const OpenEnded&) const = default;
};

// Find out what a name stands for at its origin, and answer with `NameResolved`.
struct Resolve {
  ResolveId resolve;
  BucketId bucket;
  std::string bucket_name;
  std::string key;
  std::string url;
  bool operator==(const Resolve&) const = default;
};

// Fetch this chunk from `source`; should it fail, from the fall-backs in their order. Report.
struct Assign {
  AssignmentId assignment;
  ChunkId chunk;  // of a version described before
  Source source;
  std::vector<Source> fallbacks;  // whole copies, at most kFallbacksMax
  std::optional<Digest> root;     // what the chunk must hash to. Absent only for an origin read
                                  // of a chunk whose root is to be learned
  Generation generation;          // of the copy that will come about here; > source.generation
  Duration patience;              // without a byte, before the source counts as stalled
  Reason reason;
  bool is_hedge = false;  // fetch it although it may be on its way by another assignment
  // From the origin: so many chunks from this one on, each with an assignment of its own that has
  // one less here, are to be read by one request. 1 to kOriginRunMax; more than 1 only to peers of
  // protocol version 4.
  uint16_t run = 1;
  // Where the chunk is to be kept. Other than kDisk only to peers of protocol version 5.
  Placement placement = Placement::kDisk;
  bool operator==(const Assign&) const = default;
};

// What the reader of the handle waits for, for people. Only to peers of protocol version 2.
struct ShowWait {
  OpenId open;
  Wait wait;
  bool operator==(const ShowWait&) const = default;
};

// The cluster's trackers are these now, and `home` is whom to be registered with: if that is not
// who says it, the peer moves when that disturbs it least. Only to peers of protocol version 3.
struct ListTrackers {
  TrackerListRef trackers;  // never null
  MemberId home;            // in `trackers`
  bool operator==(const ListTrackers& other) const {
    return home == other.home && same_trackers(trackers, other.trackers);
  }
};

using Command = std::variant<SetLimits, Cancel, Evict, Describe, Opened, OpenEnded, Resolve, Assign,
                             ShowWait, ListTrackers>;

}  // namespace tyto
