// Every chunk that is on its way, and who serves it.
#pragma once

#include <cstdint>
#include <vector>

#include "tracker/core/fleet.h"
#include "tracker/core/parking.h"
#include "tracker/core/rows.h"
#include "tracker/core/versions.h"

namespace tyto::tracker {

// Whether others may be sent the chunk by its receiver while it arrives. What comes from the origin
// is looked at whole, first.
bool is_relay(const TransferRow& row);

// Bounds: Config::assignments_per_peer (or origin reads) for each session.
//
// Keeps, with its rows, the uploads of hosts, the downloads of peers, and each version's transfers
// under way, by chunk and by the rack they go to.
class Transfers {
 public:
  Transfers(Fleet& fleet, Versions& versions, Parking& parking)
      : fleet_(fleet), versions_(versions), parking_(parking) {}

  // Takes a row, numbers it, and books it with the source's host, the receiver and the version.
  // `upstream`: what brings its source the chunk, as far as that is known.
  TransferIndex start(const TransferRow& row, const Reason& reason, TransferIndex upstream);
  // Unbooks it and frees the row.
  void finish(TransferIndex index);
  // The receiver has gone on to another source: uploads are booked there.
  void move_to(TransferIndex index, PeerIndex source, uint8_t source_generation);

  // kNoTransfer if there is none of this number.
  TransferIndex find(uint64_t n) const;
  TransferRow& operator[](TransferIndex index) { return rows_[index.value()]; }
  const TransferRow& operator[](TransferIndex index) const { return rows_[index.value()]; }
  const Reason& reason(TransferIndex index) const { return reasons_[index.value()]; }
  // Fetches into the caches what is read of a transfer, and of what brings its source the chunk.
  // Changes nothing.
  void look_ahead(TransferIndex index) const;
  // What brings the row's source the chunk, if that is known and under way still. Cost: constant.
  const TransferRow* upstream(const TransferRow& row) const;
  static TransferIndex index_of(const TransferRow& row) { return index_of(row.n); }
  // Where the transfer of this number is, or was.
  static TransferIndex index_of(uint64_t n) {
    return TransferIndex(static_cast<uint32_t>(n & ((1u << kIndexBits) - 1)));
  }
  uint32_t rows() const { return static_cast<uint32_t>(rows_.size()); }
  uint32_t count() const { return rows() - static_cast<uint32_t>(free_.size()); }
  std::size_t bytes() const;

 private:
  // An upload more or less of a host. One that had none before begins with as many slots as the
  // version's readers have assignments.
  void book_upload(PeerIndex source, const VersionRow& version, int change);
  bool is_inbound(const TransferRow& row) const;
  void link(VersionRow& version, TransferIndex index);
  void unlink(VersionRow& version, TransferIndex index);
  void link_in_rack(VersionRow& version, TransferIndex index);
  void unlink_in_rack(VersionRow& version, TransferIndex index);
  void note_start(RackDemand& demand, TransferRow& row);
  void note_end(RackDemand& demand, const TransferRow& row);
  std::vector<TransferIndex> note_doubles(const RackDemand& demand, uint32_t chunk,
                                          PeerIndex receiver);

  // A number is a serial over the row's place, so that it is never used twice and found at once.
  static constexpr uint32_t kIndexBits = 24;

  Fleet& fleet_;
  Versions& versions_;
  Parking& parking_;
  std::vector<TransferRow> rows_;
  std::vector<Reason> reasons_;
  std::vector<TransferIndex> upstreams_;  // a row there may be another's by now
  std::vector<TransferIndex> free_;
  uint64_t serial_ = 0;
};

}  // namespace tyto::tracker
