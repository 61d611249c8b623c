# What trackers of one cluster say to one another: the messages. `tracker_tracker_rpc.capnp` has the
# calls that carry them.
#
# The comments are normative; `schema/messages/cluster.h` holds the same messages as plain structs,
# `schema/codec` turns one into the other and refuses whatever breaks a rule given here. What the
# messages are for, and how a chunk finds its way from tracker to tracker, is told in
# `docs/cluster.md`. Words, values and errors are those of `peer_tracker.capnp`, sections 4 and 5; the
# bounds named kCluster... are those of `schema/messages/cluster_limits.h`.
#
# 1. The course of a link
#
# - Two trackers have at most one link, which is one TCP connection and carries both directions. The
#   one with the smaller id connects. A tracker that does not know the ids yet connects to every
#   address of its list, and learns by the answer which address is whose: its own among them.
# - Both introduce themselves (TrackerIntroduced) and hand out a MemberLink. From then on each
#   delivers batches to the other's, in their order, with at most kClusterDeliveriesOpenMax (2)
#   unanswered at once.
# - An empty batch is a sign of life. Each side sends a batch at least every 500 ms, and takes the link
#   for lost when nothing has come for 1.5 s, be it a batch or an answer to one: a tracker that is
#   frozen, or cut off, be it in one direction only, is not a member any more within that time.
# - When a link is lost both sides forget what they were told over it, and when it is up again they tell
#   anew. There is no acknowledgement of single messages, and none is ever sent again.
# - There is no authentication yet: whoever reaches the RPC port can join. Keep the port within a
#   trusted network.
#
# 2. Bounds
#
# - A batch has at most kClusterMessagesMax (256) messages, and its sender closes it at
#   kClusterBatchBytesAimed (256 KiB); a single message always fits, so that a receiver takes up to
#   kClusterBatchBytesMax (768 KiB), counted as the bytes of the struct and all that hangs on it.
# - A sender whose backlog passes kClusterBacklogMessagesMax (65536) messages or
#   kClusterBacklogBytesMax (32 MiB) gives the link up and connects anew, which costs less than
#   what it was about to say: both start from what they hold.
# - A batch that breaks a rule ends the link. The next attempt comes after a back-off.
#
# 3. Evolution
#
# - The rules of `peer_tracker.capnp`, section 6. `clusterVersion` counts the additions that the other
#   side must know of: each new member of ClusterMessage raises it by one. Both tell theirs when they
#   introduce themselves, and neither sends what came after the lower of the two.
# - Trackers whose versions are one apart speak with one another, so that a cluster can be
#   upgraded tracker by tracker. Those further apart refuse each other with `unsupported`.
# - Version 1 is the first. Version 2 brought peerMoved, version 3 peersCame. Fields that came later, and
#   whose absence means what was so before, are told where they stand.

@0xd3a3e8f4b7c19a52;

using Cxx = import "/capnp/c++.capnp";
using P = import "peer_tracker.capnp";
$Cxx.namespace("tyto::wire");

const clusterVersion :UInt32 = 4;

struct TrackerIntroduced {
  clusterVersion @0 :UInt32;  # the newest the sender speaks, from 1; 0 is refused
  member @1 :UInt64;          # its id, which outlasts its runs; not 0
  epoch @2 :UInt64;           # its run: a number that no other start on the same catalog has; not 0
  rpc @3 :P.Endpoint;         # where peers and trackers reach it; host and port both given
  region @4 :Text;            # where it stands, at most kClusterRegionBytesMax (63); may be empty
  name @5 :Text;              # for people: its setting `cluster.id`, at most
                              # kClusterNameBytesMax (255)
  program @6 :Text;           # for people: its release, at most kClusterNameBytesMax (255)
}

struct ClusterBatch {
  messages @0 :List(ClusterMessage);  # at most kClusterMessagesMax (256), in their order
}

