#include "tracker/catalog/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/names.h"

namespace tyto::tracker {

Result<FileLock> FileLock::take(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    const int fault = errno;
    ErrorCode code = fault == EACCES || fault == EROFS || fault == EPERM ? ErrorCode::kDenied
                     : fault == ENOSPC                                   ? ErrorCode::kNoSpace
                                                                         : ErrorCode::kUnavailable;
    return {code, "cannot open " + path + ": " + std::generic_category().message(fault) +
                      "; check that its folder exists and can be written to"};
  }
  FileLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char text[32] = {};
    ssize_t got = ::pread(fd, text, sizeof text - 1, 0);
    std::string holder = got > 0 ? " (" + printable(std::string(text)) + ")" : "";
    return {ErrorCode::kUnavailable, path + " is locked by another process" + holder +
                                         ": stop that tracker, or give another file as catalog"};
  }
  std::string holder = "process " + std::to_string(::getpid());
  // Only for people who look; the lock holds without it.
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, holder.data(), holder.size(), 0) < 0) return lock;
  return lock;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace tyto::tracker
