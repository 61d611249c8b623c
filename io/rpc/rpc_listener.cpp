#include "io/rpc/rpc_listener.h"

#include <deque>
#include <map>
#include <string>
#include <utility>

#include "base/assert.h"
#include "io/loop/asio_loop.h"
#include "io/loop/kj_loop.h"
#include "io/loop/loop.h"
#include "io/loop/rate_limited_errors.h"
#include "io/loop/tcp.h"
#include "io/loop/timer.h"
#include "io/rpc/retire.h"
#include "io/rpc/rpc_connection.h"

namespace tyto::io {

using boost::asio::ip::tcp;

namespace {
// After a failed accept (no file descriptors left, say) before the next try.
constexpr Duration kAcceptPause = Duration::milliseconds(100);
// Turns of the loop that a connection waits for those let in before to be served.
constexpr int kTurnsMax = 8;
// Connections that wait to be let in; beyond, the oldest is closed.
constexpr std::size_t kWaitingMax = 4096;
}  // namespace

class RpcListener::Impl : public std::enable_shared_from_this<RpcListener::Impl> {
 public:
  Impl(Loop& loop, RpcListenerOptions options, RpcListenerHandlers handlers, tcp::acceptor acceptor)
      : loop_(loop),
        options_(std::move(options)),
        handlers_(std::move(handlers)),
        acceptor_(std::move(acceptor)),
        bound_(host_port_of(acceptor_.local_endpoint())),
        check_timer_(loop),
        accept_timer_(loop),
        listener_errors_([this](const Error& error, uint64_t) {
          if (handlers_.error) handlers_.error(RpcConnectionInfo{}, error);
        }) {
    TYTO_ASSERT(handlers_.bootstrap != nullptr);
  }

  void start() {
    accept();
    check_later();
  }

  void shut_down() {
    is_shut_down_ = true;
    waiting_.clear();
    stop_accepting();
    check_timer_.cancel();
    auto connections = std::exchange(connections_, {});
    for (auto& [id, entry] : connections) retire(loop_, std::move(entry.connection));
  }

  void stop_accepting() {
    accept_timer_.cancel();
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  }

  const HostPort& bound() const { return bound_; }
  std::size_t connections() const { return connections_.size(); }

  // Ends a connection and tells of it, later.
  void end(RpcConnectionId id, std::optional<Error> why) {
    auto at = connections_.find(id);
    if (at == connections_.end()) return;
    Entry entry = std::move(at->second);
    connections_.erase(at);
    if (!why) why = entry.connection->failure();
    retire(loop_, std::move(entry.connection));
    loop_.post([self = shared_from_this(), info = entry.info, why = std::move(why)] {
      if (why && !self->is_shut_down_ && self->handlers_.error) self->handlers_.error(info, *why);
      if (!self->is_shut_down_ && self->handlers_.gone) self->handlers_.gone(info);
    });
  }

 private:
  struct Entry {
    RpcConnectionInfo info;
    std::unique_ptr<RpcConnection> connection;
  };

  void accept() {
    acceptor_.async_accept(
        [self = shared_from_this()](const boost::system::error_code& failure, tcp::socket socket) {
          if (self->is_shut_down_ || !self->acceptor_.is_open()) return;
          if (failure) return self->accept_failed(failure);
          self->waiting_.push_back(std::move(socket));
          if (self->waiting_.size() > kWaitingMax) self->waiting_.pop_front();
          self->let_in_later();
          self->accept();
        });
  }

  void let_in_later() {
    if (std::exchange(is_let_in_posted_, true)) return;
    loop_.post([self = shared_from_this()] {
      self->is_let_in_posted_ = false;
      if (!self->is_shut_down_) self->let_in();
    });
  }