struct ClusterMessage {
  # See `docs/cluster.md` for who says what to whom.
  union {
    versionDescribed @0 :P.VersionFacts;
    # What a version is; sent once over a link, before other messages speak of it.
    statusTold @1 :StatusTold;
    copiesAnnounced @2 :CopiesAnnounced;
    copiesSynced @3 :UInt64;
    # All that the sender holds of what the receiver is the directory of has been announced. The number
    # is a digest of the ids of the members that this was worked out for.
    chunkWanted @4 :ChunkWanted;
    wantWithdrawn @5 :UInt64;        # a want
    leaseFailed @6 :LeaseFailed;
    leaseProgressed @7 :ChunkNamed;
    # A lease makes progress. From who holds none that the receiver knows of: the chunk is being read
    # at the origin there, by leave of the directory before, or by a peer that came with it.
    lastCopyAsked @8 :ChunkNamed;    # whether the sender may evict its last copy of the chunk
    serveAsked @9 :ServeAsked;
    leaseGranted @10 :LeaseGranted;
    wantPostponed @11 :WantPostponed;
    lastCopyAnswered @12 :LastCopyAnswered;
    serveRefused @13 :ServeRefused;
    chunkOffered @14 :ChunkOffered;
    offerProgressed @15 :UInt64;     # an offer
    offerEnded @16 :OfferEnded;
    nameAsked @17 :NameAsked;
    nameAnswered @18 :NameAnswered;
    peerMoved @19 :PeerMoved;        # version 2
    peersCame @20 :PeersCame;        # version 3
    permitWanted @21 :PermitWanted;  # version 4
    permitGranted @22 :UInt64;       # a permit; version 4
    permitEnded @23 :UInt64;         # a permit: the request has ended, or is not to be made; version 4
  }
}

struct ChunkNamed {
  version @0 :Data;
  chunk @1 :UInt32;
}

struct StatusTold {
  # The sender's load, about twice a second, and when it changes much.
  peers @0 :UInt32;            # that have a session
  superpeers @1 :UInt32;       # of these
  originReadsFree @2 :UInt32;  # that its superpeers could begin now
  superpeersWithMemory @3 :UInt32;  # that lend some, for buckets kept in memory only: for these
                                    # the others are as good as not there
}

struct CopiesAnnounced {
  # To a chunk's directory: chunks of which the sender's peers now hold at least one whole copy, or
  # none any more. Bitmaps as in InventoryEntry: chunk first + i is bit i % 64, counted from the
  # lowest, of word i / 64; trailing words of zeros may be left out.
  version @0 :Data;
  first @1 :UInt32;            # chunk of the first bit
  count @2 :UInt32;            # bits; first + count is at most kChunksMax
  held @3 :List(UInt64);       # held now
  gone @4 :List(UInt64);       # were held, and are not any more
  hasGone @5 :Bool;            # without it `gone` is empty
}

struct ChunkWanted {
  # To a chunk's directory: a reader of the sender's lacks a chunk that none of its peers has, nor is
  # being sent.
  want @0 :UInt64;             # numbered by the sender from 1; not 0
  chunk @1 :ChunkNamed;
  reader @2 :Text;             # its location, at most kLocationBytesMax (255)
  priority @3 :P.Priority;
  canReadOrigin @4 :Bool;      # a superpeer of the sender's, or the reader itself, could
  isPastSuperpeers @5 :Bool;   # its bucket does not let it read from superpeers now
  isAtOrigin @6 :Bool;         # the origin has the version, as far as the sender knows. Who was told
                               # that it has not, and says so, has found it there again
}

struct LeaseFailed {
  # To a chunk's directory: a lease ended without the chunk. Success is told by CopiesAnnounced.
  chunk @0 :ChunkNamed;
  kind @1 :P.FailureKind;
  detail @2 :Text;             # for people, at most kErrorMessageBytesMax (1024)
}

