// The inside of the disk store, shared by its parts: recovery, writers, views, freeing.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "peer/store/disk_store.h"
#include "peer/store/file_system.h"
#include "peer/store/folder_lock.h"
#include "peer/store/idle_versions.h"
#include "peer/store/store_index.h"

namespace tyto::peer {

// A version's two files, open.
struct VersionFiles {
  std::shared_ptr<OpenFile> data;
  std::shared_ptr<OpenFile> leaves;
};

// A chunk that is held, being written, or dropped and still viewed; it takes up its bytes in all
// three states. It may be written anew while it is viewed: its bytes are the same.
struct DiskChunk {
  Digest root;
  uint32_t views = 0;
  bool is_held = false;
  bool is_writing = false;
  bool is_unused() const { return !is_held && !is_writing && views == 0; }
};

struct DiskVersion {
  VersionFactsRef facts;
  std::map<uint32_t, DiskChunk> chunks;             // by index
  uint32_t held = 0;                                // of them
  bool is_handed_over = false;                      // its data file is somebody else's, too
  std::optional<StoreIndex::VersionNumber> number;  // in the index, once it is there
  std::shared_ptr<VersionFiles> files;              // null: closed
  std::list<VersionId>::iterator opened;            // its place in State::opened, if not closed
};

// What was taken out of the store under its lock and is removed after.
using Doomed = std::vector<std::string>;

// Where a chunk's leaf hashes stand in the file of leaves, in bytes.
uint64_t leaves_offset(const Chunking& chunking, uint32_t chunk);
std::span<std::byte> writable_bytes(std::span<Digest> digests);

// A file that is there only to be removed on a full disk, so that the index can note what is
// dropped.
std::string ballast_path(const std::string& dir);

struct DiskStore::State {
  State(std::string folder, uint64_t limit, const DiskStoreOptions& options, FolderLock taken);

  std::string version_folder(const VersionId& id) const { return dir + "/objects/" + id.hex(); }
  std::string data_path(const VersionId& id) const { return version_folder(id) + "/data"; }
  // Brings the folder, the index and the tables in line. Once, before anything else.
  Result<void> recover();

  // Those below: under the mutex.

  // The version's files, opened if need be; closes those used longest ago beyond the limit.
  Result<std::shared_ptr<VersionFiles>> files_of(DiskVersion& version);
  void close_files(DiskVersion& version);
  // Writes the chunk's row, and counts it as held.
  Result<void> commit(const ChunkId& id, const Digest& root);
  // Gives back the space of those chunks, of the given, that nothing uses any more.
  void free_unused(const VersionId& id, std::span<const uint32_t> indices, Doomed& doomed);
  // The index is about to change: the disk will not be in line with what sync() noted.
  Result<void> note_change();
  // Takes chunks [first, first + count) out of the index, on a full disk too.
  Result<void> remove_rows(DiskVersion& version, uint32_t first, uint32_t count);

  // Counts a version without chunks among the idle, and forgets the one idle longest.
  void forget_if_idle(const VersionId& id);
  // Puts back what remove_rows() had to take away, if there is room.
  void keep_ballast();

  // Removes what was doomed. Not under the mutex: deleting large files takes time.
  void remove(const Doomed& doomed);

  const std::string dir;
  const uint64_t limit_bytes;
  const std::size_t opened_max;
  std::string boot_id;
  std::unique_ptr<FileSystem> own_files;
  FileSystem& files;
  FolderLock lock;
  std::unique_ptr<StoreIndex> index;
  OpenReport report;

  mutable std::mutex mutex;  // guards the index and all below
  std::map<VersionId, DiskVersion> versions;
  std::list<VersionId> opened;  // versions with open files, used last in front
  IdleVersions idle;
  uint64_t reserved_bytes = 0;  // of all chunks in the tables
  uint64_t held_bytes = 0;
  uint64_t held_chunks = 0;
  uint64_t doomed_count = 0;
  bool is_synced = false;
  bool has_ballast = false;

 private:
  class Recovery;
  void remove_version(const VersionId& id, DiskVersion& version, Doomed& doomed);
  void punch(DiskVersion& version, std::span<const uint32_t> indices);
};

}  // namespace tyto::peer
