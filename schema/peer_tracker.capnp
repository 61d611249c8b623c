# The control protocol between a peer and its tracker: the messages.
#
# This file and `peer_tracker_rpc.capnp` (the calls) are the protocol's specification. The comments
# are normative; `schema/messages` holds the same messages as plain structs, field by field, and
# `schema/codec` turns one into the other and refuses whatever breaks a rule given here. The bounds
# named k... are those of `base/limits.h` and `schema/messages/home.h`.
#
# 1. The course of a session
#
#   peer                                       tracker
#     registerPeer(RegisterRequest)      ->
#                                        <-      RegisterReply and a Session capability
#     inventory(InventoryPage) ...       ->      if `hasInventory` was said, and `resumed` is not
#     exchange(ExchangeUp)               ->      one parked, one that brings news, over and over
#                                        <-      ExchangeDown
#     roots(RootsRequest)                ->      whenever the peer wants a version's chunk roots
#                                        <-      RootsPage
#
# 2. Numbering, acknowledgement, repetition
#
# - Events (up) and commands (down) are numbered from 1 in each direction of a session. A message
#   gives the number of its first item; the others follow without gaps.
# - Each side says in every message up to which number it has applied what the other sent
#   (`commandsApplied`, `eventsApplied`). What is acknowledged is forgotten by its sender; an
#   acknowledgement never goes back, and of a number never sent it is an error.
# - After a reconnection that resumed the session (`RegisterReply.resumed`) each side sends again,
#   under the same numbers, all that was not acknowledged. The receiver passes over numbers that it
#   has applied. A session that was not resumed starts from 1 in both directions, and what was
#   not acknowledged in the old one is told by the inventory instead.
# - A gap (a number greater than the last one applied plus 1) is an error and ends the session.
# - Items are applied in the order of their numbers. Within one answer commands come as: limits,
#   cancels, evictions, descriptions, answers to opens, resolutions, assignments, waits, lists of
#   trackers.
#
# 3. Exchanges
#
# - A peer has at most kExchangesOpenMax (2) calls of exchange() open at once. The second releases
#   the first: the tracker answers the earlier one at once, with what it has to say by then, be it
#   nothing. A peer that opens a third has its session ended.
# - `parkNs` is how long the tracker may hold its answer while it has nothing to say; it answers as
#   soon as it has, and at the latest then. At most kParkMax (60 s); 0: it answers at once.
# - A message carries at most kEventsPerExchangeMax (256) events up, kCommandsPerExchangeMax (64)
#   commands down, and kExchangeBytesMax (64 KiB) either way, counted as the bytes of the struct
#   and all that hangs on it. What does not fit waits for the next one: `more` says so, and the
#   other side then goes on at once. A single item always fits.
# - A peer reports an event within 10 ms of its coming about.
#
# 4. Errors
#
# Expected failures travel as an `Error` in the result of a call, never as an RPC exception. An RPC
# exception means that the connection is of no use any more: reconnect. An error that answers a
# call of a Session ends that session, except `overloaded` and an error of roots(). The peer then
# acts by the code: `notFound` (session unknown or ended), register again; `overloaded`, back off
# and repeat; `unavailable`, go to another tracker; `invalidArgument`, a message broke a rule of
# this file: log it, register anew without resuming; `denied`, tell the user. One bad message ends
# the session it came in and harms no other.
#
# A tracker that has more to do than it can answers `overloaded`, with `retryAfterNs`:
# - to a registration: the peer closes the connection, waits that long and a random part of half as
#   much again, and registers again; transfers under way go on meanwhile.
# - to an exchange: nothing of it was applied. The peer keeps the connection and the session, sends
#   no exchange for that long and a random part of half as much again, and then sends again, under
#   the same numbers, all that was not acknowledged. Exchanges that it sent meanwhile and whose
#   events would leave a gap are refused in the same way. An exchange that was parked stays so.
#
# 5. Values
#
# - Sizes are in bytes, rates in bytes per second, spans of time in nanoseconds (0 to kSpanMax, 366
#   days), points in time in nanoseconds since 1970-01-01 UTC.
# - A digest or version id is Data of exactly 32 bytes, not all zero unless a field says so. Where
#   a field may be absent, absence is empty Data.
# - Text is UTF-8 without control characters, at most as long as its field says. In text for
#   people (names, messages, details) the receiver replaces what breaks this by '?'; elsewhere it
#   refuses the message.
# - Runs of chunks are [first, first + count), within the first kChunksMax (2^20) chunks.
#
# 6. Evolution
#
# - Fields, union members and enumerants are only ever added, with the next free ordinal. None is
#   removed, renumbered, retyped or given another meaning; one that is out of use keeps its ordinal
#   and says so in its comment.
# - A new field's default (0, empty) means what the protocol meant before the field was there.
# - `protocolVersion` counts the additions that the other side must know of: each new member of
#   Event or Command, and each new enumerant that instructs, raises it by one. Peer and tracker
#   tell theirs at registration, and neither sends what came after the lower of the two. Items are
#   numbered, so none may be skipped: the receiver of an unknown member of Event or Command refuses
#   the message with `unsupported`.
# - Unknown enumerants of those that instruct (Role, SourceKind, ReadMode, Medium, Placement) are
#   refused with `unsupported`. Those that inform degrade: Choice to `none`, FailureKind and ErrorCode to
#   `internal`, Priority to `normal`, WaitsFor to `nothing`.
# - Unknown fields are ignored.
# - Version 2 brought the command `showWait`; version 3 the command `listTrackers` and the answer
#   `moved` to a registration; version 4 runs (`Assign.run`), of which the tracker knows then that
#   they are one request; version 5 chunks that are kept in memory (`Medium`, `Placement`). A peer of an
#   earlier version lends no memory, and a tracker of an earlier one never asks for any. Since then
#   an assignment for the reason `carriedOver` may lack the root, which the peer knows.
# - Golden files (`tests/golden/messages`) hold messages of each version, which decode for ever.

