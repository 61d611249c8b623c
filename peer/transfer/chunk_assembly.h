// One chunk on its way from the origin into the store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/chunking.h"
#include "base/result.h"
#include "peer/store/chunk_store.h"

namespace tyto::peer {

// Takes a chunk's bytes in order, in pieces of any size, hashes them block by block, and writes
// them. The leaf hashes are computed, and the chunk is judged as a whole at its end. (What comes
// from peers is judged block by block: partial_chunk.h.)
//
// Threads:   confined to one at a time.
// Ownership: owns the writer; it goes with this object, or with finish().
// Bounds:    one buffer of at most kGatherBytes, and the leaves (32 KiB at most).
// Errors:    kCorrupt: the bytes have another root. Others are the store's. After an error the
//            object is dead.
class ChunkAssembly {
 public:
  // Requires: chunk < chunking.chunk_count(), writer not null. An absent root is learned.
  ChunkAssembly(const Chunking& chunking, ChunkIndex chunk, std::optional<Digest> root,
                std::unique_ptr<ChunkWriter> writer);
  ~ChunkAssembly();
  ChunkAssembly(const ChunkAssembly&) = delete;
  ChunkAssembly& operator=(const ChunkAssembly&) = delete;

  // The next bytes. Large pieces are hashed and written from where they lie; small ones gathered.
  // Requires: bytes.size() <= missing_bytes().
  Result<void> append(std::span<const std::byte> bytes);

  uint32_t chunk_bytes() const { return chunk_bytes_; }
  uint32_t received_bytes() const { return written_bytes_ + buffered_bytes_; }
  uint32_t missing_bytes() const { return chunk_bytes_ - received_bytes(); }
  // The last quarter (0 to 4) that is written in full.
  uint8_t quarters_written() const {
    return static_cast<uint8_t>(uint64_t{written_bytes_} * 4 / chunk_bytes_);
  }

  // Compares with the expected root, hands leaves and root to the store, and commits. Returns the
  // root. Requires: missing_bytes() == 0.
  Result<Digest> finish();

 private:
  Result<void> gather(std::span<const std::byte> bytes);
  Result<void> flush();
  Result<void> take_blocks(std::span<const std::byte> bytes);

  const Chunking chunking_;
  const ChunkIndex chunk_;
  const std::optional<Digest> root_;
  const uint32_t chunk_bytes_;
  std::unique_ptr<ChunkWriter> writer_;
  std::vector<std::byte> buffer_;
  std::vector<Digest> leaves_;
  uint32_t written_bytes_ = 0;
  uint32_t buffered_bytes_ = 0;
};

}  // namespace tyto::peer
