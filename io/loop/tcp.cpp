#include "io/loop/tcp.h"

#include <netinet/tcp.h>
#include <poll.h>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <string>
#include <vector>

#include "io/loop/asio_loop.h"
#include "io/loop/loop.h"
#include "io/loop/timer.h"

namespace tyto::io {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr int kBacklog = 4096;
constexpr int kKeepAliveIdleS = 30;
constexpr int kKeepAliveIntervalS = 10;
constexpr int kKeepAliveProbes = 3;
constexpr int kUserTimeoutMs = 60'000;

Error listen_error(const error_code& failure, const HostPort& bind) {
  std::string what = "cannot listen on " + bind.text() + ": " + failure.message();
  if (failure == asio::error::address_in_use) {
    return {ErrorCode::kUnavailable, what + "; stop what uses it or choose another port"};
  }
  if (failure == asio::error::access_denied) {
    return {ErrorCode::kDenied, what + "; choose a port above 1023"};
  }
  return {ErrorCode::kInvalidArgument, what + "; expected an address of this machine"};
}

template <class Value>
void set_tcp_option(tcp::socket& socket, int name, Value value) {
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, name, &value, sizeof value);
}

}  // namespace

HostPort host_port_of(const tcp::endpoint& endpoint) {
  return {endpoint.address().to_string(), endpoint.port()};
}

Result<tcp::acceptor> listen_tcp(Loop& loop, const HostPort& bind) {
  error_code failure;
  tcp::endpoint endpoint;
  auto address = asio::ip::make_address(bind.host, failure);
  if (!failure) {
    endpoint = tcp::endpoint(address, bind.port);
  } else {
    tcp::resolver resolver(io_context_of(loop));
    auto found = resolver.resolve(bind.host, std::to_string(bind.port), failure);
    if (failure || found.empty()) return listen_error(failure, bind);
    endpoint = found.begin()->endpoint();
  }
  tcp::acceptor acceptor(io_context_of(loop));
  acceptor.open(endpoint.protocol(), failure);
  if (!failure) acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
  if (!failure) acceptor.bind(endpoint, failure);
  if (!failure) acceptor.listen(kBacklog, failure);
  if (failure) return listen_error(failure, bind);
  return acceptor;
}

bool has_hung_up(tcp::socket& socket) {
  pollfd look{socket.native_handle(), POLLRDHUP, 0};
  return ::poll(&look, 1, 0) > 0;
}

void tune_tcp(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  set_tcp_option(socket, TCP_KEEPIDLE, kKeepAliveIdleS);
  set_tcp_option(socket, TCP_KEEPINTVL, kKeepAliveIntervalS);
  set_tcp_option(socket, TCP_KEEPCNT, kKeepAliveProbes);
  set_tcp_option(socket, TCP_USER_TIMEOUT, kUserTimeoutMs);
}

Error error_from_asio(const error_code& failure, const std::string& whom) {
  ErrorCode code = ErrorCode::kUnavailable;
  if (failure == asio::error::timed_out) code = ErrorCode::kTimedOut;
  return {code, whom + ": " + failure.message()};
}

struct TcpConnect::State : std::enable_shared_from_this<TcpConnect::State> {
  State(Loop& loop, const HostPort& to, Done fn)
      : io(io_context_of(loop)),
        server(to),
        done(std::move(fn)),
        resolver(io),
        socket(io),
        deadline(loop) {}

  void start(Duration within) {
    deadline.start_after(within, [self = shared_from_this(), within] {
      self->finish(Error{ErrorCode::kTimedOut, "cannot connect to " + self->server.text() +
                                                   " within " + std::to_string(within.ms()) +
                                                   " ms"});
    });
    error_code not_numeric;
    auto address = asio::ip::make_address(server.host, not_numeric);
    if (not_numeric) return resolve();
    endpoints.push_back({address, server.port});
    asio::post(io, [self = shared_from_this()] { self->try_next(); });
  }

  void resolve() {
    resolver.async_resolve(
        server.host, std::to_string(server.port),
        [self = shared_from_this()](const error_code& failure, tcp::resolver::results_type found) {
          if (!self->done) return;
          if (failure) return self->finish(self->failed("cannot resolve ", failure));
          for (const auto& entry : found) self->endpoints.push_back(entry.endpoint());
          self->try_next();
        });
  }

  void try_next() {
    if (!done) return;
    if (next == endpoints.size()) return finish(failed("cannot connect to ", last_failure));
    error_code ignored;
    socket.close(ignored);
    socket.async_connect(endpoints[next++], [self = shared_from_this()](const error_code& failure) {
      if (!self->done) return;
      self->last_failure = failure;
      if (failure) return self->try_next();
      tune_tcp(self->socket);
      self->finish(std::move(self->socket));
    });
  }

  Error failed(std::string_view what, const error_code& failure) const {
    return error_from_asio(failure, std::string(what) + server.text());
  }

  void finish(Result<tcp::socket> result) {
    auto fn = stop();
    if (fn) fn(std::move(result));
  }

  Done stop() {
    Done fn = std::exchange(done, nullptr);
    deadline.cancel();
    resolver.cancel();
    error_code ignored;
    socket.close(ignored);
    return fn;
  }

  asio::io_context& io;
  const HostPort server;
  Done done;
  tcp::resolver resolver;
  tcp::socket socket;
  Timer deadline;
  std::vector<tcp::endpoint> endpoints;
  std::size_t next = 0;
  error_code last_failure = asio::error::host_not_found;
};

TcpConnect::TcpConnect(Loop& loop, const HostPort& server, Duration within, Done done)
    : state_(std::make_shared<State>(loop, server, std::move(done))) {
  state_->start(within);
}

TcpConnect::~TcpConnect() {
  state_->stop();
}

}  // namespace tyto::io
