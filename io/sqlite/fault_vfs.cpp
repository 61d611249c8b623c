#include "io/sqlite/fault_vfs.h"

#include <sqlite3.h>

#include <atomic>

#include "base/assert.h"

namespace tyto::io {

namespace {

using Decide = SqliteFaultVfs::Decide;

// An open file: ours in front, the real file's object right behind it.
struct FaultFile {
  sqlite3_file base;
  const Decide* decide;
  const char* path;  // SQLite keeps it alive while the file is open; null for temporary files
};

sqlite3_file* real_of(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<FaultFile*>(file) + 1);
}

int ask(sqlite3_file* file, SqliteFileOp op) {
  auto* ours = reinterpret_cast<FaultFile*>(file);
  return (*ours->decide)(op, ours->path == nullptr ? "" : ours->path);
}

int close_file(sqlite3_file* file) {
  return real_of(file)->pMethods->xClose(real_of(file));
}

int read_file(sqlite3_file* file, void* out, int count, sqlite3_int64 offset) {
  if (int code = ask(file, SqliteFileOp::kRead); code != SQLITE_OK) return code;
  return real_of(file)->pMethods->xRead(real_of(file), out, count, offset);
}

int write_file(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  if (int code = ask(file, SqliteFileOp::kWrite); code != SQLITE_OK) return code;
  return real_of(file)->pMethods->xWrite(real_of(file), bytes, count, offset);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  if (int code = ask(file, SqliteFileOp::kTruncate); code != SQLITE_OK) return code;
  return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

int sync_file(sqlite3_file* file, int flags) {
  if (int code = ask(file, SqliteFileOp::kSync); code != SQLITE_OK) return code;
  return real_of(file)->pMethods->xSync(real_of(file), flags);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real_of(file)->pMethods->xFileSize(real_of(file), size);
}
int lock_file(sqlite3_file* file, int level) {
  return real_of(file)->pMethods->xLock(real_of(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
  return real_of(file)->pMethods->xUnlock(real_of(file), level);
}
int check_lock(sqlite3_file* file, int* is_reserved) {
  return real_of(file)->pMethods->xCheckReservedLock(real_of(file), is_reserved);
}
int control_file(sqlite3_file* file, int op, void* argument) {
  return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}
int sector_size(sqlite3_file* file) {
  return real_of(file)->pMethods->xSectorSize(real_of(file));
}
int characteristics(sqlite3_file* file) {
  return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}
int map_shared(sqlite3_file* file, int page, int page_bytes, int extend, void volatile** out) {
  return real_of(file)->pMethods->xShmMap(real_of(file), page, page_bytes, extend, out);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}
void barrier_shared(sqlite3_file* file) {
  real_of(file)->pMethods->xShmBarrier(real_of(file));
}
int unmap_shared(sqlite3_file* file, int remove) {
  return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

// Version 2: with shared memory, which write-ahead logging needs; without memory-mapped reads,
// which would pass us by.
constexpr sqlite3_io_methods kMethods = {2,
                                         close_file,
                                         read_file,
                                         write_file,
                                         truncate_file,
                                         sync_file,
                                         file_size,
                                         lock_file,
                                         unlock_file,
                                         check_lock,
                                         control_file,
                                         sector_size,
                                         characteristics,
                                         map_shared,
                                         lock_shared,
                                         barrier_shared,
                                         unmap_shared,
                                         nullptr,
                                         nullptr};

// What a VFS carries in pAppData.
struct Hook {
  const Decide* decide;
  sqlite3_vfs* real;
};

Hook* hook_of(sqlite3_vfs* vfs) {
  return static_cast<Hook*>(vfs->pAppData);
}

int open_vfs(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  Hook* hook = hook_of(vfs);
  auto* ours = reinterpret_cast<FaultFile*>(file);
  ours->base.pMethods = nullptr;
  ours->decide = hook->decide;
  ours->path = path;
  if (int code = ask(file, SqliteFileOp::kOpen); code != SQLITE_OK) return code;
  int code = hook->real->xOpen(hook->real, path, real_of(file), flags, out_flags);
  if (real_of(file)->pMethods != nullptr) ours->base.pMethods = &kMethods;
  return code;
}

int delete_vfs(sqlite3_vfs* vfs, const char* path, int sync_directory) {
  Hook* hook = hook_of(vfs);
  if (int code = (*hook->decide)(SqliteFileOp::kDelete, path); code != SQLITE_OK) return code;
  return hook->real->xDelete(hook->real, path, sync_directory);
}

int access_vfs(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
  return hook_of(vfs)->real->xAccess(hook_of(vfs)->real, path, flags, out);
}
int full_path_vfs(sqlite3_vfs* vfs, const char* path, int count, char* out) {
  return hook_of(vfs)->real->xFullPathname(hook_of(vfs)->real, path, count, out);
}
int randomness_vfs(sqlite3_vfs* vfs, int count, char* out) {
  return hook_of(vfs)->real->xRandomness(hook_of(vfs)->real, count, out);
}
int sleep_vfs(sqlite3_vfs* vfs, int microseconds) {
  return hook_of(vfs)->real->xSleep(hook_of(vfs)->real, microseconds);
}
int time_vfs(sqlite3_vfs* vfs, double* out) {
  return hook_of(vfs)->real->xCurrentTime(hook_of(vfs)->real, out);
}
int last_error_vfs(sqlite3_vfs* vfs, int count, char* out) {
  return hook_of(vfs)->real->xGetLastError(hook_of(vfs)->real, count, out);
}
int time64_vfs(sqlite3_vfs* vfs, sqlite3_int64* out) {
  return hook_of(vfs)->real->xCurrentTimeInt64(hook_of(vfs)->real, out);
}

sqlite3_vfs make_vfs(sqlite3_vfs* real, const char* name, Hook* hook) {
  sqlite3_vfs vfs{};
  vfs.iVersion = 2;
  vfs.szOsFile = static_cast<int>(sizeof(FaultFile)) + real->szOsFile;
  vfs.mxPathname = real->mxPathname;
  vfs.zName = name;
  vfs.pAppData = hook;
  vfs.xOpen = open_vfs;
  vfs.xDelete = delete_vfs;
  vfs.xAccess = access_vfs;
  vfs.xFullPathname = full_path_vfs;
  vfs.xRandomness = randomness_vfs;
  vfs.xSleep = sleep_vfs;
  vfs.xCurrentTime = time_vfs;
  vfs.xGetLastError = last_error_vfs;
  vfs.xCurrentTimeInt64 = time64_vfs;
  return vfs;
}

}  // namespace

struct SqliteFaultVfs::State {
  Decide decide;
  std::string name;
  Hook hook;
  sqlite3_vfs vfs{};
};

SqliteFaultVfs::SqliteFaultVfs(Decide decide) : state_(std::make_unique<State>()) {
  static std::atomic<int> made = 0;
  state_->decide = std::move(decide);
  state_->name = "tyto-fault-" + std::to_string(++made);
  state_->hook = {&state_->decide, sqlite3_vfs_find(nullptr)};
  TYTO_ASSERT(state_->hook.real != nullptr);
  state_->vfs = make_vfs(state_->hook.real, state_->name.c_str(), &state_->hook);
  int code = sqlite3_vfs_register(&state_->vfs, 0);
  TYTO_ASSERT(code == SQLITE_OK);
}

SqliteFaultVfs::~SqliteFaultVfs() {
  sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& SqliteFaultVfs::name() const {
  return state_->name;
}

}  // namespace tyto::io
