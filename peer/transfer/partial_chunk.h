// A chunk that is being received from other peers: fed by one or several transfers, kept between
// them, and relayed while it grows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/chunking.h"
#include "base/ids.h"
#include "base/result.h"
#include "peer/store/chunk_store.h"

namespace tyto::io {
class Loop;
}

namespace tyto::peer {

// What others may read of a chunk that is on its way here: its leaf hashes and its verified prefix.
// Lives on after the chunk itself is whole or given up.
//
// Threads:   confined to the loop.
// Ownership: keeps the chunk's bytes from being freed while it lives.
class RelayedChunk {
 public:
  enum class State : uint8_t {
    kGrowing,  // further blocks may come, from whatever source
    kWhole,    // verified to its end; in the store, unless that has just failed
    kGivenUp,  // no more will come
  };

  RelayedChunk(io::Loop& loop, std::shared_ptr<const ChunkBytes> bytes,
               std::shared_ptr<const std::vector<Digest>> leaves, const Digest& root)
      : loop_(loop), bytes_(std::move(bytes)), leaves_(std::move(leaves)), root_(root) {}

  const std::shared_ptr<const ChunkBytes>& bytes() const { return bytes_; }
  const std::shared_ptr<const std::vector<Digest>>& leaves() const { return leaves_; }
  const Digest& root() const { return root_; }
  uint32_t verified_bytes() const { return verified_bytes_; }
  State state() const { return state_; }

  // Has `news` called when there is more to read, or the state has changed: once for all that came
  // in one turn of the loop. Ends when `who` has gone.
  void follow(std::weak_ptr<const void> who, std::function<void()> news);

  bool is_followed() const {
    return std::any_of(followers_.begin(), followers_.end(),
                       [](const Follower& f) { return !f.who.expired(); });
  }

  // From the chunk that is received.
  void on_followed(std::function<void()> callback) { on_followed_ = std::move(callback); }
  void grow(std::shared_ptr<RelayedChunk> self, uint32_t verified_bytes, State state);

 private:
  struct Follower {
    std::weak_ptr<const void> who;
    std::function<void()> news;
  };
  void tell();

  io::Loop& loop_;
  std::shared_ptr<const ChunkBytes> bytes_;
  std::shared_ptr<const std::vector<Digest>> leaves_;
  Digest root_;
  uint32_t verified_bytes_ = 0;
  State state_ = State::kGrowing;
  bool is_telling_ = false;  // posted
  std::function<void()> on_followed_;
  std::vector<Follower> followers_;
};

// The chunk itself: takes leaf hashes, then blocks that follow one another, each checked before it
// is written. Several transfers may feed it (each through a ChunkFeed); a block that is there
// already is passed over. Destroyed before finish(), it leaves no trace in the store, and those
// who read along are told that it was given up.
//
// Threads:   confined to the loop.
// Ownership: owns the writer. Shared by the transfers that feed it and whoever keeps it between.
// Bounds:    leaf hashes, 32 KiB at most. Blocks are hashed where they lie.
// Errors:    kCorrupt: leaves or a block do not match; what was verified before stays good. Others
//            are the store's: the chunk is then dead, and is_usable() says so.
class PartialChunk {
 public:
  // Requires: chunk < chunking.chunk_count(), writer not null. An absent root is taken from the
  // first leaves that come.
  PartialChunk(io::Loop& loop, const Chunking& chunking, ChunkIndex chunk,
               std::optional<Digest> root, std::unique_ptr<ChunkWriter> writer);
  ~PartialChunk();
  PartialChunk(const PartialChunk&) = delete;
  PartialChunk& operator=(const PartialChunk&) = delete;

  uint32_t chunk_bytes() const { return chunk_bytes_; }
  uint32_t blocks() const { return blocks_; }
  bool has_leaves() const { return leaves_ != nullptr; }
  uint32_t verified_bytes() const { return verified_bytes_; }
  bool is_whole() const { return verified_bytes_ == chunk_bytes_; }
  // False after an error of the store.
  bool is_usable() const { return writer_ != nullptr; }
  // The last quarter (0 to 4) that is written in full.
  uint8_t quarters() const {
    return static_cast<uint8_t>(uint64_t{verified_bytes_} * 4 / chunk_bytes_);
  }
  // The root that its leaves have, or must have. Absent: any.
  const std::optional<Digest>& root() const { return root_; }
  // Null until leaves were accepted, and for stores that can't read what is being written.
  const std::shared_ptr<RelayedChunk>& relayed() const { return relayed_; }
  // Whether somebody reads along now. Each time somebody begins to, `callback` of those who are
  // still there is called.
  bool is_followed() const { return relayed_ && relayed_->is_followed(); }
  void on_followed(std::weak_ptr<const void> who, std::function<void()> callback) {
    watchers_.push_back({std::move(who), std::move(callback)});
  }
  // Called once leaves were accepted, from within accept_leaves().
  void on_leaves(std::function<void()> callback) { on_leaves_ = std::move(callback); }

  // The leaves as received. Others than those accepted before are kCorrupt.
  Result<void> accept_leaves(std::vector<Digest> leaves);
  // Whole blocks, or blocks up to the chunk's end, from `offset` on; those that are there already
  // are passed over. Returns how many bytes were new.
  // Requires: has_leaves(), is_usable(), offset on a block and <= verified_bytes().
  Result<uint32_t> take(uint32_t offset, std::span<const std::byte> bytes);
  // Hands all to the store; returns the root. Requires: is_whole(), is_usable(), once.
  Result<Digest> finish();

 private:
  Result<void> write(std::span<const std::byte> bytes);
  void tell_followed();

  io::Loop& loop_;
  const Chunking chunking_;
  const ChunkIndex chunk_;
  const uint32_t chunk_bytes_;
  const uint32_t blocks_;
  std::optional<Digest> root_;
  std::unique_ptr<ChunkWriter> writer_;
  std::shared_ptr<const std::vector<Digest>> leaves_;
  std::shared_ptr<RelayedChunk> relayed_;
  std::function<void()> on_leaves_;
  std::vector<std::pair<std::weak_ptr<const void>, std::function<void()>>> watchers_;
  uint32_t verified_bytes_ = 0;
};

}  // namespace tyto::peer
