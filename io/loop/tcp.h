// For units that use Asio themselves: TCP sockets made ready, with errors that say what to do.
#pragma once

#include <utility>  // Boost 1.74's awaitable.hpp uses it without including it

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "io/loop/host_port.h"

namespace tyto::io {

class Loop;

// A listening socket on `bind` (numeric, or a name that resolves to an address of this machine).
// Errors: kInvalidArgument (no address of this machine), kDenied (port reserved), kUnavailable (in
// use).
Result<boost::asio::ip::tcp::acceptor> listen_tcp(Loop& loop, const HostPort& bind);

// The numeric address and the port of a TCP endpoint.
HostPort host_port_of(const boost::asio::ip::tcp::endpoint& endpoint);

// Whether the other end has closed the connection, or is gone.
bool has_hung_up(boost::asio::ip::tcp::socket& socket);

// No delay, and a vanished peer is noticed after a minute: keep-alive probes after 30 s of
// silence, unacknowledged data for at most 60 s. Failures are ignored.
void tune_tcp(boost::asio::ip::tcp::socket& socket);

// What a failed system call on a connection to `whom` means.
Error error_from_asio(const boost::system::error_code& failure, const std::string& whom);

// One attempt to connect: resolves, tries the addresses in turn, gives up after a time. The socket
// is tuned.
//
// Threads: confined to its loop
class TcpConnect {
 public:
  using Done = std::function<void(Result<boost::asio::ip::tcp::socket>)>;
  // Calls `done` once, later, unless destroyed before; it may destroy this.
  TcpConnect(Loop& loop, const HostPort& server, Duration within, Done done);
  ~TcpConnect();
  TcpConnect(const TcpConnect&) = delete;
  TcpConnect& operator=(const TcpConnect&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tyto::io
