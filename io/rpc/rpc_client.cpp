#include "io/rpc/rpc_client.h"

#include <utility>

#include "io/loop/loop.h"
#include "io/loop/tcp.h"
#include "io/loop/timer.h"
#include "io/rpc/retire.h"
#include "io/rpc/rpc_connection.h"

namespace tyto::io {

using boost::asio::ip::tcp;

namespace {

// Servers call nothing on a client's bootstrap.
class NoBootstrap final : public capnp::Capability::Server {
 public:
  DispatchCallResult dispatchCall(
      uint64_t, uint16_t, capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer>) override {
    return {KJ_EXCEPTION(UNIMPLEMENTED, "clients offer nothing here"), false};
  }
};

}  // namespace

class RpcClient::Impl : public std::enable_shared_from_this<RpcClient::Impl> {
 public:
  Impl(Loop& loop, RpcClientOptions options, RpcClientHandlers handlers)
      : loop_(loop),
        options_(std::move(options)),
        handlers_(std::move(handlers)),
        check_timer_(loop) {}

  void start() {
    connect_ = std::make_unique<TcpConnect>(loop_, options_.server, options_.connect_within,
                                            [self = weak_from_this()](Result<tcp::socket> socket) {
                                              if (auto impl = self.lock())
                                                impl->resolved(std::move(socket));
                                            });
  }

  bool is_connected() const { return connection_ != nullptr; }

  void close() {
    is_over_ = true;
    connect_.reset();
    check_timer_.cancel();
    retire(loop_, std::move(connection_));
  }

 private:
  void resolved(Result<tcp::socket> socket) {
    if (is_over_) return;
    if (!socket) return end(socket.error());
    auto ended = [weak = weak_from_this()] {
      auto self = weak.lock();
      if (!self) return;
      // From inside the connection's own event, where it cannot be destroyed.
      self->loop_.post([self] { self->end(std::nullopt); });
    };
    connection_ = std::make_unique<RpcConnection>(std::move(socket).value(), RpcSide::kClient,
                                                  options_.limits, loop_.now(),
                                                  kj::heap<NoBootstrap>(), std::move(ended));
    check_later();
    // At once, so that the server has a message from us within its time.
    auto bootstrap = connection_->remote_bootstrap();
    if (handlers_.connected) handlers_.connected(kj::mv(bootstrap));
  }

  void check_later() {
    check_timer_.start_after(check_period(options_.limits), [this] {
      if (auto why = connection_->check(loop_.now())) return end(std::move(why));
      check_later();
    });
  }

  void end(std::optional<Error> why) {
    if (is_over_) return;
    auto self = shared_from_this();
    if (!why && connection_) why = connection_->failure();
    if (!why) why = Error{ErrorCode::kUnavailable, "the server closed the connection"};
    why->message = "RPC to " + options_.server.text() + ": " + why->message;
    auto disconnected = handlers_.disconnected;
    close();
    if (disconnected) disconnected(*why);
  }

  Loop& loop_;
  const RpcClientOptions options_;
  const RpcClientHandlers handlers_;
  Timer check_timer_;
  std::unique_ptr<TcpConnect> connect_;
  std::unique_ptr<RpcConnection> connection_;
  bool is_over_ = false;
};

RpcClient::RpcClient(Loop& loop, RpcClientOptions options, RpcClientHandlers handlers)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(handlers))) {
  impl_->start();
}

RpcClient::~RpcClient() {
  impl_->close();
}

bool RpcClient::is_connected() const {
  return impl_->is_connected();
}

void RpcClient::close() {
  impl_->close();
}

}  // namespace tyto::io
