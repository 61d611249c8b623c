// Chunks in a store, and chunks in memory only, as one store.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>

#include "peer/store/chunk_store.h"
#include "peer/store/memory_copies.h"
#include "peer/store/memory_store.h"

namespace tyto::peer {

// A ChunkStore over another one and memory of its own. What is placed in memory stays there and is
// gone with the process; nothing of it reaches the other store, not even the facts of its version.
// Memory that the system swaps out reaches a disk all the same.
//
// A chunk is in one of the two. One that is placed in both is in the other store, which is where it
// counts and lasts, and what memory has of it is a copy: found first, listed in no inventory, and
// the first to go when memory is wanted: the longest unused one, and those still being written
// last.
//
// Threads:   synchronised, as its parts are.
// Bounds:    those of the other store, and memory_bytes of chunks besides, as MemoryStore has them.
class SplitStore final : public ChunkStore {
 public:
  SplitStore(std::unique_ptr<ChunkStore> base, uint64_t memory_bytes)
      : base_(std::move(base)), memory_(memory_bytes) {}

  Result<void> remember(const VersionFactsRef& facts) override;
  Result<std::unique_ptr<ChunkWriter>> begin(const VersionId& version, ChunkIndex chunk) override;
  Result<std::unique_ptr<ChunkWriter>> begin_placed(const VersionId& version, ChunkIndex chunk,
                                                    Placement placement) override;
  std::shared_ptr<const ChunkView> find(const ChunkId& chunk) const override;
  Result<uint32_t> drop(const VersionId& version, uint32_t first, uint32_t count) override;
  std::vector<InventoryEntry> inventory() const override;
  std::vector<VersionFactsRef> remembered() const override;
  StoreUsage usage() const override;

 private:
  class CopyingWriter;
  Result<std::unique_ptr<ChunkWriter>> begin_in_memory(const VersionId& version, ChunkIndex chunk);
  Result<std::unique_ptr<ChunkWriter>> begin_with_copy(const VersionId& version, ChunkIndex chunk);
  Result<std::unique_ptr<ChunkWriter>> begin_at_cost_of_copies(const VersionId& version,
                                                               ChunkIndex chunk);
  bool is_in_memory_only(const ChunkId& chunk) const;

  std::unique_ptr<ChunkStore> base_;
  MemoryStore memory_;
  mutable MemoryCopies copies_;       // of the chunks in memory_; find() changes their order
  std::set<CopyingWriter*> writing_;  // those of which a copy is on its way
  mutable std::mutex copying_;        // of writing_; held where memory_ and copies_ change together
};

}  // namespace tyto::peer
