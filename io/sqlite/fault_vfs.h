// A file system for SQLite that fails when a test says so.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace tyto::io {

// What SQLite asks of its file system.
enum class SqliteFileOp : uint8_t { kOpen, kRead, kWrite, kTruncate, kSync, kDelete };

// While it lives, databases opened with `DatabaseOptions::vfs = name()` ask `decide` before each
// operation. It may also end the process, to see what a crash leaves.
//
// Threads:   as the databases that use it; `decide` is called on their threads.
// Ownership: outlives every database opened with it.
class SqliteFaultVfs {
 public:
  // Returns 0 to let the operation happen, or the SQLite result code it fails with (for instance
  // SQLITE_FULL or SQLITE_IOERR_WRITE).
  using Decide = std::function<int(SqliteFileOp op, const std::string& path)>;
  explicit SqliteFaultVfs(Decide decide);
  ~SqliteFaultVfs();
  SqliteFaultVfs(const SqliteFaultVfs&) = delete;
  SqliteFaultVfs& operator=(const SqliteFaultVfs&) = delete;
  const std::string& name() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tyto::io
