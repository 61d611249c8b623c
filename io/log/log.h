// The log: one line an event, made of a message and named values.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace tyto::io {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError, kOff };

// "debug", "info", "warning", "error", "off".
std::string_view log_level_name(LogLevel level);
// Reads a level's name; kInvalidArgument for any other text.
Result<LogLevel> parse_log_level(std::string_view name);

enum class LogFormat : uint8_t {
  kText,  // 2026-01-31T12:00:00.123Z INFO  tracker "peer registered" peer=7 bytes=12
  kJson,  // {"time":"2026-...","level":"info","component":"tracker","message":"...","peer":7}
};

// A value in a log line. Texts are borrowed for the length of the call; they may hold anything,
// and are escaped.
class LogValue {
 public:
  LogValue(const char* text) : value_(std::string_view(text)) {}
  LogValue(std::string_view text) : value_(text) {}
  LogValue(const std::string& text) : value_(std::string_view(text)) {}
  LogValue(bool value) : value_(value) {}
  LogValue(int value) : value_(int64_t{value}) {}
  LogValue(int64_t value) : value_(value) {}
  LogValue(uint32_t value) : value_(uint64_t{value}) {}
  LogValue(uint64_t value) : value_(value) {}
  LogValue(unsigned long long value) : value_(static_cast<uint64_t>(value)) {}
  LogValue(double value) : value_(value) {}
  LogValue(Duration value);      // "1.234ms"
  LogValue(const Error& error);  // "not_found: message"
  LogValue(PeerId peer);         // 16 hexadecimal digits
  LogValue(const Digest& digest) : value_(digest.hex()) {}
  LogValue(const VersionId& version) : value_(version.hex()) {}
  template <class Tag, class Rep>
  LogValue(Strong<Tag, Rep> id) : value_(uint64_t{id.value()}) {}

  using Value = std::variant<std::string_view, std::string, int64_t, uint64_t, double, bool>;
  const Value& value() const { return value_; }

 private:
  Value value_;
};

// A name, [a-z0-9_]+, and its value.
struct LogField {
  std::string_view key;
  LogValue value;
};
using LogFields = std::initializer_list<LogField>;

struct LogOptions {
  std::string component;             // of every line: "tracker", "agent", ...
  LogLevel level = LogLevel::kInfo;  // lines below are not written
  LogFormat format = LogFormat::kText;
  std::string file;                                 // appended to; empty: standard error
  std::function<void(std::string_view line)> sink;  // instead of either, for tests
};

// Where a program says what happens in it. Passed by reference to those that write.
//
// Threads: synchronised. Bounds: a line of more than 16 KiB is cut, its values first.
// Errors:  open() fails with the code of the file's error; a line that cannot be written is lost.
class Log {
 public:
  static Result<std::unique_ptr<Log>> open(const LogOptions& options);
  // A log that writes nothing.
  static std::unique_ptr<Log> discard();
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void debug(std::string_view message, LogFields fields = {}) {
    write(LogLevel::kDebug, message, fields);
  }
  void info(std::string_view message, LogFields fields = {}) {
    write(LogLevel::kInfo, message, fields);
  }
  void warning(std::string_view message, LogFields fields = {}) {
    write(LogLevel::kWarning, message, fields);
  }
  void error(std::string_view message, LogFields fields = {}) {
    write(LogLevel::kError, message, fields);
  }
  void write(LogLevel level, std::string_view message, LogFields fields = {}) {
    write(level, message, fields.begin(), fields.size());
  }
  void write(LogLevel level, std::string_view message, const LogField* fields, std::size_t count);
  bool is_enabled(LogLevel level) const;
  void set_level(LogLevel level);
  // Opens the file anew at its path, after it was moved away. Nothing happens without a file.
  Result<void> reopen();

 private:
  struct State;
  explicit Log(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tyto::io
