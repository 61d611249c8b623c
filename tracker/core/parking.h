// Readers whom nobody but their own rack can serve, and which racks are worth another look.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "schema/messages/events.h"
#include "tracker/core/index_map.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

using LotIndex = Strong<struct LotIndexTag, uint32_t>;
inline constexpr LotIndex kNoLot{kNone};

// The parked readers of one version in one rack, first come first. Freed rows have no rack.
struct Lot {
  VersionIndex version{kNone};
  uint32_t rack = kNone;
  ReaderIndex first = kNoReader;
  ReaderIndex last = kNoReader;
  LotIndex next_in_rack = kNoLot;
  uint32_t count = 0;
  bool is_woken = false;       // it is to be looked at
  bool is_unfinished = false;  // not all of it was, when it was last
};

// A reader is parked when all that it lacks is in its own rack, or may come from nowhere else now,
// and whoever has it there is at its cap. Then nothing that happens elsewhere helps it, and it is
// not looked at before something of its version changes in its rack, or a host there has room
// again: whoever changes that says so here. So what a look costs does not grow with the fleet.
//
// Purity: pure.
// Bounds: the readers. Cost of each call: the versions with parked readers in one rack.
class Parking {
 public:
  // Behind all others of its lot, or in front if it is urgent. Requires: it is not parked.
  void park(ReaderIndex reader, VersionIndex version, uint32_t rack, Priority priority);
  // Of no effect if it is not parked.
  void leave(ReaderIndex reader);
  bool is_parked(ReaderIndex reader) const {
    return reader.value() < links_.size() && links_[reader.value()].lot != kNoLot;
  }
  bool is_empty() const { return count_ == 0; }
  // The next in the lot; kNoReader after the last.
  ReaderIndex after(ReaderIndex reader) const { return links_[reader.value()].next; }

  // What the rack has, is sent, or takes from outside of the version has changed.
  void note_change(VersionIndex version, uint32_t rack) {
    if (count_ > 0) wake(find(version, rack));
  }
  // A host of the rack has room for one more upload.
  void note_room(uint32_t rack);
  // Whatever readers are parked for may be otherwise now.
  void wake_all();
  // A lot to be looked at, those woken together in the order in which their first readers came: so
  // that of two versions' readers that want the same host's slot neither gets it always. It stays
  // until begin_look().
  std::optional<LotIndex> take_woken();
  // The lot is being looked at: what changes from now on wakes it again.
  void begin_look(LotIndex lot);

  const Lot& operator[](LotIndex lot) const { return lots_[lot.value()]; }
  // Fetches the lot's row into the caches. Changes nothing.
  void look_ahead(LotIndex lot) const { __builtin_prefetch(&lots_[lot.value()]); }
  // kNoLot if it is not parked.
  LotIndex lot_of(ReaderIndex reader) const {
    return is_parked(reader) ? links_[reader.value()].lot : kNoLot;
  }
  // Not all of its readers were looked at.
  void set_unfinished(LotIndex lot) { lots_[lot.value()].is_unfinished = true; }
  uint32_t rows() const { return static_cast<uint32_t>(lots_.size()); }
  bool is_used(LotIndex lot) const { return lots_[lot.value()].rack != kNone; }
  void wake(LotIndex lot);

 private:
  struct Link {
    ReaderIndex next = kNoReader;
    ReaderIndex previous = kNoReader;
    LotIndex lot = kNoLot;
    uint64_t ticket = 0;  // grows with each that is parked; 0: it comes first
  };
  uint64_t ticket_of(LotIndex lot) const;
  LotIndex find(VersionIndex version, uint32_t rack) const;
  LotIndex first_in(uint32_t rack) const {
    static_assert(IndexMap::kAbsent == kNoLot.value());
    return LotIndex(first_of_rack_.find(rack));
  }
  LotIndex open(VersionIndex version, uint32_t rack);
  void close(LotIndex lot);

  std::vector<Link> links_;  // by reader
  std::vector<Lot> lots_;
  std::vector<LotIndex> free_;
  IndexMap first_of_rack_;  // of racks that have any
  std::vector<LotIndex> woken_;
  std::size_t next_woken_ = 0;  // before it, those taken already
  uint32_t count_ = 0;          // readers
  uint64_t tickets_ = 0;
};

}  // namespace tyto::tracker
