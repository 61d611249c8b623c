// One process at a time in a folder.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace tyto::peer {

// Held until destroyed, or until the process ends in whatever way.
class FolderLock {
 public:
  // Takes `<folder>/lock`, which is made if need be. kConflict, naming the process that has it, if
  // another one does.
  static Result<FolderLock> take(const std::string& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace tyto::peer
