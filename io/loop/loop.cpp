#include "io/loop/loop.h"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>
#include <utility>

#include "base/assert.h"
#include "io/loop/asio_loop.h"
#include "io/loop/clock.h"
#include "io/loop/kj_host.h"
#include "io/loop/kj_loop.h"

namespace tyto::io {

namespace asio = boost::asio;

namespace {

struct SignalWatch : std::enable_shared_from_this<SignalWatch> {
  SignalWatch(asio::io_context& io, std::function<void(int)> fn)
      : signals(io), callback(std::move(fn)) {}

  void wait() {
    signals.async_wait(
        [self = shared_from_this()](const boost::system::error_code& failure, int signal) {
          if (failure || !self->is_wanted) return;
          self->callback(signal);
          if (self->is_wanted) self->wait();
        });
  }
  void stop() {
    is_wanted = false;
    signals.cancel();
    signals.clear();
  }

  asio::signal_set signals;
  std::function<void(int)> callback;
  bool is_wanted = true;
};

std::string_view text_of_current_exception(std::string& buffer) {
  try {
    throw;
  } catch (const kj::Exception& exception) {
    buffer = exception.getDescription().cStr();
  } catch (const std::exception& exception) {
    buffer = exception.what();
  } catch (...) {
    buffer = "an exception of unknown type";
  }
  return buffer;
}

}  // namespace

// Members die from the last to the first: handlers still queued in the io_context may own
// promises, so KJ's loop outlives it; see the destructor for the order that matters.
struct Loop::Impl {
  explicit Impl(LoopOptions given)
      : options(std::move(given)),
        io(std::make_unique<asio::io_context>(1)),
        port(*io),
        scope(port.loop()),
        timer(*io) {}

  ~Impl() {
    if (signals) signals->stop();
    signals.reset();
    port.close();
    port.drain();
    timer.close();
    io.reset();
    port.drain();
  }

  template <class Body>
  auto guarded(Body body) {
    TYTO_ASSERT(!is_inside);
    is_inside = true;
    try {
      auto result = body();
      is_inside = false;
      return result;
    } catch (...) {
      std::string buffer;
      std::string_view what = text_of_current_exception(buffer);
      if (options.on_bug) {
        options.on_bug(what);
      } else {
        std::fprintf(stderr, "tyto: an exception escaped a callback of the event loop: %.*s\n",
                     static_cast<int>(what.size()), what.data());
      }
      std::abort();
    }
  }

  void run() {
    while (!io->stopped()) {
      Duration span = pause ? pause() : Duration{};
      if (span > Duration{}) {
        if (io->poll() > 0 || io->stopped()) continue;
        std::this_thread::sleep_for(std::chrono::nanoseconds(span.ns()));
        if (io->poll() > 0) continue;
      }
      io->run_one();
    }
  }

  LoopOptions options;
  std::function<Duration()> pause;
  const std::thread::id owner = std::this_thread::get_id();
  std::atomic<bool> is_stopping{false};
  bool is_inside = false;
  std::unique_ptr<asio::io_context> io;
  KjEventPort port;
  kj::WaitScope scope;
  KjTimer timer;
  std::shared_ptr<SignalWatch> signals;
};

Loop::Loop(LoopOptions options) {
  std::signal(SIGPIPE, SIG_IGN);
  impl_ = std::make_unique<Impl>(std::move(options));
}

Loop::~Loop() {
  TYTO_ASSERT(on_own_thread());
}

void Loop::run() {
  TYTO_ASSERT(on_own_thread());
  impl_->guarded([this] {
    auto work = asio::make_work_guard(*impl_->io);
    impl_->io->restart();
    // A stop() between these lines is seen by one of the two: it sets the flag before it stops.
    if (!impl_->is_stopping) impl_->run();
    impl_->is_stopping = false;
    return 0;
  });
}

bool Loop::run_until(const std::function<bool()>& done, Duration limit) {
  TYTO_ASSERT(on_own_thread());
  return impl_->guarded([&] {
    auto work = asio::make_work_guard(*impl_->io);
    auto deadline =
        std::chrono::steady_clock::time_point(std::chrono::nanoseconds((now() + limit).ns()));
    for (;;) {
      impl_->io->restart();
      if (done()) return true;
      if (impl_->is_stopping.exchange(false)) return false;
      if (impl_->io->run_one_until(deadline) == 0 && !impl_->is_stopping) return done();
    }
  });
}

void Loop::stop() {
  impl_->is_stopping = true;
  impl_->io->stop();
}

void Loop::post(std::function<void()> task) {
  asio::post(*impl_->io, [task = std::move(task)] { task(); });
}

void Loop::set_pause(std::function<Duration()> pause) {
  TYTO_ASSERT(on_own_thread());
  impl_->pause = std::move(pause);
}

Instant Loop::now() const {
  return monotonic_now();
}

void Loop::on_signal(std::initializer_list<int> signals, std::function<void(int)> callback) {
  if (impl_->signals) impl_->signals->stop();
  impl_->signals = std::make_shared<SignalWatch>(*impl_->io, std::move(callback));
  for (int signal : signals) impl_->signals->signals.add(signal);
  impl_->signals->wait();
}

bool Loop::on_own_thread() const {
  return std::this_thread::get_id() == impl_->owner;
}

boost::asio::io_context& io_context_of(Loop& loop) {
  return *loop.impl().io;
}

bool is_inside_kj_event(Loop& loop) {
  return loop.impl().port.is_running();
}

bool has_kj_events(Loop& loop) {
  return loop.impl().port.has_events();
}

kj::Timer& kj_timer_of(Loop& loop) {
  return loop.impl().timer;
}

}  // namespace tyto::io