@0xaafc789964b6c210;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tyto::wire");

const protocolVersion :UInt32 = 5;

# --- Words that several messages use ---------------------------------------------------------

enum ErrorCode {
  # What the receiver should do; the text says the rest.
  unspecified @0;      # never sent; read as `internal`
  invalidArgument @1;  # mend the request; retrying is of no use
  notFound @2;         # the named thing does not exist
  denied @3;           # get permission
  overloaded @4;       # back off, then retry the same place
  unavailable @5;      # retry elsewhere or later
  corrupt @6;          # discard what came and fetch it again
  noSpace @7;          # free or grant space
  timedOut @8;         # no progress within the stated time
  unsupported @9;      # the other side cannot do this
  conflict @10;        # the thing changed underneath; open it again
  cancelled @11;       # the caller itself gave up
  internal @12;        # a bug or an unforeseen fault: report it
}

struct Error {
  code @0 :ErrorCode;
  message @1 :Text;    # for people; at most kErrorMessageBytesMax (1024) bytes
  retryAfterNs @2 :UInt64;
  # Of refused calls, with `overloaded` or `unavailable`: come back after this long, not before. The
  # caller adds up to half as much again by lot, so that those refused together do not come back
  # together. 0: its own back-off.
}

enum Role {
  peer @0;             # reads, caches and serves
  superpeer @1;        # has no reader, is sent to the origin for others, may teach new roots
}

enum SourceKind {
  peer @0;
  superpeer @1;
  origin @2;
}

enum Medium {
  # Where a peer keeps a chunk.
  disk @0;             # in its store, which is on disk if the peer has a folder for it
  memory @1;           # in memory only: nothing of it reaches a disk, and it is gone when the
                       # process ends. Since version 5
}

enum Placement {
  # Where a bucket has its chunks kept.
  disk @0;             # as Medium has it
  memory @1;           # the same. Since version 5
  both @2;             # on disk, and a copy in memory for as long as nothing else needs the room;
                       # told of nowhere, as it is no copy of its own. Since version 5
}

struct Endpoint {
  # Where a chunk server listens. Host empty and port 0: nowhere.
  host @0 :Text;       # IPv4 or IPv6 literal without brackets, or DNS name: at most kHostBytesMax
                       # (253) of A-Z a-z 0-9 . - _ : %
  port @1 :UInt16;
}