struct ServeAsked {
  # From a chunk's directory: let a reader of another tracker have the chunk; the offer goes straight
  # there.
  asker @0 :UInt64;            # a member; not 0
  want @1 :UInt64;             # of the asker; not 0
  chunk @2 :ChunkNamed;
  reader @3 :Text;             # as in ChunkWanted
  priority @4 :P.Priority;
  isPastSuperpeers @5 :Bool;   # as in ChunkWanted
}

struct LeaseGranted {
  # From a chunk's directory: have the chunk read from its origin.
  chunk @0 :ChunkNamed;
  want @1 :UInt64;             # of the receiver; 0: for others, since it has superpeers
  isAnew @2 :Bool;             # whoever holds it may not be read from by those who wait
}

struct WantPostponed {
  # From a chunk's directory: nothing can be had now. The wish is forgotten.
  want @0 :UInt64;             # not 0
  afterNs @1 :UInt64;          # ask again then; 0: the chunk can't be had at all
  why @2 :P.Error;
}

struct LastCopyAnswered {
  chunk @0 :ChunkNamed;
  mayGo @1 :Bool;
}

struct ServeRefused {
  # To the directory: the sender can't serve this one now, or at all.
  asker @0 :UInt64;            # a member; not 0
  want @1 :UInt64;             # of the asker; not 0
  chunk @2 :ChunkNamed;
  hasNone @3 :Bool;            # it holds no copy: what it announced was wrong
  isForbidden @4 :Bool;        # it holds none that the bucket lets the reader read from
}

struct ChunkOffered {
  # To the asker: an upload is kept for its reader until OfferEnded, or until the term has passed
  # without an offerProgressed.
  want @0 :UInt64;             # of the receiver; not 0
  offer @1 :UInt64;            # numbered by the sender from 1; not 0
  chunk @2 :ChunkNamed;
  source @3 :P.Source;         # no origin
  sourceLocation @4 :Text;     # at most kLocationBytesMax (255)
  root @5 :Data;               # what the chunk must hash to; or absent
  path @6 :List(UInt64);       # trackers whose copies in flight it hangs on, the sender last: at most
                               # kClusterPathMax (16)
  termNs @7 :UInt64;
}

struct OfferEnded {
  # To who offered.
  offer @0 :UInt64;            # not 0
  delivered @1 :Bool;
  kind @2 :P.FailureKind;      # if it was not delivered
}

struct NameAsked {
  # To the tracker that looks a name up for all.
  lookup @0 :UInt64;           # numbered by the sender from 1; not 0
  bucket @1 :Text;             # rules as in VersionFacts
  key @2 :Text;
  gone @3 :Data;               # a version of the name that is at its origin no more, as the sender has
                               # heard: not to be the answer unless it was looked up anew; or absent
}

struct NameAnswered {
  lookup @0 :UInt64;           # not 0
  outcome :union {
    error @1 :P.Error;
    facts @2 :P.VersionFacts;
  }
}

struct PeerMoved {
  # To the tracker whose peer it was: the peer is the sender's now, and its session there is over.
  peer @0 :UInt64;             # not 0
  session @1 :UInt64;          # that the receiver gave it; not 0
}

struct PermitWanted {
  # To the tracker that keeps the budget of a bucket's origin: a reader of the sender's is to read it once,
  # for itself alone.
  permit @0 :UInt64;           # numbered by the sender from 1; not 0
  version @1 :Data;            # whose bucket it is
  bytes @2 :UInt64;            # of the request, at most
  isInUse @3 :Bool;            # it is under way already: it counts, and no leave is awaited
}

struct PeersCame {
  # To all: so many peers of a tracker that was lost have come to the sender since, and what they brought
  # has been announced. When as many have come to the members together as the lost tracker last said to
  # have (StatusTold), nothing that they hold or read is unknown any more.
  from @0 :UInt64;             # the run that they were of; not 0
  peers @1 :UInt32;            # so far
}
