#include "io/http/http_server.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <map>
#include <set>
#include <variant>

#include "base/assert.h"
#include "io/http/server_connection.h"
#include "io/loop/asio_loop.h"
#include "io/loop/loop.h"
#include "io/loop/tcp.h"

namespace tyto::io {

namespace asio = boost::asio;
using asio::ip::tcp;
using Unix = asio::local::stream_protocol;
using boost::system::error_code;

namespace {

// After a failed accept (no file descriptors left, say) before the next try.
constexpr Duration kAcceptPause = Duration::milliseconds(100);
// Connections beyond the limit that are being told so; further ones are just closed.
constexpr std::size_t kRefusedAtOnceMax = 64;

Error unix_error(const std::string& path, const error_code& failure) {
  return {ErrorCode::kInvalidArgument, "cannot listen on the socket " + path + ": " +
                                           failure.message() +
                                           "; expected a path in a folder that can be written to"};
}

// A socket file that nobody answers on is left over from a process that died.
Result<void> remove_stale_socket(asio::io_context& io, const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) {
    return Error{ErrorCode::kInvalidArgument, path + " exists and is no socket; remove it"};
  }
  Unix::socket probe(io);
  error_code failure;
  probe.connect(Unix::endpoint(path), failure);
  if (!failure) {
    return Error{ErrorCode::kUnavailable, "another process listens on the socket " + path};
  }
  ::unlink(path.c_str());
  return {};
}

Result<Unix::acceptor> listen_unix(Loop& loop, const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return Error{ErrorCode::kInvalidArgument,
                 "the socket's path " + path + " is too long: at most 107 bytes"};
  }
  if (auto removed = remove_stale_socket(io_context_of(loop), path); !removed) {
    return removed.error();
  }
  Unix::acceptor acceptor(io_context_of(loop));
  error_code failure;
  acceptor.open(Unix(), failure);
  if (!failure) acceptor.bind(Unix::endpoint(path), failure);
  if (!failure) acceptor.listen(asio::socket_base::max_listen_connections, failure);
  if (failure) return unix_error(path, failure);
  return acceptor;
}

HostPort peer_of(const tcp::socket& socket) {
  error_code ignored;
  return host_port_of(socket.remote_endpoint(ignored));
}
HostPort peer_of(const Unix::socket&) {
  return {"unix", 0};
}

void tune(tcp::socket& socket) {
  tune_tcp(socket);
}
void tune(Unix::socket&) {}

}  // namespace

class HttpServer::Impl : public std::enable_shared_from_this<HttpServer::Impl> {
 public:
  using Acceptor = std::variant<tcp::acceptor, Unix::acceptor>;

  Impl(Loop& loop, HttpServerOptions options, Acceptor acceptor)
      : loop_(loop),
        errors_(options.on_error),
        shared_(new ServerShared(loop, std::move(options))),
        acceptor_(std::move(acceptor)),
        accept_timer_(loop) {
    if (auto* listening = std::get_if<tcp::acceptor>(&acceptor_)) {
      bound_ = host_port_of(listening->local_endpoint());
    } else {
      bound_ = {"unix", 0};
    }
    shared_->dispatch = [this](HttpRequest request, std::shared_ptr<HttpResponder> responder) {
      dispatch(std::move(request), std::move(responder));
    };
    shared_->report = [this](std::string_view kind, const Error& error) {
      errors_.report(loop_.now(), kind, error);
    };
    shared_->closed = [this](ServerConnection& connection) {
      auto self = shared_from_this();
      refused_.erase(connection.shared_from_this());
      connections_.erase(connection.shared_from_this());
    };
  }

  void start() {
    std::visit([this](auto& acceptor) { accept(acceptor); }, acceptor_);
  }

  void shut_down() {
    close_acceptor();
    auto connections = connections_;
    connections.insert(refused_.begin(), refused_.end());
    for (auto& connection : connections) connection->close();
    // Nothing of ours is called again, even by connections that a handler in flight keeps.
    shared_->closed = nullptr;
    shared_->dispatch = [](HttpRequest, std::shared_ptr<HttpResponder>) {};
    shared_->report = [](std::string_view, const Error&) {};
  }

  void stop_accepting() {
    close_acceptor();
    shared_->is_draining = true;
    auto connections = connections_;
    for (auto& connection : connections) {
      if (connection->is_idle()) connection->close();
    }
  }

  void route(std::string method, std::string pattern, HttpHandler handler) {
    TYTO_ASSERT(!pattern.empty() && pattern.front() == '/' && handler);
    routes_[std::move(pattern)][std::move(method)] = std::move(handler);
  }

