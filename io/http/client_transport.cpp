#include "io/http/client_transport.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <cerrno>
#include <optional>

#include "base/limits.h"
#include "io/loop/asio_loop.h"
#include "io/loop/loop.h"
#include "io/loop/tcp.h"
#include "io/loop/timer.h"

namespace tyto::io {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Unix = asio::local::stream_protocol;
using Socket = asio::generic::stream_protocol::socket;
using TlsStream = asio::ssl::stream<Socket>;

namespace {

enum class Peek { kNothing, kBytes, kEnded };

Peek peek(Socket& socket) {
  char byte = 0;
  ssize_t bytes = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (bytes > 0) return Peek::kBytes;
  return bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? Peek::kNothing : Peek::kEnded;
}

// Waits until it can read, and only then asks for space: so the mark counts, and what came can be
// looked at meanwhile.
class PlainTransport final : public ClientTransport {
 public:
  explicit PlainTransport(Socket socket) : socket_(std::make_shared<Socket>(std::move(socket))) {
    error_code ignored;
    socket_->non_blocking(true, ignored);
  }
  ~PlainTransport() override { PlainTransport::close(); }
  void read_some(Space space, Handler handler) override {
    wait_and_read(socket_, std::move(space), std::move(handler));
  }
  void set_read_mark(std::size_t bytes) override {
    int mark = static_cast<int>(std::clamp<std::size_t>(bytes, 1, kMarkMax));
    if (mark == mark_) return;
    if (::setsockopt(socket_->native_handle(), SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof mark) == 0)
      mark_ = mark;
  }
  std::size_t read_now(asio::mutable_buffer into) override {
    ssize_t bytes = ::recv(socket_->native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
  }
  void write_some(asio::const_buffer from, Handler handler) override {
    socket_->async_write_some(from, std::move(handler));
  }
  void close() override {
    error_code ignored;
    socket_->close(ignored);
  }
  // Bytes nobody asked for make it as unusable as its end.
  bool is_fresh() override { return peek(*socket_) == Peek::kNothing; }

 private:
  // The kernel makes room for twice the mark in the socket.
  static constexpr std::size_t kMarkMax = 256 * kKiB;

  static void wait_and_read(const std::shared_ptr<Socket>& socket, Space space, Handler handler) {
    socket->async_wait(Socket::wait_read,
                       [socket, space = std::move(space),
                        handler = std::move(handler)](const error_code& failure) mutable {
                         if (failure) return handler(failure, 0);
                         auto into = space();
                         if (into.size() == 0) return handler({}, 0);
                         error_code result;
                         std::size_t bytes = socket->read_some(into, result);
                         if (result == asio::error::would_block)
                           return wait_and_read(socket, std::move(space), std::move(handler));
                         handler(result, bytes);
                       });
  }

  std::shared_ptr<Socket> socket_;
  int mark_ = 1;
};

// Operations keep the stream alive: OpenSSL's state is used by them until they end.
class TlsTransport final : public ClientTransport {
 public:
  explicit TlsTransport(std::shared_ptr<TlsStream> stream) : stream_(std::move(stream)) {}
  ~TlsTransport() override { TlsTransport::close(); }
  void read_some(Space space, Handler handler) override {
    stream_->async_read_some(space(), keeping_stream(std::move(handler)));
  }
  void write_some(asio::const_buffer from, Handler handler) override {
    stream_->async_write_some(from, keeping_stream(std::move(handler)));
  }
  void close() override {
    error_code ignored;
    stream_->next_layer().close(ignored);
  }
  // Bytes waiting may be session tickets, which are read along with the next answer.
  bool is_fresh() override { return peek(stream_->next_layer()) != Peek::kEnded; }

 private:
  Handler keeping_stream(Handler handler) {
    return [stream = stream_, handler = std::move(handler)](
               const error_code& failure, std::size_t bytes) { handler(failure, bytes); };
  }
  std::shared_ptr<TlsStream> stream_;
};

bool is_numeric(const std::string& host) {
  error_code failure;
  asio::ip::make_address(host, failure);
  return !failure;
}

}  // namespace

std::string TransportTarget::text() const {
  return unix_socket.empty() ? HostPort{host, port}.text() : unix_socket;
}

struct TlsTrust::State {
  asio::ssl::context context{asio::ssl::context::tls_client};
};

TlsTrust::TlsTrust(std::string ca_file) : ca_file_(std::move(ca_file)) {}
TlsTrust::~TlsTrust() = default;

Result<TlsTrust::State*> TlsTrust::get() {
  if (state_) return state_.get();
  auto state = std::make_unique<State>();
  error_code failure;
  SSL_CTX_set_min_proto_version(state->context.native_handle(), TLS1_2_VERSION);
  state->context.set_default_verify_paths(failure);
  if (!ca_file_.empty()) state->context.load_verify_file(ca_file_, failure);
  if (failure) {
    return Error{ErrorCode::kInvalidArgument, "cannot load certificates from " + ca_file_ + ": " +
                                                  failure.message() + "; expected a PEM file"};
  }
  state->context.set_verify_mode(asio::ssl::verify_peer, failure);
  state_ = std::move(state);
  return state_.get();
}

struct TransportConnect::State : std::enable_shared_from_this<TransportConnect::State> {
  State(Loop& its_loop, TlsTrust& its_trust, TransportTarget to, Duration span, Done fn)
      : loop(its_loop),
        trust(its_trust),
        target(std::move(to)),
        within(span),
        done(std::move(fn)),
        deadline(its_loop) {}

