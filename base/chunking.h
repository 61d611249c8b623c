// How an object is cut into chunks and blocks.
#pragma once

#include <bit>
#include <cstdint>

#include "base/assert.h"
#include "base/ids.h"
#include "base/limits.h"

namespace tyto {

// The chunk size of an object: the smallest power of two, within 256 KiB to 16 MiB, that gives at
// most 256 chunks, and one chunk if the object has at most 1 MiB. Every party computes the same.
constexpr uint32_t chunk_size_for(uint64_t object_bytes) {
  uint64_t chunks = object_bytes <= kOneChunkBytesMax ? 1 : kChunksAimedAt;
  uint64_t size = kChunkBytesMin;
  while (size < kChunkBytesMax && object_bytes > size * chunks) size *= 2;
  return static_cast<uint32_t>(size);
}

// An object's cut: its size and its chunks' size, both in bytes.
// Requires (for all methods): chunk_bytes is a power of two in [16 KiB, 16 MiB], and the size is at
// most kObjectBytesMax.
struct Chunking {
  uint64_t object_bytes = 0;
  uint32_t chunk_bytes = kChunkBytesMin;

  static constexpr Chunking of(uint64_t object_bytes) {
    return {object_bytes, chunk_size_for(object_bytes)};
  }
  bool operator==(const Chunking&) const = default;

  // Whether the values keep what is required above. For checking input from outside.
  constexpr bool is_valid() const {
    return std::has_single_bit(chunk_bytes) && chunk_bytes >= kBlockBytes &&
           chunk_bytes <= kChunkBytesMax && object_bytes <= kObjectBytesMax &&
           (object_bytes + chunk_bytes - 1) / chunk_bytes <= kChunksMax;
  }
  // 0 for an empty object.
  constexpr uint32_t chunk_count() const {
    return static_cast<uint32_t>((object_bytes + chunk_bytes - 1) / chunk_bytes);
  }
  constexpr uint64_t offset_of(ChunkIndex chunk) const {
    return uint64_t{chunk.value()} * chunk_bytes;
  }
  // Bytes of a chunk: chunk_bytes, or less for the last. Requires: chunk < chunk_count().
  constexpr uint32_t length_of(ChunkIndex chunk) const {
    uint64_t begin = offset_of(chunk);
    TYTO_ASSERT(begin < object_bytes);
    uint64_t rest = object_bytes - begin;
    return rest < chunk_bytes ? static_cast<uint32_t>(rest) : chunk_bytes;
  }
  // Blocks of a chunk, the last of which may be short. Requires: chunk < chunk_count().
  constexpr uint32_t blocks_of(ChunkIndex chunk) const {
    return (length_of(chunk) + kBlockBytes - 1) / kBlockBytes;
  }
  // The chunk that holds the byte at `offset`. Requires: offset < object_bytes.
  constexpr ChunkIndex chunk_at(uint64_t offset) const {
    TYTO_ASSERT(offset < object_bytes);
    return ChunkIndex(static_cast<uint32_t>(offset / chunk_bytes));
  }
};

}  // namespace tyto
