// The server's side of Cap'n Proto RPC over TCP.
#pragma once

#include <capnp/capability.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "base/strong.h"
#include "io/loop/host_port.h"
#include "io/rpc/rpc_limits.h"

namespace tyto::io {

class Loop;

// Numbers the connections of one listener, from 1; never used twice.
using RpcConnectionId = Strong<struct RpcConnectionIdTag, uint64_t>;

struct RpcConnectionInfo {
  RpcConnectionId id;
  HostPort peer;  // the other side's address, numeric
};

struct RpcListenerOptions {
  HostPort bind;  // port 0: any free one, see bound()
  // Connections open at once; further ones are accepted and closed at once.
  std::size_t connections_max = 16384;
  RpcLimits limits;
};

// All are called on the loop, never inside a call into the listener, and may call into it, but not
// destroy it.
struct RpcListenerHandlers {
  // Makes the capability that this connection gets as its bootstrap. Required. It and what it
  // hands out are released when the connection ends, those with calls under way when these have
  // been cancelled (allowCancellation) or answered: turns of the loop later, maybe after the
  // listener is gone. What they refer to must live as long.
  std::function<capnp::Capability::Client(const RpcConnectionInfo&)> bootstrap;
  // The connection has ended, for whatever reason. Called once for each bootstrap().
  std::function<void(const RpcConnectionInfo&)> gone;
  // Why a connection was ended other than by the other side's closing it (malformed bytes, a
  // limit, a reset): at most once per connection, before gone(). kInvalidArgument when the other
  // side broke the protocol or a limit, kTimedOut when it was too slow, kUnavailable when it
  // vanished. Also called with id 0 for failures to accept and for refused connections, at most
  // once in 10 s. Thin out before logging: see RateLimitedErrors.
  std::function<void(const RpcConnectionInfo&, const Error&)> error;
};

// Accepts connections and serves a capability of its own on each.
//
// Threads:   confined to its loop
// Ownership: `loop` is borrowed and must outlive the listener; destroying the listener ends every
//            connection without further callbacks
// Bounds:    connections_max, and RpcLimits per connection; an idle connection costs about 12 KiB.
//            Of those that come faster than they can be served, 4096 wait, and the last comes first
// Errors:    listen() fails with kUnavailable when the address cannot be bound, and
//            kInvalidArgument when it is none of this machine's. Bad peers end their own connection
class RpcListener {
 public:
  static Result<std::unique_ptr<RpcListener>> listen(Loop& loop, RpcListenerOptions options,
                                                     RpcListenerHandlers handlers);
  ~RpcListener();
  RpcListener(const RpcListener&) = delete;
  RpcListener& operator=(const RpcListener&) = delete;

  // The address listened on, with the port that was really bound.
  HostPort bound() const;
  std::size_t connections() const;
  // Ends one connection; gone() follows. Does nothing when it has ended already.
  void close(RpcConnectionId id);
  // Takes no more connections; those open stay. For draining.
  void stop_accepting();

 private:
  class Impl;
  explicit RpcListener(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace tyto::io
