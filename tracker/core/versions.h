// Versions: their facts, their chunks' roots, who holds them, who is getting them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "schema/messages/bucket.h"
#include "schema/messages/common.h"
#include "tracker/core/heat.h"
#include "tracker/core/index_map.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

// One of them, and where it stands.
struct Holder {
  HoldingIndex holding = kNoHolding;
  HostIndex host{kNone};
};

// The holders of a version within one rack.
struct RackGroup {
  uint32_t rack = kNone;
  uint32_t zone = kNone;
  uint32_t region = kNone;
  std::vector<Holder> holders;
  std::vector<uint64_t> held;  // chunks that any of them holds; empty before a second one came
};

// A peer to which something of a version is on its way, and where it stands.
struct Receiver {
  PeerIndex peer = kNoPeer;
  HostIndex host{kNone};
  uint32_t transfers = 0;
};

// What is on its way of a version to the peers of one rack.
struct RackDemand {
  uint32_t transfers = 0;
  uint32_t inbound = 0;  // of these, from outside the rack
  std::vector<Receiver> receivers;
  IndexMap receiver_of_peer;  // into receivers
  // The newest of each chunk; the others follow by TransferRow::older_in_rack.
  std::vector<TransferIndex> newest;
  std::vector<uint64_t> coming;  // chunks that have one; 64 a word
  // For each receiver, as many words each: chunks on their way to it, and of these the ones that it
  // may pass on.
  std::vector<uint64_t> receives;
  std::vector<uint64_t> relays;

  bool is_coming(uint32_t chunk) const { return (coming[chunk / 64] >> (chunk % 64) & 1) != 0; }
  bool may_relay(uint32_t receiver, uint32_t chunk) const {
    return (relays[receiver * coming.size() + chunk / 64] >> (chunk % 64) & 1) != 0;
  }
};

// One version. Chunk-wise tables are as long as it has chunks.
struct VersionRow {
  VersionId id;
  Chunking chunking;
  VersionFactsRef facts;                   // null: known only from an inventory, and of no use yet
  BucketIndex bucket = kNoBucket;          // whose it is; none without facts
  std::vector<Digest> roots;               // zero where unknown; empty: none known. See learn()
  std::vector<uint64_t> roots_known;       // 64 chunks a word
  std::vector<uint32_t> copies;            // whole copies registered
  std::vector<uint16_t> superpeer_copies;  // of these, at superpeers
  std::vector<uint32_t> in_flight;         // transfers under way
  // Of the tables above, 64 chunks a word: see note_chunk().
  std::vector<uint64_t> ready;  // chunks that have a known root, and a whole copy
  std::vector<uint64_t> fresh;  // see is_only_at_superpeers()
  // The newest transfer under way of each chunk; the others follow by TransferRow::older.
  std::vector<TransferIndex> newest_transfer;
  uint32_t chunks_held = 0;  // chunks of which there is a whole copy
  Heat heat;

  std::vector<RackGroup> groups;  // emptied groups stay, to be filled again
  IndexMap group_of_rack;         // into groups
  std::unordered_map<uint32_t, std::vector<uint32_t>> groups_of_zone;
  std::unordered_map<uint32_t, std::vector<uint32_t>> groups_of_region;
  uint32_t members = 0;
  uint32_t complete = 0;

  std::vector<RackDemand> demands;  // those without transfers are free
  std::vector<uint32_t> free_demands;
  IndexMap demand_of_rack;             // into demands, of racks with transfers under way
  uint32_t assignments_max = 0;        // of a reader, under way or ahead; see Versions::intern()
  PeerIndex fastest_reader = kNoPeer;  // of those that received something of late; may be gone
  Instant fastest_at;                  // when it last did
  uint32_t reader_kib_per_s = 0;       // its rate; 0: not known yet
  std::vector<uint32_t> leases;        // chunks that are being read from the origin for all
  std::vector<uint32_t> awaited;       // chunks that are wished for in the cluster
  std::deque<ReaderIndex> waiting;  // readers that found nothing to fetch; may hold stale entries
  uint32_t readers = 0;
  ReaderIndex last_reader = kNoReader;  // the one scheduled last; may be gone
  uint32_t lease_cursor = 0;            // where to look for the next chunk to read from the origin

  Instant recheck_at = Instant::never();  // a timer is set for then
  Instant origin_retry_at;                // no lease before
  uint16_t origin_failures = 0;           // in a row
  uint8_t leases_lost = 0;                // in a row, for want of progress
  PeerIndex lease_loser = kNoPeer;        // who lost the last; may be gone
  bool is_origin_gone = false;            // the origin has another version by now, or none
  bool is_dirty = false;                  // in State::work

  bool is_leased(uint32_t chunk) const {
    return std::find(leases.begin(), leases.end(), chunk) != leases.end();
  }
  bool is_awaited(uint32_t chunk) const {
    return is_leased(chunk) || std::find(awaited.begin(), awaited.end(), chunk) != awaited.end();
  }
  uint32_t chunk_count() const { return static_cast<uint32_t>(copies.size()); }
  bool knows_root(uint32_t chunk) const { return roots_known[chunk / 64] >> (chunk % 64) & 1; }
  void learn(uint32_t chunk, const Digest& root);
  // To be called when the chunk's copies, transfers or root have changed.
  void note_chunk(uint32_t chunk);
  // Null if no holder of the version ever stood in the rack.
  const RackGroup* group(uint32_t rack) const {
    uint32_t at = group_of_rack.find(rack);
    return at == IndexMap::kAbsent ? nullptr : &groups[at];
  }
  // Null if nothing is on its way to the rack.
  const RackDemand* demand(uint32_t rack) const {
    uint32_t at = demand_of_rack.find(rack);
    return at == IndexMap::kAbsent ? nullptr : &demands[at];
  }
};

// Whether nobody but superpeers has the chunk, whole or coming: to pass it on is the best use of
// their uplinks.
inline bool is_only_at_superpeers(const VersionRow& version, uint32_t chunk) {
  return version.in_flight[chunk] == 0 && version.copies[chunk] > 0 &&
         version.copies[chunk] == version.superpeer_copies[chunk];
}

// Bounds: Config::max_versions, enforced by the caller through size().
class Versions {
 public:
  explicit Versions(uint32_t assignments_per_peer = UINT16_MAX)
      : assignments_per_peer_(assignments_per_peer) {}

  // The version's row; made, without facts, if it is new. Its readers may have a sixth of its
  // chunks under way: of what is more, each takes a large part of the whole time, and so does each
  // step on the way from reader to reader. But a few may be under way whatever its size, to fill
  // links, and Config::assignments_per_peer is the most.
  VersionIndex intern(const VersionId& id, const Chunking& chunking);
  // Nothing if it was never seen.
  std::optional<VersionIndex> find(const VersionId& id) const;
  VersionRow& operator[](VersionIndex index) { return rows_[index.value()]; }
  const VersionRow& operator[](VersionIndex index) const { return rows_[index.value()]; }
  uint32_t size() const { return static_cast<uint32_t>(rows_.size()); }

 private:
  const uint32_t assignments_per_peer_;
  std::deque<VersionRow> rows_;
  std::unordered_map<VersionId, VersionIndex> by_id_;
};

}  // namespace tyto::tracker