struct Source {
  # Where one chunk can be had.
  kind @0 :SourceKind;
  generation @1 :UInt16;  # depth of the copy in flight there; 0: it holds the chunk whole
  peer @2 :UInt64;        # 0 for the origin, and only for it
  address @3 :Endpoint;   # host and port both given, but for the origin, where neither is
}

struct Ticket {
  # Leave to read one bucket from any source. Empty text: authorisation is off.
  text @0 :Text;          # opaque, at most kTicketBytesMax (512) of visible ASCII without spaces
  expiresUnixNs @1 :Int64;
}

struct AssignmentId {
  # Never reused: the tracker's run (which counts up over restarts), and a number within it.
  epoch @0 :UInt64;
  n @1 :UInt64;
}

struct ChunkRun {
  # Chunks [first, first + count) of a version. A count of 0 is allowed and names none.
  version @0 :Data;
  first @1 :UInt32;
  count @2 :UInt32;
}

struct OriginPin {
  # What ties bytes read at the origin to one version: every range is read on these conditions.
  url @0 :Text;           # file://, http:// or https://, at most kUrlBytesMax (4096); empty: no
                          # origin
  etag @1 :Text;          # strong, with its quotes, at most kEtagBytesMax (256); or empty
  modified :union {       # when the object was last written
    unknown @2 :Void;
    unixNs @3 :Int64;     # whole seconds from http, nanoseconds from files
  }
}

struct VersionFacts {
  # All there is to know of a version but its content.
  id @0 :Data;            # info-hash of the manifest, or a hash of URL, ETag, size and time
  bucket @1 :UInt32;
  bucketName @2 :Text;    # 1 to kBucketNameBytesMax (63) of a-z 0-9 -, neither first nor last a -
  key @3 :Text;           # 1 to kKeyBytesMax (1024); no empty, "." or ".." part between slashes
  objectBytes @4 :UInt64; # at most kObjectBytesMax (16 TiB)
  chunkBytes @5 :UInt32;  # a power of two, 16 KiB to 16 MiB, that gives at most kChunksMax chunks
  isPublished @6 :Bool;   # a manifest says what the content is; else the origin does
  origin @7 :OriginPin;
}

enum Choice {
  # What was decided. Informs.
  none @0;
  wholeCopy @1;           # from a peer that holds the chunk whole
  inFlightCopy @2;        # from a peer that is itself receiving it
  superpeerCopy @3;       # from a superpeer's cache
  originLease @4;         # from the origin, for all: nobody held it (copies is 0), or none
                          # that may be read from did
  originNoSuperpeer @5;   # from the origin by the reader itself: no superpeer can be sent for it
  waitForLease @6;        # somebody is reading it from the origin
  waitForSource @7;       # no holder can serve it now: their caps, mostly
  waitForRecovery @8;     # the tracker has just started and does not know the fleet yet
  waitForSpace @9;        # the reader's lent bytes are full until an eviction is confirmed
  evictLru @10;           # least recently used on that peer
  evictConsumed @11;      # its reader has passed it
  waitForSuperpeer @12;   # every superpeer has as many origin reads, or bytes, as it may
  waitForRetry @13;       # the origin failed a moment ago
  evictCorrupt @14;       # a reader was sent bytes of it that do not match
  evictConflict @15;      # what was stored does not match the root that is known
  # Why an open ended. Not sent (OpenEnded has an Error); kept for `tyto explain`.
  refuseNotFound @16;     # no such bucket, object or version
  refuseNoSpace @17;      # the reader's store cannot take it
  refuseChanged @18;      # the origin has another version by now
  refuseUnavailable @19;  # no source, or too many failed attempts
  refuseOther @20;        # another error
  waitForTurn @21;        # others pass on what only superpeers hold; its own was not yet
  originPolicy @22;       # from the origin by the reader itself: its bucket wants it so
  originCold @23;         # from the origin by the reader itself: too few ask for the object
  waitForRate @24;        # the bucket is sent as many bytes a second as it may
  evictLeastRare @25;     # of those looked at, the one that most others have
  evictRandom @26;        # by lot
  evictExpired @27;       # not used for as long as the bucket keeps copies
  evictQuota @28;         # the bucket has more of that peer's store than it may
  evictNotAdmitted @29;   # nobody reads it, and the bucket is kept by superpeers only
  waitForOrigin @30;      # the bucket's budget of its origin is spent, or others come first
  originShadow @31;       # from the origin by the reader itself, which measures what that takes
  foreignCopy @32;        # from a peer of another tracker, which was asked for a source
  waitForTracker @33;     # wait: other trackers were asked who has it
  carriedOver @34;        # from where it was coming already when the peer came to this tracker
  evictFleetQuota @35;    # all stores together have more of the bucket than they may
}

