// Hosts, where they stand, and the peers on them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/location.h"
#include "schema/messages/common.h"
#include "tracker/core/index_map.h"
#include "tracker/core/parking.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

// What is rarely looked at of a peer.
struct PeerDetails {
  std::string name;
  Endpoint data_address;
  std::vector<PeerId> accusers;  // distinct peers that were sent bytes that did not match
  uint64_t lent_bytes = 0;       // as it said; more than store_bytes while its disk is full
  Instant full_until;            // no attempt to store more before
};

enum class Doubt : uint8_t { kCleared, kSuspect };

// Bounds: hosts are kept for as long as the tracker runs, peers while they are registered.
class Fleet {
 public:
  explicit Fleet(Parking& parking) : parking_(parking) {}

  // The host of this location, made if new.
  HostIndex host_at(const Location& location);
  HostRow& host(HostIndex index) { return hosts_[index.value()]; }
  const HostRow& host(HostIndex index) const { return hosts_[index.value()]; }
  // As it was told, for people and for other trackers; without the parts that were left out:
  // "rack7/host3", not "//rack7/host3".
  std::string location_of(PeerIndex index) const;
  // Uploads at once that a host is worth.
  uint32_t upload_slots(const HostRow& host) const {
    return host.slots != 0 ? std::min(host.slots, host.uploads_max) : host.uploads_max;
  }
  // Whether it is worth one more than it has, or one of its peers is in doubt, which a look at it
  // will tell. From a table so small that it stays in a cache.
  bool has_room(HostIndex index) const {
    return (with_room_[index.value() / 64] >> (index.value() % 64) & 1) != 0;
  }
  // To be called when the host's uploads, or what they may come to, have changed.
  void note_uploads(HostIndex index);
  // The peer is under suspicion from now on, or no longer: whoever waits for its host should know.
  void set_in_doubt(PeerIndex index, Doubt doubt);

  // A new row for a peer that has none. Requires: find(id) is kNoPeer.
  PeerIndex add(PeerId id);
  // A row for a peer of another tracker, which is gone from the start: nothing is found by its id,
  // and the row is free again when nothing refers to it any more.
  PeerIndex add_foreign();
  // The peer is gone: its id is free again, its row as soon as nothing refers to it.
  // Requires: it has no holdings.
  void retire(PeerIndex index);
  void refer(PeerIndex index) { ++peer(index).references; }
  void release(PeerIndex index);
  PeerIndex find(PeerId id) const;
  PeerRow& peer(PeerIndex index) { return peers_[index.value()]; }
  const PeerRow& peer(PeerIndex index) const { return peers_[index.value()]; }
  PeerDetails& details(PeerIndex index) { return details_[index.value()]; }
  const PeerDetails& details(PeerIndex index) const { return details_[index.value()]; }
  const Place& place_of(PeerIndex index) const { return host(peer(index).host).place; }

  uint32_t peer_rows() const { return static_cast<uint32_t>(peers_.size()); }
  uint32_t peer_count() const { return static_cast<uint32_t>(by_id_.size()); }
  // Superpeers, in the order of their registration.
  const std::vector<PeerIndex>& superpeers() const { return superpeers_; }
  void list_superpeer(PeerIndex index) { superpeers_.push_back(index); }

 private:
  uint32_t intern(const std::string& path);
  PeerIndex take_row();
  void free_row(PeerIndex index);

  Parking& parking_;
  std::vector<HostRow> hosts_;
  std::vector<const std::string*> paths_;  // of hosts: keys of the table below
  std::vector<uint64_t> with_room_;        // hosts that have room, one bit each
  std::unordered_map<std::string, uint32_t> host_by_path_;
  std::unordered_map<std::string, uint32_t> place_by_path_;
  std::vector<PeerRow> peers_;
  std::vector<PeerDetails> details_;
  std::vector<PeerIndex> free_;
  IndexMap by_id_;
  std::vector<PeerIndex> superpeers_;
};

// How near two places are, as base/location.h says.
inline Nearness nearness(const Place& a, const Place& b) {
  if (a.host == b.host) return Nearness::kSameHost;
  if (a.rack == b.rack) return Nearness::kSameRack;
  if (a.zone == b.zone) return Nearness::kSameZone;
  if (a.region == b.region) return Nearness::kSameRegion;
  return Nearness::kAnywhere;
}

}  // namespace tyto::tracker
