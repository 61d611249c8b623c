// Complete objects as files of their own.
#include <filesystem>

#include "io/hash/random.h"
#include "peer/store/disk_state.h"

namespace tyto::peer {
namespace {

// Fills a new file at `temporary`, and puts it in place of `path`. `data` is null for an empty
// object.
Result<void> write_aside(FileSystem& files, const OpenFile* data, uint64_t bytes,
                         const std::string& temporary, DiskStore::Durability durability) {
  auto file = files.open(temporary, FileOpen::kCreateNew);
  if (!file) return file.error();
  if (data != nullptr)
    if (auto copied = files.copy(*data, **file, bytes); !copied) return copied;
  return durability == DiskStore::Durability::kSynced ? (*file)->sync() : Result<void>();
}

std::string hex_of(uint64_t number) {
  Digest digest;
  for (std::size_t i = 0; i < 8; ++i) digest.bytes[i] = static_cast<uint8_t>(number >> (8 * i));
  return digest.hex().substr(0, 16);
}

std::string temporary_beside(const std::string& path) {
  return path + ".tmp-" + hex_of(io::random_u64());
}

}  // namespace

Result<void> DiskStore::export_object(const VersionId& id, const std::string& path,
                                      Durability durability) const {
  VersionFactsRef facts;
  {
    std::lock_guard lock(state_->mutex);
    auto found = state_->versions.find(id);
    if (found == state_->versions.end())
      return {ErrorCode::kNotFound, state_->dir + ": knows nothing of version " + id.hex()};
    facts = found->second.facts;
  }
  // Views keep every chunk from being freed while the file is copied.
  std::vector<std::shared_ptr<const ChunkView>> views(facts->chunking.chunk_count());
  for (uint32_t i = 0; i < views.size(); ++i) {
    views[i] = find({id, ChunkIndex(i)});
    if (views[i] == nullptr)
      return {ErrorCode::kNotFound, state_->dir + ": chunk " + std::to_string(i) + " of " +
                                        std::to_string(views.size()) + " of version " + id.hex() +
                                        " is lacking; fetch it first"};
  }
  std::shared_ptr<OpenFile> data;
  if (!views.empty()) {
    std::lock_guard lock(state_->mutex);
    auto files = state_->files_of(state_->versions.at(id));
    if (!files) return files.error();
    data = (*files)->data;
  }
  std::string temporary = temporary_beside(path);
  FileSystem& files = state_->files;
  auto done = write_aside(files, data.get(), facts->chunking.object_bytes, temporary, durability);
  if (done) done = files.rename(temporary, path);
  if (!done) {
    static_cast<void>(files.remove(temporary).ok());
    return done;
  }
  if (durability == Durability::kWhenTheSystemWrites) return {};
  std::string folder = std::filesystem::path(path).parent_path().string();
  return files.sync_folder(folder.empty() ? "." : folder);
}

Result<void> DiskStore::hand_over(const VersionId& id, const std::string& path) {
  std::lock_guard lock(state_->mutex);
  auto found = state_->versions.find(id);
  bool is_whole = found != state_->versions.end() && found->second.held > 0 &&
                  found->second.held == found->second.facts->chunking.chunk_count();
  if (!is_whole)
    return {ErrorCode::kNotFound,
            state_->dir + ": does not hold all of version " + id.hex() + "; fetch it first"};
  DiskVersion& version = found->second;
  if (version.is_handed_over)
    return {ErrorCode::kUnsupported, state_->dir + ": the file was handed over before"};
  if (auto open_files = state_->files_of(version); !open_files) return open_files.error();
  FileSystem& files = state_->files;
  std::string temporary = temporary_beside(path);
  auto done = files.link(state_->data_path(id), temporary);
  if (done) done = state_->note_change();
  // What somebody else may change is not to be trusted after a restart.
  if (done && version.number) done = state_->index->remove_version(*version.number);
  if (done) {
    version.number.reset();
    version.is_handed_over = true;
    done = files.rename(temporary, path);
  }
  if (!done) static_cast<void>(files.remove(temporary).ok());
  return done;
}

}  // namespace tyto::peer