struct Reason {
  # Why a decision was taken: 32 bytes. Informs; no receiver acts on it. Counts saturate.
  choice @0 :Choice;
  nearness @1 :UInt8;          # of the source chosen: 0 same host, 1 rack, 2 zone, 3 region, 4 else
  generation @2 :UInt16;       # of the source chosen
  candidates @3 :UInt16;       # sources looked at
  rejectedBusy @4 :UInt16;     # at their outflow cap
  rejectedSuspect @5 :UInt16;  # stalled, silent or lying of late
  rejectedCycle @6 :UInt16;    # a generation not below the reader's own
  rejectedLacking @7 :UInt16;  # do not hold the chunk
  chunksConsidered @8 :UInt16;
  copies @9 :UInt32;           # of the chunk, in the fleet, before this decision
  score @10 :UInt32;           # of the source chosen; 0 is best
  policyVersion @11 :UInt32;   # of the bucket's policy
  rejectedPolicy @12 :UInt16;  # too far, or of a kind that the bucket does not read from
}

# --- Registration ----------------------------------------------------------------------------

struct RegisterRequest {
  protocolVersion @0 :UInt32;       # the newest the peer speaks, from 1; 0 is refused
  peer @1 :UInt64;                  # 64 random bits drawn at the process's start; not 0
  role @2 :Role;
  name @3 :Text;                    # for people: host and process, at most kPeerNameBytesMax (255)
  location @4 :Text;                # "region/zone/rack/host", at most kLocationBytesMax (255);
                                    # parts may be left out or empty, but for the host
  dataAddress @5 :Endpoint;         # as others reach it; host empty: as the tracker sees the
                                    # connection come; port 0: it serves nobody
  storeBytes @6 :UInt64;            # lent, for what is not kept in memory only
  uploadBytesPerS @7 :UInt64;       # the host's link or cap; 0: unknown
  downloadBytesPerS @8 :UInt64;     # the same
  uploadsMax @9 :UInt32;            # at once; 0: the tracker's default
  credentials @10 :Data;            # opaque, at most kCredentialsBytesMax (4096)
  resumeSession @11 :UInt64;        # a session to go on with, or 0
  resumeEpoch @12 :UInt64;          # of the tracker that granted it, or 0
  hasInventory @13 :Bool;           # inventory pages will follow, unless the session is resumed
  avoids @14 :List(UInt64);         # trackers, by id, that it does not go to now: it could not reach
                                    # them, or they passed it on; at most kTrackersAvoidedMax (8)
  moves @15 :UInt32;                # how often in a row it was told to move; from kMovesMax (4) on
                                    # it is served where it is
  memoryBytes @16 :UInt64;          # lent besides, for what is kept in memory only
}

struct RegisterReply {
  protocolVersion @0 :UInt32;       # the newest the tracker speaks, from 1
  session @1 :UInt64;
  epoch @2 :UInt64;                 # the tracker's run
  resumed @3 :Bool;                 # numbering goes on; else both directions start from 1
  superpeers @4 :List(SuperpeerListed);  # at most kSuperpeersListedMax (64); for when no tracker
                                         # is left
  limits @5 :SetLimits;
  ticket @6 :Ticket;
  dataAddress @7 :Endpoint;         # as the tracker will name it to others
  tracker @8 :UInt64;               # which of `trackers` answers; 0: it is the only one
  trackers @9 :List(TrackerListed); # of the cluster, at most kTrackersListedMax (128); empty: it is
                                    # the only one
}

struct RegisterMoved {
  # The answer to a peer that another tracker is to serve. The peer registers there, at once, with
  # `moves` one more. Sent to none below version 3, none that has `home` in its `avoids`, and none
  # that was told to move kMovesMax times.
  from @0 :UInt64;                  # who answers; not 0
  home @1 :UInt64;                  # whom to register with; one of `trackers`
  trackers @2 :List(TrackerListed); # of the cluster, at most kTrackersListedMax (128)
  passedOn @3 :Bool;                # `from` would be its home and has too many peers already: the
                                    # peer names `from` among `avoids` for the next minute
}

