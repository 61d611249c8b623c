// A file that appears whole or not at all.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"

namespace tyto {

// Written beside `path` under another name, which commit() changes; without a commit it is removed.
//
// Threads: confined to one. Errors: kNoSpace, kDenied, kNotFound (the folder), kInternal; they
//          name the path.
class SaveFile {
 public:
  explicit SaveFile(std::string path);
  ~SaveFile();
  SaveFile(const SaveFile&) = delete;
  SaveFile& operator=(const SaveFile&) = delete;

  Result<void> open();
  Result<void> write(std::span<const std::byte> bytes);
  Result<void> commit();

 private:
  Error failure(const char* doing) const;
  std::string path_;
  std::string part_path_;
  int fd_ = -1;
};

}  // namespace tyto
