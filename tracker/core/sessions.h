// Control sessions: numbering, parked exchanges, open handles.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "schema/messages/exchange.h"
#include "schema/messages/numbered.h"
#include "tracker/core/caching/memory.h"
#include "tracker/core/caching/shares.h"
#include "tracker/core/index_map.h"
#include "tracker/core/inputs.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

// An exchange that waits for its answer.
struct PendingExchange {
  ExchangeToken token;
  Instant answer_by;
  bool is_due = false;  // answer as soon as decisions have been taken
};

// A transfer towards a peer, with what it is of beside it, to be looked through quickly.
struct Download {
  TransferIndex transfer = kNoTransfer;
  VersionIndex version{kNone};
  uint32_t chunk = 0;
};

// A session with another tracker, or with another run of this one. Epoch zero: none.
struct LeftSession {
  SessionId session;
  TrackerEpoch epoch;
};

// An open handle, as far as its tracker needs it.
struct OpenRow {
  std::optional<VersionIndex> version;  // once resolved
  OpenRequested request;
  Instant asked_at;
};

// One registration. Freed rows have peer == kNoPeer. What every exchange looks at stands first.
struct Session {
  SessionId id;
  PeerIndex peer = kNoPeer;
  bool is_touched = false;                 // in State::touched_sessions
  bool has_left = false;                   // said Leaving: its end is no surprise
  std::optional<ConnectionId> connection;  // nothing while it waits to be resumed
  NumberedInbox inbox;
  NumberedOutbox<Command> outbox;
  std::vector<Command> staged;           // of this decision, not in their final order yet
  std::vector<PendingExchange> pending;  // oldest first, at most kExchangesOpenMax
  std::vector<Download> downloads;       // under way to this peer
  Instant heard_at;                      // its last exchange, or its registration
  Instant ends_at = Instant::never();    // by silence, or by not being resumed
  Instant timer_at = Instant::never();   // a timer is set for then
  Instant expiry_at;                     // no look for what has expired before
  LeftSession left;                 // that it comes from, until the tracker there has been told
  std::vector<uint32_t> described;  // versions described to it, sorted
  std::map<OpenId, OpenRow> opens;
  std::vector<ReaderIndex> readers;
  // Chunks (version, index) that the peer was told to free, and has not confirmed.
  std::set<std::pair<VersionIndex, uint32_t>> evictions;
  Shares shares;                          // of what it lends, by bucket
  std::unique_ptr<MemoryAccount> memory;  // null: it lends none
  // Where the next looks for something to evict begin, besides the least recently used; may be
  // gone.
  HoldingIndex hand = kNoHolding;
  HoldingIndex expiry_hand = kNoHolding;  // likewise for what has expired
  std::vector<uint32_t> resolving;        // names it was asked to look up
  std::vector<VersionIndex> wants_space;  // versions that waited for an eviction here
  uint64_t resolve_serial = 0;
  TrackerEpoch came_from;  // of LeftSession, for as long as this session lasts; zero: from none
  Instant came_at;
  uint64_t home_key = 0;          // see schema/messages/home.h
  std::string region;             // likewise
  uint64_t homes_serial = 0;      // of the list of trackers that it was told last
  uint32_t protocol_version = 1;  // the newest that both sides speak
};

// Bounds: one per registered peer.
class Sessions {
 public:
  SessionIndex add(SessionId id, PeerIndex peer);
  void remove(SessionIndex index);
  SessionIndex find(SessionId id) const;
  SessionIndex find(ConnectionId connection) const;
  // Fetches into the caches what find() will look at, or what leads to the row. Changes nothing.
  void look_ahead(SessionId id) const { by_id_.look_ahead(id.value()); }
  void look_ahead(SessionIndex index) const {
    if (index.value() < rows_.size()) __builtin_prefetch(&rows_[index.value()]);
  }
  void attach(SessionIndex index, ConnectionId connection);
  void detach(SessionIndex index);
  Session& operator[](SessionIndex index) { return *rows_[index.value()]; }
  const Session& operator[](SessionIndex index) const { return *rows_[index.value()]; }
  bool is_used(SessionIndex index) const {
    return index.value() < rows_.size() && rows_[index.value()]->peer != kNoPeer;
  }
  uint32_t rows() const { return static_cast<uint32_t>(rows_.size()); }
  uint32_t count() const { return static_cast<uint32_t>(by_id_.size()); }

 private:
  std::vector<std::unique_ptr<Session>> rows_;
  std::vector<SessionIndex> free_;
  IndexMap by_id_;
  IndexMap by_connection_;
};

}  // namespace tyto::tracker
