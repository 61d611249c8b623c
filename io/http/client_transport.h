// Inside io/http only: a connection of the client's, with or without TLS.
#pragma once

#include <utility>  // Boost 1.74's awaitable.hpp uses it without including it

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace tyto::io {

class Loop;

// A byte stream that is connected. Handlers are called later, with operation_aborted after
// close(); they may be called after the transport was destroyed.
//
// Threads: confined to its loop
class ClientTransport {
 public:
  using Handler = std::function<void(const boost::system::error_code&, std::size_t bytes)>;
  virtual ~ClientTransport() = default;
  // Asked for space when there is something to read. None: nothing is read, and the handler is
  // told of 0 bytes.
  using Space = std::function<boost::asio::mutable_buffer()>;
  virtual void read_some(Space space, Handler handler) = 0;
  // How many bytes must have come before read_some() reads; the stream's end and its errors are
  // told at once. 1 unless set. Without effect under TLS.
  virtual void set_read_mark(std::size_t) {}
  // Reads what has come, be it less than the mark, while a read_some() waits. 0: nothing.
  virtual std::size_t read_now(boost::asio::mutable_buffer) { return 0; }
  virtual void write_some(boost::asio::const_buffer from, Handler handler) = 0;
  virtual void close() = 0;
  // Whether the other side has not closed it while it lay idle.
  virtual bool is_fresh() = 0;
};

// The trust store of a client: the system's, and a file of one's own.
class TlsTrust {
 public:
  explicit TlsTrust(std::string ca_file);
  ~TlsTrust();
  struct State;
  // Loaded at first use.
  Result<State*> get();

 private:
  std::string ca_file_;
  std::unique_ptr<State> state_;
};

struct TransportTarget {
  std::string scheme;
  std::string host;
  uint16_t port = 0;
  std::string unix_socket;
  auto operator<=>(const TransportTarget&) const = default;
  std::string text() const;
};

// One attempt to connect, TLS handshake included; kDenied if the certificate is not to be trusted.
//
// Threads:   confined to its loop
// Ownership: `trust` is borrowed for the transport's life
class TransportConnect {
 public:
  using Done = std::function<void(Result<std::shared_ptr<ClientTransport>>)>;
  // Calls `done` once, later, unless destroyed before; it may destroy this.
  TransportConnect(Loop& loop, TlsTrust& trust, const TransportTarget& target, Duration within,
                   Done done);
  ~TransportConnect();
  TransportConnect(const TransportConnect&) = delete;
  TransportConnect& operator=(const TransportConnect&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tyto::io
