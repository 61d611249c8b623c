// Inside io/loop only: KJ's event loop as a guest on an io_context.
#pragma once

#include <kj/async.h>
#include <kj/timer.h>

#include <utility>  // Boost 1.74's awaitable.hpp uses it without including it

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>

namespace tyto::io {

// Runs KJ's queue in bounded turns posted to the io_context, so that neither starves the other.
//
// Threads: confined to its loop
class KjEventPort final : public kj::EventPort {
 public:
  explicit KjEventPort(boost::asio::io_context& io) : io_(&io), loop_(*this) {}

  kj::EventLoop& loop() { return loop_; }
  // Posts nothing from here on; what is queued is run by hand with drain().
  void close() { io_ = nullptr; }
  void drain();
  bool is_running() const { return is_running_; }
  bool has_events() const { return is_scheduled_; }

  bool wait() override;
  bool poll() override;
  void setRunnable(bool runnable) override;

 private:
  void schedule();
  void turn();

  boost::asio::io_context* io_;
  bool is_scheduled_ = false;
  bool is_running_ = false;
  kj::EventLoop loop_;
};

// KJ's timers, woken by one Asio timer.
//
// Threads: confined to its loop
class KjTimer final : public kj::Timer {
 public:
  explicit KjTimer(boost::asio::io_context& io);
  void close() { wake_.reset(); }

  kj::TimePoint now() const override;
  kj::Promise<void> atTime(kj::TimePoint time) override;
  kj::Promise<void> afterDelay(kj::Duration delay) override;

 private:
  void arm();

  std::unique_ptr<boost::asio::steady_timer> wake_;
  kj::TimerImpl timers_;
  // When wake_ fires; meaningless while it is not armed.
  kj::TimePoint armed_for_ = kj::origin<kj::TimePoint>();
  bool is_armed_ = false;
  uint64_t generation_ = 0;
};

}  // namespace tyto::io
