#include "sim/world/store.h"

#include "base/assert.h"

namespace tyto::sim {

void Store::remember(const VersionFactsRef& facts) {
  Version& version = versions_[facts->id];
  if (version.facts != nullptr) return;
  version.facts = facts;
  version.held = Bitmap(facts->chunking.chunk_count());
}

bool Store::reserve(const VersionFactsRef& facts, ChunkIndex chunk, Medium medium) {
  uint64_t bytes = facts->chunking.length_of(chunk);
  Account& account = of(medium);
  if (medium == Medium::kDisk && space_ == Space::kDiskFull) return false;
  if (account.used + account.reserved + bytes > account.limit) return false;
  account.reserved += bytes;
  return true;
}

void Store::release(const VersionFactsRef& facts, ChunkIndex chunk, Medium medium) {
  uint64_t bytes = facts->chunking.length_of(chunk);
  TYTO_ASSERT(of(medium).reserved >= bytes);
  of(medium).reserved -= bytes;
}

void Store::commit(const VersionFactsRef& facts, ChunkIndex chunk, ContentTag tag, Medium medium) {
  release(facts, chunk, medium);
  remember(facts);
  Version& version = versions_[facts->id];
  if (!version.held.test(chunk.value())) {
    of(medium).used += facts->chunking.length_of(chunk);
    ++chunk_count_;
    if (medium == Medium::kMemory) version.in_memory.insert(chunk.value());
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

bool Store::is_in_memory(const ChunkId& chunk) const {
  TYTO_ASSERT(holds(chunk));
  return versions_.at(chunk.version).in_memory.contains(chunk.index.value());
}

void Store::process_gone() {
  disk_.reserved = memory_.reserved = 0;
  for (const ChunkId& chunk : chunks())
    if (is_in_memory(chunk)) drop(chunk);
}

void Store::spoil_half() {
  uint32_t n = 0;
  for (const ChunkId& chunk : chunks())
    if (!is_in_memory(chunk) && n++ % 2 == 0)
      versions_.at(chunk.version).bad.insert(chunk.index.value());
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
  bool was_in_memory = version.in_memory.erase(chunk.index.value()) > 0;
  of(was_in_memory ? Medium::kMemory : Medium::kDisk).used -=
      version.facts->chunking.length_of(chunk.index);
  --chunk_count_;
  return true;
}

std::vector<InventoryEntry> Store::inventory() const {
  std::vector<InventoryEntry> entries;
  for (const auto& [id, version] : versions_) {
    if (version.held.none()) continue;
    InventoryEntry entry{id, version.facts->chunking, version.held, {}};
    if (!version.in_memory.empty()) entry.in_memory = Bitmap(version.held.size());
    for (uint32_t i : version.in_memory) entry.in_memory.set(i);
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
