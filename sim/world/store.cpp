#include "sim/world/store.h"

#include "base/assert.h"

namespace tyto::sim {

void Store::remember(const VersionFactsRef& facts) {
  Version& version = versions_[facts->id];
  if (version.facts != nullptr) return;
  version.facts = facts;
  version.held = Bitmap(facts->chunking.chunk_count());
}

bool Store::reserve(const VersionFactsRef& facts, ChunkIndex chunk) {
  uint64_t bytes = facts->chunking.length_of(chunk);
  if (space_ == Space::kDiskFull) return false;
  if (used_bytes_ + reserved_bytes_ + bytes > limit_bytes_) return false;
  reserved_bytes_ += bytes;
  return true;
}

void Store::release(const VersionFactsRef& facts, ChunkIndex chunk) {
  uint64_t bytes = facts->chunking.length_of(chunk);
  TYTO_ASSERT(reserved_bytes_ >= bytes);
  reserved_bytes_ -= bytes;
}

void Store::commit(const VersionFactsRef& facts, ChunkIndex chunk, ContentTag tag) {
  release(facts, chunk);
  remember(facts);
  Version& version = versions_[facts->id];
  if (!version.held.test(chunk.value())) {
    used_bytes_ += facts->chunking.length_of(chunk);
    ++chunk_count_;
  }
  version.held.set(chunk.value());
  version.bad.erase(chunk.value());
  if (tag != right_content({facts->id, chunk})) version.wrong[chunk.value()] = tag;
}

bool Store::holds(const ChunkId& chunk) const {
  auto found = versions_.find(chunk.version);
  if (found == versions_.end()) return false;
  return chunk.index.value() < found->second.held.size() &&
         found->second.held.test(chunk.index.value());
}

ContentTag Store::stored(const ChunkId& chunk) const {
  TYTO_ASSERT(holds(chunk));
  const Version& version = versions_.at(chunk.version);
  auto wrong = version.wrong.find(chunk.index.value());
  return wrong != version.wrong.end() ? wrong->second : right_content(chunk);
}

ContentTag Store::content(const ChunkId& chunk) const {
  return has_turned_bad(chunk) ? spoilt(stored(chunk)) : stored(chunk);
}

Digest Store::root(const ChunkId& chunk) const {
  return root_of(stored(chunk));
}

void Store::spoil_half() {
  uint32_t n = 0;
  for (const ChunkId& chunk : chunks())
    if (n++ % 2 == 0) versions_.at(chunk.version).bad.insert(chunk.index.value());
}

bool Store::has_turned_bad(const ChunkId& chunk) const {
  auto found = versions_.find(chunk.version);
  return found != versions_.end() && found->second.bad.contains(chunk.index.value());
}

bool Store::drop(const ChunkId& chunk) {
  if (!holds(chunk)) return false;
  Version& version = versions_.at(chunk.version);
  version.held.reset(chunk.index.value());
  version.wrong.erase(chunk.index.value());
  version.bad.erase(chunk.index.value());
  used_bytes_ -= version.facts->chunking.length_of(chunk.index);
  --chunk_count_;
  return true;
}

std::vector<InventoryEntry> Store::inventory() const {
  std::vector<InventoryEntry> entries;
  for (const auto& [id, version] : versions_) {
    if (version.held.none()) continue;
    InventoryEntry entry{id, version.facts->chunking, version.held, {}};
    for (uint32_t i = version.held.next_set(0); i < version.held.size();
         i = version.held.next_set(i + 1)) {
      entry.roots.push_back(root({id, ChunkIndex(i)}));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<VersionFactsRef> Store::remembered() const {
  std::vector<VersionFactsRef> facts;
  for (const auto& [id, version] : versions_) {
    if (!version.held.none()) facts.push_back(version.facts);
  }
  return facts;
}

std::vector<ChunkId> Store::chunks() const {
  std::vector<ChunkId> all;
  for (const auto& [id, version] : versions_) {
    for (uint32_t i = version.held.next_set(0); i < version.held.size();
         i = version.held.next_set(i + 1)) {
      all.push_back({id, ChunkIndex(i)});
    }
  }
  return all;
}

uint32_t Store::count(const VersionId& version) const {
  auto found = versions_.find(version);
  return found == versions_.end() ? 0 : found->second.held.count();
}

}  // namespace tyto::sim