  void start() {
    deadline.start_after(within, [self = shared_from_this()] {
      self->finish(Error{ErrorCode::kTimedOut, "cannot connect to " + self->target.text() +
                                                   " within " + std::to_string(self->within.ms()) +
                                                   " ms"});
    });
    if (!target.unix_socket.empty()) return start_unix();
    tcp_connect.emplace(loop, HostPort{target.host, target.port}, within,
                        [self = shared_from_this()](Result<tcp::socket> socket) {
                          // A copy: finishing destroys the connector that holds this.
                          auto me = self;
                          if (!socket) return me->finish(socket.error());
                          me->connected(Socket(std::move(socket).value()));
                        });
  }

  void start_unix() {
    if (target.unix_socket.size() >= sizeof(sockaddr_un::sun_path)) {
      return fail_later({ErrorCode::kInvalidArgument,
                         "the socket's path " + target.unix_socket + " is too long"});
    }
    unix_socket = std::make_unique<Unix::socket>(io_context_of(loop));
    unix_socket->async_connect(
        Unix::endpoint(target.unix_socket), [self = shared_from_this()](const error_code& failure) {
          if (!self->done) return;
          if (failure) return self->finish(error_from_asio(failure, self->target.text()));
          self->connected(Socket(std::move(*self->unix_socket)));
        });
  }

  void fail_later(Error error) {
    loop.post([self = shared_from_this(), error = std::move(error)] { self->finish(error); });
  }

  void connected(Socket socket) {
    if (!done) return;
    if (target.scheme != "https") {
      return finish(std::shared_ptr<ClientTransport>(new PlainTransport(std::move(socket))));
    }
    auto context = trust.get();
    if (!context) return finish(context.error());
    tls = std::make_shared<TlsStream>(std::move(socket), (*context)->context);
    if (!is_numeric(target.host)) {
      SSL_set_tlsext_host_name(tls->native_handle(), target.host.c_str());
    }
    error_code ignored;
    tls->set_verify_callback(asio::ssl::host_name_verification(target.host), ignored);
    tls->async_handshake(asio::ssl::stream_base::client,
                         [self = shared_from_this(), stream = tls](const error_code& failure) {
                           self->shaken(failure);
                         });
  }

  void shaken(const error_code& failure) {
    if (!done) return;
    if (!failure) return finish(std::shared_ptr<ClientTransport>(new TlsTransport(tls)));
    long verdict = SSL_get_verify_result(tls->native_handle());
    if (verdict != X509_V_OK) {
      return finish(Error{ErrorCode::kDenied,
                          "the certificate of " + target.text() +
                              " is not to be trusted: " + X509_verify_cert_error_string(verdict)});
    }
    finish(error_from_asio(failure, "no TLS with " + target.text()));
  }

  void finish(Result<std::shared_ptr<ClientTransport>> result) {
    auto self = shared_from_this();
    bool is_success = result.ok();
    auto fn = stop(is_success);
    if (fn) fn(std::move(result));
  }

  Done stop(bool keeps_stream) {
    auto fn = std::exchange(done, nullptr);
    deadline.cancel();
    error_code ignored;
    if (unix_socket && !keeps_stream) unix_socket->close(ignored);
    if (tls && !keeps_stream) tls->next_layer().close(ignored);
    tls.reset();
    tcp_connect.reset();
    return fn;
  }

  Loop& loop;
  TlsTrust& trust;
  const TransportTarget target;
  const Duration within;
  Done done;
  Timer deadline;
  std::optional<TcpConnect> tcp_connect;
  std::unique_ptr<Unix::socket> unix_socket;
  std::shared_ptr<TlsStream> tls;
};

TransportConnect::TransportConnect(Loop& loop, TlsTrust& trust, const TransportTarget& target,
                                   Duration within, Done done)
    : state_(std::make_shared<State>(loop, trust, target, within, std::move(done))) {
  state_->start();
}

TransportConnect::~TransportConnect() {
  state_->stop(false);
}

}  // namespace tyto::io
