// The client's side of Cap'n Proto RPC over TCP.
#pragma once

#include <capnp/capability.h>

#include <functional>
#include <memory>

#include "base/result.h"
#include "io/loop/host_port.h"
#include "io/rpc/rpc_limits.h"

namespace tyto::io {

class Loop;

struct RpcClientOptions {
  HostPort server;  // DNS names are resolved; every address is tried in turn
  // From the start to the TCP connection, name resolution included.
  Duration connect_within = Duration::seconds(5);
  RpcLimits limits;
};

// Called on the loop, never inside a call into the client; may destroy the client.
struct RpcClientHandlers {
  // The connection stands; `bootstrap` is the server's, ready for calls. Called at most once.
  std::function<void(capnp::Capability::Client bootstrap)> connected;
  // Connecting failed, or the connection has ended: kTimedOut (not connected within the time),
  // kUnavailable (refused, unresolvable, closed or reset), kInvalidArgument (the server broke the
  // protocol or a limit). Called at most once, and never after close().
  std::function<void(const Error&)> disconnected;
};

// One connection, made when constructed; it never reconnects by itself: make another client.
// Calls pending when the connection ends fail with kj's DISCONNECTED.
//
// Threads:   confined to its loop
// Ownership: `loop` is borrowed and must outlive the client. Capabilities got from it may outlive
//            it: calls on them then fail
class RpcClient {
 public:
  RpcClient(Loop& loop, RpcClientOptions options, RpcClientHandlers handlers);
  ~RpcClient();  // closes
  RpcClient(const RpcClient&) = delete;
  RpcClient& operator=(const RpcClient&) = delete;

  bool is_connected() const;
  // Ends the connection at once; no callback follows. Calls pending fail.
  void close();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tyto::io
