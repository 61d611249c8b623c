#include "io/loop/kj_host.h"

#include <boost/asio/post.hpp>
#include <chrono>

#include "base/assert.h"
#include "io/loop/clock.h"
#include "io/loop/kj_loop.h"

namespace tyto::io {

namespace {
// KJ events run in one go before Asio's handlers get their turn again.
constexpr unsigned kEventsPerTurn = 256;
// At the end of the loop's life; only events that breed events for ever reach it.
constexpr int kLastTurnsMax = 1000;
}  // namespace

bool KjEventPort::wait() {
  TYTO_ASSERT(!"promise.wait() inside a Loop: keep the promise instead, the loop runs it");
  return false;
}

bool KjEventPort::poll() {
  TYTO_ASSERT(!"waiting for promises inside a Loop: keep the promise instead, the loop runs it");
  return false;
}

void KjEventPort::setRunnable(bool runnable) {
  if (runnable) schedule();
}

void KjEventPort::schedule() {
  if (is_scheduled_ || io_ == nullptr) return;
  is_scheduled_ = true;
  boost::asio::post(*io_, [this] {
    is_scheduled_ = false;
    turn();
  });
}

void KjEventPort::turn() {
  if (is_running_) return;
  is_running_ = true;
  loop_.run(kEventsPerTurn);
  is_running_ = false;
  if (loop_.isRunnable()) schedule();
}

void KjEventPort::drain() {
  for (int i = 0; i < kLastTurnsMax && loop_.isRunnable(); ++i) turn();
}

KjTimer::KjTimer(boost::asio::io_context& io)
    : wake_(std::make_unique<boost::asio::steady_timer>(io)), timers_(now()) {}

kj::TimePoint KjTimer::now() const {
  return kj::origin<kj::TimePoint>() + monotonic_now().ns() * kj::NANOSECONDS;
}

kj::Promise<void> KjTimer::atTime(kj::TimePoint time) {
  auto promise = timers_.atTime(time);
  arm();
  return promise;
}

kj::Promise<void> KjTimer::afterDelay(kj::Duration delay) {
  return atTime(now() + delay);
}

void KjTimer::arm() {
  if (wake_ == nullptr) return;
  KJ_IF_MAYBE (next, timers_.nextEvent()) {
    if (is_armed_ && armed_for_ <= *next) return;
    is_armed_ = true;
    armed_for_ = *next;
    auto since_origin = (*next - kj::origin<kj::TimePoint>()) / kj::NANOSECONDS;
    wake_->expires_at(
        std::chrono::steady_clock::time_point(std::chrono::nanoseconds(since_origin)));
    wake_->async_wait([this, generation = ++generation_](const boost::system::error_code&) {
      if (generation != generation_) return;
      is_armed_ = false;
      timers_.advanceTo(now());
      arm();
    });
  }
}

Error error_from_kj(const kj::Exception& exception) {
  std::string message(exception.getDescription().cStr(), exception.getDescription().size());
  switch (exception.getType()) {
    case kj::Exception::Type::DISCONNECTED: return {ErrorCode::kUnavailable, std::move(message)};
    case kj::Exception::Type::OVERLOADED: return {ErrorCode::kOverloaded, std::move(message)};
    case kj::Exception::Type::UNIMPLEMENTED: return {ErrorCode::kUnsupported, std::move(message)};
    case kj::Exception::Type::FAILED: return {ErrorCode::kInternal, std::move(message)};
  }
  return {ErrorCode::kInternal, std::move(message)};
}

}  // namespace tyto::io
