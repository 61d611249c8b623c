// Lines that outsiders can provoke, held to one per interval and cause.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "io/log/log.h"

namespace tyto::io {

struct RateLimitOptions {
  Duration interval = Duration::seconds(60);  // between two lines of one key
  std::size_t keys_max = 1024;                // remembered at once
  std::function<Instant()> now;               // for tests; empty: the monotonic clock
};

// Writes a line at once, and then at most one per interval with the same key; the next one that is
// written carries `suppressed=N` for those that were not.
//
// Threads:   synchronised.
// Ownership: borrows the log.
// Bounds:    keys_max keys; when all are in use, new keys share one interval.
class RateLimitedLog {
 public:
  explicit RateLimitedLog(Log& log, RateLimitOptions options = {});
  ~RateLimitedLog();
  // `key` names the cause, as "malformed rpc" or "malformed rpc 10.0.0.7".
  void write(LogLevel level, std::string_view key, std::string_view message, LogFields fields = {});
  void warning(std::string_view key, std::string_view message, LogFields fields = {}) {
    write(LogLevel::kWarning, key, message, fields);
  }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tyto::io
