// Who wants what: one row for each (peer, version) that has open handles.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/bitmap.h"
#include "base/wait.h"
#include "schema/messages/events.h"
#include "tracker/core/index_map.h"
#include "tracker/core/origin/reader_part.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

// A source that this reader had trouble with, and is not to be sent to again for a while.
struct Exclusion {
  PeerIndex source = kNoPeer;
  Instant until;
};

// What a reader lacked when it was last looked at: the first chunk that nobody could be found for,
// and why. For people.
struct Lack {
  Reason reason;           // its choice is one of kWaitFor...
  uint32_t chunk = kNone;  // if it is of one chunk
  Instant since;           // when it began to wait for this, if it does
};

// What a reader heard of its waiting.
struct ToldWait {
  Instant since = Instant::never();  // it waits; never: it does not
  Wait wait;
  Instant at;
};

// The joint demand of a peer's open handles on one version. Freed rows have peer == kNoPeer.
struct Reader {
  PeerIndex peer = kNoPeer;
  VersionIndex version{kNone};
  std::vector<OpenId> opens;
  bool wants_all = false;             // at least one handle reads in any order
  Bitmap window;                      // what streaming handles want now; empty without any
  Bitmap in_flight;                   // assigned to this peer
  HoldingIndex holding = kNoHolding;  // where its own was last; it may be another's by now
  uint16_t active = 0;                // in_flight's count
  uint16_t failures = 0;  // in a row; those of assignments given out together count once
  Instant failed_at;      // when one was counted last
  Duration usual_took;    // of its transfers of late; zero: none has ended yet
  uint16_t hedges = 0;    // second transfers ordered of chunks that were late
  // When it lacks nothing but what is on its way: the next of that will be late then.
  Instant tail_at = Instant::never();
  Instant tail_timer_at = Instant::never();  // a timer is set for then
  // Chunks that superpeers sent it before anybody else, and that may not have been passed on yet.
  std::vector<uint32_t> unspread;
  Instant spread_at;     // when the last of them was sent
  bool is_sink = false;  // nobody took what it had for long: there is nobody to spread to
  std::array<Exclusion, 8> exclusions{};
  uint8_t next_exclusion = 0;
  Instant served_at;        // when it was last sent for a chunk, or began
  Instant brought_at;       // when a chunk last came, or it began
  bool is_waiting = false;  // in its version's queue
  bool is_dirty = false;    // in State::work
  Priority priority = Priority::kNormal;
  Lack lack;     // as of the last look
  Lack waiting;  // what it has been waiting for; its choice is kNone if it does not wait
  ToldWait told;
  ReaderAtOrigin at_origin;

  bool has_exclusions(Instant now) const {
    for (const Exclusion& e : exclusions)
      if (e.until > now) return true;
    return false;
  }
  bool excludes(PeerIndex source, Instant now) const {
    for (const Exclusion& e : exclusions)
      if (e.source == source && e.until > now) return true;
    return false;
  }
  void exclude(PeerIndex source, Instant until) {
    exclusions[next_exclusion] = {source, until};
    next_exclusion = static_cast<uint8_t>((next_exclusion + 1) % exclusions.size());
  }
};

// Bounds: open handles of all sessions.
class Readers {
 public:
  // The row of (peer, version), made if new; `chunks` is the version's count.
  ReaderIndex intern(PeerIndex peer, VersionIndex version, uint32_t chunks);
  ReaderIndex find(PeerIndex peer, VersionIndex version) const;
  // Fetches into the caches what find() will look at. Changes nothing.
  void look_ahead(PeerIndex peer, VersionIndex version) const {
    by_key_.look_ahead(key(peer, version));
  }
  void remove(ReaderIndex index);
  Reader& operator[](ReaderIndex index) { return rows_[index.value()]; }
  const Reader& operator[](ReaderIndex index) const { return rows_[index.value()]; }
  bool is_used(ReaderIndex index) const { return rows_[index.value()].peer != kNoPeer; }
  uint32_t rows() const { return static_cast<uint32_t>(rows_.size()); }

 private:
  static uint64_t key(PeerIndex peer, VersionIndex version) {
    return uint64_t{peer.value()} << 32 | version.value();
  }
  std::vector<Reader> rows_;
  std::vector<ReaderIndex> free_;
  IndexMap by_key_;
};

}  // namespace tyto::tracker
