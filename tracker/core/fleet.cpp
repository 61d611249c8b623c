#include "tracker/core/fleet.h"

#include <algorithm>

#include "base/assert.h"

namespace tyto::tracker {

uint32_t Fleet::intern(const std::string& path) {
  auto next = static_cast<uint32_t>(place_by_path_.size());
  return place_by_path_.try_emplace(path, next).first->second;
}

HostIndex Fleet::host_at(const Location& location) {
  auto next = static_cast<uint32_t>(hosts_.size());
  auto [it, is_new] = host_by_path_.try_emplace(location.text(), next);
  HostIndex index(it->second);
  if (!is_new) return index;
  HostRow row;
  row.place.region = intern(location.region);
  row.place.zone = intern(location.region + "/" + location.zone);
  const std::string& rack = location.rack.empty() ? "//" + location.host : location.rack;
  row.place.rack = intern(location.region + "/" + location.zone + "/" + rack);
  row.place.host = index;
  hosts_.push_back(row);
  paths_.push_back(&it->first);
  with_room_.resize((hosts_.size() + 63) / 64);
  return index;
}

std::string Fleet::location_of(PeerIndex index) const {
  const std::string& path = *paths_[peer(index).host.value()];
  return path.substr(std::min(path.find_first_not_of('/'), path.size()));
}

void Fleet::note_uploads(HostIndex index) {
  uint64_t bit = uint64_t{1} << (index.value() % 64);
  uint64_t& word = with_room_[index.value() / 64];
  const HostRow& row = host(index);
  bool had_room = (word & bit) != 0;
  bool has_room = row.is_in_doubt != 0 || row.uploads < upload_slots(row);
  word = has_room ? word | bit : word & ~bit;
  if (has_room && !had_room) parking_.note_room(row.place.rack);
}

void Fleet::set_in_doubt(PeerIndex index, Doubt doubt) {
  HostRow& row = host(peer(index).host);
  row.is_in_doubt = doubt == Doubt::kSuspect ? 1 : 0;
  note_uploads(peer(index).host);
}

PeerIndex Fleet::add(PeerId id) {
  TYTO_ASSERT(find(id) == kNoPeer);
  PeerIndex index = take_row();
  peer(index).id = id;
  by_id_.insert(id.value(), index.value());
  return index;
}

PeerIndex Fleet::add_foreign() {
  PeerIndex index = take_row();
  peer(index).is_gone = 1;
  peer(index).is_foreign = 1;
  return index;
}

PeerIndex Fleet::take_row() {
  PeerIndex index(static_cast<uint32_t>(peers_.size()));
  if (free_.empty()) {
    peers_.emplace_back();
    details_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  peers_[index.value()] = PeerRow{};
  details_[index.value()] = PeerDetails{};
  peer(index).is_used = 1;
  return index;
}

void Fleet::retire(PeerIndex index) {
  PeerRow& row = peer(index);
  TYTO_ASSERT(row.is_used && !row.is_gone && row.newest_holding == kNoHolding);
  by_id_.erase(row.id.value());
  std::erase(superpeers_, index);
  row.is_gone = 1;
  row.session = kNoSession;
  if (row.references == 0) free_row(index);
}

void Fleet::release(PeerIndex index) {
  PeerRow& row = peer(index);
  TYTO_ASSERT(row.references > 0);
  if (--row.references == 0 && row.is_gone) free_row(index);
}

void Fleet::free_row(PeerIndex index) {
  peer(index) = PeerRow{};
  details(index) = PeerDetails{};
  free_.push_back(index);
}

PeerIndex Fleet::find(PeerId id) const {
  static_assert(IndexMap::kAbsent == kNoPeer.value());
  return PeerIndex(by_id_.find(id.value()));
}

}  // namespace tyto::tracker
