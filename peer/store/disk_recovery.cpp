// How the disk store finds out, when it is opened, what it still holds.
#include <algorithm>
#include <fstream>

#include "io/hash/merkle.h"
#include "io/hash/sha256.h"
#include "peer/store/disk_state.h"

namespace tyto::peer {
namespace {

std::string machine_boot_id() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(in, id);
  return id;
}

// Where a chunk's data and leaves end in their files.
struct Ends {
  uint64_t data = 0;
  uint64_t leaves = 0;
};

Ends ends_of(const Chunking& chunking, ChunkIndex chunk) {
  return {chunking.offset_of(chunk) + chunking.length_of(chunk),
          leaves_offset(chunking, chunk.value()) + chunking.blocks_of(chunk) * Digest::kSize};
}

}  // namespace

// One run of recover().
class DiskStore::State::Recovery {
 public:
  explicit Recovery(State& state) : state_(state) {}

  Result<void> run() {
    if (state_.boot_id.empty()) state_.boot_id = machine_boot_id();
    auto trust = state_.index->trust();
    if (!trust) return trust.error();
    is_trusted_ = trust->is_synced || (!state_.boot_id.empty() && trust->boot_id == state_.boot_id);
    if (!is_trusted_)
      if (auto sound = state_.index->check(); !sound) return sound;
    auto rows = state_.index->load();
    if (!rows) return rows.error();
    for (const auto& row : *rows)
      if (auto done = take_in(row); !done) return done;
    if (auto done = remove_orphans(); !done) return done;
    // From here on the index changes with the data.
    StoreIndex::Trust now{state_.boot_id, false};
    if (*trust == now) return {};
    // A promise must be taken back on the disk too before anything is changed.
    return state_.index->set_trust(now,
                                   trust->is_synced ? io::SqliteSync::kFull : io::SqliteSync::kOff);
  }

 private:
  // Takes a version's whole chunks into the tables, and the rest out of the index.
  Result<void> take_in(const StoreIndex::VersionRow& row) {
    DiskVersion version;
    version.facts = row.facts;
    version.number = row.number;
    auto files = open_files(row.facts->id);
    if (!files) return files.error();
    if (auto done = files->data == nullptr ? drop_all(row) : sift(row, *files, version); !done)
      return done;
    if (version.chunks.empty()) return state_.index->remove_version(row.number);
    punch_gaps(version, *files);
    state_.versions.emplace(row.facts->id, std::move(version));
    return {};
  }

  // Both null if either file is missing.
  Result<VersionFiles> open_files(const VersionId& id) {
    VersionFiles files;
    auto data = state_.files.open(state_.data_path(id), FileOpen::kExisting);
    auto leaves = state_.files.open(state_.version_folder(id) + "/leaves", FileOpen::kExisting);
    for (auto* file : {&data, &leaves})
      if (!*file && file->error().code != ErrorCode::kNotFound) return file->error();
    if (data && leaves) files = {std::move(data).value(), std::move(leaves).value()};
    return files;
  }

  Result<void> drop_all(const StoreIndex::VersionRow& row) {
    state_.report.dropped += row.chunks.size();
    return {};
  }

  Result<void> sift(const StoreIndex::VersionRow& row, VersionFiles& files, DiskVersion& version) {
    auto data_size = files.data->size();
    if (!data_size) return data_size.error();
    auto leaves_size = files.leaves->size();
    if (!leaves_size) return leaves_size.error();
    Ends sizes{*data_size, *leaves_size};
    for (const auto& chunk : row.chunks) {
      if (is_whole(row.facts->chunking, chunk, files, sizes)) {
        count(version, chunk);
        continue;
      }
      state_.report.dropped += 1;
      auto removed = state_.index->remove_chunks(row.number, chunk.chunk, 1);
      if (!removed) return removed;
    }
    return {};
  }

  bool is_whole(const Chunking& chunking, const StoreIndex::ChunkRow& row, VersionFiles& files,
                const Ends& sizes) {
    ChunkIndex chunk(row.chunk);
    Ends ends = ends_of(chunking, chunk);
    if (is_trusted_) return ends.data <= sizes.data && ends.leaves <= sizes.leaves;
    state_.report.reverified += 1;
    bytes_.resize(chunking.length_of(chunk));
    if (!files.data->read_at(chunking.offset_of(chunk), bytes_)) return false;
    std::vector<Digest> leaves(chunking.blocks_of(chunk));
    io::hash_blocks(bytes_, leaves);
    if (io::chunk_root_of(chunking, chunk, leaves) != row.root) return false;
    return mend_leaves(*files.leaves, leaves_offset(chunking, row.chunk), leaves);
  }

  // The data is right: where the stored leaves are not, they are written anew.
  static bool mend_leaves(OpenFile& file, uint64_t offset, std::span<Digest> leaves) {
    std::vector<Digest> stored(leaves.size());
    auto read = file.read_at(offset, writable_bytes(stored));
    if (read && std::equal(stored.begin(), stored.end(), leaves.begin())) return true;
    return file.write_at(offset, writable_bytes(leaves)).ok();
  }

  void count(DiskVersion& version, const StoreIndex::ChunkRow& row) {
    uint32_t bytes = version.facts->chunking.length_of(ChunkIndex(row.chunk));
    version.chunks.emplace(row.chunk, DiskChunk{.root = row.root, .is_held = true});
    version.held += 1;
    state_.held_chunks += 1;
    state_.held_bytes += bytes;
    state_.reserved_bytes += bytes;
    state_.report.chunks += 1;
    state_.report.bytes += bytes;
  }

  // Gives back what a killed process wrote of chunks that it did not finish.
  static void punch_gaps(const DiskVersion& version, VersionFiles& files) {
    const Chunking& chunking = version.facts->chunking;
    uint64_t end_of_last = 0;
    auto punch_up_to = [&](uint64_t begin) {
      if (begin > end_of_last)
        static_cast<void>(files.data->punch_hole(end_of_last, begin - end_of_last).ok());
    };
    for (const auto& [index, chunk] : version.chunks) {
      punch_up_to(chunking.offset_of(ChunkIndex(index)));
      end_of_last = chunking.offset_of(ChunkIndex(index)) + chunking.chunk_bytes;
    }
    if (version.chunks.rbegin()->first + 1 < chunking.chunk_count())
      punch_up_to(uint64_t{chunking.chunk_count()} * chunking.chunk_bytes);
  }

  // Folders of versions that the index does not know, and what was being removed. What has no
  // version's name is not ours.
  Result<void> remove_orphans() {
    if (auto done = state_.files.remove(state_.dir + "/trash"); !done) return done;
    if (auto done = state_.files.make_folder(state_.dir + "/trash"); !done) return done;
    auto names = state_.files.list(state_.dir + "/objects");
    if (!names) return names.error();
    for (const auto& name : *names) {
      auto digest = Digest::from_hex(name);
      if (!digest || state_.versions.contains(VersionId{*digest})) continue;
      if (auto done = state_.files.remove(state_.dir + "/objects/" + name); !done) return done;
      state_.report.orphans += 1;
    }
    return {};
  }

  State& state_;
  bool is_trusted_ = false;
  std::vector<std::byte> bytes_;
};

Result<void> DiskStore::State::recover() {
  if (auto done = files.make_folder(dir + "/objects"); !done) return done;
  auto recovered = Recovery(*this).run();
  if (recovered) keep_ballast();
  return recovered;
}

}  // namespace tyto::peer
