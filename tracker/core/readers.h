// Who wants what: one row for each (peer, version) that has open handles.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/bitmap.h"
#include "base/wait.h"
#include "schema/messages/events.h"
#include "tracker/core/origin/reader_part.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

// A source that this reader had trouble with, and is not to be sent to again for a while.
struct Exclusion {
  PeerIndex source = kNoPeer;
  Instant until;
};

// What a reader waits for and was told of it.
struct ReaderWait {
  Instant since = Instant::never();  // never: it does not wait
  Wait told;
  Instant told_at;
};

// The joint demand of a peer's open handles on one version. Freed rows have peer == kNoPeer.
struct Reader {
  PeerIndex peer = kNoPeer;
  VersionIndex version{kNone};
  std::vector<OpenId> opens;
  bool wants_all = false;  // at least one handle reads in any order
  Bitmap window;           // what streaming handles want now; empty without any
  Bitmap in_flight;        // assigned to this peer
  uint16_t active = 0;     // in_flight's count
  uint16_t failures = 0;   // in a row; those of assignments given out together count once
  Instant failed_at;       // when one was counted last
  Duration usual_took;     // of its transfers of late; zero: none has ended yet
  uint16_t hedges = 0;     // second transfers ordered of chunks that were late
  // Chunks that superpeers sent it before anybody else, and that may not have been passed on yet.
  std::vector<uint32_t> unspread;
  Instant spread_at;     // when the last of them was sent
  bool is_sink = false;  // nobody took what it had for long: there is nobody to spread to
  std::array<Exclusion, 8> exclusions{};
  uint8_t next_exclusion = 0;
  bool is_waiting = false;  // in its version's queue
  bool is_tail = false;     // and lacks nothing but what is on its way
  bool is_dirty = false;    // in State::dirty_readers
  Priority priority = Priority::kNormal;
  Choice last_wait = Choice::kNone;  // what it waits for, for people
  ReaderAtOrigin at_origin;
  ReaderWait waiting;

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
  std::unordered_map<uint64_t, ReaderIndex> by_key_;
};

}  // namespace tyto::tracker
