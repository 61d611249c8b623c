#include "peer/store/memory_copies.h"

#include "base/assert.h"

namespace tyto::peer {

void MemoryCopies::add(const ChunkId& chunk, uint32_t bytes) {
  std::lock_guard lock(mutex_);
  order_.push_back({key_of(chunk), bytes});
  bool is_new = places_.emplace(key_of(chunk), std::prev(order_.end())).second;
  TYTO_ASSERT(is_new);
  bytes_ += bytes;
}

bool MemoryCopies::touch(const ChunkId& chunk) {
  std::lock_guard lock(mutex_);
  auto found = places_.find(key_of(chunk));
  if (found == places_.end()) return false;
  order_.splice(order_.end(), order_, found->second);
  return true;
}

bool MemoryCopies::contains(const ChunkId& chunk) const {
  std::lock_guard lock(mutex_);
  return places_.contains(key_of(chunk));
}

std::optional<ChunkId> MemoryCopies::take_oldest() {
  std::lock_guard lock(mutex_);
  if (order_.empty()) return std::nullopt;
  return remove(places_.find(order_.front().key));
}

std::vector<ChunkId> MemoryCopies::take(const VersionId& version, uint32_t first, uint32_t count) {
  std::vector<ChunkId> taken;
  std::lock_guard lock(mutex_);
  for (;;) {
    auto found = places_.lower_bound({version, first});
    bool is_within = found != places_.end() && found->first.first == version &&
                     found->first.second - first < count;
    if (!is_within) return taken;
    taken.push_back(remove(found));
  }
}

MemoryCopies::Sum MemoryCopies::sum() const {
  std::lock_guard lock(mutex_);
  return {bytes_, places_.size()};
}

// Requires: the mutex is held.
ChunkId MemoryCopies::remove(std::map<Key, Order::iterator>::iterator at) {
  ChunkId chunk{at->first.first, ChunkIndex(at->first.second)};
  bytes_ -= at->second->bytes;
  order_.erase(at->second);
  places_.erase(at);
  return chunk;
}

}  // namespace tyto::peer
