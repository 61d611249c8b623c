#include "tracker/core/holdings.h"

#include "base/assert.h"
#include "base/rng.h"
#include "tracker/core/waking.h"

namespace tyto::tracker {

uint32_t BitmapPool::allocate(uint32_t words) {
  if (words < free_.size() && !free_[words].empty()) {
    uint32_t offset = free_[words].back();
    free_[words].pop_back();
    for (uint64_t& word : at(offset, words)) word = 0;
    return offset;
  }
  auto offset = static_cast<uint32_t>(words_.size());
  words_.resize(words_.size() + words);
  return offset;
}

void BitmapPool::release(uint32_t offset, uint32_t words) {
  if (words >= free_.size()) free_.resize(words + 1);
  free_[words].push_back(offset);
}

std::size_t HoldingMap::home(VersionIndex version, PeerIndex peer) const {
  return mix64(uint64_t{version.value()} << 32 | peer.value()) & (slots_.size() - 1);
}

HoldingIndex HoldingMap::find(VersionIndex version, PeerIndex peer) const {
  if (slots_.empty()) return kNoHolding;
  for (std::size_t i = home(version, peer);; i = (i + 1) & (slots_.size() - 1)) {
    if (slots_[i] == kNone) return kNoHolding;
    const Holding& row = rows_[slots_[i]];
    if (row.version == version && row.peer == peer) return HoldingIndex(slots_[i]);
  }
}

void HoldingMap::insert(HoldingIndex index) {
  if ((count_ + 1) * 8 > slots_.size() * 7) grow();
  const Holding& row = rows_[index.value()];
  std::size_t i = home(row.version, row.peer);
  while (slots_[i] != kNone) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = index.value();
  ++count_;
}

// Deletion by shifting back (Knuth, TAOCP 6.4, algorithm R), so that no tombstones gather.
void HoldingMap::erase(HoldingIndex index) {
  const Holding& row = rows_[index.value()];
  std::size_t mask = slots_.size() - 1;
  std::size_t hole = home(row.version, row.peer);
  while (slots_[hole] != index.value()) hole = (hole + 1) & mask;
  for (std::size_t i = (hole + 1) & mask; slots_[i] != kNone; i = (i + 1) & mask) {
    const Holding& other = rows_[slots_[i]];
    std::size_t wanted = home(other.version, other.peer);
    if (((i - wanted) & mask) >= ((i - hole) & mask)) {
      slots_[hole] = slots_[i];
      hole = i;
    }
  }
  slots_[hole] = kNone;
  --count_;
}

void HoldingMap::grow() {
  std::vector<uint32_t> old = std::move(slots_);
  slots_.assign(old.empty() ? 64 : old.size() * 2, kNone);
  count_ = 0;
  for (uint32_t slot : old)
    if (slot != kNone) insert(HoldingIndex(slot));
}

uint32_t Holdings::words_of(VersionIndex version) const {
  return (versions_[version].chunk_count() + 63) / 64;
}

// Looks through all holders, after one of them lost chunks.
void Holdings::note_held(RackGroup& group, uint32_t word) {
  uint64_t held = 0;
  for (const Holder& holder : group.holders) held |= this->word(holder.holding, word);
  group.held[word] = held;
}

HoldingIndex Holdings::create(VersionIndex version, PeerIndex peer) {
  HoldingIndex index(static_cast<uint32_t>(rows_.size()));
  if (free_.empty()) {
    rows_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Holding& row = rows_[index.value()] = Holding{};
  row.peer = peer;
  row.version = version;
  row.bits = pool_.allocate(words_of(version));
  map_.insert(index);
  join_group(index);
  link_newest(index);
  ++versions_[version].members;
  ++count_;
  return index;
}

void Holdings::destroy(HoldingIndex index) {
  Holding& row = rows_[index.value()];
  map_.erase(index);
  leave_group(index);
  unlink(index);
  if (row.bits != kNone) pool_.release(row.bits, words_of(row.version));
  --versions_[row.version].members;
  --count_;
  row = Holding{};
  free_.push_back(index);
}

void Holdings::count_copy(VersionIndex index, PeerIndex peer, uint32_t chunk, int change) {
  VersionRow& version = versions_[index];
  version.copies[chunk] = static_cast<uint32_t>(static_cast<int>(version.copies[chunk]) + change);
  bool is_edge = version.copies[chunk] == (change > 0 ? 1 : 0);
  if (edges_ != nullptr && is_edge) edges_->push_back({index, chunk});
  if (change > 0 && version.copies[chunk] == 1) ++version.chunks_held;
  if (change < 0 && version.copies[chunk] == 0) --version.chunks_held;
  auto& at_superpeers = version.superpeer_copies[chunk];
  if (fleet_.peer(peer).is_superpeer) at_superpeers = static_cast<uint16_t>(at_superpeers + change);
  version.note_chunk(chunk);
  if (change < 0 && is_only_at_superpeers(version, chunk)) wake_all_of(parking_, index);
  note_rack(index, peer, change);
}

// A copy of who has no room for an upload is of no use to those who wait for one.
void Holdings::note_rack(VersionIndex version, PeerIndex peer, int change) {
  HostIndex host = fleet_.peer(peer).host;
  if (change < 0 || fleet_.has_room(host))
    parking_.note_change(version, fleet_.host(host).place.rack);
}

bool Holdings::add(VersionIndex version, PeerIndex peer, uint32_t chunk) {
  HoldingIndex index = find(version, peer);
  if (index == kNoHolding) index = create(version, peer);
  touch(index);
  if (has(index, chunk)) return false;
  Holding& row = rows_[index.value()];
  VersionRow& facts = versions_[version];
  uint64_t bit = uint64_t{1} << (chunk % 64);
  pool_.at(row.bits, words_of(version))[chunk / 64] |= bit;
  if (auto& held = facts.groups[row.group].held; !held.empty()) held[chunk / 64] |= bit;
  count_copy(version, peer, chunk, +1);
  if (++row.count == facts.chunk_count()) {
    pool_.release(row.bits, words_of(version));
    row.bits = kNone;
    ++facts.complete;
  }
  return true;
}

void Holdings::add_all(VersionIndex version, PeerIndex peer) {
  for (uint32_t chunk = 0; chunk < versions_[version].chunk_count(); ++chunk)
    add(version, peer, chunk);
}

bool Holdings::remove(VersionIndex version, PeerIndex peer, uint32_t chunk) {
  HoldingIndex index = find(version, peer);
  if (index == kNoHolding || !has(index, chunk)) return false;
  Holding& row = rows_[index.value()];
  VersionRow& facts = versions_[version];
  uint32_t words = words_of(version);
  if (row.bits == kNone) {
    row.bits = pool_.allocate(words);
    for (uint32_t i = 0; i < facts.chunk_count(); ++i)
      pool_.at(row.bits, words)[i / 64] |= uint64_t{1} << (i % 64);
    --facts.complete;
  }
  pool_.at(row.bits, words)[chunk / 64] &= ~(uint64_t{1} << (chunk % 64));
  if (RackGroup& group = facts.groups[row.group]; !group.held.empty()) note_held(group, chunk / 64);
  count_copy(version, peer, chunk, -1);
  if (--row.count == 0) destroy(index);
  return true;
}

void Holdings::remove_all(PeerIndex peer) {
  while (fleet_.peer(peer).newest_holding != kNoHolding) {
    HoldingIndex index = fleet_.peer(peer).newest_holding;
    Holding& row = rows_[index.value()];
    VersionRow& facts = versions_[row.version];
    for (uint32_t chunk = 0; chunk < facts.chunk_count(); ++chunk)
      if (has(index, chunk)) count_copy(row.version, peer, chunk, -1);
    if (row.bits == kNone) --facts.complete;
    destroy(index);
  }
}

void Holdings::touch(HoldingIndex index) {
  rows_[index.value()].use(now_);
  if (fleet_.peer(rows_[index.value()].peer).newest_holding == index) return;
  unlink(index);
  link_newest(index);
}

void Holdings::link_newest(HoldingIndex index) {
  Holding& row = rows_[index.value()];
  PeerRow& peer = fleet_.peer(row.peer);
  row.newer = kNoHolding;
  row.older = peer.newest_holding;
  if (row.older != kNoHolding) rows_[row.older.value()].newer = index;
  peer.newest_holding = index;
  if (peer.oldest_holding == kNoHolding) peer.oldest_holding = index;
}

void Holdings::unlink(HoldingIndex index) {
  Holding& row = rows_[index.value()];
  PeerRow& peer = fleet_.peer(row.peer);
  (row.newer == kNoHolding ? peer.newest_holding : rows_[row.newer.value()].older) = row.older;
  (row.older == kNoHolding ? peer.oldest_holding : rows_[row.older.value()].newer) = row.newer;
}

void Holdings::join_group(HoldingIndex index) {
  Holding& row = rows_[index.value()];
  VersionRow& version = versions_[row.version];
  const Place& place = fleet_.place_of(row.peer);
  auto next = static_cast<uint32_t>(version.groups.size());
  uint32_t at = version.group_of_rack.find(place.rack);
  if (at == IndexMap::kAbsent) {
    at = next;
    version.group_of_rack.insert(place.rack, at);
    version.groups.push_back({place.rack, place.zone, place.region, {}, {}});
    version.groups_of_zone[place.zone].push_back(next);
    version.groups_of_region[place.region].push_back(next);
  }
  RackGroup& group = version.groups[at];
  row.group = at;
  row.position = static_cast<uint32_t>(group.holders.size());
  group.holders.push_back({index, fleet_.peer(row.peer).host});
  if (group.holders.size() != 2 || !group.held.empty()) return;
  group.held.resize(words_of(row.version));
  for (uint32_t i = 0; i < group.held.size(); ++i) note_held(group, i);
}

void Holdings::leave_group(HoldingIndex index) {
  Holding& row = rows_[index.value()];
  RackGroup& group = versions_[row.version].groups[row.group];
  auto& members = group.holders;
  members[row.position] = members.back();
  rows_[members[row.position].holding.value()].position = row.position;
  members.pop_back();
  for (uint32_t i = 0; i < group.held.size(); ++i) note_held(group, i);
}

std::size_t Holdings::bytes() const {
  return rows_.capacity() * sizeof(Holding) + pool_.bytes() + map_.bytes() +
         free_.capacity() * sizeof(HoldingIndex) + count_ * sizeof(Holder);
}

}  // namespace tyto::tracker
