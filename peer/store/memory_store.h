// Chunks in memory.
#pragma once

#include <cstdint>
#include <memory>

#include "peer/store/chunk_store.h"

namespace tyto::peer {

// A ChunkStore on anonymous memory, one mapping a chunk, given back to the system as soon as the
// chunk is dropped and no view holds it. Gone with the process.
//
// Threads: synchronised. Bounds: limit_bytes of chunks, those under way included, and 32 bytes of
//          leaf hash for each 16 KiB of them.
class MemoryStore final : public ChunkStore {
 public:
  explicit MemoryStore(uint64_t limit_bytes);
  ~MemoryStore() override;

  Result<void> remember(const VersionFactsRef& facts) override;
  Result<std::unique_ptr<ChunkWriter>> begin(const VersionId& version, ChunkIndex chunk) override;
  std::shared_ptr<const ChunkView> find(const ChunkId& chunk) const override;
  Result<uint32_t> drop(const VersionId& version, uint32_t first, uint32_t count) override;
  std::vector<InventoryEntry> inventory() const override;
  std::vector<VersionFactsRef> remembered() const override;
  StoreUsage usage() const override;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace tyto::peer
