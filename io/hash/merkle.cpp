#include "io/hash/merkle.h"

#include <bit>
#include <cstring>
#include <vector>

#include "base/assert.h"
#include "io/hash/sha256.h"

namespace tyto::io {

Digest merkle_parent(const Digest& left, const Digest& right) {
  std::array<uint8_t, 2 * Digest::kSize> both;
  std::memcpy(both.data(), left.bytes.data(), Digest::kSize);
  std::memcpy(both.data() + Digest::kSize, right.bytes.data(), Digest::kSize);
  return sha256(std::as_bytes(std::span(both)));
}

Digest merkle_root(std::span<const Digest> leaves, std::size_t leaf_count_padded,
                   const Digest& pad) {
  TYTO_ASSERT(std::has_single_bit(leaf_count_padded));
  TYTO_ASSERT(!leaves.empty() && leaves.size() <= leaf_count_padded);
  std::vector<Digest> level(leaves.begin(), leaves.end());
  Digest level_pad = pad;
  // A level holds only the nodes above real leaves; all others equal `level_pad`.
  for (std::size_t width = leaf_count_padded; width > 1; width /= 2) {
    std::size_t parents = (level.size() + 1) / 2;
    for (std::size_t i = 0; i < parents; ++i) {
      bool has_right = 2 * i + 1 < level.size();
      level[i] = merkle_parent(level[2 * i], has_right ? level[2 * i + 1] : level_pad);
    }
    level.resize(parents);
    level_pad = merkle_parent(level_pad, level_pad);
  }
  return level.front();
}

Digest merkle_zero_root(std::size_t leaf_count) {
  TYTO_ASSERT(std::has_single_bit(leaf_count));
  Digest root;
  for (; leaf_count > 1; leaf_count /= 2) root = merkle_parent(root, root);
  return root;
}

Digest chunk_root_of(const Chunking& chunking, ChunkIndex chunk, std::span<const Digest> leaves) {
  TYTO_ASSERT(leaves.size() == chunking.blocks_of(chunk));
  bool is_only_chunk = chunking.chunk_count() == 1;
  std::size_t padded =
      is_only_chunk ? std::bit_ceil(leaves.size()) : chunking.chunk_bytes / kBlockBytes;
  return merkle_root(leaves, padded);
}

Digest chunk_root_of_bytes(const Chunking& chunking, ChunkIndex chunk,
                           std::span<const std::byte> bytes) {
  TYTO_ASSERT(bytes.size() == chunking.length_of(chunk));
  std::vector<Digest> leaves(block_count(bytes.size()));
  hash_blocks(bytes, leaves);
  return chunk_root_of(chunking, chunk, leaves);
}

Digest pieces_root_of(const Chunking& chunking, std::span<const Digest> chunk_roots) {
  TYTO_ASSERT(chunk_roots.size() == chunking.chunk_count());
  if (chunk_roots.empty()) return Digest{};
  if (chunk_roots.size() == 1) return chunk_roots.front();
  return merkle_root(chunk_roots, std::bit_ceil(chunk_roots.size()),
                     merkle_zero_root(chunking.chunk_bytes / kBlockBytes));
}

}  // namespace tyto::io
