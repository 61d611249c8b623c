// What a peer core wants done. Plain values; the shell carries them out in their order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "peer/core/inputs.h"
#include "schema/messages/exchange.h"

namespace tyto::peer {

// --- control connection ---
// Connect to this tracker and register. Answered by Registered, RegisterRedirected or
// RegisterFailed. Takes the place of whatever connection there still is or is being made: nothing
// more comes from that one, not even Disconnected.
struct ConnectTracker {
  uint32_t attempt = 0;  // counts those that failed: for people
  Endpoint tracker;
  std::vector<MemberId> avoids;  // to be said in the registration, as the next one
  uint32_t moves = 0;
  SessionId resume_session;
  TrackerEpoch resume_epoch;
  bool has_inventory = false;
};
// Look up where trackers are, in whatever way this peer was told to find them. Answered by
// TrackersFound. Asked for at the start, if none is known, and when none of those known answered.
struct FindTrackers {};
struct SendInventory {
  std::vector<InventoryPage> pages;
};
struct SendExchange {
  ExchangeUp up;
};

// --- transfers ---
// Fetch a chunk into the store: verify each block against `root` as it arrives (for the origin:
// hash, then compare), write only what is verified. No byte for `patience`: fail with kStalled.
// A second transfer of a chunk (a hedge; both are from peers) adds to what the first brings. Once
// one is done, the shell ends the other, and answers it with TransferFailed{kCancelled}.
struct StartTransfer {
  TransferId transfer;
  VersionFactsRef facts;
  ChunkIndex chunk;
  Source source;
  // Absent: take what the manifest says. If that is silent, the origin and superpeers are trusted,
  // and a peer is not asked at all: fail with kInternal.
  std::optional<Digest> root;
  Duration patience;
  bool without_tracker = false;  // tells a superpeer to get the chunk itself if it lacks it
  bool is_fallback = false;      // told to the source so that it can count
  bool is_hedge = false;  // another transfer of the chunk is under way; they share what comes
  // From the origin: so many chunks from this one on come in transfers of their own, right after
  // one another, each with one less here, and are to be read by one request as far as that can be.
  uint16_t run = 1;
  // Where the chunk is to be kept; of a hedge, the same as of the transfer under way. What was kept
  // of it in the other one is of no use.
  Placement placement = Placement::kDisk;
};
// May be answered by TransferFailed (it is ignored) or not at all; by TransferDone if that could
// not be helped any more, and then the chunk counts as held.
struct CancelTransfer {
  TransferId transfer;
};

// The chunk's verified blocks, kept by a transfer that failed, are not needed any more. Of no
// effect if there are none, or a transfer of the chunk is under way.
struct DropPartial {
  ChunkId chunk;
};

// --- store ---
// The facts of a version whose chunks will be stored: to be kept with them.
struct RememberVersion {
  VersionFactsRef facts;
};
// Free these chunks; answered by ChunksLost once their bytes are free.
struct DropChunks {
  VersionId version;
  uint32_t first = 0;
  uint32_t count = 0;
};
struct LimitsSet {
  SetLimits limits;
};
struct TicketRenewed {
  BucketId bucket;
  Ticket ticket;
};

// --- origin ---
// `resolve.resolve` is numbered by the core, and to be given back in ResolveDone.
struct ResolveName {
  Resolve resolve;
};

// --- readers ---
struct OpenSucceeded {
  OpenId open;
  VersionFactsRef facts;
  Medium medium = Medium::kDisk;  // where its chunks will be kept, as things are
};
struct OpenFailed {  // also after OpenSucceeded: it cannot be read to its end
  OpenId open;
  Error error;
};
// The chunk is whole in the store: readers of `version` that wait for it can go on.
struct ChunkReady {
  ChunkId chunk;
  SourceKind from = SourceKind::kPeer;
  uint32_t bytes = 0;
};

// What the handle waits for, as the tracker says: for people. Holds until the next one, or until a
// chunk of its version is ready.
struct OpenWaits {
  OpenId open;
  Wait wait;
};

// --- chunk server ---
struct EnsureAnswered {  // the chunk of EnsureAsked is here now, or it can't be had
  uint64_t request = 0;
  bool is_here = false;
};

// --- life ---
struct LeaveDone {};  // nothing is left to wait for: exit
enum class TrackerState : uint8_t { kConnecting, kConnected, kLost };
struct TrackerStateChanged {
  TrackerState state = TrackerState::kConnecting;
  std::string detail;
};

using Effect =
    std::variant<ConnectTracker, SendInventory, SendExchange, StartTransfer, CancelTransfer,
                 DropPartial, RememberVersion, DropChunks, LimitsSet, TicketRenewed, ResolveName,
                 OpenSucceeded, OpenFailed, ChunkReady, EnsureAnswered, LeaveDone,
                 TrackerStateChanged, OpenWaits, FindTrackers>;
using Effects = std::vector<Effect>;

}  // namespace tyto::peer
