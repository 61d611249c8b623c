// What the disk store asks of the disk, so that a test can put a bad one in its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tyto::peer {

// An open file. Closed when destroyed.
//
// Threads: any, on different ranges at once.
// Errors:  kNoSpace for a full disk or quota, kCorrupt for bytes that should be there and are not,
//          kDenied for rights, kUnavailable for the rest; the message has path and bytes.
class OpenFile {
 public:
  virtual ~OpenFile() = default;
  virtual int fd() const = 0;
  virtual const std::string& path() const = 0;
  virtual Result<uint64_t> size() const = 0;
  // Fills `out` whole, or fails.
  virtual Result<void> read_at(uint64_t offset, std::span<std::byte> out) const = 0;
  virtual Result<void> write_at(uint64_t offset, std::span<const std::byte> bytes) = 0;
  // Gives the range's space back; it reads as zeros then. kUnsupported where the file system
  // cannot; the range then still takes space.
  virtual Result<void> punch_hole(uint64_t offset, uint64_t length) = 0;
  // Waits until the disk has it.
  virtual Result<void> sync() = 0;
};

enum class FileOpen : uint8_t {
  kExisting,   // kNotFound if there is none
  kCreate,     // makes it if need be
  kCreateNew,  // kConflict if there is one
};

// Files and folders by path. Threads: any. Errors: as OpenFile's.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::shared_ptr<OpenFile>> open(const std::string& path, FileOpen mode) = 0;
  // With its parents; nothing happens if it is there.
  virtual Result<void> make_folder(const std::string& path) = 0;
  // A file, or a folder with all in it; nothing happens if there is none.
  virtual Result<void> remove(const std::string& path) = 0;
  // In place of what is at `to`.
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  // Another name for a file; nothing may be at `to`. kUnsupported where the file system cannot, or
  // another one is at `to`.
  virtual Result<void> link(const std::string& from, const std::string& to) = 0;
  // Names in a folder, sorted; empty if there is no such folder.
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  // Copies the first `bytes` bytes: shares them where the file system can (reflink), or else within
  // the kernel, or else by hand.
  virtual Result<void> copy(const OpenFile& from, OpenFile& to, uint64_t bytes) = 0;
  // Waits until the disk has the names in `folder`.
  virtual Result<void> sync_folder(const std::string& folder) = 0;
  // Waits until the disk has all of the file system that `folder` is on.
  virtual Result<void> sync_all(const std::string& folder) = 0;
};

std::unique_ptr<FileSystem> make_real_file_system();

// The Error for an errno: "cannot <doing> <path>: <reason>; <remedy>".
Error file_error(int system_errno, std::string_view doing, const std::string& path);

}  // namespace tyto::peer