struct TrackerListed {
  id @0 :UInt64;                    # lasts over its runs; not 0
  address @1 :Endpoint;             # where peers reach it
  region @2 :Text;                  # where it stands, at most 63 bytes; may be empty
}

struct SuperpeerListed {
  peer @0 :UInt64;
  address @1 :Endpoint;
}

# --- Inventories and roots -------------------------------------------------------------------

struct InventoryPage {
  # What a peer holds, whole and verified, right after a registration that started anew. Pages are
  # sent one call after the other, up to one with `isLast`. Entries of one version add up, on a
  # page and across pages. At most kInventoryEntriesPerPageMax (256) entries and
  # kInventoryPageBytesMax (256 KiB), where each entry's bitmaps count as though sent in full.
  entries @0 :List(InventoryEntry);
  isLast @1 :Bool;
}

struct InventoryEntry {
  version @0 :Data;
  objectBytes @1 :UInt64;
  chunkBytes @2 :UInt32;
  chunks :union {
    all @3 :Void;         # every chunk
    some :group {
      # A bitmap: chunk i is bit i % 64, counted from the lowest, of word i / 64. Words of zeros at
      # both ends may be left out; `firstWord` is the place of words[0].
      firstWord @4 :UInt32;
      words @5 :List(UInt64);
    }
  }
  roots @6 :Data;         # from superpeers: the roots of the chunks named, in their order, 32 bytes
                          # each; or empty
  underway @7 :List(ChunkUnderway);
  # Transfers that were begun for another tracker, or without one, and go on: at most
  # kUnderwayPerEntryMax (64). The tracker may take each over by assigning the chunk from the very
  # same source; the transfer then is that assignment's.
  inMemory :group {
    # Those of the chunks named that are kept in memory only: a bitmap as in `some`. No words: none.
    firstWord @8 :UInt32;
    words @9 :List(UInt64);
  }
}

struct ChunkUnderway {
  chunk @0 :UInt32;
  source @1 :Source;      # with the generation that its sender's copy was said to have
  medium @2 :Medium;      # where it will be kept
}

struct RootsRequest {
  version @0 :Data;
  first @1 :UInt32;       # chunk
}

struct RootsPage {
  # Roots of the chunks from `first` on. Empty: the version is unknown, or `first` past its end.
  version @0 :Data;
  first @1 :UInt32;
  roots @2 :Data;         # 32 bytes each, at most kRootsPerPageMax (1024); all zero: not known yet
}

# --- Exchange: up ----------------------------------------------------------------------------

struct ExchangeUp {
  firstEvent @0 :UInt64;       # number of events[0], from 1; without events it says nothing
  events @1 :List(Event);
  more @2 :Bool;
  commandsApplied @3 :UInt64;  # 0: none yet
  parkNs @4 :UInt64;
}

struct Event {
  # Facts, in the order in which they came about.
  union {
    openRequested @0 :OpenRequested;
    windowMoved @1 :WindowMoved;
    openClosed @2 :OpenClosed;
    chunkProgressed @3 :ChunkProgressed;
    chunkVerified @4 :ChunkVerified;
    sourceFailed @5 :SourceFailed;
    assignmentFailed @6 :AssignmentFailed;
    chunksDropped @7 :ChunkRun;
    # The chunks' bytes are free again. Answers `evict`, and tells of losses on disk.
    evictionDeferred @8 :ChunkRun;
    # The chunks are still read here; the eviction will be carried out, and confirmed, later.
    nameResolved @9 :NameResolved;
    storeResized @10 :StoreResized;
    leaving @11 :Leaving;
  }
}

enum ReadMode {
  whole @0;               # all chunks are wanted, in any order: the tracker picks
  stream @1;              # only the chunks of the reader's window are wanted
}

enum Priority {
  prefetch @0;
  normal @1;
  urgent @2;
}

