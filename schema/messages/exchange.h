// The one call between peer and tracker, and what surrounds it: registration, inventories, roots.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/bitmap.h"
#include "base/location.h"
#include "schema/messages/commands.h"
#include "schema/messages/common.h"
#include "schema/messages/events.h"

namespace tyto {

// The version of the control protocol spoken here; `schema/peer_tracker.capnp` says when it grows.
inline constexpr uint32_t kProtocolVersion = 5;
// From this one on, peers read runs of chunks (Assign.run) by one request.
inline constexpr uint32_t kProtocolOfRuns = 4;
// From this one on, peers may lend memory, and keep there what they are told to.
inline constexpr uint32_t kProtocolOfMemory = 5;
// From this one on, an assignment of what is coming from a peer already may be without a root.
inline constexpr uint32_t kProtocolOfUnknownRoots = 5;

// A peer introduces itself.
struct RegisterRequest {
  PeerId peer;
  Role role = Role::kPeer;
  std::string name;  // for people: host and process, at most 255 bytes
  Location location;
  Endpoint data_address;            // as other peers reach it; host empty: as the tracker sees it
  uint64_t store_bytes = 0;         // lent
  uint64_t upload_bytes_per_s = 0;  // the host's link or cap; 0: unknown
  uint64_t download_bytes_per_s = 0;
  uint32_t uploads_max = 0;  // at once; 0: the tracker's default
  std::string credentials;   // opaque; checked in the shell
  // A session to go on with: the tracker resumes it if it still knows it, else starts anew.
  SessionId resume_session;
  TrackerEpoch resume_epoch;
  bool has_inventory = false;  // inventory pages will follow
  // Trackers that it does not go to now: it could not reach them, or they passed it on.
  std::vector<MemberId> avoids;                  // at most kTrackersAvoidedMax
  uint32_t moves = 0;                            // times it was told to move, in a row
  uint64_t memory_bytes = 0;                     // lent besides, for what is kept in memory only
  uint32_t protocol_version = kProtocolVersion;  // the newest it speaks
  bool operator==(const RegisterRequest&) const = default;
};

// A superpeer as its peers need to know it.
struct SuperpeerListed {
  PeerId peer;
  Endpoint address;
  bool operator==(const SuperpeerListed&) const = default;
};

struct RegisterReply {
  SessionId session;
  TrackerEpoch epoch;
  bool resumed = false;  // numbering goes on; otherwise both directions start again from 1
  std::vector<SuperpeerListed> superpeers;
  SetLimits limits;
  Ticket ticket;
  Endpoint data_address;                         // as the tracker will name it to others
  MemberId tracker;                              // who answers; zero: it is the only one
  TrackerListRef trackers;                       // of the cluster; null: it is the only one
  uint32_t protocol_version = kProtocolVersion;  // the newest it speaks
  bool operator==(const RegisterReply& other) const;
};

// The answer to a peer that another tracker is to serve. Only to peers of protocol version 3.
struct RegisterMoved {
  MemberId from;              // who answers
  MemberId home;              // whom to register with; in `trackers`
  TrackerListRef trackers;    // of the cluster; never null
  bool is_passed_on = false;  // `from` would be its home, and has too many peers
  bool operator==(const RegisterMoved& other) const {
    return from == other.from && home == other.home && is_passed_on == other.is_passed_on &&
           same_trackers(trackers, other.trackers);
  }
};

inline bool RegisterReply::operator==(const RegisterReply& other) const {
  auto all = [](const RegisterReply& r) {
    return std::tie(r.session, r.epoch, r.resumed, r.superpeers, r.limits, r.ticket, r.data_address,
                    r.tracker, r.protocol_version);
  };
  return all(*this) == all(other) && same_trackers(trackers, other.trackers);
}

// A chunk on its way to a peer, by an order of another tracker or by none.
struct ChunkUnderway {
  uint32_t chunk = 0;
  Source source;
  Medium medium = Medium::kDisk;  // where it will be kept
  bool operator==(const ChunkUnderway&) const = default;
};

// Chunks of one version that a peer holds whole and verified. Entries of one version add up, on
// a page and across pages, so that many roots can be told in parts.
struct InventoryEntry {
  VersionId version;
  Chunking chunking;
  Bitmap chunks;
  std::vector<Digest> roots;  // from superpeers: one per set bit, in order; otherwise empty
  std::vector<ChunkUnderway> underway = {};  // at most kUnderwayPerEntryMax
  Bitmap in_memory = {};  // those of `chunks` that are kept in memory only; of no chunk: none
  bool operator==(const InventoryEntry&) const = default;
};

// Inventories travel apart from exchanges, right after a registration that started anew.
struct InventoryPage {
  std::vector<InventoryEntry> entries;
  bool is_last = false;
  bool operator==(const InventoryPage&) const = default;
};

// Up. `events[0]` has number `first_event`, the others follow. A repeat of numbers that the
// tracker has applied is ignored; a gap is an error that ends the session.
struct ExchangeUp {
  Sequence first_event;       // meaningful only with events
  std::vector<Event> events;  // at most kEventsPerExchangeMax
  bool more = false;          // more events are waiting: answer at once
  Sequence commands_applied;  // all commands up to this one have been applied
  Duration park;              // how long the tracker may hold its answer; at most kParkMax
  bool operator==(const ExchangeUp&) const = default;
};

// Down. The same numbering in the other direction.
struct ExchangeDown {
  Sequence first_command;
  std::vector<Command> commands;  // at most kCommandsPerExchangeMax
  bool more = false;              // more commands are waiting: ask again at once
  Sequence events_applied;
  bool operator==(const ExchangeDown&) const = default;
};

// Asks for a RootsPage.
struct RootsRequest {
  VersionId version;
  uint32_t first = 0;
  bool operator==(const RootsRequest&) const = default;
};

// Chunk roots of a version, from `first` on; a root not known yet is all zero.
struct RootsPage {
  VersionId version;
  uint32_t first = 0;
  std::vector<Digest> roots;  // at most kRootsPerPageMax
  bool operator==(const RootsPage&) const = default;
};

}  // namespace tyto
