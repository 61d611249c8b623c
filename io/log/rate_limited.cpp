#include "io/log/rate_limited.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tyto::io {
namespace {

Instant monotonic_now() {
  auto since = std::chrono::steady_clock::now().time_since_epoch();
  return Instant::from_ns(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

struct Cause {
  Instant written;
  uint64_t suppressed = 0;
};

}  // namespace

struct RateLimitedLog::State {
  State(Log& log_in, RateLimitOptions options_in) : log(log_in), options(std::move(options_in)) {
    if (!options.now) options.now = monotonic_now;
  }

  // How many lines were held back since the last one with this key, or nothing if this one is to
  // be held back too.
  std::optional<uint64_t> admit(std::string_view key) {
    std::lock_guard lock(mutex);
    Instant now = options.now();
    auto found = causes.find(key);
    if (found == causes.end()) {
      if (causes.size() >= options.keys_max && now >= look_again) forget_old(now);
      if (causes.size() < options.keys_max) {
        causes.emplace(key, Cause{now, 0});
        return 0;
      }
    }
    Cause* cause = found != causes.end() ? &found->second : &others;
    if (cause->written != Instant() && now < cause->written + options.interval) {
      ++cause->suppressed;
      return std::nullopt;
    }
    cause->written = now;
    return std::exchange(cause->suppressed, 0);
  }

  // Keys without a line for an interval are as good as new; their counts go to `others`.
  void forget_old(Instant now) {
    std::erase_if(causes, [&](const auto& entry) {
      bool is_old = now >= entry.second.written + options.interval;
      if (is_old) others.suppressed += entry.second.suppressed;
      return is_old;
    });
    look_again = now + options.interval;
    for (const auto& [key, cause] : causes)
      look_again = std::min(look_again, cause.written + options.interval);
  }

  Log& log;
  RateLimitOptions options;
  std::mutex mutex;
  std::map<std::string, Cause, std::less<>> causes;
  Cause others;        // of keys that found no room
  Instant look_again;  // no key is old before
};

RateLimitedLog::RateLimitedLog(Log& log, RateLimitOptions options)
    : state_(std::make_unique<State>(log, std::move(options))) {}
RateLimitedLog::~RateLimitedLog() = default;

void RateLimitedLog::write(LogLevel level, std::string_view key, std::string_view message,
                           LogFields fields) {
  if (!state_->log.is_enabled(level)) return;
  auto suppressed = state_->admit(key);
  if (!suppressed) return;
  std::vector<LogField> all(fields);
  if (*suppressed > 0) all.push_back({"suppressed", *suppressed});
  state_->log.write(level, message, all.data(), all.size());
}

}  // namespace tyto::io
