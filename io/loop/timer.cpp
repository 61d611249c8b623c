#include "io/loop/timer.h"

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <utility>

#include "io/loop/asio_loop.h"
#include "io/loop/clock.h"

namespace tyto::io {

// Shared with the handler in flight, which may come after the timer is gone.
struct Timer::State : std::enable_shared_from_this<Timer::State> {
  explicit State(boost::asio::io_context& io) : timer(io) {}

  void start(Instant when) {
    timer.expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(when.ns())));
    timer.async_wait(
        [self = shared_from_this(), mine = ++generation](const boost::system::error_code&) {
          // A cancelled wait, or one that had fired already when it was cancelled, is told by its
          // age.
          if (mine != self->generation || !self->callback) return;
          std::exchange(self->callback, nullptr)();
        });
  }
  void cancel() {
    if (!callback) return;
    ++generation;
    callback = nullptr;
    timer.cancel();
  }

  boost::asio::steady_timer timer;
  std::function<void()> callback;
  uint64_t generation = 0;
};

Timer::Timer(Loop& loop) : state_(std::make_shared<State>(io_context_of(loop))) {}

Timer::~Timer() {
  state_->cancel();
}

void Timer::start_at(Instant when, std::function<void()> callback) {
  if (when.is_never()) return cancel();
  state_->callback = std::move(callback);
  state_->start(when);
}

void Timer::start_after(Duration span, std::function<void()> callback) {
  start_at(monotonic_now() + span, std::move(callback));
}

void Timer::cancel() {
  state_->cancel();
}

bool Timer::is_armed() const {
  return state_->callback != nullptr;
}

}  // namespace tyto::io
