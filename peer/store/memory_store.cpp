#include "peer/store/memory_store.h"

#include <sys/mman.h>

#include <cstring>
#include <map>
#include <mutex>

#include "base/assert.h"
#include "peer/store/idle_versions.h"

namespace tyto::peer {
namespace {

struct Version {
  VersionFactsRef facts;
  std::map<uint32_t, std::shared_ptr<const ChunkView>> chunks;  // null: being written
};

}  // namespace

struct MemoryStore::State {
  explicit State(uint64_t limit) : limit_bytes(limit) {}
  void forget_if_idle(const VersionId& id) {
    auto found = versions.find(id);
    if (found == versions.end() || !found->second.chunks.empty()) return;
    auto oldest = idle.add(id);
    if (!oldest) return;
    auto old = versions.find(*oldest);
    if (old != versions.end() && old->second.chunks.empty()) versions.erase(old);
  }

  const uint64_t limit_bytes;
  std::mutex mutex;
  std::map<VersionId, Version> versions;
  IdleVersions idle;
  uint64_t reserved_bytes = 0;  // of chunks held, being written, or dropped and still viewed
  uint64_t held_bytes = 0;
  uint64_t held_chunks = 0;
};

namespace {

using StateRef = std::shared_ptr<MemoryStore::State>;

// A chunk's memory, and the share of the limit that it takes.
class MemoryChunk final : public ChunkView {
 public:
  // Null if the system has no memory. Takes over `bytes` of the state's reservation.
  static std::shared_ptr<MemoryChunk> make(StateRef state, uint32_t bytes) {
    void* memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    return std::shared_ptr<MemoryChunk>(new MemoryChunk(std::move(state), memory, bytes));
  }
  ~MemoryChunk() override {
    ::munmap(memory_, bytes_);
    std::lock_guard lock(state_->mutex);
    state_->reserved_bytes -= bytes_;
  }
  MemoryChunk(const MemoryChunk&) = delete;
  MemoryChunk& operator=(const MemoryChunk&) = delete;

  uint32_t size() const override { return bytes_; }
  const Digest& root() const override { return root_; }
  Result<std::vector<Digest>> leaves() const override { return leaves_; }
  Result<void> read(uint32_t offset, std::span<std::byte> out) const override {
    TYTO_ASSERT(offset <= bytes_ && out.size() <= bytes_ - offset);
    if (!out.empty()) std::memcpy(out.data(), memory().data() + offset, out.size());
    return {};
  }
  std::span<const std::byte> memory() const override {
    return {static_cast<const std::byte*>(memory_), bytes_};
  }

  void write(uint32_t offset, std::span<const std::byte> bytes) {
    std::memcpy(static_cast<std::byte*>(memory_) + offset, bytes.data(), bytes.size());
  }
  void set_leaves(std::span<const Digest> leaves) { leaves_.assign(leaves.begin(), leaves.end()); }
  void set_root(const Digest& root) { root_ = root; }
  bool has_leaves() const { return !leaves_.empty(); }

 private:
  MemoryChunk(StateRef state, void* memory, uint32_t bytes)
      : state_(std::move(state)), memory_(memory), bytes_(bytes) {}
  StateRef state_;
  void* memory_;
  uint32_t bytes_;
  std::vector<Digest> leaves_;
  Digest root_;
};

class MemoryWriter final : public ChunkWriter {
 public:
  MemoryWriter(StateRef state, ChunkId id, std::shared_ptr<MemoryChunk> chunk)
      : state_(std::move(state)), id_(id), chunk_(std::move(chunk)) {}
  ~MemoryWriter() override {
    if (is_committed_) return;
    std::lock_guard lock(state_->mutex);
    auto version = state_->versions.find(id_.version);
    if (version == state_->versions.end()) return;
    version->second.chunks.erase(id_.index.value());
    state_->forget_if_idle(id_.version);
  }
  MemoryWriter(const MemoryWriter&) = delete;
  MemoryWriter& operator=(const MemoryWriter&) = delete;

  Result<void> set_leaves(std::span<const Digest> leaves) override {
    TYTO_ASSERT(!chunk_->has_leaves());
    TYTO_ASSERT(leaves.size() == (chunk_->size() + kBlockBytes - 1) / kBlockBytes);
    chunk_->set_leaves(leaves);
    return {};
  }
  Result<void> write(uint32_t offset, std::span<const std::byte> bytes) override {
    TYTO_ASSERT(offset == written_ && bytes.size() <= chunk_->size() - written_);
    if (!bytes.empty()) chunk_->write(offset, bytes);
    written_ += static_cast<uint32_t>(bytes.size());
    return {};
  }
  std::shared_ptr<const ChunkBytes> bytes() override { return chunk_; }
  Result<void> commit(const Digest& root) override {
    TYTO_ASSERT(!is_committed_ && written_ == chunk_->size() && chunk_->has_leaves());
    chunk_->set_root(root);
    std::lock_guard lock(state_->mutex);
    state_->held_bytes += chunk_->size();
    state_->held_chunks += 1;
    state_->versions.at(id_.version).chunks.at(id_.index.value()) = chunk_;
    is_committed_ = true;
    return {};
  }