  // When more come than can be served, those let in are served first, and of those that wait the
  // last one next: it is the least likely to have given up when it is answered. To serve them in
  // their order would be to serve nobody: all would have given up.
  void let_in() {
    if (waiting_.empty()) return;
    if (has_kj_events(loop_) && ++turns_ < kTurnsMax) return let_in_later();
    turns_ = 0;
    tcp::socket socket = std::move(waiting_.back());
    waiting_.pop_back();
    const bool is_in_vain = !waiting_.empty() && has_hung_up(socket);
    if (!is_in_vain) serve(std::move(socket));
    if (!waiting_.empty()) let_in_later();
  }

  void accept_failed(const boost::system::error_code& failure) {
    listener_errors_.report(loop_.now(), "accept",
                            error_from_asio(failure, "cannot accept on " + bound_.text()));
    accept_timer_.start_after(kAcceptPause, [this] { accept(); });
  }

  void serve(tcp::socket socket) {
    boost::system::error_code failure;
    auto remote = socket.remote_endpoint(failure);
    if (failure) return;  // gone already
    if (connections_.size() >= options_.connections_max) {
      return listener_errors_.report(
          loop_.now(), "full",
          Error{ErrorCode::kOverloaded, "refused a connection from " + host_port_of(remote).text() +
                                            ": " + std::to_string(connections_.size()) +
                                            " are open, which is the limit"});
    }
    tune_tcp(socket);
    RpcConnectionInfo info{RpcConnectionId(++last_id_), host_port_of(remote)};
    auto ended = [weak = weak_from_this(), id = info.id] {
      auto self = weak.lock();
      if (!self) return;
      // From inside the connection's own event, where it cannot be destroyed.
      self->loop_.post([self, id] { self->end(id, std::nullopt); });
    };
    auto connection =
        std::make_unique<RpcConnection>(std::move(socket), RpcSide::kServer, options_.limits,
                                        loop_.now(), handlers_.bootstrap(info), std::move(ended));
    connections_.emplace(info.id, Entry{info, std::move(connection)});
  }

  void check_later() {
    check_timer_.start_after(check_period(options_.limits), [this] {
      Instant now = loop_.now();
      std::vector<std::pair<RpcConnectionId, Error>> over;
      for (auto& [id, entry] : connections_) {
        if (auto why = entry.connection->check(now)) over.emplace_back(id, std::move(*why));
      }
      for (auto& [id, why] : over) end(id, std::move(why));
      check_later();
    });
  }

  Loop& loop_;
  const RpcListenerOptions options_;
  const RpcListenerHandlers handlers_;
  tcp::acceptor acceptor_;
  const HostPort bound_;
  Timer check_timer_;
  Timer accept_timer_;
  RateLimitedErrors listener_errors_;
  std::deque<tcp::socket> waiting_;  // to be let in, the oldest first
  int turns_ = 0;                    // that the next one has waited
  bool is_let_in_posted_ = false;
  std::map<RpcConnectionId, Entry> connections_;
  uint64_t last_id_ = 0;
  bool is_shut_down_ = false;
};

Result<std::unique_ptr<RpcListener>> RpcListener::listen(Loop& loop, RpcListenerOptions options,
                                                         RpcListenerHandlers handlers) {
  auto acceptor = listen_tcp(loop, options.bind);
  if (!acceptor) return acceptor.error();
  auto impl = std::make_shared<Impl>(loop, std::move(options), std::move(handlers),
                                     std::move(acceptor).value());
  impl->start();
  return std::unique_ptr<RpcListener>(new RpcListener(std::move(impl)));
}

RpcListener::RpcListener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

RpcListener::~RpcListener() {
  impl_->shut_down();
}

HostPort RpcListener::bound() const {
  return impl_->bound();
}

std::size_t RpcListener::connections() const {
  return impl_->connections();
}

void RpcListener::close(RpcConnectionId id) {
  impl_->end(id, std::nullopt);
}

void RpcListener::stop_accepting() {
  impl_->stop_accepting();
}

}  // namespace tyto::io
