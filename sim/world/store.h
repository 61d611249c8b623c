// A simulated store: which chunks a peer's disk holds, and whether they are what they should be.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "schema/messages/exchange.h"
#include "sim/models/content.h"

namespace tyto::sim {

// Keeps chunks by version as a bitmap within a limit of bytes. Content is not kept: chunks are
// what they ought to be, but for lists of those that are not, and of those that have turned bad
// since they were stored: what is read of these is wrong, and what the index says of them is not.
//
// Purity: pure.
class Store {
 public:
  enum class Space : uint8_t { kNormal, kDiskFull };

  explicit Store(uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  void remember(const VersionFactsRef& facts);
  // Room for a chunk that is about to come. False: there is none.
  [[nodiscard]] bool reserve(const VersionFactsRef& facts, ChunkIndex chunk);
  // The chunk that was reserved will not come.
  void release(const VersionFactsRef& facts, ChunkIndex chunk);
  // The chunk that was reserved has come.
  void commit(const VersionFactsRef& facts, ChunkIndex chunk, ContentTag tag);
  bool holds(const ChunkId& chunk) const;
  // The bytes that are read. Requires: holds(chunk).
  ContentTag content(const ChunkId& chunk) const;
  // What hashing gave when the chunk was stored. Requires: holds(chunk).
  Digest root(const ChunkId& chunk) const;
  // Every other chunk that is held turns bad, the first included.
  void spoil_half();
  bool has_turned_bad(const ChunkId& chunk) const;
  // Frees a chunk; false if it was not held.
  bool drop(const ChunkId& chunk);
  void set_space(Space space) { space_ = space; }
  Space space() const { return space_; }
  // After the death of the process: what was on its way is gone.
  void forget_reservations() { reserved_bytes_ = 0; }

  // By version, with roots, as the real store tells it.
  std::vector<InventoryEntry> inventory() const;
  std::vector<VersionFactsRef> remembered() const;
  // Every chunk held, in order.
  std::vector<ChunkId> chunks() const;
  uint32_t count(const VersionId& version) const;
  // Of all versions.
  uint64_t chunk_count() const { return chunk_count_; }
  uint64_t used_bytes() const { return used_bytes_; }
  uint64_t limit_bytes() const { return limit_bytes_; }
  // For chunks on their way.
  uint64_t reserved_bytes() const { return reserved_bytes_; }

 private:
  ContentTag stored(const ChunkId& chunk) const;
  struct Version {
    VersionFactsRef facts;
    Bitmap held;
    std::map<uint32_t, ContentTag> wrong;  // chunks that are not what they should be
    std::set<uint32_t> bad;                // that were, or were not, and are something else now
  };
  uint64_t limit_bytes_;
  uint64_t used_bytes_ = 0;
  uint64_t chunk_count_ = 0;
  uint64_t reserved_bytes_ = 0;
  Space space_ = Space::kNormal;
  std::map<VersionId, Version> versions_;
};

}  // namespace tyto::sim
