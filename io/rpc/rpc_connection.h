// Inside io/rpc only: one RPC connection, of either side.
#pragma once

#include <capnp/rpc-twoparty.h>

#include <functional>
#include <optional>

#include "base/result.h"
#include "io/rpc/rpc_limits.h"
#include "io/rpc/socket_stream.h"

namespace tyto::io {

// Passes messages on and remembers why the connection failed, which the RPC system keeps to
// itself.
//
// Threads: confined to its loop
class WatchedMessages final : public capnp::MessageStream {
 public:
  explicit WatchedMessages(SocketStream& stream) : stream_(stream), messages_(stream) {}

  // Why reading failed or what our side gave as the reason for aborting; the first of them.
  const std::optional<Error>& failure() const { return failure_; }
  uint64_t messages_read() const { return messages_read_; }
  // Whether part of a message has come and the rest has not.
  bool is_inside_message() const { return stream_.bytes_delivered() > bytes_of_whole_messages_; }

  kj::Promise<kj::Maybe<capnp::MessageReaderAndFds>> tryReadMessage(
      kj::ArrayPtr<kj::AutoCloseFd> fds, capnp::ReaderOptions options,
      kj::ArrayPtr<capnp::word> scratch) override;
  kj::Promise<void> writeMessage(
      kj::ArrayPtr<const int> fds,
      kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) override;
  kj::Promise<void> writeMessages(
      kj::ArrayPtr<kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>> messages) override;
  kj::Maybe<int> getSendBufferSize() override { return messages_.getSendBufferSize(); }
  kj::Promise<void> end() override { return messages_.end(); }

 private:
  void note(Error failure);
  void note_abort(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments);

  SocketStream& stream_;
  capnp::AsyncIoMessageStream messages_;
  std::optional<Error> failure_;
  uint64_t messages_read_ = 0;
  uint64_t bytes_of_whole_messages_ = 0;
};

enum class RpcSide { kServer, kClient };

// A socket with an RPC system on it.
//
// Threads:   confined to its loop
// Ownership: destroyed outside of KJ's events only
class RpcConnection {
 public:
  // `ended` is called from inside a KJ event when the RPC system has let go of the connection.
  RpcConnection(boost::asio::ip::tcp::socket socket, RpcSide side, const RpcLimits& limits,
                Instant now, capnp::Capability::Client bootstrap, std::function<void()> ended);
  ~RpcConnection() noexcept(false);
  KJ_DISALLOW_COPY(RpcConnection);

  // The other side's bootstrap.
  capnp::Capability::Client remote_bootstrap();
  // Nothing is sent or received from here on.
  void close_socket() { stream_.close(); }
  const std::optional<Error>& failure() const { return messages_.failure(); }
  // Which limit of time or space has been passed, if any. Called every now and then.
  std::optional<Error> check(Instant now);

 private:
  const RpcSide side_;
  const RpcLimits limits_;
  const Instant began_;
  // The message that was incomplete at the last check, and since when.
  uint64_t slow_message_ = 0;
  Instant slow_since_ = Instant::never();
  SocketStream stream_;
  WatchedMessages messages_;
  capnp::TwoPartyVatNetwork network_;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> rpc_;
  kj::Promise<void> ended_;
};

// How often check() is to be called.
Duration check_period(const RpcLimits& limits);

}  // namespace tyto::io
