#include "peer/store/disk_state.h"

#include <algorithm>

#include "base/assert.h"

namespace tyto::peer {
namespace {

constexpr std::size_t kBallastBytes = 256 * kKiB;

}  // namespace

std::string ballast_path(const std::string& dir) {
  return dir + "/ballast";
}

uint64_t leaves_offset(const Chunking& chunking, uint32_t chunk) {
  return uint64_t{chunk} * (chunking.chunk_bytes / kBlockBytes) * Digest::kSize;
}

std::span<std::byte> writable_bytes(std::span<Digest> digests) {
  static_assert(sizeof(Digest) == Digest::kSize);
  return std::as_writable_bytes(digests);
}

DiskStore::State::State(std::string folder, uint64_t limit, const DiskStoreOptions& options,
                        FolderLock taken)
    : dir(std::move(folder)),
      limit_bytes(limit),
      opened_max(std::max<std::size_t>(1, options.open_files_max / 2)),
      boot_id(options.boot_id),
      own_files(options.files == nullptr ? make_real_file_system() : nullptr),
      files(options.files == nullptr ? *own_files : *options.files),
      lock(std::move(taken)) {}

Result<std::shared_ptr<VersionFiles>> DiskStore::State::files_of(DiskVersion& version) {
  const VersionId& id = version.facts->id;
  if (version.files != nullptr) {
    opened.splice(opened.begin(), opened, version.opened);
    return version.files;
  }
  std::string folder = version_folder(id);
  if (auto made = files.make_folder(folder); !made) return made.error();
  auto data = files.open(folder + "/data", FileOpen::kCreate);
  if (!data) return data.error();
  auto leaves = files.open(folder + "/leaves", FileOpen::kCreate);
  if (!leaves) return leaves.error();
  version.files = std::make_shared<VersionFiles>(
      VersionFiles{std::move(data).value(), std::move(leaves).value()});
  version.opened = opened.insert(opened.begin(), id);
  if (opened.size() > opened_max) close_files(versions.at(opened.back()));
  return version.files;
}

void DiskStore::State::close_files(DiskVersion& version) {
  if (version.files == nullptr) return;
  version.files.reset();  // those who use them hold them open
  opened.erase(version.opened);
}

Result<void> DiskStore::State::commit(const ChunkId& id, const Digest& root) {
  DiskVersion& version = versions.at(id.version);
  if (!version.number) {
    auto number = index->put_version(*version.facts);
    if (!number) return number.error();
    version.number = *number;
  }
  auto put = index->put_chunk(*version.number, id.index.value(), root);
  if (!put) return put;
  DiskChunk& chunk = version.chunks.at(id.index.value());
  chunk.root = root;
  chunk.is_held = true;
  chunk.is_writing = false;
  version.held += 1;
  held_chunks += 1;
  held_bytes += version.facts->chunking.length_of(id.index);
  return {};
}

void DiskStore::State::free_unused(const VersionId& id, std::span<const uint32_t> indices,
                                   Doomed& doomed) {
  auto found = versions.find(id);
  if (found == versions.end()) return;
  DiskVersion& version = found->second;
  std::vector<uint32_t> freed;
  for (uint32_t index_of_chunk : indices) {
    auto chunk = version.chunks.find(index_of_chunk);
    if (chunk == version.chunks.end() || !chunk->second.is_unused()) continue;
    reserved_bytes -= version.facts->chunking.length_of(ChunkIndex(index_of_chunk));
    version.chunks.erase(chunk);
    freed.push_back(index_of_chunk);
  }
  if (freed.empty()) return;
  if (version.chunks.empty())
    remove_version(id, version, doomed);
  else
    punch(version, freed);
}

// Runs of neighbours go in one call. Failures are passed over: the space is then freed with the
// version's last chunk.
void DiskStore::State::punch(DiskVersion& version, std::span<const uint32_t> indices) {
  if (version.is_handed_over) return;
  auto open_files = files_of(version);
  if (!open_files) return;
  const uint64_t chunk_bytes = version.facts->chunking.chunk_bytes;
  for (std::size_t begin = 0; begin < indices.size();) {
    std::size_t end = begin + 1;
    while (end < indices.size() && indices[end] == indices[end - 1] + 1) ++end;
    auto punched =
        (*open_files)->data->punch_hole(indices[begin] * chunk_bytes, (end - begin) * chunk_bytes);
    if (!punched) return;
    begin = end;
  }
}

void DiskStore::State::remove_version(const VersionId& id, DiskVersion& version, Doomed& doomed) {
  close_files(version);
  // Its chunks' rows are gone already; a version without chunks is removed by the next open() too.
  if (version.number) static_cast<void>(index->remove_version(*version.number).ok());
  version.number.reset();
  version.is_handed_over = false;
  std::string target = dir + "/trash/" + std::to_string(++doomed_count);
  doomed.push_back(files.rename(version_folder(id), target).ok() ? target : version_folder(id));
  // Where moving fails, it must be gone before anyone can begin the version anew.
  if (doomed.back() != target) {
    remove({doomed.back()});
    doomed.pop_back();
  }
  forget_if_idle(id);
}

void DiskStore::State::forget_if_idle(const VersionId& id) {
  auto oldest = idle.add(id);
  if (!oldest) return;
  auto old = versions.find(*oldest);
  if (old != versions.end() && old->second.chunks.empty()) {
    close_files(old->second);
    versions.erase(old);
  }
}

void DiskStore::State::remove(const Doomed& doomed) {
  // What cannot be removed now is an orphan to the next open().
  for (const auto& path : doomed) static_cast<void>(files.remove(path).ok());
}

Result<void> DiskStore::State::note_change() {
  if (!is_synced) return {};
  auto noted = index->set_trust({boot_id, false}, io::SqliteSync::kFull);
  if (noted) is_synced = false;
  return noted;
}

Result<void> DiskStore::State::remove_rows(DiskVersion& version, uint32_t first, uint32_t count) {
  if (version.is_handed_over) return {};  // it has none
  TYTO_ASSERT(version.number.has_value());
  auto removed = index->remove_chunks(*version.number, first, count);
  if (removed || removed.error().code != ErrorCode::kNoSpace) return removed;
  if (auto gone = files.remove(ballast_path(dir)); !gone) return removed;
  has_ballast = false;
  return index->remove_chunks(*version.number, first, count);
}

void DiskStore::State::keep_ballast() {
  if (has_ballast) return;
  auto file = files.open(ballast_path(dir), FileOpen::kCreate);
  if (!file) return;
  auto size = (*file)->size();
  std::vector<std::byte> bytes(kBallastBytes, std::byte{0x42});
  has_ballast = (size && *size == kBallastBytes) || static_cast<bool>((*file)->write_at(0, bytes));
}

}  // namespace tyto::peer
