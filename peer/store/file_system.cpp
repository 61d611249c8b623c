#include "peer/store/file_system.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace tyto::peer {
namespace {

ErrorCode code_of(int system_errno) {
  switch (system_errno) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return ErrorCode::kNoSpace;
    case ENOENT:
    case ENOTDIR: return ErrorCode::kNotFound;
    case EEXIST: return ErrorCode::kConflict;
    case EACCES:
    case EPERM:
    case EROFS: return ErrorCode::kDenied;
    case EOPNOTSUPP:
    case ENOSYS: return ErrorCode::kUnsupported;
    default: return ErrorCode::kUnavailable;
  }
}

std::string_view remedy_of(int system_errno) {
  switch (system_errno) {
    case ENOSPC:
    case EDQUOT: return "; free space on that file system, or lend the store less of it";
    case EMFILE:
    case ENFILE: return "; raise the limit of open files (ulimit -n)";
    case EACCES:
    case EPERM: return "; check the owner and the rights of the folder";
    case EIO: return "; the disk reports a fault";
    default: return "";
  }
}

class RealFile final : public OpenFile {
 public:
  RealFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~RealFile() override { ::close(fd_); }
  RealFile(const RealFile&) = delete;
  RealFile& operator=(const RealFile&) = delete;

  int fd() const override { return fd_; }
  const std::string& path() const override { return path_; }

  Result<uint64_t> size() const override {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) return file_error(errno, "look at", path_);
    return static_cast<uint64_t>(status.st_size);
  }

  Result<void> read_at(uint64_t offset, std::span<std::byte> out) const override {
    while (!out.empty()) {
      ssize_t got = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return file_error(errno, "read " + range(offset, out.size()) + " of", path_);
      if (got == 0)
        return {ErrorCode::kCorrupt, path_ + " ends before " + range(offset, out.size()) +
                                         "; something else shortened it"};
      out = out.subspan(static_cast<std::size_t>(got));
      offset += static_cast<uint64_t>(got);
    }
    return {};
  }

  Result<void> write_at(uint64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      ssize_t put = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return file_error(errno, "write " + range(offset, bytes.size()) + " to", path_);
      bytes = bytes.subspan(static_cast<std::size_t>(put));
      offset += static_cast<uint64_t>(put);
    }
    return {};
  }

  Result<void> punch_hole(uint64_t offset, uint64_t length) override {
    int done = 0;
    do {
      done = ::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                         static_cast<off_t>(offset), static_cast<off_t>(length));
    } while (done != 0 && errno == EINTR);
    if (done != 0) return file_error(errno, "free " + range(offset, length) + " of", path_);
    return {};
  }

  Result<void> sync() override {
    if (::fsync(fd_) != 0) return file_error(errno, "sync", path_);
    return {};
  }

 private:
  static std::string range(uint64_t offset, uint64_t length) {
    return std::to_string(length) + " bytes at " + std::to_string(offset);
  }
  int fd_;
  std::string path_;
};

int open_flags(FileOpen mode) {
  switch (mode) {
    case FileOpen::kExisting: return O_RDWR;
    case FileOpen::kCreate: return O_RDWR | O_CREAT;
    case FileOpen::kCreateNew: return O_RDWR | O_CREAT | O_EXCL;
  }
  return 0;
}

// Within the kernel, from the current end of `to`. False if this pair of files cannot.
Result<bool> copy_in_kernel(const OpenFile& from, OpenFile& to, uint64_t bytes) {
  off_t read_at = 0, write_at = 0;
  while (static_cast<uint64_t>(read_at) < bytes) {
    ssize_t copied = ::copy_file_range(from.fd(), &read_at, to.fd(), &write_at,
                                       bytes - static_cast<uint64_t>(read_at), 0);
    if (copied > 0 || (copied < 0 && errno == EINTR)) continue;
    // Some file systems claim to have copied nothing rather than fail.
    if (copied == 0) return false;
    bool is_unable = errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS ||
                     errno == EPERM || errno == EBADF || errno == ETXTBSY;
    if (is_unable) return false;
    return file_error(errno, "copy " + std::to_string(bytes) + " bytes to", to.path());
  }
  return true;
}

Result<void> copy_by_hand(const OpenFile& from, OpenFile& to, uint64_t bytes) {
  std::vector<std::byte> buffer(1 << 20);
  for (uint64_t done = 0; done < bytes;) {
    auto part = std::span(buffer).first(std::min<uint64_t>(buffer.size(), bytes - done));
    if (auto read = from.read_at(done, part); !read) return read;
    if (auto written = to.write_at(done, part); !written) return written;
    done += part.size();
  }
  return {};
}

class RealFileSystem final : public FileSystem {
 public:
  Result<std::shared_ptr<OpenFile>> open(const std::string& path, FileOpen mode) override {
    int fd = ::open(path.c_str(), open_flags(mode) | O_CLOEXEC, 0666);
    if (fd < 0) return file_error(errno, "open", path);
    return std::shared_ptr<OpenFile>(std::make_shared<RealFile>(fd, path));
  }

  Result<void> make_folder(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return file_error(error.value(), "make the folder", path);
    return {};
  }

  Result<void> remove(const std::string& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return file_error(error.value(), "remove", path);
    return {};
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0)
      return file_error(errno, "move " + from + " to", to);
    return {};
  }

  Result<void> link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) return {};
    int reason = errno;
    Error error = file_error(reason, "link " + from + " to", to);
    bool is_unable = reason == EXDEV || reason == EPERM || reason == EMLINK || reason == ENOSYS ||
                     reason == EOPNOTSUPP;
    if (is_unable) error.code = ErrorCode::kUnsupported;
    return error;
  }

  Result<std::vector<std::string>> list(const std::string& folder) override {
    std::error_code error;
    std::vector<std::string> names;
    std::filesystem::directory_iterator entry(folder, error), end;
    for (; !error && entry != end; entry.increment(error))
      names.push_back(entry->path().filename().string());
    if (error && error != std::errc::no_such_file_or_directory)
      return file_error(error.value(), "list", folder);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<void> copy(const OpenFile& from, OpenFile& to, uint64_t bytes) override {
    auto size = from.size();
    if (!size) return size.error();
    if (*size == bytes && ::ioctl(to.fd(), FICLONE, from.fd()) == 0) return {};
    auto copied = copy_in_kernel(from, to, bytes);
    if (!copied) return copied.error();
    return *copied ? Result<void>() : copy_by_hand(from, to, bytes);
  }

  Result<void> sync_folder(const std::string& folder) override { return sync_by(::fsync, folder); }
  Result<void> sync_all(const std::string& folder) override { return sync_by(::syncfs, folder); }

 private:
  static Result<void> sync_by(int (*call)(int), const std::string& folder) {
    int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return file_error(errno, "open", folder);
    int done = call(fd);
    int reason = errno;
    ::close(fd);
    if (done != 0) return file_error(reason, "sync", folder);
    return {};
  }
};

}  // namespace

std::unique_ptr<FileSystem> make_real_file_system() {
  return std::make_unique<RealFileSystem>();
}

Error file_error(int system_errno, std::string_view doing, const std::string& path) {
  std::string message = "cannot " + std::string(doing) + " " + path + ": ";
  message += std::strerror(system_errno);
  message += remedy_of(system_errno);
  return {code_of(system_errno), std::move(message)};
}

}  // namespace tyto::peer
