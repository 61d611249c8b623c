// The tracker's hot rows: flat, at most 64 bytes each, linked by index. Each lies in one line of
// the caches, since mostly it is in none when it is looked at.
#pragma once

#include <array>
#include <cstdint>

#include "base/ids.h"
#include "base/time.h"
#include "schema/messages/reason.h"
#include "tracker/core/rate_meter.h"

namespace tyto::tracker {

using PeerIndex = Strong<struct PeerIndexTag, uint32_t>;
using HostIndex = Strong<struct HostIndexTag, uint32_t>;
using BucketIndex = Strong<struct BucketIndexTag, uint32_t>;
using VersionIndex = Strong<struct VersionIndexTag, uint32_t>;
using HoldingIndex = Strong<struct HoldingIndexTag, uint32_t>;
using TransferIndex = Strong<struct TransferIndexTag, uint32_t>;
using ReaderIndex = Strong<struct ReaderIndexTag, uint32_t>;
using SessionIndex = Strong<struct SessionIndexTag, uint32_t>;

// "No such row", for every kind of index.
inline constexpr uint32_t kNone = 0xffffffff;
inline constexpr PeerIndex kNoPeer{kNone};
inline constexpr BucketIndex kNoBucket{kNone};
inline constexpr HoldingIndex kNoHolding{kNone};
inline constexpr SessionIndex kNoSession{kNone};
inline constexpr ReaderIndex kNoReader{kNone};
inline constexpr TransferIndex kNoTransfer{kNone};

// A chunk of a version, as a key.
struct ChunkKey {
  VersionIndex version{kNone};
  uint32_t chunk = 0;
  auto operator<=>(const ChunkKey&) const = default;
};

// Places are interned: equal ids mean the same place, its parents included.
struct Place {
  uint32_t region = kNone;
  uint32_t zone = kNone;
  uint32_t rack = kNone;  // a host without a rack is a rack of its own
  HostIndex host{kNone};
};

// A machine. Outflow caps count here, over all of its processes.
struct alignas(64) HostRow {
  Place place;
  uint32_t peers = 0;               // registered processes
  uint16_t uploads = 0;             // assigned to be under way
  uint16_t uploads_max = 0;         // the largest its processes named, or the default
  uint64_t upload_bytes_per_s = 0;  // as its processes named it; 0: unknown
  RateMeter received;               // by all its processes
  uint16_t slots = 0;               // uploads it is worth, as observed; 0: it never had any
  uint16_t guest_uploads = 0;       // of the uploads, to peers of other trackers
  uint8_t is_slow : 1 = 0;      // its link brings less than half of what the fastest readers get
  uint8_t is_in_doubt : 1 = 0;  // one of its peers was made suspect, and has not spoken since
  uint8_t slow_flows = 0;       // in a row to it, up to a few: below half of the fair share
};
static_assert(sizeof(HostRow) <= 64);

// A registered process.
struct alignas(64) PeerRow {
  PeerId id;
  uint64_t store_bytes = 0;     // lent
  uint64_t used_bytes = 0;      // held, and reserved for transfers under way
  uint64_t evicting_bytes = 0;  // of these, ordered to be freed and not confirmed yet
  Instant suspect_until;        // not to be read from before this
  HostIndex host{kNone};
  HoldingIndex newest_holding = kNoHolding;  // most recently used first
  HoldingIndex oldest_holding = kNoHolding;
  SessionIndex session = kNoSession;
  uint32_t references = 0;  // by transfers that name it as source or fall-back
  uint16_t downloads = 0;
  uint8_t strikes = 0;  // suspicions since it last spoke
  uint8_t is_superpeer : 1 = 0;
  uint8_t is_leaving : 1 = 0;
  uint8_t is_used : 1 = 0;         // the row is a peer's
  uint8_t is_gone : 1 = 0;         // unregistered; the row waits for its references to end
  uint8_t is_unreachable : 1 = 0;  // likewise: its chunk server did not answer
  uint8_t is_serving : 1 = 0;      // has a data address
  uint8_t is_foreign : 1 = 0;      // another tracker's; gone, as far as this one is concerned
  uint8_t is_quarantined : 1 = 0;  // suspect_until came of lies, and speaking does not clear it
};
static_assert(sizeof(PeerRow) <= 64);

// What one peer holds of one version. Complete holdings and those of one-chunk objects need no
// bitmap.
struct alignas(32) Holding {
  PeerIndex peer = kNoPeer;
  VersionIndex version{kNone};
  uint32_t bits = kNone;            // in the bitmap pool; kNone: holds every chunk
  HoldingIndex newer = kNoHolding;  // of the same peer
  HoldingIndex older = kNoHolding;
  uint32_t group : 24 = 0;  // the version's rack group
  uint32_t used_high : 8 = 0;
  uint32_t position : 24 = 0;  // in that group
  uint32_t used_middle : 8 = 0;
  uint32_t count : 21 = 0;  // chunks held
  uint32_t used_low : 11 = 0;

  // When a chunk of it was received, or it was opened, last. Counted in steps of about a second,
  // which begin anew every 4 years.
  void use(Instant now) {
    uint32_t step = step_of(now);
    used_high = step >> 19 & 0xff;
    used_middle = step >> 11 & 0xff;
    used_low = step & 0x7ff;
  }
  Duration unused_for(Instant now) const {
    uint32_t used = uint32_t{used_high} << 19 | uint32_t{used_middle} << 11 | used_low;
    return Duration::nanoseconds(int64_t{(step_of(now) - used) & 0x7ffffff} << kStepBits);
  }

 private:
  static constexpr int kStepBits = 30;  // of nanoseconds
  static uint32_t step_of(Instant now) { return static_cast<uint32_t>(now.ns() >> kStepBits); }
};
static_assert(sizeof(Holding) <= 32);

inline constexpr std::size_t kFallbacksKept = 3;

// A chunk on its way.
struct alignas(64) TransferRow {
  uint64_t n = 0;  // the assignment's number; 0: the row is free
  Instant since;
  PeerIndex receiver = kNoPeer;
  PeerIndex source = kNoPeer;  // kNoPeer: the origin
  VersionIndex version{kNone};
  uint32_t chunk = 0;
  TransferIndex newer = kNoTransfer;  // of the same chunk
  TransferIndex older = kNoTransfer;
  TransferIndex newer_in_rack = kNoTransfer;  // of the same chunk, to the same rack
  TransferIndex older_in_rack = kNoTransfer;
  std::array<PeerIndex, kFallbacksKept> fallbacks{kNoPeer, kNoPeer, kNoPeer};
  uint8_t generation = 0;
  uint8_t source_generation = 0;
  uint8_t quarters = 0;
  uint8_t is_moved : 1 = 0;      // the receiver has gone on to a fall-back
  uint8_t is_shadow : 1 = 0;     // for its reader alone: nobody waits for it, and it is no copy
  uint8_t is_lease : 1 = 0;      // the one reading of this chunk from the origin, for all
  uint8_t is_double : 1 = 0;     // another one brings its receiver the chunk too; see hedge_tail()
  uint8_t is_in_memory : 1 = 0;  // booked with its receiver's memory, where the chunk is to be kept
};
static_assert(sizeof(TransferRow) <= 64);

}  // namespace tyto::tracker