struct OpenRequested {
  # A reader wants an object. Answered by `opened` or `openEnded`. Bucket and key are held to their
  # lengths only; names that break other rules are answered by `openEnded`.
  open @0 :UInt64;        # numbered by the peer from 1, unique within its life
  bucket @1 :Text;
  key @2 :Text;
  pinned @3 :Data;        # this version and no other; or absent
  mode @4 :ReadMode;
  priority @5 :Priority;
  deadlineNs @6 :UInt64;  # from now; 0: none
  windowFirst @7 :UInt32; # the first window, in chunks; for `stream`
  windowCount @8 :UInt32;
}

struct WindowMoved {
  # A streaming reader's window is now these chunks; those before it are consumed.
  open @0 :UInt64;
  first @1 :UInt32;
  count @2 :UInt32;
}

struct OpenClosed {
  # Nothing more is wanted for this handle.
  open @0 :UInt64;
}

struct ChunkProgressed {
  # A transfer reached the given quarter of its chunk.
  assignment @0 :AssignmentId;
  quarter @1 :UInt8;      # 1 to 3
}

struct ChunkVerified {
  # A chunk is whole and verified. If the tracker does not know the assignment, only the inventory
  # fact counts.
  assignment @0 :AssignmentId;
  version @1 :Data;
  chunk @2 :UInt32;
  source @3 :Source;      # the one that delivered it in the end
  root @4 :Data;          # computed here; given for chunks read from the origin, else absent
  stored @5 :Bool;        # kept, hence a copy; otherwise it went to the reader only
  bytes @6 :UInt32;       # payload received for it, repeats included
  tookNs @7 :UInt64;
  medium @8 :Medium;      # where it is kept, if it is, whatever was ordered
}

enum FailureKind {
  unreachable @0;         # no connection, or it broke
  stalled @1;             # no byte within the patience
  corrupt @2;             # bytes that do not match the root
  lacking @3;             # 404: the source does not hold it
  busy @4;                # 503: the source is at its cap
  refused @5;             # 401 or 403
  originChanged @6;       # the origin's object is not the pinned version any more
  originFailed @7;        # 5xx, cut connection or time-out at the origin, after retries
  originMissing @8;       # 404 or 410 at the origin
  noSpace @9;             # the receiver's own store is full
  cancelled @10;          # by the tracker's `cancel`, or because the reader left
  internal @11;           # the receiver's own fault, as a disk error
}

struct SourceFailed {
  # One source of an assignment failed; the peer goes on with the next one it was given.
  assignment @0 :AssignmentId;
  version @1 :Data;
  chunk @2 :UInt32;
  source @3 :Source;
  kind @4 :FailureKind;
  bytesWasted @5 :UInt32;
}

struct AssignmentFailed {
  # All sources failed, or the assignment could not be carried out: the chunk is wanted again.
  assignment @0 :AssignmentId;
  version @1 :Data;
  chunk @2 :UInt32;
  source @3 :Source;      # the last one tried
  kind @4 :FailureKind;   # its failure
  bytesWasted @5 :UInt32;
  detail @6 :Text;        # a sentence for people, at most kErrorMessageBytesMax (1024)
}

struct NameResolved {
  # What a name stands for at the origin. Answers `resolve`.
  resolve @0 :UInt64;
  outcome :union {
    error @1 :Error;
    facts @2 :VersionFacts;  # bucket and key as asked
  }
}

struct StoreResized {
  # The store's limits changed.
  bytes @0 :UInt64;       # lent now
  memoryBytes @1 :UInt64; # lent now besides, for what is kept in memory only
}

struct Leaving {
  # The peer is about to exit: it takes no more assignments, its uploads end within the deadline.
  deadlineNs @0 :UInt64;
}

# --- Exchange: down --------------------------------------------------------------------------

struct ExchangeDown {
  firstCommand @0 :UInt64;     # number of commands[0], from 1; without commands it says nothing
  commands @1 :List(Command);
  more @2 :Bool;
  eventsApplied @3 :UInt64;    # 0: none yet
}

struct Command {
  # Imperatives, applied in order.
  union {
    setLimits @0 :SetLimits;
    cancel @1 :AssignmentId;
    # Stop a transfer; what it brought may be thrown away. Unknown ids are ignored.
    evict @2 :Evict;
    describe @3 :VersionFacts;
    # Facts that later commands speak of. Sent once per session and version.
    opened @4 :Opened;
    openEnded @5 :OpenEnded;
    resolve @6 :Resolve;
    assign @7 :Assign;
    showWait @8 :ShowWait;
    # Since version 2.
    listTrackers @9 :ListTrackers;
    # Since version 3.
  }
}

