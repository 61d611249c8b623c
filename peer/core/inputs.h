// What can happen to a peer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "schema/messages/exchange.h"

namespace tyto::peer {

// A transfer under way in the shell; numbered by the core from 1, never reused.
using TransferId = Strong<struct TransferIdTag, uint64_t>;

// --- from the control connection ---
struct Registered {
  RegisterReply reply;
};
struct RegisterFailed {
  Error error;
  Duration retry_after;  // as the tracker wishes; zero: it said nothing
};
// The tracker says who is to serve this peer.
struct RegisterRedirected {
  RegisterMoved moved;
};
// Answers FindTrackers; may come unasked, too. The trackers have no ids; null: none was found, and
// the error says why. Those known before stay known then.
struct TrackersFound {
  TrackerListRef trackers;
  Error error;
};
// The connection has gone; exchanges under way will not be answered.
struct Disconnected {
  Error error;
};
struct ExchangeAnswered {
  ExchangeDown down;
};
// An exchange was not taken, and the session goes on: the tracker has too much to do.
struct ExchangeRefused {
  Error error;
  Duration retry_after;
};
// All pages of SendInventory have been taken by the tracker.
struct InventorySent {};

// --- from the embedding program ---
struct OpenAsked {
  OpenRequested request;  // its OpenId was drawn by the shell, counting up
};
struct WindowAsked {  // for handles in ReadMode::kStream
  OpenId open;
  uint32_t first = 0;
  uint32_t count = 0;
};
struct CloseAsked {
  OpenId open;
};
struct LeaveAsked {  // exit in order: within `deadline`
  Duration deadline;
};

// --- from transfers ---
struct TransferProgressed {
  TransferId transfer;
  uint8_t quarter = 0;  // 1 to 3
};
struct TransferDone {  // verified, and stored unless the store refused
  TransferId transfer;
  Digest root;  // computed here
  bool stored = true;
  uint32_t bytes = 0;  // received
};
struct TransferFailed {
  TransferId transfer;
  FailureKind kind = FailureKind::kUnreachable;
  uint32_t bytes = 0;  // received and wasted
  std::string detail;
  // What was verified before is kept, and the chunk's next transfer from a peer goes on from there
  // (from the origin it begins anew), until DropPartial.
  bool is_partial_kept = false;
};

// --- from the store ---
struct StoreLoaded {                   // once, at the start: what the store held
  std::vector<VersionFactsRef> facts;  // of versions whose facts the store knows
  std::vector<InventoryEntry> inventory;
  Location location = {};        // of this peer
  TrackerListRef trackers = {};  // known by now, without ids; null: none yet, see FindTrackers
};
struct ChunksLost {  // dropped on the core's order, or found broken
  VersionId version;
  uint32_t first = 0;
  uint32_t count = 0;
};

// --- from the origin reader ---
struct ResolveDone {
  ResolveId resolve;
  std::optional<VersionFacts> facts;
  Error error;
};

// --- from the chunk server ---
// A reader without a tracker asks for a chunk that is not here; see EnsureAnswered.
struct EnsureAsked {
  uint64_t request = 0;  // numbered by the shell
  ChunkId chunk;
};

struct TimePassed {};

using Input =
    std::variant<Registered, RegisterFailed, Disconnected, ExchangeAnswered, InventorySent,
                 OpenAsked, WindowAsked, CloseAsked, LeaveAsked, TransferProgressed, TransferDone,
                 TransferFailed, StoreLoaded, ChunksLost, ResolveDone, EnsureAsked, TimePassed,
                 RegisterRedirected, TrackersFound, ExchangeRefused>;

}  // namespace tyto::peer
