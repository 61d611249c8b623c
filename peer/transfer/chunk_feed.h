// One source's answer on its way into a PartialChunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "peer/transfer/data_protocol.h"
#include "peer/transfer/partial_chunk.h"

namespace tyto::peer {

// Takes a chunk's representation in pieces of any size, from a boundary on, and feeds it: leaf
// hashes, then blocks. Whole blocks are taken from where they lie; only what is cut is gathered.
//
// Threads:   confined to the loop.
// Bounds:    one block, and the leaf hashes (32 KiB at most) until they were accepted.
// Errors:    PartialChunk's; more bytes than the chunk has are kCorrupt. Then it is dead.
class ChunkFeed {
 public:
  explicit ChunkFeed(std::shared_ptr<PartialChunk> chunk) : chunk_(std::move(chunk)) {}

  // Where the source should begin: at the first byte that is not here yet.
  uint64_t wanted_from() const;
  Representation representation() const { return {chunk_->chunk_bytes()}; }
  // The answer begins at `position`. Requires: a boundary, at most wanted_from() if that is not 0.
  void begin(uint64_t position);

  Result<void> append(std::span<const std::byte> bytes);

  // How many bytes are lacking to the end of the leaf hashes, or of the block under way and those
  // behind it, `blocks` of them together, or of the chunk; at least 1.
  uint64_t bytes_to_mark(uint32_t blocks) const;

  // Whether the answer has come to its end.
  bool is_done() const { return position_ == representation().total_bytes(); }
  // The chunk's bytes that came from here, and of these, those that were verified and new.
  uint32_t payload_bytes() const { return payload_bytes_ + static_cast<uint32_t>(cut_.size()); }
  uint32_t new_bytes() const { return new_bytes_; }
  const std::shared_ptr<PartialChunk>& chunk() const { return chunk_; }

 private:
  std::size_t take_leaves(std::span<const std::byte> bytes);
  Result<std::size_t> take_blocks(std::span<const std::byte> bytes);
  Result<void> hand_over(std::span<const std::byte> blocks);

  std::shared_ptr<PartialChunk> chunk_;
  uint64_t position_ = 0;  // of the representation: received up to here
  std::vector<Digest> leaves_;
  std::vector<std::byte> cut_;  // of the block under way
  uint32_t payload_bytes_ = 0;  // of blocks handed over
  uint32_t new_bytes_ = 0;
};

}  // namespace tyto::peer
