// What trackers of one cluster say to one another; docs/cluster.md tells the course of it.
//
// Messages of one direction of a link arrive in their order, or the link is down. When a link goes
// down, both sides forget what they were told over it; when it is up again, they tell it anew.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bitmap.h"
#include "base/chunking.h"
#include "base/digest.h"
#include "base/ids.h"
#include "base/location.h"
#include "base/result.h"
#include "base/time.h"
#include "schema/messages/common.h"
#include "schema/messages/events.h"
#include "schema/messages/home.h"

namespace tyto {

// A wish for one chunk; numbered from 1 by the tracker that wishes, never reused within its run.
using WantId = Strong<struct WantIdTag, uint64_t>;
// An upload that one tracker lets a reader of another one have; numbered by the former.
using OfferId = Strong<struct OfferIdTag, uint64_t>;
// Leave to read an origin once, for one reader alone; numbered from 1 by the tracker that wants it,
// never reused within its run.
using PermitId = Strong<struct PermitIdTag, uint64_t>;
// A name's look-up; numbered by the tracker that asks.
using LookupId = Strong<struct LookupIdTag, uint64_t>;

// One tracker, as all members know it.
struct Member {
  MemberId id;
  Endpoint rpc;        // where peers and trackers reach it
  std::string region;  // where it stands; may be empty
  TrackerEpoch epoch;  // its run; zero: not known yet
  bool operator==(const Member&) const = default;
};

// The members of the cluster that are taken to live.
struct Members {
  uint64_t serial = 0;          // grows with every change, as this tracker sees it
  std::vector<Member> members;  // in the order of their ids, this tracker among them
  bool operator==(const Members&) const = default;
};

// --- between any two ---

// What a version is; sent once over a link, before other messages speak of it.
struct VersionDescribed {
  VersionFacts facts;
  bool operator==(const VersionDescribed&) const = default;
};
// The sender's load, about twice a second, and when it changes much.
struct StatusTold {
  uint32_t peers = 0;                   // that have a session
  uint32_t superpeers = 0;              // of these
  uint32_t origin_reads_free = 0;       // that its superpeers could begin now
  uint32_t superpeers_with_memory = 0;  // that lend some, for what is kept in memory only
  bool operator==(const StatusTold&) const = default;
};

// --- from trackers to a chunk's directory tracker ---

// Chunks of which the sender's peers now hold at least one whole copy, or none any more.
struct CopiesAnnounced {
  VersionId version;
  uint32_t first = 0;  // chunk of the first bit
  Bitmap held;         // chunks first, first + 1, ... that are held now
  Bitmap gone;         // of the same size or empty: those that were, and are not any more
  bool operator==(const CopiesAnnounced&) const = default;
};
// All that the sender holds of what the receiver is the directory of has been announced.
struct CopiesSynced {
  uint64_t members = 0;  // a digest of the ids of the members that this was worked out for
  bool operator==(const CopiesSynced&) const = default;
};
// A reader of the sender's lacks a chunk that no peer of the sender's has, nor is being sent.
struct ChunkWanted {
  WantId want;
  VersionId version;
  uint32_t chunk = 0;
  Location reader;
  Priority priority = Priority::kNormal;
  bool can_read_origin = false;     // a superpeer of the sender's, or the reader itself, could
  bool is_past_superpeers = false;  // its bucket does not let it read from superpeers now
  bool is_at_origin = false;        // the origin has the version, as far as the sender knows
  bool operator==(const ChunkWanted&) const = default;
};
struct WantWithdrawn {
  WantId want;
  bool operator==(const WantWithdrawn&) const = default;
};
// A lease ended without the chunk. Success is told by CopiesAnnounced.
struct LeaseFailed {
  VersionId version;
  uint32_t chunk = 0;
  FailureKind kind = FailureKind::kInternal;
  std::string detail;  // for people
  bool operator==(const LeaseFailed&) const = default;
};
// A lease makes progress. From who holds none that the directory knows of: the chunk is being read
// at the origin there, by leave of the former directory or by a peer that came with it.
struct LeaseProgressed {
  VersionId version;
  uint32_t chunk = 0;
  bool operator==(const LeaseProgressed&) const = default;
};
// Whether the sender may evict its last copy of a chunk.
struct LastCopyAsked {
  VersionId version;
  uint32_t chunk = 0;
  bool operator==(const LastCopyAsked&) const = default;
};

// --- from a chunk's directory tracker ---

// Let a reader of another tracker have the chunk; the offer goes straight there.
struct ServeAsked {
  MemberId asker;
  WantId want;  // of the asker
  VersionId version;
  uint32_t chunk = 0;
  Location reader;
  Priority priority = Priority::kNormal;
  bool is_past_superpeers = false;  // as in ChunkWanted
  bool operator==(const ServeAsked&) const = default;
};
// Read the chunk from its origin: for a wish of the receiver's own (`want` is not 0), or for
// others, since the receiver has superpeers.
struct LeaseGranted {
  VersionId version;
  uint32_t chunk = 0;
  WantId want;
  bool is_anew = false;  // whoever holds it may not be read from by those who wait
  bool operator==(const LeaseGranted&) const = default;
};
// Nothing can be had now: the wish is forgotten, ask again then.
struct WantPostponed {
  WantId want;
  Duration after;
  Error why;  // an outcome for the reader if `after` is zero: the chunk can't be had at all
  bool operator==(const WantPostponed&) const = default;
};
struct LastCopyAnswered {
  VersionId version;
  uint32_t chunk = 0;
  bool may_go = false;
  bool operator==(const LastCopyAnswered&) const = default;
};

// --- between the tracker that serves and the one that asked ---

// To the directory: the sender can't serve this one now, or at all.
struct ServeRefused {
  MemberId asker;
  WantId want;
  VersionId version;
  uint32_t chunk = 0;
  bool has_none = false;      // it holds no copy: what it announced was wrong
  bool is_forbidden = false;  // it holds none that the bucket lets the reader read from
  bool operator==(const ServeRefused&) const = default;
};
// To the asker: an upload is kept for its reader until `OfferEnded`, or until `term` has passed
// without an `OfferProgressed`.
struct ChunkOffered {
  WantId want;
  OfferId offer;
  VersionId version;
  uint32_t chunk = 0;
  Source source;  // its generation is 0, or that of a copy in flight
  Location source_location;
  std::optional<Digest> root;  // what the chunk must hash to, as far as the sender knows
  std::vector<MemberId> path;  // trackers whose copies in flight it hangs on, the sender last
  Duration term;
  bool operator==(const ChunkOffered&) const = default;
};
struct OfferProgressed {
  OfferId offer;
  bool operator==(const OfferProgressed&) const = default;
};
struct OfferEnded {
  OfferId offer;
  bool is_delivered = false;
  FailureKind kind = FailureKind::kInternal;  // if it is not
  bool operator==(const OfferEnded&) const = default;
};

// --- names: to the tracker that looks a name up for all, and back ---

struct NameAsked {
  LookupId lookup;
  std::string bucket;
  std::string key;
  std::optional<VersionId> gone;  // of the name, but at its origin no more, as the sender has heard
  bool operator==(const NameAsked&) const = default;
};
struct NameAnswered {
  LookupId lookup;
  std::optional<VersionFacts> facts;
  Error error;  // without facts
  bool operator==(const NameAnswered&) const = default;
};

// --- peers that move ---

// To the tracker whose peer it was: the peer has come to the sender, and tells it all. What it does
// by the receiver's orders it goes on with, by the sender's.
struct PeerMoved {
  PeerId peer;
  SessionId session;  // that the receiver gave it
  bool operator==(const PeerMoved&) const = default;
};

// To all: so many peers of a tracker that was lost have come to the sender since, and what they
// brought has been announced.
struct PeersCame {
  TrackerEpoch from;   // the run that they were of
  uint32_t peers = 0;  // so far
  bool operator==(const PeersCame&) const = default;
};

// --- between a tracker whose readers read an origin for themselves and the one that keeps the
// budget of their bucket, which is the directory of all its chunks ---

// One request is to be made, of so many bytes at most.
struct PermitWanted {
  PermitId permit;
  VersionId version;  // whose bucket it is
  uint64_t bytes = 0;
  bool is_in_use = false;  // it is under way already: it counts, and needs no leave
  bool operator==(const PermitWanted&) const = default;
};
struct PermitGranted {
  PermitId permit;
  bool operator==(const PermitGranted&) const = default;
};
// The request has ended, or is not to be made any more.
struct PermitEnded {
  PermitId permit;
  bool operator==(const PermitEnded&) const = default;
};

using ClusterMessage =
    std::variant<VersionDescribed, StatusTold, CopiesAnnounced, CopiesSynced, ChunkWanted,
                 WantWithdrawn, LeaseFailed, LeaseProgressed, LastCopyAsked, ServeAsked,
                 LeaseGranted, WantPostponed, LastCopyAnswered, ServeRefused, ChunkOffered,
                 OfferProgressed, OfferEnded, NameAsked, NameAnswered, PeerMoved, PeersCame,
                 PermitWanted, PermitGranted, PermitEnded>;

}  // namespace tyto
