// One event loop a thread: sockets, timers, RPC promises and HTTP share it without hops.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "base/time.h"

namespace tyto::io {

struct LoopOptions {
  // Told what happened just before the process aborts because an exception escaped a callback,
  // which is always a bug of ours. Default: a line on stderr. Called on the loop's thread.
  std::function<void(std::string_view what)> on_bug;
};

// Runs callbacks, timers and KJ promises on one thread. KJ's event loop is hosted inside, so
// promises may be made from the constructor on, and are driven by run().
//
// Threads:   constructed, run and destroyed on one thread, at most one Loop a thread; post(),
//            stop() and now() may be called from any thread while the Loop lives
// Ownership: whatever uses the loop (timers, listeners, clients, capabilities) is destroyed before
// Bounds:    posted tasks queue without limit; whoever posts bounds what it posts
// Errors:    an exception that escapes a callback is a bug: on_bug, then abort
class Loop {
 public:
  // Also makes the process ignore SIGPIPE.
  explicit Loop(LoopOptions options = {});
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop(). A stop() that came before makes it return at once. May be called again.
  // Requires: not called from inside a callback.
  void run();

  // Runs until `done()` holds (asked before the first and after every callback), stop() was
  // called, or `limit` has passed. Returns what done() said last. For tests and for simple
  // programs that wait for one thing.
  // Requires: not called from inside a callback.
  bool run_until(const std::function<bool()>& done, Duration limit);

  // Makes run() return after the callback under way.
  // Threads: any.
  void stop();

  // Runs `task` on the loop's thread, soon, never inside this call; tasks of one thread in order.
  // Tasks not yet run when the Loop is destroyed are dropped.
  // Threads: any.
  void post(std::function<void()> task);

  // The monotonic clock.
  // Threads: any.
  Instant now() const;

  // Lets events gather, as a network card does with interrupts: `pause` is asked before run() looks
  // for events, and says for how long it does not look for new ones once none is left; zero: it
  // waits for the next one as usual. Everything on the loop, timers too, may be late by as much.
  // Null: never.
  // Requires: called on the loop's thread.
  void set_pause(std::function<Duration()> pause);

  // Calls `callback` on the loop with the number of each of these signals that arrives, instead of
  // the signal's default action. Replaces what was set before for this loop. Set it in one loop of
  // a process only.
  void on_signal(std::initializer_list<int> signals, std::function<void(int signal)> callback);

  // Whether the caller is on the thread that constructed this loop.
  bool on_own_thread() const;

  // What the adapters need: see asio_loop.h and kj_loop.h.
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace tyto::io
