#include "io/loop/rate_limited_errors.h"

#include <utility>

namespace tyto::io {

RateLimitedErrors::RateLimitedErrors(ErrorHook hook, Duration span)
    : hook_(std::move(hook)), span_(span) {}

void RateLimitedErrors::report(Instant now, std::string_view kind, const Error& error) {
  if (!hook_) return;
  auto [at, is_new] = kinds_.try_emplace(std::string(kind));
  Kind& state = at->second;
  if (!is_new && now < state.quiet_until) {
    ++state.suppressed;
    return;
  }
  state.quiet_until = now + span_;
  hook_(error, std::exchange(state.suppressed, 0));
}

}  // namespace tyto::io
