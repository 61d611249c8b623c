// Chunks on disk, kept over restarts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "peer/store/chunk_store.h"

namespace tyto::peer {

class FileSystem;

struct DiskStoreOptions {
  // Whether the machine was started anew since the last run is told from this text (the kernel's
  // boot id). Empty: read from /proc/sys/kernel/random/boot_id.
  std::string boot_id;
  // Data files held open at once; raising it costs descriptors, and saves an open() per chunk.
  uint32_t open_files_max = 256;
  // The disk, for tests: borrowed, outlives the store. Null: the real one.
  FileSystem* files = nullptr;
  // For tests: a file system registered with SQLite, for the index. Empty: SQLite's own.
  std::string index_vfs;
};

// What open() found.
struct OpenReport {
  uint64_t chunks = 0;      // held now
  uint64_t bytes = 0;       // of these
  uint64_t reverified = 0;  // read and hashed, since the machine was started anew
  uint64_t dropped = 0;     // of these, broken: thrown away
  uint64_t orphans = 0;     // folders of versions that the index does not know: removed
  // The index was broken, as it may be when the machine falls. It was moved to
  // `index.sqlite.broken`, and the store begins anew.
  bool index_was_broken = false;
};

// A ChunkStore on files:
//
//   <dir>/lock                     held while a process has the store open
//   <dir>/index.sqlite             versions, and one row for each whole chunk
//   <dir>/objects/<version>/data   the object, sparse: each chunk at its place in the object
//   <dir>/objects/<version>/leaves leaf hashes, sparse: those of chunk i at i * blocks * 32
//
// A chunk's row is written after its bytes. A killed process thus loses only what was under way:
// the bytes are in the page cache. If the machine itself was started anew, rows may tell of bytes
// that never reached the disk, so every chunk is hashed against its root before it counts. That
// costs one reading of the cache per start of the machine, and saves every fsync.
//
// Dropping a chunk punches a hole in the file. A file system that cannot do this (FAT, some network
// ones) frees a version's space only with its last chunk; until then, usage() does not count what
// was dropped, and the files may take more than the limit.
//
// Threads: synchronised. A chunk's bytes are read and written without any lock.
// Bounds:  limit_bytes of chunk data, those under way included; leaf hashes add 0.2 %, the index
//          about 100 bytes a chunk. open_files_max descriptors, besides those that views hold.
// Errors:  as ChunkStore's; a full disk is kNoSpace, with path and bytes in the message.
class DiskStore final : public ChunkStore {
 public:
  // Fails with kConflict if another process has the store open, kUnsupported if a newer program
  // wrote it, kInvalidArgument if `dir` is no folder or its index another program's.
  // `dir` is made if need be. If more is held than limit_bytes, it stays until it is dropped, and
  // nothing can be added.
  static Result<std::unique_ptr<DiskStore>> open(const std::string& dir, uint64_t limit_bytes,
                                                 const DiskStoreOptions& options = {});
  ~DiskStore() override;

  Result<void> remember(const VersionFactsRef& facts) override;
  Result<std::unique_ptr<ChunkWriter>> begin(const VersionId& version, ChunkIndex chunk) override;
  std::shared_ptr<const ChunkView> find(const ChunkId& chunk) const override;
  Result<uint32_t> drop(const VersionId& version, uint32_t first, uint32_t count) override;
  std::vector<InventoryEntry> inventory() const override;
  std::vector<VersionFactsRef> remembered() const override;
  StoreUsage usage() const override;

  const OpenReport& open_report() const;
  // Waits until the disk has everything, which may take long. If nothing is changed after it, the
  // next start of the machine costs no reading of the cache. For a daemon's orderly end.
  Result<void> sync();

  // Whether an exported file is on the disk before export_object() returns.
  enum class Durability : uint8_t { kWhenTheSystemWrites, kSynced };
  // Writes a complete object to `path`, in place of what is there: as a reflink where the file
  // system has them, or else as a copy within the kernel. The file appears at once and whole.
  // kNotFound if a chunk is lacking, kNoSpace if it does not fit.
  Result<void> export_object(const VersionId& version, const std::string& path,
                             Durability durability = Durability::kWhenTheSystemWrites) const;
  // Gives a complete object's data file away, in place of what is at `path`, without copying it.
  // The store goes on serving its chunks from the file, but never changes it again (what is
  // dropped gives no space back, and begin() is refused with kConflict), and forgets it with its
  // own end. Whoever has the file must not change it before that.
  // kUnsupported where `path` cannot share files with the store: then export it. Else as there.
  Result<void> hand_over(const VersionId& version, const std::string& path);
  // The version's data file, whole or not. kNotFound if nothing is known of the version.
  Result<std::string> object_path(const VersionId& version) const;

  struct State;

 private:
  explicit DiskStore(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace tyto::peer
