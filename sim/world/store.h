// A simulated store: which chunks a peer's disk and memory hold, and whether they are what they
// should be.
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

  // `memory_bytes`: lent besides, for chunks that are in memory only.
  explicit Store(uint64_t limit_bytes, uint64_t memory_bytes = 0)
      : disk_{limit_bytes}, memory_{memory_bytes} {}

  void remember(const VersionFactsRef& facts);
  // Room for a chunk that is about to come. False: there is none.
  [[nodiscard]] bool reserve(const VersionFactsRef& facts, ChunkIndex chunk,
                             Medium medium = Medium::kDisk);
  // The chunk that was reserved will not come.
  void release(const VersionFactsRef& facts, ChunkIndex chunk, Medium medium = Medium::kDisk);
  // The chunk that was reserved has come.
  void commit(const VersionFactsRef& facts, ChunkIndex chunk, ContentTag tag,
              Medium medium = Medium::kDisk);
  bool holds(const ChunkId& chunk) const;
  // The bytes that are read. Requires: holds(chunk).
  ContentTag content(const ChunkId& chunk) const;
  // What hashing gave when the chunk was stored. Requires: holds(chunk).
  Digest root(const ChunkId& chunk) const;
  // Whether the chunk is in memory only. Requires: holds(chunk).
  bool is_in_memory(const ChunkId& chunk) const;
  // Every other chunk on disk turns bad, the first included.
  void spoil_half();
  bool has_turned_bad(const ChunkId& chunk) const;
  // Frees a chunk; false if it was not held.
  bool drop(const ChunkId& chunk);
  void set_space(Space space) { space_ = space; }
  Space space() const { return space_; }
  // Whether nothing more can be stored there, whatever is lent.
  bool is_full(Medium medium) const {
    return medium == Medium::kDisk && space_ == Space::kDiskFull;
  }
  // After the death of the process: what was on its way, and in memory, is gone.
  void process_gone();

  // By version, with roots, as the real store tells it.
  std::vector<InventoryEntry> inventory() const;
  std::vector<VersionFactsRef> remembered() const;
  // Every chunk held, in order.
  std::vector<ChunkId> chunks() const;
  uint32_t count(const VersionId& version) const;
  // Of all versions.
  uint64_t chunk_count() const { return chunk_count_; }
  uint64_t used_bytes(Medium medium = Medium::kDisk) const { return of(medium).used; }
  uint64_t limit_bytes(Medium medium = Medium::kDisk) const { return of(medium).limit; }
  // For chunks on their way.
  uint64_t reserved_bytes() const { return disk_.reserved + memory_.reserved; }

 private:
  struct Account {
    uint64_t limit = 0;
    uint64_t used = 0;
    uint64_t reserved = 0;
  };
  Account& of(Medium medium) { return medium == Medium::kMemory ? memory_ : disk_; }
  const Account& of(Medium medium) const { return medium == Medium::kMemory ? memory_ : disk_; }
  ContentTag stored(const ChunkId& chunk) const;
  struct Version {
    VersionFactsRef facts;
    Bitmap held;
    std::set<uint32_t> in_memory;
    std::map<uint32_t, ContentTag> wrong;  // chunks that are not what they should be
    std::set<uint32_t> bad;                // that were, or were not, and are something else now
  };
  Account disk_;
  Account memory_;
  uint64_t chunk_count_ = 0;
  Space space_ = Space::kNormal;
  std::map<VersionId, Version> versions_;
};

}  // namespace tyto::sim
