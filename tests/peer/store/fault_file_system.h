// A disk that fails, tears, forgets, fills up, or ends the process, when a test says so.
#pragma once

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "peer/store/file_system.h"

namespace tyto::peer {

enum class FileOp {
  kOpen,
  kMakeFolder,
  kRemove,
  kRename,
  kLink,
  kList,
  kSize,
  kRead,
  kWrite,
  kPunch,
  kSync,
  kCopy
};

struct Fault {
  enum class Kind {
    kNone,
    kFail,  // nothing happens, and an error is reported
    kTear,  // a write is half done, and an error is reported
    kLose,  // nothing happens, and success is reported
  };
  Kind kind = Kind::kNone;
  int system_errno = EIO;
};

class FaultFileSystem final : public FileSystem {
 public:
  // Asked before each operation; `bytes` are those of a write.
  using Decide = std::function<Fault(FileOp op, const std::string& path, std::size_t bytes)>;
  explicit FaultFileSystem(Decide decide)
      : decide_(std::move(decide)), real_(make_real_file_system()) {}

  Result<std::shared_ptr<OpenFile>> open(const std::string& path, FileOpen mode) override {
    if (auto fault = ask(FileOp::kOpen, path); fault.kind != Fault::Kind::kNone)
      return file_error(fault.system_errno, "open", path);
    auto file = real_->open(path, mode);
    if (!file) return file.error();
    return std::shared_ptr<OpenFile>(std::make_shared<File>(*this, std::move(file).value()));
  }
  Result<void> make_folder(const std::string& path) override {
    return guarded(FileOp::kMakeFolder, path, [&] { return real_->make_folder(path); });
  }
  Result<void> remove(const std::string& path) override {
    return guarded(FileOp::kRemove, path, [&] { return real_->remove(path); });
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return guarded(FileOp::kRename, from, [&] { return real_->rename(from, to); });
  }
  Result<void> link(const std::string& from, const std::string& to) override {
    return guarded(FileOp::kLink, from, [&] { return real_->link(from, to); });
  }
  Result<std::vector<std::string>> list(const std::string& folder) override {
    if (auto fault = ask(FileOp::kList, folder); fault.kind != Fault::Kind::kNone)
      return file_error(fault.system_errno, "list", folder);
    return real_->list(folder);
  }
  Result<void> copy(const OpenFile& from, OpenFile& to, uint64_t bytes) override {
    return guarded(FileOp::kCopy, to.path(), [&] { return real_->copy(from, to, bytes); });
  }
  Result<void> sync_folder(const std::string& folder) override {
    return guarded(FileOp::kSync, folder, [&] { return real_->sync_folder(folder); });
  }
  Result<void> sync_all(const std::string& folder) override {
    return guarded(FileOp::kSync, folder, [&] { return real_->sync_all(folder); });
  }

 private:
  class File final : public OpenFile {
   public:
    File(FaultFileSystem& disk, std::shared_ptr<OpenFile> real)
        : disk_(disk), real_(std::move(real)) {}
    int fd() const override { return real_->fd(); }
    const std::string& path() const override { return real_->path(); }
    Result<uint64_t> size() const override {
      if (auto fault = disk_.ask(FileOp::kSize, path()); fault.kind != Fault::Kind::kNone)
        return file_error(fault.system_errno, "look at", path());
      return real_->size();
    }
    Result<void> read_at(uint64_t offset, std::span<std::byte> out) const override {
      return disk_.guarded(FileOp::kRead, path(), [&] { return real_->read_at(offset, out); });
    }
    Result<void> write_at(uint64_t offset, std::span<const std::byte> bytes) override {
      Fault fault = disk_.decide_(FileOp::kWrite, path(), bytes.size());
      if (fault.kind == Fault::Kind::kNone) return real_->write_at(offset, bytes);
      if (fault.kind == Fault::Kind::kLose) return {};
      if (fault.kind == Fault::Kind::kTear)
        static_cast<void>(real_->write_at(offset, bytes.first(bytes.size() / 2)).ok());
      return file_error(fault.system_errno, "write to", path());
    }
    Result<void> punch_hole(uint64_t offset, uint64_t length) override {
      return disk_.guarded(FileOp::kPunch, path(),
                           [&] { return real_->punch_hole(offset, length); });
    }
    Result<void> sync() override {
      return disk_.guarded(FileOp::kSync, path(), [&] { return real_->sync(); });
    }

   private:
    FaultFileSystem& disk_;
    std::shared_ptr<OpenFile> real_;
  };

  Fault ask(FileOp op, const std::string& path) { return decide_(op, path, 0); }
  template <class Operation>
  Result<void> guarded(FileOp op, const std::string& path, Operation operation) {
    Fault fault = ask(op, path);
    if (fault.kind == Fault::Kind::kLose) return {};
    if (fault.kind != Fault::Kind::kNone) return file_error(fault.system_errno, "use", path);
    return operation();
  }

  Decide decide_;
  std::unique_ptr<FileSystem> real_;
};

}  // namespace tyto::peer
