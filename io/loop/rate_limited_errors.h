// Errors that hostile or broken peers can cause at will, thinned out before anyone logs them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace tyto::io {

// Told about an error. `suppressed` more of the same kind were left out since the last one told.
using ErrorHook = std::function<void(const Error& error, uint64_t suppressed)>;

// Passes on the first error of each kind at once, and then at most one a span.
//
// Threads: confined to its loop
// Bounds:  kinds are our own names (a handful), never text from outside
class RateLimitedErrors {
 public:
  // A hook that is empty makes report() do nothing.
  explicit RateLimitedErrors(ErrorHook hook, Duration span = Duration::seconds(10));
  void report(Instant now, std::string_view kind, const Error& error);

 private:
  struct Kind {
    Instant quiet_until;
    uint64_t suppressed = 0;
  };
  ErrorHook hook_;
  Duration span_;
  std::map<std::string, Kind, std::less<>> kinds_;
};

}  // namespace tyto::io
