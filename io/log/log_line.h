// How a log line is put together. For this folder and its tests.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/time.h"
#include "io/log/log.h"

namespace tyto::io {

// The longest line, and the longest single text in one; what is beyond is cut.
inline constexpr std::size_t kLogLineBytesMax = 16 * 1024;
inline constexpr std::size_t kLogTextBytesMax = 4 * 1024;

struct LogLine {
  WallTime time;
  LogLevel level = LogLevel::kInfo;
  std::string_view component;
  std::string_view message;
  const LogField* fields = nullptr;
  std::size_t field_count = 0;
};

// One line without its newline. Whatever the texts hold, the result has no control characters.
std::string text_line(const LogLine& line);
std::string json_line(const LogLine& line);

}  // namespace tyto::io
