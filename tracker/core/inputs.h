// What can happen to a tracker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/names.h"
#include "schema/messages/bucket.h"
#include "schema/messages/cluster.h"
#include "schema/messages/cluster_limits.h"
#include "schema/messages/exchange.h"
#include "tracker/core/policy.h"

namespace tyto::tracker {

// A connection that carries, or will carry, one session; numbered by the shell, never reused.
using ConnectionId = Strong<struct ConnectionIdTag, uint64_t>;
// One exchange that waits for its answer; numbered by the shell, never reused.
using ExchangeToken = Strong<struct ExchangeTokenTag, uint64_t>;

// The catalog's content, at the start. Buckets, versions and names come before `CatalogLoaded`.
struct BucketLoaded {  // also: a bucket was created, or its configuration changed
  BucketConfig bucket;
  PolicyRef policy;  // null: the default one
};
struct VersionLoaded {  // also: a version was published
  VersionFactsRef facts;
  std::vector<Digest> roots;  // one per chunk, zero where not known; or empty: none known
};
struct NameLoaded {  // also: a name was published. Resolved names count as unchecked
  std::string bucket;
  std::string key;
  VersionId version;
  bool is_published = false;
};
// Copies of the version that the name stood for are not evicted until then. In place of the name's
// former pin. After BucketLoaded and VersionLoaded.
struct PinSet {
  ObjectName name;
  VersionId version;
  uint64_t object_bytes = 0;
  Instant until;
  WallTime expires;  // the same, for people
};
struct PinRemoved {
  ObjectName name;
};
struct CatalogLoaded {
  TrackerEpoch epoch;
  bool is_first_run = false;  // nobody can hold anything yet: no waiting for the fleet
};

struct RegisterArrived {
  ConnectionId connection;
  RegisterRequest request;
};
// The connection has gone; the session lives on for a while, to be resumed.
struct ConnectionLost {
  ConnectionId connection;
};
struct InventoryArrived {
  SessionId session;
  InventoryPage page;
};
struct ExchangeArrived {
  SessionId session;
  ExchangeToken token;
  ExchangeUp up;
};
// --- other trackers: see docs/cluster.md. Without these a tracker is the only one. ---

// Who belongs to the cluster now, and which of them this tracker is.
struct MembersChanged {
  MemberId self;
  Members members;
};
// Messages to the member arrive from now on, until LinkDown; those before are lost.
// Requires: it is one of the last MembersChanged; else it is passed over.
struct LinkUp {
  MemberId member;
  TrackerEpoch epoch;                  // the member's run
  uint32_t version = kClusterVersion;  // that is spoken over the link
};
struct LinkDown {
  MemberId member;
};
// In the order in which the member sent them. Requires: its link is up.
struct ClusterArrived {
  MemberId from;
  std::vector<ClusterMessage> messages;
};
// Time has passed; the deadline that next_deadline() named is due.
struct TimePassed {};

using Input =
    std::variant<BucketLoaded, VersionLoaded, NameLoaded, PinSet, PinRemoved, CatalogLoaded,
                 RegisterArrived, ConnectionLost, InventoryArrived, ExchangeArrived, MembersChanged,
                 LinkUp, LinkDown, ClusterArrived, TimePassed>;

}  // namespace tyto::tracker
