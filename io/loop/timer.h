// A timer that fires once.
#pragma once

#include <functional>
#include <memory>

#include "base/time.h"

namespace tyto::io {

class Loop;

// Calls back once, at a given time, unless it is cancelled, started again or destroyed before:
// then the callback never runs. A callback may start, cancel or destroy its own timer.
//
// Threads:   confined to its loop
// Ownership: `loop` is borrowed and must outlive the timer
class Timer {
 public:
  explicit Timer(Loop& loop);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Calls `callback` at `when`, or soon (never inside this call) if that has passed. With
  // Instant::never() it only cancels what was set.
  void start_at(Instant when, std::function<void()> callback);
  void start_after(Duration span, std::function<void()> callback);
  void cancel();
  // Whether a callback is still to come.
  bool is_armed() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tyto::io
