#include "peer/store/split_store.h"

#include <map>

namespace tyto::peer {
namespace {

Error is_elsewhere(const VersionId& version, ChunkIndex chunk, const char* where) {
  return {ErrorCode::kConflict, "chunk " + std::to_string(chunk.value()) + " of " + version.hex() +
                                    " is held " + where + " already"};
}

// Roots of both, in the order of their chunks.
std::vector<Digest> merged_roots(const InventoryEntry& a, const InventoryEntry& b) {
  std::vector<Digest> roots;
  std::size_t of_a = 0;
  std::size_t of_b = 0;
  for (uint32_t c = 0; c < a.chunks.size(); ++c) {
    if (a.chunks.test(c))
      roots.push_back(a.roots[of_a++]);
    else if (b.chunks.test(c))
      roots.push_back(b.roots[of_b++]);
  }
  return roots;
}

void merge(InventoryEntry& entry, const InventoryEntry& in_memory) {
  entry.roots = merged_roots(entry, in_memory);
  entry.in_memory = Bitmap(entry.chunks.size());
  const Bitmap& chunks = in_memory.chunks;
  for (uint32_t c = chunks.next_set(0); c < chunks.size(); c = chunks.next_set(c + 1)) {
    if (entry.chunks.test(c)) continue;
    entry.chunks.set(c);
    entry.in_memory.set(c);
  }
}

// A store forgets versions that it has had no chunks of for long. The other one has some, and knows
// them still.
template <class Begin>
Result<std::unique_ptr<ChunkWriter>> begin_knowing(ChunkStore& store, const ChunkStore& other,
                                                   const VersionId& version, const Begin& begin) {
  auto writer = begin();
  if (writer.ok() || writer.error().code != ErrorCode::kNotFound) return writer;
  for (const VersionFactsRef& facts : other.remembered()) {
    if (facts->id != version) continue;
    if (auto kept = store.remember(facts); !kept.ok()) return kept.error();
    return begin();
  }
  return writer;
}

Result<void> drop_one(MemoryStore& memory, const ChunkId& chunk) {
  auto dropped = memory.drop(chunk.version, chunk.index.value(), 1);
  return dropped.ok() ? Result<void>() : Result<void>(dropped.error());
}

// What of an entry is in memory only.
InventoryEntry without_copies(const InventoryEntry& entry, const MemoryCopies& copies) {
  InventoryEntry rest{entry.version, entry.chunking, Bitmap(entry.chunks.size()), {}};
  std::size_t root = 0;
  for (uint32_t c = entry.chunks.next_set(0); c < entry.chunks.size();
       c = entry.chunks.next_set(c + 1)) {
    const Digest& its_root = entry.roots[root++];
    if (copies.contains({entry.version, ChunkIndex(c)})) continue;
    rest.chunks.set(c);
    rest.roots.push_back(its_root);
  }
  return rest;
}

}  // namespace

// Writes a chunk to the other store, and to memory as well for as long as the room is not wanted.
class SplitStore::CopyingWriter final : public ChunkWriter {
 public:
  // Requires: the store's copying_ is held.
  CopyingWriter(SplitStore& store, ChunkId chunk, std::unique_ptr<ChunkWriter> main,
                std::unique_ptr<ChunkWriter> copy)
      : store_(store), chunk_(chunk), main_(std::move(main)), copy_(std::move(copy)) {
    store_.writing_.insert(this);
  }
  ~CopyingWriter() override {
    std::lock_guard lock(store_.copying_);
    store_.writing_.erase(this);
    copy_.reset();
  }
  CopyingWriter(const CopyingWriter&) = delete;
  CopyingWriter& operator=(const CopyingWriter&) = delete;

  // Requires: the store's copying_ is held.
  void give_up_copy() {
    store_.writing_.erase(this);
    copy_.reset();
  }

  Result<void> set_leaves(std::span<const Digest> leaves) override {
    if (auto set = main_->set_leaves(leaves); !set.ok()) return set;
    std::lock_guard lock(store_.copying_);
    return copy_ ? copy_->set_leaves(leaves) : Result<void>();
  }
  Result<void> write(uint32_t offset, std::span<const std::byte> bytes) override {
    if (auto written = main_->write(offset, bytes); !written.ok()) return written;
    written_ += static_cast<uint32_t>(bytes.size());
    std::lock_guard lock(store_.copying_);
    return copy_ ? copy_->write(offset, bytes) : Result<void>();
  }
  // Not those of the copy, which may be given up.
  std::shared_ptr<const ChunkBytes> bytes() override { return main_->bytes(); }
  Result<void> commit(const Digest& root) override {
    if (auto done = main_->commit(root); !done.ok()) return done;
    std::lock_guard lock(store_.copying_);
    store_.writing_.erase(this);
    bool is_wanted = copy_ != nullptr && store_.base_->find(chunk_) != nullptr;
    if (!is_wanted) return {};
    if (auto done = copy_->commit(root); !done.ok()) return done;
    store_.copies_.add(chunk_, written_);
    return {};
  }

