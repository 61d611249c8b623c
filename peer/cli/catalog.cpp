#include "peer/cli/catalog.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "peer/cli/exit_codes.h"

namespace tyto::cli {

int run_catalog(int argc, char** argv) {
  std::string name = "tyto-tracker";
  std::vector<char*> words = {name.data()};
  for (int i = 1; i < argc; ++i) words.push_back(argv[i]);
  words.push_back(nullptr);
  std::error_code ignored;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  // Installed side by side; in a build folder, one for each program.
  for (const char* place : {"tyto-tracker", "../../tracker/tyto-tracker"}) {
    const std::string beside = (self.parent_path() / place).string();
    ::execv(beside.c_str(), words.data());
  }
  ::execvp("tyto-tracker", words.data());
  std::fprintf(stderr,
               "tyto catalog: the program tyto-tracker, which reads catalogs, is neither beside "
               "this one nor in PATH; install it\n");
  return kExitNotFound;
}

}  // namespace tyto::cli
