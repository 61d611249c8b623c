// For units that use KJ promises: a KJ timer on the loop.
//
// Promises work on the loop's thread as soon as the Loop exists. Never call promise.wait(): the
// loop runs the promises; keep them in members (dropping one cancels it) or in a kj::TaskSet.
#pragma once

#include <kj/async.h>
#include <kj/timer.h>

#include "base/result.h"
#include "base/time.h"

namespace tyto::io {

class Loop;

// The loop's clock and timers as KJ knows them; kj::Timer's origin is that of monotonic_now().
kj::Timer& kj_timer_of(Loop& loop);

// Whether the caller is inside a KJ event: a continuation, or a method of a capability. What owns
// promises that may be running (an RPC system) is not to be destroyed there.
bool is_inside_kj_event(Loop& loop);

// Whether KJ events wait for their turn: the loop has not caught up with what has come.
bool has_kj_events(Loop& loop);

inline kj::Duration to_kj(Duration span) {
  return span.ns() * kj::NANOSECONDS;
}

// What a KJ exception means to a caller: DISCONNECTED is kUnavailable, OVERLOADED is kOverloaded,
// UNIMPLEMENTED is kUnsupported, FAILED is kInternal. The message is the exception's description.
Error error_from_kj(const kj::Exception& exception);

}  // namespace tyto::io
