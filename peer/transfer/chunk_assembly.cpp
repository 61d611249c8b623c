#include "peer/transfer/chunk_assembly.h"

#include <algorithm>
#include <utility>

#include "io/hash/merkle.h"
#include "io/hash/sha256.h"
#include "peer/transfer/transfer.h"

namespace tyto::peer {
namespace {

// From this size on, a piece's blocks fill the hashing lanes without being gathered first.
constexpr std::size_t kDirectBytes = 256 * kKiB;

}  // namespace

ChunkAssembly::ChunkAssembly(const Chunking& chunking, ChunkIndex chunk, std::optional<Digest> root,
                             std::unique_ptr<ChunkWriter> writer)
    : chunking_(chunking),
      chunk_(chunk),
      root_(root),
      chunk_bytes_(chunking.length_of(chunk)),
      writer_(std::move(writer)) {
  TYTO_ASSERT(writer_ != nullptr);
}

ChunkAssembly::~ChunkAssembly() = default;

Result<void> ChunkAssembly::append(std::span<const std::byte> bytes) {
  TYTO_ASSERT(bytes.size() <= missing_bytes());
  while (!bytes.empty()) {
    std::size_t taken = 0;
    Result<void> result;
    if (bytes.size() < kDirectBytes) {
      taken = std::min<std::size_t>(bytes.size(), kGatherBytes - buffered_bytes_);
      result = gather(bytes.first(taken));
    } else if (buffered_bytes_ > 0) {
      taken = (kBlockBytes - buffered_bytes_ % kBlockBytes) % kBlockBytes;
      result = gather(bytes.first(taken));
      if (result) result = flush();
    } else {
      taken =
          bytes.size() == missing_bytes() ? bytes.size() : bytes.size() / kBlockBytes * kBlockBytes;
      result = take_blocks(bytes.first(taken));
    }
    if (!result) return result;
    bytes = bytes.subspan(taken);
  }
  return {};
}

Result<void> ChunkAssembly::gather(std::span<const std::byte> bytes) {
  if (buffer_.empty()) buffer_.resize(std::min<std::size_t>(kGatherBytes, chunk_bytes_));
  std::copy(bytes.begin(), bytes.end(), buffer_.begin() + buffered_bytes_);
  buffered_bytes_ += static_cast<uint32_t>(bytes.size());
  if (buffered_bytes_ == buffer_.size() || missing_bytes() == 0) return flush();
  return {};
}

// Requires: the buffer holds whole blocks, or the chunk's end.
Result<void> ChunkAssembly::flush() {
  if (buffered_bytes_ == 0) return {};
  std::span<const std::byte> bytes(buffer_.data(), std::exchange(buffered_bytes_, 0));
  return take_blocks(bytes);
}

// Requires: whole blocks, or the chunk's end; nothing is gathered.
Result<void> ChunkAssembly::take_blocks(std::span<const std::byte> bytes) {
  std::vector<Digest> hashes(io::block_count(bytes.size()));
  io::hash_blocks(bytes, hashes);
  leaves_.insert(leaves_.end(), hashes.begin(), hashes.end());
  auto written = writer_->write(written_bytes_, bytes);
  if (!written) return written;
  written_bytes_ += static_cast<uint32_t>(bytes.size());
  return {};
}

Result<Digest> ChunkAssembly::finish() {
  TYTO_ASSERT(missing_bytes() == 0 && buffered_bytes_ == 0);
  Digest root = io::chunk_root_of(chunking_, chunk_, leaves_);
  if (root_ && root != *root_)
    return {ErrorCode::kCorrupt, "the bytes of chunk " + std::to_string(chunk_.value()) +
                                     " have root " + root.short_hex() + ", expected " +
                                     root_->short_hex()};
  if (auto set = writer_->set_leaves(leaves_); !set) return set.error();
  if (auto committed = writer_->commit(root); !committed) return committed.error();
  writer_.reset();
  return root;
}

}  // namespace tyto::peer