struct SetLimits {
  # Caps that the peer keeps on its own side too.
  uploadsMax @0 :UInt32;         # at once; further ones are answered 503. 0: none at all
  uploadBytesPerS @1 :UInt64;    # 0: unlimited
  downloadBytesPerS @2 :UInt64;  # 0: unlimited
}

struct Evict {
  # Free these chunks. They are no source any more from the moment this is sent; `chunksDropped`
  # confirms. Chunks not held are confirmed at once.
  run @0 :ChunkRun;
  reason @1 :Reason;
}

struct Opened {
  # The handle stands for this version, which was described before.
  open @0 :UInt64;
  version @1 :Data;
  ticket @2 :Ticket;
  placement @3 :Placement;   # where the peer keeps chunks of it that it fetches without a tracker
}

struct OpenEnded {
  # The handle cannot be opened, or cannot be read to its end.
  open @0 :UInt64;
  error @1 :Error;        # for the reader
}

struct Resolve {
  # Find out what a name stands for at its origin, and answer with `nameResolved`.
  resolve @0 :UInt64;     # unique within the session
  bucket @1 :UInt32;
  bucketName @2 :Text;
  key @3 :Text;
  url @4 :Text;           # never empty; rules as in OriginPin
}

struct Assign {
  # Fetch this chunk from `source`; should it fail, from the fall-backs in their order. Report.
  assignment @0 :AssignmentId;
  version @1 :Data;            # described before
  chunk @2 :UInt32;
  source @3 :Source;
  fallbacks @4 :List(Source);  # whole copies, at most kFallbacksMax (3)
  root @5 :Data;               # what the chunk must hash to; absent only where `source` is the
                               # origin and the root is to be learned
  generation @6 :UInt16;       # of the copy that comes about here; greater than the source's
  patienceNs @7 :UInt64;       # without a byte, before the source counts as stalled
  reason @8 :Reason;
  hedge @9 :Bool;              # the chunk may be on its way by another assignment: fetch it from
                               # this source as well. The first to bring it whole is reported, the
                               # other fails as cancelled. Without it such an order is refused
  run @10 :UInt8;              # of a source that is the origin: so many chunks from this one on, at
                               # most kOriginRunMax (32), are assigned in the same breath, each with
                               # one less here, and are to be read by one request. What ends one of
                               # them is no end of the others. 0, 1: this one alone. Sent to peers
                               # of protocol version 4
  placement @11 :Placement;    # where the chunk is to be kept. A chunk that is on its way already
                               # stays where it is; `chunkVerified` says where that is
}

enum WaitsFor {
  nothing @0;             # it is being served again
  source @1;              # all who have what it lacks are at their caps
  lease @2;               # somebody reads it from the origin
  originBudget @3;        # what the bucket may ask of its origin is spent
  bandwidthLimit @4;      # what the bucket may be sent is spent
  space @5;               # the peer's store is full until an eviction is confirmed
  recovery @6;            # the tracker has just started and does not know the fleet yet
}

struct ShowWait {
  # What the reader of a handle waits for, for people. A handle that waits is told after 1 s, then
  # if what it waits for or its place has changed, at most every 2 s, and every 20 s come what may:
  # whoever hears it knows that waiting is in order, and does not take it for a standstill. What
  # was said last holds until the next one, or until a chunk arrives.
  open @0 :UInt64;
  waitsFor @1 :WaitsFor;
  place @2 :UInt32;       # in line, from 1; 0: there is no line, or it is not known
  expectedNs @3 :UInt64;  # until its turn; 0: not known
}

struct ListTrackers {
  # The cluster's trackers are these now. `home` is whom the peer is to be registered with: if that
  # is not who says so, it moves when that disturbs it least, 30 s later at most; what is under way
  # to it goes on. If it can't reach `home`, it stays, and tries again later.
  trackers @0 :List(TrackerListed);  # at most kTrackersListedMax (128)
  home @1 :UInt64;                   # one of them
}
