#include "peer/engine/save_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace tyto {

SaveFile::SaveFile(std::string path)
    : path_(std::move(path)), part_path_(path_ + ".part-" + std::to_string(getpid())) {}

SaveFile::~SaveFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(part_path_.c_str());
}

Error SaveFile::failure(const char* doing) const {
  int error = errno;
  ErrorCode code = error == ENOSPC || error == EDQUOT    ? ErrorCode::kNoSpace
                   : error == EACCES || error == EPERM   ? ErrorCode::kDenied
                   : error == ENOENT || error == ENOTDIR ? ErrorCode::kNotFound
                                                         : ErrorCode::kInternal;
  return {code, std::string(doing) + " " + path_ + ": " + std::strerror(error)};
}

Result<void> SaveFile::open() {
  fd_ = ::open(part_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) return failure("cannot write");
  return {};
}

Result<void> SaveFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t put = ::write(fd_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failure("cannot write");
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Result<void> SaveFile::commit() {
  int fd = std::exchange(fd_, -1);
  if (::close(fd) != 0 || std::rename(part_path_.c_str(), path_.c_str()) != 0) {
    Error error = failure("cannot put in place");
    ::unlink(part_path_.c_str());
    return error;
  }
  return {};
}

}  // namespace tyto
