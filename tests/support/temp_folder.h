// A fresh folder for one test.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

namespace tyto::support {

// Where a test's files lie: what makes many files and syncs goes to memory, where a sync costs
// nothing, if there is such a place.
enum class Medium { kDisk, kMemory };

// Made with its construction, removed with all that is in it at its end. An inherited copy in a
// forked child must not be destroyed there: end such children with _exit().
class TempFolder {
 public:
  explicit TempFolder(Medium medium = Medium::kDisk) {
    bool is_in_memory = medium == Medium::kMemory && ::access("/dev/shm", W_OK) == 0;
    std::string pattern =
        is_in_memory ? "/dev/shm" : std::filesystem::temp_directory_path().string();
    pattern += "/tyto-test-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace tyto::support