 private:
  StateRef state_;
  ChunkId id_;
  std::shared_ptr<MemoryChunk> chunk_;
  uint32_t written_ = 0;
  bool is_committed_ = false;
};

}  // namespace

MemoryStore::MemoryStore(uint64_t limit_bytes) : state_(std::make_shared<State>(limit_bytes)) {}

// The chunks point back at the state, so they are let go of by hand.
MemoryStore::~MemoryStore() {
  std::map<VersionId, Version> versions;
  std::lock_guard lock(state_->mutex);
  versions.swap(state_->versions);
}

Result<void> MemoryStore::remember(const VersionFactsRef& facts) {
  TYTO_ASSERT(facts != nullptr && facts->chunking.is_valid());
  std::lock_guard lock(state_->mutex);
  bool is_new = state_->versions.try_emplace(facts->id, Version{facts, {}}).second;
  if (is_new) state_->forget_if_idle(facts->id);
  return {};
}

Result<std::unique_ptr<ChunkWriter>> MemoryStore::begin(const VersionId& version,
                                                        ChunkIndex chunk) {
  uint32_t bytes = 0;
  {
    std::lock_guard lock(state_->mutex);
    auto found = state_->versions.find(version);
    if (found == state_->versions.end())
      return {ErrorCode::kNotFound, "version " + version.hex() + " was not described to the store"};
    const Chunking& chunking = found->second.facts->chunking;
    if (chunk.value() >= chunking.chunk_count())
      return {ErrorCode::kInvalidArgument,
              "version " + version.hex() + " has no chunk " + std::to_string(chunk.value())};
    if (found->second.chunks.contains(chunk.value()))
      return {ErrorCode::kConflict, "chunk " + std::to_string(chunk.value()) + " of " +
                                        version.hex() + " is held or being written already"};
    bytes = chunking.length_of(chunk);
    if (bytes > state_->limit_bytes || state_->reserved_bytes > state_->limit_bytes - bytes)
      return {ErrorCode::kNoSpace, "the memory store's limit of " +
                                       std::to_string(state_->limit_bytes) +
                                       " bytes has no room for " + std::to_string(bytes) +
                                       " more; lend it more memory, or drop chunks"};
    state_->reserved_bytes += bytes;
    found->second.chunks.emplace(chunk.value(), nullptr);
  }
  auto memory = MemoryChunk::make(state_, bytes);
  if (memory != nullptr)
    return std::unique_ptr<ChunkWriter>(
        std::make_unique<MemoryWriter>(state_, ChunkId{version, chunk}, std::move(memory)));
  std::lock_guard lock(state_->mutex);
  state_->reserved_bytes -= bytes;
  state_->versions.at(version).chunks.erase(chunk.value());
  return {ErrorCode::kNoSpace,
          "the system has no memory for a chunk of " + std::to_string(bytes) + " bytes"};
}

std::shared_ptr<const ChunkView> MemoryStore::find(const ChunkId& chunk) const {
  std::lock_guard lock(state_->mutex);
  auto version = state_->versions.find(chunk.version);
  if (version == state_->versions.end()) return nullptr;
  auto found = version->second.chunks.find(chunk.index.value());
  return found == version->second.chunks.end() ? nullptr : found->second;
}

Result<uint32_t> MemoryStore::drop(const VersionId& version, uint32_t first, uint32_t count) {
  std::vector<std::shared_ptr<const ChunkView>> dropped;  // freed after the lock is
  std::lock_guard lock(state_->mutex);
  auto found = state_->versions.find(version);
  if (found == state_->versions.end()) return 0u;
  auto& chunks = found->second.chunks;
  for (auto it = chunks.lower_bound(first); it != chunks.end() && it->first - first < count;) {
    if (it->second == nullptr) {
      ++it;
      continue;
    }
    state_->held_bytes -= it->second->size();
    state_->held_chunks -= 1;
    dropped.push_back(std::move(it->second));
    it = chunks.erase(it);
  }
  if (!dropped.empty()) state_->forget_if_idle(version);
  return static_cast<uint32_t>(dropped.size());
}

std::vector<InventoryEntry> MemoryStore::inventory() const {
  std::vector<InventoryEntry> entries;
  std::lock_guard lock(state_->mutex);
  for (const auto& [id, version] : state_->versions) {
    const Chunking& chunking = version.facts->chunking;
    InventoryEntry entry{id, chunking, Bitmap(chunking.chunk_count()), {}};
    for (const auto& [index, chunk] : version.chunks) {
      if (chunk == nullptr) continue;
      entry.chunks.set(index);
      entry.roots.push_back(chunk->root());
    }
    if (!entry.roots.empty()) entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<VersionFactsRef> MemoryStore::remembered() const {
  std::vector<VersionFactsRef> facts;
  std::lock_guard lock(state_->mutex);
  for (const auto& [id, version] : state_->versions)
    if (!version.chunks.empty()) facts.push_back(version.facts);
  return facts;
}

StoreUsage MemoryStore::usage() const {
  std::lock_guard lock(state_->mutex);
  return {state_->held_bytes, state_->limit_bytes, state_->held_chunks};
}

}  // namespace tyto::peer
