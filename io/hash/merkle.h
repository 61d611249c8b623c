// Merkle trees over blocks, as BitTorrent v2 has them (BEP 52): SHA-256, two children a node, the
// leaves being the hashes of 16 KiB blocks.
//
// A chunk of ours is a piece of theirs. In an object of several chunks, every chunk's tree has as
// many leaves as a full chunk has blocks; missing leaves are 32 zero bytes. In an object of one
// chunk, that chunk's tree has its own number of blocks rounded up to a power of two, and its root
// is the root of the whole file. An empty object has no tree: its pieces root is all zero.
#pragma once

#include <cstddef>
#include <span>

#include "base/chunking.h"
#include "base/digest.h"

namespace tyto::io {

// SHA-256 of two nodes, side by side.
Digest merkle_parent(const Digest& left, const Digest& right);

// The root over `leaves`, padded at the end with `pad` up to `leaf_count_padded`.
// Requires: leaf_count_padded is a power of two, and 1 <= leaves.size() <= leaf_count_padded.
Digest merkle_root(std::span<const Digest> leaves, std::size_t leaf_count_padded,
                   const Digest& pad = Digest{});

// The root over `leaf_count` leaves of zeros: what pads a tree of chunk roots.
// Requires: leaf_count is a power of two.
Digest merkle_zero_root(std::size_t leaf_count);

// The root of a chunk from the hashes of its blocks.
// Requires: leaves.size() == chunking.blocks_of(chunk).
Digest chunk_root_of(const Chunking& chunking, ChunkIndex chunk, std::span<const Digest> leaves);

// The same from the chunk's bytes. Requires: bytes.size() == chunking.length_of(chunk).
Digest chunk_root_of_bytes(const Chunking& chunking, ChunkIndex chunk,
                           std::span<const std::byte> bytes);

// The root of the whole object ("pieces root") from the roots of its chunks; all zero for an empty
// object. Requires: chunk_roots.size() == chunking.chunk_count().
Digest pieces_root_of(const Chunking& chunking, std::span<const Digest> chunk_roots);

}  // namespace tyto::io
