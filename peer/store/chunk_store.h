// Where a peer keeps verified chunks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "schema/messages/exchange.h"

namespace tyto::peer {

// A chunk's bytes where they lie, for reading. Keeps them from being freed while it lives.
//
// Threads: any. Ownership: must not outlive its store.
class ChunkBytes {
 public:
  virtual ~ChunkBytes() = default;
  virtual uint32_t size() const = 0;  // bytes
  // Fills `out` from `offset`. Requires: offset + out.size() <= size().
  virtual Result<void> read(uint32_t offset, std::span<std::byte> out) const = 0;
  // The bytes where they lie: in memory (otherwise empty), or in a file (otherwise fd -1).
  virtual std::span<const std::byte> memory() const { return {}; }
  struct FileRange {
    int fd = -1;          // stays the store's
    uint64_t offset = 0;  // of the chunk's first byte
  };
  virtual FileRange file() const { return {}; }
};

// A chunk on its way into the store: its leaf hashes, then its bytes in order, then commit().
// Destroyed without a commit, it leaves no trace.
//
// Threads:   confined to one at a time.
// Ownership: must not outlive its store.
// Errors:    kNoSpace when the disk or the limit is full, kUnavailable for other disk faults; the
//            writer is then dead and is to be destroyed.
class ChunkWriter {
 public:
  virtual ~ChunkWriter() = default;
  // The SHA-256 of each block in order. Once, at any time before commit().
  virtual Result<void> set_leaves(std::span<const Digest> leaves) = 0;
  // Appends verified bytes at `offset` within the chunk. Requires: offset continues the last write.
  virtual Result<void> write(uint32_t offset, std::span<const std::byte> bytes) = 0;
  // Where the bytes lie, of which those written so far may be read; after the writer has gone, too.
  // Null: they can't be read before commit().
  virtual std::shared_ptr<const ChunkBytes> bytes() { return nullptr; }
  // The chunk is whole: from now on find() and inventory() have it, after a crash too.
  // Requires: all bytes and leaves were written.
  virtual Result<void> commit(const Digest& root) = 0;
};

// A whole chunk in the store.
class ChunkView : public ChunkBytes {
 public:
  virtual const Digest& root() const = 0;
  virtual Result<std::vector<Digest>> leaves() const = 0;
};

struct StoreUsage {
  uint64_t used_bytes = 0;           // committed chunks, without those in memory only
  uint64_t limit_bytes = 0;          // lent for these
  uint64_t chunks = 0;               // of both kinds
  uint64_t memory_used_bytes = 0;    // committed chunks that are to be in memory only
  uint64_t memory_limit_bytes = 0;   // lent for these
  uint64_t memory_copies_bytes = 0;  // in what of that is free: copies of chunks on disk
};

// Keeps chunks by (version, index), never more than its limit of bytes, and the facts of their
// versions. What it holds after a crash is whole and verified, and no more.
//
// Purity:  shell.
// Threads: synchronised: any method from any thread.
class ChunkStore {
 public:
  virtual ~ChunkStore() = default;
  // Keeps a version's facts for as long as it has chunks of it. Repeats are fine.
  virtual Result<void> remember(const VersionFactsRef& facts) = 0;
  // Starts a chunk of a remembered version. Fails with kNoSpace if it does not fit the limit with
  // all others stored and being written, kConflict if it is held or being written already.
  virtual Result<std::unique_ptr<ChunkWriter>> begin(const VersionId& version,
                                                     ChunkIndex chunk) = 0;
  // The same for a chunk that is to be kept so. One for memory only fails with kNoSpace where none
  // is lent: it is never put anywhere else. One for both is without a copy in memory where there is
  // no room for that.
  virtual Result<std::unique_ptr<ChunkWriter>> begin_placed(const VersionId& version,
                                                            ChunkIndex chunk, Placement placement);
  // The chunk, or null if it is not held whole.
  virtual std::shared_ptr<const ChunkView> find(const ChunkId& chunk) const = 0;
  // Frees [first, first + count): at once, or when the last view of a chunk goes. Those not held
  // are passed over. Returns how many chunks were held.
  virtual Result<uint32_t> drop(const VersionId& version, uint32_t first, uint32_t count) = 0;
  // All that is held, by version; with roots, and with what is in memory only.
  virtual std::vector<InventoryEntry> inventory() const = 0;
  virtual std::vector<VersionFactsRef> remembered() const = 0;
  virtual StoreUsage usage() const = 0;
};

inline Result<std::unique_ptr<ChunkWriter>> ChunkStore::begin_placed(const VersionId& version,
                                                                     ChunkIndex chunk,
                                                                     Placement placement) {
  if (placement != Placement::kMemory) return begin(version, chunk);
  return {ErrorCode::kNoSpace, "chunk " + std::to_string(chunk.value()) + " of " + version.hex() +
                                   " is to be kept in memory only, and this peer lends none for "
                                   "that; lend some with --memory-bytes"};
}

}  // namespace tyto::peer
