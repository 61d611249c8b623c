#include "peer/store/disk_store.h"

#include <filesystem>

#include "base/assert.h"
#include "peer/store/disk_state.h"

namespace tyto::peer {
namespace {

using StateRef = std::shared_ptr<DiskStore::State>;

// Also what is written so far of a chunk on its way, whose root is then not told.
class DiskView final : public ChunkView {
 public:
  // Counted in the chunk's views by the maker.
  DiskView(StateRef state, std::shared_ptr<VersionFiles> files, ChunkId id,
           const Chunking& chunking, const Digest& root)
      : state_(std::move(state)),
        files_(std::move(files)),
        id_(id),
        chunking_(chunking),
        root_(root) {}
  ~DiskView() override {
    Doomed doomed;
    {
      std::lock_guard lock(state_->mutex);
      DiskChunk& chunk = state_->versions.at(id_.version).chunks.at(id_.index.value());
      chunk.views -= 1;
      uint32_t index = id_.index.value();
      state_->free_unused(id_.version, {&index, 1}, doomed);
    }
    state_->remove(doomed);
  }
  DiskView(const DiskView&) = delete;
  DiskView& operator=(const DiskView&) = delete;

  uint32_t size() const override { return chunking_.length_of(id_.index); }
  const Digest& root() const override { return root_; }
  Result<std::vector<Digest>> leaves() const override {
    std::vector<Digest> leaves(chunking_.blocks_of(id_.index));
    auto read = files_->leaves->read_at(leaves_offset(chunking_, id_.index.value()),
                                        writable_bytes(leaves));
    if (!read) return read.error();
    return leaves;
  }
  Result<void> read(uint32_t offset, std::span<std::byte> out) const override {
    TYTO_ASSERT(offset <= size() && out.size() <= size() - offset);
    return files_->data->read_at(chunking_.offset_of(id_.index) + offset, out);
  }
  FileRange file() const override { return {files_->data->fd(), chunking_.offset_of(id_.index)}; }

 private:
  StateRef state_;
  std::shared_ptr<VersionFiles> files_;
  ChunkId id_;
  Chunking chunking_;
  Digest root_;
};

class DiskWriter final : public ChunkWriter {
 public:
  DiskWriter(StateRef state, std::shared_ptr<VersionFiles> files, ChunkId id,
             const Chunking& chunking)
      : state_(std::move(state)), files_(std::move(files)), id_(id), chunking_(chunking) {}
  ~DiskWriter() override {
    if (is_committed_) return;
    Doomed doomed;
    {
      std::lock_guard lock(state_->mutex);
      uint32_t index = id_.index.value();
      state_->versions.at(id_.version).chunks.at(index).is_writing = false;
      state_->free_unused(id_.version, {&index, 1}, doomed);
    }
    state_->remove(doomed);
  }
  DiskWriter(const DiskWriter&) = delete;
  DiskWriter& operator=(const DiskWriter&) = delete;

  Result<void> set_leaves(std::span<const Digest> leaves) override {
    TYTO_ASSERT(leaves_.empty() && leaves.size() == chunking_.blocks_of(id_.index));
    leaves_.assign(leaves.begin(), leaves.end());
    return {};
  }
  Result<void> write(uint32_t offset, std::span<const std::byte> bytes) override {
    TYTO_ASSERT(offset == written_ && bytes.size() <= chunking_.length_of(id_.index) - written_);
    auto written = files_->data->write_at(chunking_.offset_of(id_.index) + offset, bytes);
    if (written) written_ += static_cast<uint32_t>(bytes.size());
    return written;
  }
  std::shared_ptr<const ChunkBytes> bytes() override {
    std::lock_guard lock(state_->mutex);
    auto view = std::make_shared<const DiskView>(state_, files_, id_, chunking_, Digest{});
    state_->versions.at(id_.version).chunks.at(id_.index.value()).views += 1;
    return view;
  }
  Result<void> commit(const Digest& root) override {
    TYTO_ASSERT(!is_committed_ && !leaves_.empty());
    TYTO_ASSERT(written_ == chunking_.length_of(id_.index));
    auto written = files_->leaves->write_at(leaves_offset(chunking_, id_.index.value()),
                                            writable_bytes(leaves_));
    if (!written) return written;
    std::lock_guard lock(state_->mutex);
    auto committed = state_->commit(id_, root);
    is_committed_ = committed.ok();
    return committed;
  }