 private:
  SplitStore& store_;
  ChunkId chunk_;
  std::unique_ptr<ChunkWriter> main_;
  std::unique_ptr<ChunkWriter> copy_;  // null: given up
  uint32_t written_ = 0;
};

Result<void> SplitStore::remember(const VersionFactsRef& facts) {
  if (auto kept = memory_.remember(facts); !kept.ok()) return kept;
  return base_->remember(facts);
}

Result<std::unique_ptr<ChunkWriter>> SplitStore::begin(const VersionId& version, ChunkIndex chunk) {
  if (is_in_memory_only({version, chunk})) return is_elsewhere(version, chunk, "in memory");
  return begin_knowing(*base_, memory_, version, [&] { return base_->begin(version, chunk); });
}

Result<std::unique_ptr<ChunkWriter>> SplitStore::begin_placed(const VersionId& version,
                                                              ChunkIndex chunk,
                                                              Placement placement) {
  if (placement == Placement::kMemory) return begin_in_memory(version, chunk);
  return placement == Placement::kBoth ? begin_with_copy(version, chunk) : begin(version, chunk);
}

Result<std::unique_ptr<ChunkWriter>> SplitStore::begin_in_memory(const VersionId& version,
                                                                 ChunkIndex chunk) {
  if (base_->find({version, chunk}) != nullptr) return is_elsewhere(version, chunk, "in the store");
  std::lock_guard lock(copying_);
  for (;;) {
    auto writer = begin_at_cost_of_copies(version, chunk);
    if (writer.ok() || writer.error().code != ErrorCode::kNoSpace || writing_.empty())
      return writer;
    (*writing_.begin())->give_up_copy();
  }
}

Result<std::unique_ptr<ChunkWriter>> SplitStore::begin_with_copy(const VersionId& version,
                                                                 ChunkIndex chunk) {
  auto main = begin(version, chunk);
  if (!main.ok()) return main;
  std::lock_guard lock(copying_);
  auto copy = begin_at_cost_of_copies(version, chunk);
  if (!copy.ok()) return main;  // it is kept all the same
  return std::unique_ptr<ChunkWriter>(std::make_unique<CopyingWriter>(
      *this, ChunkId{version, chunk}, std::move(*main), std::move(*copy)));
}

// Requires: copying_ is held.
Result<std::unique_ptr<ChunkWriter>> SplitStore::begin_at_cost_of_copies(const VersionId& version,
                                                                         ChunkIndex chunk) {
  for (;;) {
    auto writer =
        begin_knowing(memory_, *base_, version, [&] { return memory_.begin(version, chunk); });
    if (writer.ok() || writer.error().code != ErrorCode::kNoSpace) return writer;
    auto oldest = copies_.take_oldest();
    if (!oldest) return writer;
    if (auto dropped = drop_one(memory_, *oldest); !dropped.ok()) return dropped.error();
  }
}

bool SplitStore::is_in_memory_only(const ChunkId& chunk) const {
  return memory_.find(chunk) != nullptr && !copies_.contains(chunk);
}

std::shared_ptr<const ChunkView> SplitStore::find(const ChunkId& chunk) const {
  auto view = memory_.find(chunk);
  if (view == nullptr) return base_->find(chunk);
  copies_.touch(chunk);
  return view;
}

Result<uint32_t> SplitStore::drop(const VersionId& version, uint32_t first, uint32_t count) {
  std::lock_guard lock(copying_);
  for (const ChunkId& copy : copies_.take(version, first, count))
    if (auto dropped = drop_one(memory_, copy); !dropped.ok()) return dropped.error();
  auto of_memory = memory_.drop(version, first, count);
  if (!of_memory.ok()) return of_memory;
  auto of_base = base_->drop(version, first, count);
  if (!of_base.ok()) return of_base;
  return *of_memory + *of_base;
}

std::vector<InventoryEntry> SplitStore::inventory() const {
  std::map<VersionId, InventoryEntry> entries;
  for (InventoryEntry& entry : base_->inventory()) entries.emplace(entry.version, std::move(entry));
  std::lock_guard lock(copying_);
  for (const InventoryEntry& all_in_memory : memory_.inventory()) {
    InventoryEntry in_memory = without_copies(all_in_memory, copies_);
    if (in_memory.chunks.none()) continue;
    InventoryEntry none{in_memory.version, in_memory.chunking, Bitmap(in_memory.chunks.size()), {}};
    merge(entries.emplace(in_memory.version, std::move(none)).first->second, in_memory);
  }
  std::vector<InventoryEntry> all;
  for (auto& [version, entry] : entries) all.push_back(std::move(entry));
  return all;
}

std::vector<VersionFactsRef> SplitStore::remembered() const {
  std::map<VersionId, VersionFactsRef> known;
  for (const auto& all : {base_->remembered(), memory_.remembered()})
    for (const VersionFactsRef& facts : all) known.emplace(facts->id, facts);
  std::vector<VersionFactsRef> all;
  for (const auto& [version, facts] : known) all.push_back(facts);
  return all;
}

StoreUsage SplitStore::usage() const {
  StoreUsage usage = base_->usage();
  std::lock_guard lock(copying_);
  const StoreUsage in_memory = memory_.usage();
  const MemoryCopies::Sum copies = copies_.sum();
  usage.chunks += in_memory.chunks - copies.chunks;
  usage.memory_used_bytes = in_memory.used_bytes - copies.bytes;
  usage.memory_copies_bytes = copies.bytes;
  usage.memory_limit_bytes = in_memory.limit_bytes;
  return usage;
}

}  // namespace tyto::peer