  const HostPort& bound() const { return bound_; }
  std::size_t connections() const { return connections_.size(); }

 private:
  using Methods = std::map<std::string, HttpHandler, std::less<>>;

  template <class AnyAcceptor>
  void accept(AnyAcceptor& acceptor) {
    acceptor.async_accept(
        [self = shared_from_this(), &acceptor](const error_code& failure, auto socket) {
          if (!acceptor.is_open()) return;
          if (failure) {
            self->errors_.report(self->loop_.now(), "accept",
                                 error_from_asio(failure, "cannot accept HTTP connections"));
            return self->accept_timer_.start_after(
                kAcceptPause, [&acceptor, impl = self.get()] { impl->accept(acceptor); });
          }
          self->serve(std::move(socket));
          if (acceptor.is_open()) self->accept(acceptor);
        });
  }

  template <class Socket>
  void serve(Socket socket) {
    tune(socket);
    HostPort peer = peer_of(socket);
    auto connection = std::make_shared<ServerConnection>(
        shared_, ServerConnection::Socket(std::move(socket)), peer);
    if (connections_.size() < shared_->options.connections_max) {
      connections_.insert(connection);
      return connection->start();
    }
    errors_.report(loop_.now(), "full",
                   {ErrorCode::kOverloaded, "refused an HTTP connection from " + peer.text() +
                                                ": " + std::to_string(connections_.size()) +
                                                " are open, which is the limit"});
    if (refused_.size() >= kRefusedAtOnceMax) return;
    refused_.insert(connection);
    connection->refuse();
  }

  const Methods* find(const std::string& path) const {
    const Methods* best = nullptr;
    std::size_t best_size = 0;
    for (const auto& [pattern, methods] : routes_) {
      bool matches = pattern == path || (pattern.back() == '/' && path.starts_with(pattern));
      if (matches && pattern.size() >= best_size) {
        best = &methods;
        best_size = pattern.size();
      }
    }
    return best;
  }

  void dispatch(HttpRequest request, std::shared_ptr<HttpResponder> responder) {
    const Methods* methods = find(request.path);
    if (methods == nullptr) {
      return responder->reply(404, "text/plain", "no such path: " + request.path + "\n");
    }
    auto at = methods->find(request.method);
    if (at == methods->end() && request.method == "HEAD") at = methods->find("GET");
    if (at != methods->end()) {
      HttpHandler handler = at->second;
      return handler(std::move(request), std::move(responder));
    }
    std::string allowed;
    for (const auto& [method, handler] : *methods) {
      allowed += (allowed.empty() ? "" : ", ") + method;
    }
    responder->reply(405, {{"Allow", allowed}, {"Content-Type", "text/plain"}},
                     "the methods here are: " + allowed + "\n");
  }

  void close_acceptor() {
    accept_timer_.cancel();
    std::visit(
        [](auto& acceptor) {
          error_code ignored;
          acceptor.close(ignored);
        },
        acceptor_);
    const std::string& path = shared_->options.unix_path;
    if (!path.empty() && !std::exchange(is_unlinked_, true)) ::unlink(path.c_str());
  }

  Loop& loop_;
  RateLimitedErrors errors_;
  std::shared_ptr<ServerShared> shared_;
  Acceptor acceptor_;
  HostPort bound_;
  Timer accept_timer_;
  std::map<std::string, Methods> routes_;
  std::set<std::shared_ptr<ServerConnection>> connections_;
  std::set<std::shared_ptr<ServerConnection>> refused_;
  bool is_unlinked_ = false;
};

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Loop& loop, HttpServerOptions options) {
  std::shared_ptr<Impl> impl;
  if (options.unix_path.empty()) {
    auto acceptor = listen_tcp(loop, options.bind);
    if (!acceptor) return acceptor.error();
    impl = std::make_shared<Impl>(loop, std::move(options), std::move(acceptor).value());
  } else {
    auto acceptor = listen_unix(loop, options.unix_path);
    if (!acceptor) return acceptor.error();
    impl = std::make_shared<Impl>(loop, std::move(options), std::move(acceptor).value());
  }
  impl->start();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  impl_->shut_down();
}

void HttpServer::route(std::string method, std::string pattern, HttpHandler handler) {
  impl_->route(std::move(method), std::move(pattern), std::move(handler));
}

HostPort HttpServer::bound() const {
  return impl_->bound();
}

std::size_t HttpServer::connections() const {
  return impl_->connections();
}

void HttpServer::stop_accepting() {
  impl_->stop_accepting();
}

const std::string* HttpRequest::query_value(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return &value;
  }
  return nullptr;
}

}  // namespace tyto::io
