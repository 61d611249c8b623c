#include "peer/transfer/partial_chunk.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"
#include "io/hash/merkle.h"
#include "io/hash/sha256.h"
#include "io/loop/loop.h"

namespace tyto::peer {
namespace {

// Blocks hashed, and written, at a time: enough to fill the hashing lanes.
constexpr std::size_t kBlocksAtOnce = 32;

}  // namespace

void RelayedChunk::follow(std::weak_ptr<const void> who, std::function<void()> news) {
  std::erase_if(followers_, [](const Follower& f) { return f.who.expired(); });
  followers_.push_back({std::move(who), std::move(news)});
  if (on_followed_) on_followed_();
}

void RelayedChunk::grow(std::shared_ptr<RelayedChunk> self, uint32_t verified_bytes, State state) {
  verified_bytes_ = verified_bytes;
  state_ = state;
  if (followers_.empty() || std::exchange(is_telling_, true)) return;
  loop_.post([self = std::move(self)] { self->tell(); });
}

void RelayedChunk::tell() {
  is_telling_ = false;
  auto told = followers_;  // a copy: they may come and go meanwhile
  for (const Follower& follower : told)
    if (auto alive = follower.who.lock()) follower.news();
}

PartialChunk::PartialChunk(io::Loop& loop, const Chunking& chunking, ChunkIndex chunk,
                           std::optional<Digest> root, std::unique_ptr<ChunkWriter> writer)
    : loop_(loop),
      chunking_(chunking),
      chunk_(chunk),
      chunk_bytes_(chunking.length_of(chunk)),
      blocks_(chunking.blocks_of(chunk)),
      root_(root),
      writer_(std::move(writer)) {
  TYTO_ASSERT(writer_ != nullptr);
}

PartialChunk::~PartialChunk() {
  if (relayed_) relayed_->on_followed(nullptr);
  if (relayed_ && relayed_->state() == RelayedChunk::State::kGrowing)
    relayed_->grow(relayed_, verified_bytes_, RelayedChunk::State::kGivenUp);
}

Result<void> PartialChunk::accept_leaves(std::vector<Digest> leaves) {
  TYTO_ASSERT(leaves.size() == blocks_);
  Digest found =
      leaves_ && leaves == *leaves_ ? *root_ : io::chunk_root_of(chunking_, chunk_, leaves);
  if (root_ && found != *root_)
    return {ErrorCode::kCorrupt, "the leaf hashes of chunk " + std::to_string(chunk_.value()) +
                                     " have root " + found.short_hex() + ", expected " +
                                     root_->short_hex()};
  if (leaves_) return {};  // the same: nobody finds others of one root
  root_ = found;
  leaves_ = std::make_shared<const std::vector<Digest>>(std::move(leaves));
  if (auto bytes = writer_ ? writer_->bytes() : nullptr)
    relayed_ = std::make_shared<RelayedChunk>(loop_, std::move(bytes), leaves_, *root_);
  if (relayed_) relayed_->on_followed([this] { tell_followed(); });
  if (auto tell = on_leaves_) tell();
  return {};
}

void PartialChunk::tell_followed() {
  std::erase_if(watchers_, [](const auto& watcher) { return watcher.first.expired(); });
  auto told = watchers_;
  for (const auto& [who, callback] : told) callback();
}

Result<uint32_t> PartialChunk::take(uint32_t offset, std::span<const std::byte> bytes) {
  TYTO_ASSERT(leaves_ && writer_ && offset % kBlockBytes == 0 && offset <= verified_bytes_);
  TYTO_ASSERT(bytes.size() <= chunk_bytes_ - offset);
  const uint32_t before = verified_bytes_;
  std::size_t there = std::min<std::size_t>(bytes.size(), verified_bytes_ - offset);
  bytes = bytes.subspan(there);
  Result<void> result;
  while (result && !bytes.empty()) {
    auto part = bytes.first(std::min<std::size_t>(bytes.size(), kBlocksAtOnce * kBlockBytes));
    result = write(part);
    bytes = bytes.subspan(part.size());
  }
  if (relayed_ && verified_bytes_ > before)
    relayed_->grow(relayed_, verified_bytes_,
                   is_whole() ? RelayedChunk::State::kWhole : RelayedChunk::State::kGrowing);
  if (!result) return result.error();
  return verified_bytes_ - before;
}

// Writes those blocks that are good, up to the first that is not. At most kBlocksAtOnce.
Result<void> PartialChunk::write(std::span<const std::byte> bytes) {
  std::array<Digest, kBlocksAtOnce> space;
  std::span<Digest> hashes(space.data(), io::block_count(bytes.size()));
  io::hash_blocks(bytes, hashes);
  auto expected = leaves_->begin() + verified_bytes_ / kBlockBytes;
  auto [bad, leaf] = std::mismatch(hashes.begin(), hashes.end(), expected);
  auto good = std::min<std::size_t>(bytes.size(),
                                    static_cast<std::size_t>(bad - hashes.begin()) * kBlockBytes);
  if (good > 0) {
    if (auto written = writer_->write(verified_bytes_, bytes.first(good)); !written) {
      writer_.reset();
      return written;
    }
    verified_bytes_ += static_cast<uint32_t>(good);
  }
  if (bad == hashes.end()) return {};
  return {ErrorCode::kCorrupt, "the block of chunk " + std::to_string(chunk_.value()) +
                                   " at byte " + std::to_string(verified_bytes_) + " has hash " +
                                   bad->short_hex() + ", expected " + leaf->short_hex()};
}

Result<Digest> PartialChunk::finish() {
  TYTO_ASSERT(is_whole() && leaves_ && writer_);
  auto writer = std::move(writer_);
  if (auto set = writer->set_leaves(*leaves_); !set) return set.error();
  if (auto committed = writer->commit(*root_); !committed) return committed.error();
  return *root_;
}

}  // namespace tyto::peer
