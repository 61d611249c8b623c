// A lock on a file, held while its holder lives.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace tyto::tracker {

// Keeps other processes from what the file stands for. The kernel frees it however the process
// ends; the file itself stays.
class FileLock {
 public:
  // Makes the file if there is none. Fails with kUnavailable, naming the holder's process id where
  // known, if another holds it.
  static Result<FileLock> take(const std::string& path);
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace tyto::tracker
