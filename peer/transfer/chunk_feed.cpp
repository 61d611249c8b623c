#include "peer/transfer/chunk_feed.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace tyto::peer {

uint64_t ChunkFeed::wanted_from() const {
  if (!chunk_->has_leaves()) return 0;
  return uint64_t{representation().leaf_bytes()} + chunk_->verified_bytes();
}

void ChunkFeed::begin(uint64_t position) {
  TYTO_ASSERT(representation().is_boundary(position) && position <= wanted_from());
  position_ = position;
}

uint64_t ChunkFeed::bytes_to_mark(uint32_t blocks) const {
  uint64_t leaf_end = representation().leaf_bytes();
  uint64_t end = leaf_end;
  if (position_ >= leaf_end) end += ((position_ - leaf_end) / kBlockBytes + blocks) * kBlockBytes;
  end = std::min(end, representation().total_bytes());
  return std::max<uint64_t>(end - position_, 1);
}

Result<void> ChunkFeed::append(std::span<const std::byte> bytes) {
  if (bytes.size() > representation().total_bytes() - position_)
    return {ErrorCode::kCorrupt, "more bytes came than were announced"};
  if (position_ < representation().leaf_bytes()) {
    bytes = bytes.subspan(take_leaves(bytes));
    if (position_ < representation().leaf_bytes()) return {};
    if (auto accepted = chunk_->accept_leaves(std::move(leaves_)); !accepted) return accepted;
    leaves_ = {};
  }
  while (!bytes.empty()) {
    auto taken = take_blocks(bytes);
    if (!taken) return taken.error();
    bytes = bytes.subspan(*taken);
  }
  return {};
}

std::size_t ChunkFeed::take_leaves(std::span<const std::byte> bytes) {
  static_assert(sizeof(Digest) == Digest::kSize);
  leaves_.resize(chunk_->blocks());
  auto count = std::min<uint64_t>(bytes.size(), representation().leaf_bytes() - position_);
  std::memcpy(reinterpret_cast<std::byte*>(leaves_.data()) + position_, bytes.data(), count);
  position_ += count;
  return count;
}

// Takes as many whole blocks as there are, or else a part of one. Requires: not empty.
Result<std::size_t> ChunkFeed::take_blocks(std::span<const std::byte> bytes) {
  auto offset = static_cast<uint32_t>(position_ - representation().leaf_bytes());
  uint32_t block_end = std::min((offset / kBlockBytes + 1) * kBlockBytes, chunk_->chunk_bytes());
  std::size_t count = bytes.size();
  bool ends_chunk = count == chunk_->chunk_bytes() - offset;
  if (cut_.empty() && (ends_chunk || count >= kBlockBytes)) {
    if (!ends_chunk) count = count / kBlockBytes * kBlockBytes;
    position_ += count;
    if (auto taken = hand_over(bytes.first(count)); !taken) return taken.error();
    return count;
  }
  count = std::min<std::size_t>(count, block_end - offset);
  if (cut_.capacity() == 0) cut_.reserve(kBlockBytes);
  cut_.insert(cut_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
  position_ += count;
  if (offset + count < block_end) return count;
  auto taken = hand_over(cut_);
  cut_.clear();
  if (!taken) return taken.error();
  return count;
}

// Requires: the blocks end at position_.
Result<void> ChunkFeed::hand_over(std::span<const std::byte> blocks) {
  auto size = static_cast<uint32_t>(blocks.size());
  payload_bytes_ += size;
  auto offset = static_cast<uint32_t>(position_ - representation().leaf_bytes()) - size;
  uint32_t before = chunk_->verified_bytes();
  if (offset + size <= before) return {};  // another source was faster
  if (!chunk_->is_usable()) return {ErrorCode::kUnavailable, "the store gave the chunk up"};
  auto taken = chunk_->take(offset, blocks);
  new_bytes_ += chunk_->verified_bytes() - before;
  if (!taken) return taken.error();
  return {};
}

}  // namespace tyto::peer
