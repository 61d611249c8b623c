#include "peer/cli/editor.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "peer/cli/interrupt.h"

extern char** environ;

namespace tyto::cli {
namespace {

Error failure(const std::string& path, int number) {
  ErrorCode code = ErrorCode::kInternal;
  if (number == EACCES || number == EPERM || number == EROFS) code = ErrorCode::kDenied;
  if (number == ENOSPC || number == EDQUOT) code = ErrorCode::kNoSpace;
  return {code, "cannot write '" + path + "': " + std::strerror(number) +
                    "; TMPDIR names another folder"};
}

std::string editor() {
  for (const char* name : {"VISUAL", "EDITOR"})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return "vi";
}

// As the shell would, so that EDITOR="code --wait" works. The child gets the signals that this
// process leaves to a thread. Returns what waitpid() says, or -1 with errno.
int run_shell(const std::string& command, const std::string& path) {
  std::string words[] = {"sh", "-c", command + " \"$@\"", command, path};
  char* argv[] = {words[0].data(), words[1].data(), words[2].data(),
                  words[3].data(), words[4].data(), nullptr};
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  int failed = posix_spawn(&child, "/bin/sh", nullptr, &attributes, argv, environ);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    errno = failed;
    return -1;
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return status;
}

}  // namespace

Result<EditedFile> EditedFile::make(const std::string& name, const std::string& suffix,
                                    const std::string& text) {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error) return failure("TMPDIR", error.value());
  std::string path = (folder / (name + ".XXXXXX" + suffix)).string();
  int fd = ::mkstemps(path.data(), static_cast<int>(suffix.size()));
  if (fd < 0) return failure(path, errno);
  EditedFile file(path);
  std::size_t written = 0;
  while (written < text.size()) {
    ssize_t done = ::write(fd, text.data() + written, text.size() - written);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) break;
    written += static_cast<std::size_t>(done);
  }
  const int number = errno;
  ::close(fd);
  if (written < text.size()) return failure(path, number);
  return file;
}

EditedFile::EditedFile(EditedFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), is_kept_(other.is_kept_) {}

EditedFile::~EditedFile() {
  if (!path_.empty() && !is_kept_) ::unlink(path_.c_str());
}

Result<void> open_editor(const std::string& path) {
  InterruptsIgnored ignored;
  const std::string command = editor();
  const int status = run_shell(command, path);
  if (status == -1)
    return {ErrorCode::kInternal, "cannot start /bin/sh: " + std::string(std::strerror(errno))};
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  std::string how = WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status))
                                      : "signal " + std::to_string(WTERMSIG(status));
  return {ErrorCode::kCancelled, "the editor '" + command + "' ended with " + how +
                                     "; set VISUAL or EDITOR to one that works here"};
}

}  // namespace tyto::cli
