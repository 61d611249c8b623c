#include "io/rpc/rpc_connection.h"

#include <capnp/rpc.capnp.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <string>

#include "io/loop/kj_loop.h"

namespace tyto::io {

namespace {

capnp::ReaderOptions reader_options(const RpcLimits& limits) {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = limits.message_bytes_max / sizeof(capnp::word);
  return options;
}

// A connection that broke is unavailable; anything else in what came is the sender's fault.
Error read_failure(const kj::Exception& exception) {
  Error error = error_from_kj(exception);
  if (error.code != ErrorCode::kUnavailable) {
    error.code = ErrorCode::kInvalidArgument;
    error.message = "bytes received are no valid RPC message: " + error.message;
  }
  return error;
}

}  // namespace

kj::Promise<kj::Maybe<capnp::MessageReaderAndFds>> WatchedMessages::tryReadMessage(
    kj::ArrayPtr<kj::AutoCloseFd> fds, capnp::ReaderOptions options,
    kj::ArrayPtr<capnp::word> scratch) {
  using Read = kj::Maybe<capnp::MessageReaderAndFds>;
  return messages_.tryReadMessage(fds, options, scratch)
      .then(
          [this](Read&& message) -> kj::Promise<Read> {
            if (message != nullptr) {
              ++messages_read_;
              bytes_of_whole_messages_ = stream_.bytes_delivered();
            }
            return kj::mv(message);
          },
          [this](kj::Exception&& exception) -> kj::Promise<Read> {
            note(read_failure(exception));
            return kj::mv(exception);
          });
}

kj::Promise<void> WatchedMessages::writeMessage(
    kj::ArrayPtr<const int> fds, kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  note_abort(segments);
  return messages_.writeMessage(fds, segments);
}

kj::Promise<void> WatchedMessages::writeMessages(
    kj::ArrayPtr<kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>> messages) {
  for (auto& message : messages) note_abort(message);
  return messages_.writeMessages(messages);
}

void WatchedMessages::note(Error failure) {
  if (!failure_) failure_ = std::move(failure);
}

// Our RPC system says why it gives a connection up in the last message it sends.
void WatchedMessages::note_abort(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  capnp::SegmentArrayMessageReader reader(segments);
  auto message = reader.getRoot<capnp::rpc::Message>();
  if (!message.isAbort()) return;
  // A plain end is given as a reason too.
  if (message.getAbort().getType() == capnp::rpc::Exception::Type::DISCONNECTED) return;
  auto reason = message.getAbort().getReason();
  note({ErrorCode::kInvalidArgument,
        "the RPC protocol was broken: " + std::string(reason.cStr(), reason.size())});
}

RpcConnection::RpcConnection(boost::asio::ip::tcp::socket socket, RpcSide side,
                             const RpcLimits& limits, Instant now,
                             capnp::Capability::Client bootstrap, std::function<void()> ended)
    : side_(side),
      limits_(limits),
      began_(now),
      stream_(std::move(socket)),
      messages_(stream_),
      network_(messages_,
               side == RpcSide::kServer ? capnp::rpc::twoparty::Side::SERVER
                                        : capnp::rpc::twoparty::Side::CLIENT,
               reader_options(limits)),
      rpc_(capnp::makeRpcServer(network_, kj::mv(bootstrap))),
      ended_(network_.onDisconnect()
                 .then([ended] { ended(); }, [ended](kj::Exception&&) { ended(); })
                 .eagerlyEvaluate(nullptr)) {
  rpc_.setFlowLimit(limits.calls_open_bytes_max / sizeof(capnp::word));
}

// The socket first, so that the other side sees a plain end and no abort.
RpcConnection::~RpcConnection() noexcept(false) {
  stream_.close();
}

capnp::Capability::Client RpcConnection::remote_bootstrap() {
  capnp::MallocMessageBuilder message(4);
  auto vat = message.getRoot<capnp::rpc::twoparty::VatId>();
  vat.setSide(side_ == RpcSide::kServer ? capnp::rpc::twoparty::Side::CLIENT
                                        : capnp::rpc::twoparty::Side::SERVER);
  return rpc_.bootstrap(vat);
}

std::optional<Error> RpcConnection::check(Instant now) {
  if (side_ == RpcSide::kServer && messages_.messages_read() == 0 &&
      now - began_ >= limits_.first_message_within) {
    return Error{ErrorCode::kTimedOut, "no message came within " +
                                           std::to_string(limits_.first_message_within.ms()) +
                                           " ms of connecting"};
  }
  bool is_same = slow_message_ == messages_.messages_read() && !slow_since_.is_never();
  if (!messages_.is_inside_message()) {
    slow_since_ = Instant::never();
  } else if (!is_same) {
    slow_message_ = messages_.messages_read();
    slow_since_ = now;
  } else if (now - slow_since_ >= limits_.message_within) {
    return Error{ErrorCode::kTimedOut, "a message was not complete within " +
                                           std::to_string(limits_.message_within.ms()) + " ms"};
  }
  uint64_t queued = network_.getCurrentQueueSize() + stream_.bytes_unsent();
  if (queued > limits_.send_queue_bytes_max) {
    return Error{ErrorCode::kTimedOut,
                 "the other side does not read: " + std::to_string(queued) + " bytes wait for it"};
  }
  return std::nullopt;
}

Duration check_period(const RpcLimits& limits) {
  Duration shortest = std::min(limits.first_message_within, limits.message_within) / 4;
  return std::clamp(shortest, Duration::milliseconds(10), Duration::seconds(1));
}

}  // namespace tyto::io
