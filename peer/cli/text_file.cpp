#include "peer/cli/text_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

namespace tyto::cli {
namespace {

constexpr std::size_t kTextBytesMax = 1 << 20;

Error failure(const std::string& path, int number) {
  ErrorCode code = ErrorCode::kInternal;
  if (number == ENOENT || number == ENOTDIR) code = ErrorCode::kNotFound;
  if (number == EACCES || number == EPERM) code = ErrorCode::kDenied;
  return {code, "cannot read '" + path + "': " + std::strerror(number)};
}

bool is_utf8(const std::string& text) {
  using Handler = nlohmann::json::error_handler_t;
  const nlohmann::json json(text);
  return json.dump(-1, ' ', false, Handler::replace) == json.dump(-1, ' ', false, Handler::ignore);
}

struct Close {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

}  // namespace

Result<std::string> read_text_file(const std::string& path) {
  std::unique_ptr<std::FILE, Close> file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return failure(path, errno);
  std::string text;
  std::array<char, 65536> buffer{};
  while (std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    text.append(buffer.data(), got);
    if (text.size() > kTextBytesMax)
      return {ErrorCode::kInvalidArgument,
              "'" + path + "' is longer than 1 MiB: expected a policy of at most 64KiB"};
  }
  if (std::ferror(file.get()) != 0) return failure(path, errno);
  if (!is_utf8(text))
    return {ErrorCode::kInvalidArgument, "'" + path + "' is not UTF-8: save it as such"};
  return text;
}

}  // namespace tyto::cli
