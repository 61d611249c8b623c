// A fresh folder for one test, removed with all that is in it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace tyto::io {

class TempFolder {
 public:
  // In memory where there is such a place: what is tested makes many files and syncs.
  TempFolder() {
    path_ = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                                            : std::filesystem::temp_directory_path().string();
    path_ += "/tyto-test-XXXXXX";
    EXPECT_NE(::mkdtemp(path_.data()), nullptr);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace tyto::io