 private:
  StateRef state_;
  std::shared_ptr<VersionFiles> files_;
  ChunkId id_;
  Chunking chunking_;
  std::vector<Digest> leaves_;
  uint32_t written_ = 0;
  bool is_committed_ = false;
};

Error no_room(const DiskStore::State& state, uint32_t bytes) {
  return {ErrorCode::kNoSpace, state.dir + ": the store's limit of " +
                                   std::to_string(state.limit_bytes) + " bytes has no room for " +
                                   std::to_string(bytes) +
                                   " more; lend it more of the disk, or drop chunks"};
}

// Frees the space that was kept for a full disk. False if there was none.
bool remove_ballast(const std::string& dir, const DiskStoreOptions& options) {
  auto real = make_real_file_system();
  FileSystem& files = options.files == nullptr ? *real : *options.files;
  return files.open(ballast_path(dir), FileOpen::kExisting).ok() &&
         files.remove(ballast_path(dir)).ok();
}

// Moves a broken index out of the way. It is kept, for those who want to know.
Result<void> set_index_aside(const std::string& dir, const DiskStoreOptions& options) {
  auto real = make_real_file_system();
  FileSystem& files = options.files == nullptr ? *real : *options.files;
  std::string path = dir + "/index.sqlite";
  for (const char* suffix : {"-wal", "-shm"})
    if (auto done = files.remove(path + suffix); !done) return done;
  return files.rename(path, path + ".broken");
}

Result<StateRef> open_state(const std::string& dir, uint64_t limit_bytes,
                            const DiskStoreOptions& options) {
  auto lock = FolderLock::take(dir);
  if (!lock) return lock.error();
  auto state =
      std::make_shared<DiskStore::State>(dir, limit_bytes, options, std::move(lock).value());
  auto index = StoreIndex::open(dir + "/index.sqlite", options.index_vfs);
  if (!index) return index.error();
  state->index = std::move(index).value();
  if (auto done = state->recover(); !done) return done.error();
  return state;
}

Result<StateRef> open_or_mend(const std::string& dir, uint64_t limit_bytes,
                              const DiskStoreOptions& options) {
  auto state = open_state(dir, limit_bytes, options);
  if (state) return state;
  // A full disk must not keep anyone from dropping chunks.
  if (state.error().code == ErrorCode::kNoSpace && remove_ballast(dir, options))
    return open_state(dir, limit_bytes, options);
  if (state.error().code != ErrorCode::kCorrupt) return state;
  if (auto moved = set_index_aside(dir, options); !moved) return moved.error();
  state = open_state(dir, limit_bytes, options);
  if (state) (*state)->report.index_was_broken = true;
  return state;
}

}  // namespace

Result<std::unique_ptr<DiskStore>> DiskStore::open(const std::string& dir, uint64_t limit_bytes,
                                                   const DiskStoreOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  std::error_code ignored;
  if (!std::filesystem::is_directory(dir, ignored))
    return {ErrorCode::kInvalidArgument, dir + ": is no folder and cannot be made one" +
                                             (error ? ": " + error.message() : "") +
                                             "; give a folder for the chunk store"};
  auto state = open_or_mend(dir, limit_bytes, options);
  if (!state) return state.error();
  return std::unique_ptr<DiskStore>(new DiskStore(std::move(state).value()));
}

DiskStore::DiskStore(std::shared_ptr<State> state) : state_(std::move(state)) {}
DiskStore::~DiskStore() = default;

Result<void> DiskStore::remember(const VersionFactsRef& facts) {
  TYTO_ASSERT(facts != nullptr && facts->chunking.is_valid());
  std::lock_guard lock(state_->mutex);
  auto [version, is_new] = state_->versions.try_emplace(facts->id);
  if (!is_new) return {};
  version->second.facts = facts;
  state_->forget_if_idle(facts->id);
  return {};
}

Result<std::unique_ptr<ChunkWriter>> DiskStore::begin(const VersionId& id, ChunkIndex index) {
  std::lock_guard lock(state_->mutex);
  auto found = state_->versions.find(id);
  if (found == state_->versions.end())
    return {ErrorCode::kNotFound, "version " + id.hex() + " was not described to the store"};
  DiskVersion& version = found->second;
  const Chunking chunking = version.facts->chunking;
  if (index.value() >= chunking.chunk_count())
    return {ErrorCode::kInvalidArgument,
            "version " + id.hex() + " has no chunk " + std::to_string(index.value())};
  if (version.is_handed_over)
    return {ErrorCode::kConflict, "the file of version " + id.hex() + " was handed over"};
  auto chunk = version.chunks.find(index.value());
  bool is_known = chunk != version.chunks.end();
  if (is_known && (chunk->second.is_held || chunk->second.is_writing))
    return {ErrorCode::kConflict, "chunk " + std::to_string(index.value()) + " of " + id.hex() +
                                      " is held or being written already"};
  uint32_t bytes = chunking.length_of(index);
  bool has_room =
      bytes <= state_->limit_bytes && state_->reserved_bytes <= state_->limit_bytes - bytes;
  if (!is_known && !has_room) return no_room(*state_, bytes);
  if (auto noted = state_->note_change(); !noted) return noted.error();
  auto files = state_->files_of(version);
  if (!files) return files.error();
  if (!is_known) state_->reserved_bytes += bytes;
  version.chunks[index.value()].is_writing = true;
  return std::unique_ptr<ChunkWriter>(
      std::make_unique<DiskWriter>(state_, std::move(files).value(), ChunkId{id, index}, chunking));
}

std::shared_ptr<const ChunkView> DiskStore::find(const ChunkId& id) const {
  std::lock_guard lock(state_->mutex);
  auto version = state_->versions.find(id.version);
  if (version == state_->versions.end()) return nullptr;
  auto chunk = version->second.chunks.find(id.index.value());
  if (chunk == version->second.chunks.end() || !chunk->second.is_held) return nullptr;
  auto files = state_->files_of(version->second);
  if (!files) return nullptr;
  auto view = std::make_shared<const DiskView>(state_, std::move(files).value(), id,
                                               version->second.facts->chunking, chunk->second.root);
  chunk->second.views += 1;
  return view;
}

Result<uint32_t> DiskStore::drop(const VersionId& id, uint32_t first, uint32_t count) {
  Doomed doomed;
  std::vector<uint32_t> dropped;
  {
    std::lock_guard lock(state_->mutex);
    auto found = state_->versions.find(id);
    if (found == state_->versions.end() || found->second.held == 0) return 0u;
    DiskVersion& version = found->second;
    if (auto noted = state_->note_change(); !noted) return noted.error();
    if (auto removed = state_->remove_rows(version, first, count); !removed) return removed.error();
    auto chunk = version.chunks.lower_bound(first);
    for (; chunk != version.chunks.end() && chunk->first - first < count; ++chunk) {
      if (!chunk->second.is_held) continue;
      chunk->second.is_held = false;
      version.held -= 1;
      state_->held_chunks -= 1;
      state_->held_bytes -= version.facts->chunking.length_of(ChunkIndex(chunk->first));
      dropped.push_back(chunk->first);
    }
    state_->free_unused(id, dropped, doomed);
    state_->keep_ballast();
  }
  state_->remove(doomed);
  return static_cast<uint32_t>(dropped.size());
}

std::vector<InventoryEntry> DiskStore::inventory() const {
  std::vector<InventoryEntry> entries;
  std::lock_guard lock(state_->mutex);
  for (const auto& [id, version] : state_->versions) {
    if (version.held == 0) continue;
    const Chunking& chunking = version.facts->chunking;
    InventoryEntry entry{id, chunking, Bitmap(chunking.chunk_count()), {}};
    for (const auto& [index, chunk] : version.chunks) {
      if (!chunk.is_held) continue;
      entry.chunks.set(index);
      entry.roots.push_back(chunk.root);
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<VersionFactsRef> DiskStore::remembered() const {
  std::vector<VersionFactsRef> facts;
  std::lock_guard lock(state_->mutex);
  for (const auto& [id, version] : state_->versions)
    if (!version.chunks.empty()) facts.push_back(version.facts);
  return facts;
}

StoreUsage DiskStore::usage() const {
  std::lock_guard lock(state_->mutex);
  return {state_->held_bytes, state_->limit_bytes, state_->held_chunks};
}

const OpenReport& DiskStore::open_report() const {
  return state_->report;
}

Result<void> DiskStore::sync() {
  // Unlocked, since it may take long: what changes meanwhile is noticed by the second look.
  if (auto synced = state_->files.sync_all(state_->dir); !synced) return synced;
  std::lock_guard lock(state_->mutex);
  for (const auto& [id, version] : state_->versions)
    for (const auto& [index, chunk] : version.chunks)
      if (chunk.is_writing) return {};  // not at rest: nothing can be promised
  if (auto synced = state_->files.sync_all(state_->dir); !synced) return synced;
  auto noted = state_->index->set_trust({state_->boot_id, true}, io::SqliteSync::kFull);
  if (noted) state_->is_synced = true;
  return noted;
}

Result<std::string> DiskStore::object_path(const VersionId& id) const {
  std::lock_guard lock(state_->mutex);
  auto found = state_->versions.find(id);
  if (found == state_->versions.end() || found->second.held == 0)
    return {ErrorCode::kNotFound, state_->dir + ": holds nothing of version " + id.hex()};
  return state_->data_path(id);
}

}  // namespace tyto::peer
