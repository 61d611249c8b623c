// Inside io/rpc only: a TCP socket on the loop as a stream of KJ's.
#pragma once

#include <kj/async-io.h>

#include <utility>  // Boost 1.74's awaitable.hpp uses it without including it

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>

namespace tyto::io {

// Reads by readiness, a socketful at a time; writes are gathered and sent once per turn of the
// loop, which makes one packet out of many small messages.
//
// Threads: confined to its loop
// Bounds:  at most one socketful (64 KiB) is read ahead; write() waits while 256 KiB are unsent
// Errors:  kj's DISCONNECTED from reads and writes
class SocketStream final : public kj::AsyncIoStream {
 public:
  explicit SocketStream(boost::asio::ip::tcp::socket socket);
  ~SocketStream() noexcept(false);  // close()
  KJ_DISALLOW_COPY(SocketStream);

  // Sends what the kernel takes at once, then closes. Reads and writes fail from here on.
  void close();
  // Bytes handed out or put into the buffer of a read under way.
  uint64_t bytes_delivered() const;
  // Bytes written and not yet taken by the kernel.
  std::size_t bytes_unsent() const;

  kj::Promise<size_t> tryRead(void* buffer, size_t min_bytes, size_t max_bytes) override;
  kj::Promise<void> write(const void* buffer, size_t size) override;
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override;
  kj::Promise<void> whenWriteDisconnected() override;
  void shutdownWrite() override;
  void abortRead() override;
  void getsockopt(int level, int option, void* value, kj::uint* length) override;
  void setsockopt(int level, int option, const void* value, kj::uint length) override;

 private:
  class Reader;
  class Writer;
  struct State;
  class PendingRead;
  std::shared_ptr<State> state_;
};

}  // namespace tyto::io
