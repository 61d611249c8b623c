// Who holds which chunks: the largest table of a tracker.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tracker/core/fleet.h"
#include "tracker/core/parking.h"
#include "tracker/core/rows.h"
#include "tracker/core/versions.h"

namespace tyto::tracker {

// Bitmaps of any length in one array of words, with a free list for each length.
class BitmapPool {
 public:
  uint32_t allocate(uint32_t words);
  void release(uint32_t offset, uint32_t words);
  std::span<uint64_t> at(uint32_t offset, uint32_t words) { return {&words_[offset], words}; }
  std::span<const uint64_t> at(uint32_t offset, uint32_t words) const {
    return {&words_[offset], words};
  }
  uint64_t word(uint32_t at) const { return words_[at]; }
  void look_ahead(uint32_t at) const { __builtin_prefetch(&words_[at]); }
  std::size_t bytes() const { return words_.capacity() * sizeof(uint64_t); }

 private:
  std::vector<uint64_t> words_;
  std::vector<std::vector<uint32_t>> free_;  // by length
};

// Open addressing from (version, peer) to a holding: 4 bytes a slot, at most 7/8 full.
class HoldingMap {
 public:
  explicit HoldingMap(const std::vector<Holding>& rows) : rows_(rows) {}
  HoldingIndex find(VersionIndex version, PeerIndex peer) const;
  // Fetches into the caches what find() will look at first. Changes nothing.
  void look_ahead(VersionIndex version, PeerIndex peer) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[home(version, peer)]);
  }
  // Requires: the row at `index` says which (version, peer) it is, and is not in the map.
  void insert(HoldingIndex index);
  void erase(HoldingIndex index);
  std::size_t bytes() const { return slots_.capacity() * sizeof(uint32_t); }

 private:
  std::size_t home(VersionIndex version, PeerIndex peer) const;
  void grow();
  const std::vector<Holding>& rows_;
  std::vector<uint32_t> slots_;
  std::size_t count_ = 0;
};

// Keeps holdings, and with them each version's copies, members and rack groups, and each peer's
// list of holdings by recency. Byte accounts of peers are the caller's.
//
// Bounds: one row of 32 bytes, a slot and a group entry per (peer, version) held; a bitmap for
//         those that are not complete.
class Holdings {
 public:
  Holdings(Fleet& fleet, Versions& versions, Parking& parking)
      : fleet_(fleet), versions_(versions), parking_(parking), map_(rows_) {}
  Holdings(const Holdings&) = delete;
  Holdings& operator=(const Holdings&) = delete;

  HoldingIndex find(VersionIndex version, PeerIndex peer) const { return map_.find(version, peer); }
  // The same, if it may still be where it was.
  HoldingIndex find(VersionIndex version, PeerIndex peer, HoldingIndex last) const {
    bool is_there = is_of(last, peer) && rows_[last.value()].version == version;
    return is_there ? last : find(version, peer);
  }
  const Holding& operator[](HoldingIndex index) const { return rows_[index.value()]; }
  bool has(HoldingIndex index, uint32_t chunk) const {
    return (word(index, chunk / 64) >> (chunk % 64)) & 1;
  }
  // Whether there is such a holding, and it is this peer's.
  bool is_of(HoldingIndex index, PeerIndex peer) const {
    return index.value() < rows_.size() && rows_[index.value()].peer == peer;
  }
  // Fetches what is read of a holding first into the caches. Changes nothing.
  void look_ahead(HoldingIndex index) const {
    if (index.value() < rows_.size()) __builtin_prefetch(&rows_[index.value()]);
  }
  void look_ahead(VersionIndex version, PeerIndex peer) const { map_.look_ahead(version, peer); }
  // The same for its chunks, of which the first words are fetched.
  void look_ahead_chunks(HoldingIndex index) const {
    if (index.value() >= rows_.size()) return;
    if (uint32_t bits = rows_[index.value()].bits; bits != kNone) pool_.look_ahead(bits);
  }
  // 64 chunks' worth of membership, from chunk 64 * word on. Bits past the end may be set.
  uint64_t word(HoldingIndex index, uint32_t word) const {
    if (index == kNoHolding) return 0;
    uint32_t bits = rows_[index.value()].bits;
    return bits == kNone ? ~uint64_t{0} : pool_.word(bits + word);
  }
  // The same of all holders of a rack together. Cost: constant.
  uint64_t word(const RackGroup& group, uint32_t word) const {
    if (!group.held.empty()) return group.held[word];
    return group.holders.empty() ? 0 : this->word(group.holders.front().holding, word);
  }

  // Adds a chunk, and makes the holding the peer's most recent. False if it was held already.
  bool add(VersionIndex version, PeerIndex peer, uint32_t chunk);
  // Adds all chunks of a version at once.
  void add_all(VersionIndex version, PeerIndex peer);
  // False if it was not held. The holding goes with its last chunk.
  bool remove(VersionIndex version, PeerIndex peer, uint32_t chunk);
  // Removes all that a peer holds.
  void remove_all(PeerIndex peer);
  // The holding is used: it becomes its peer's most recent.
  void touch(HoldingIndex index);
  // When what is done from now on is done. Requires: it never goes back.
  void set_now(Instant now) { now_ = now; }

  // From now on, chunks whose first copy comes, or whose last one goes, are noted there.
  // `edges` outlives this.
  void watch(std::vector<ChunkKey>* edges) { edges_ = edges; }

  uint32_t count() const { return count_; }
  // Memory of the tables, without versions' own.
  std::size_t bytes() const;

 private:
  HoldingIndex create(VersionIndex version, PeerIndex peer);
  void destroy(HoldingIndex index);
  void link_newest(HoldingIndex index);
  void unlink(HoldingIndex index);
  void join_group(HoldingIndex index);
  void leave_group(HoldingIndex index);
  void note_held(RackGroup& group, uint32_t word);
  void count_copy(VersionIndex version, PeerIndex peer, uint32_t chunk, int change);
  void note_rack(VersionIndex version, PeerIndex peer, int change);
  uint32_t words_of(VersionIndex version) const;

  Fleet& fleet_;
  Versions& versions_;
  Parking& parking_;
  std::vector<Holding> rows_;
  std::vector<HoldingIndex> free_;
  BitmapPool pool_;
  HoldingMap map_;
  uint32_t count_ = 0;
  Instant now_;
  std::vector<ChunkKey>* edges_ = nullptr;  // null: nobody watches
};

}  // namespace tyto::tracker
