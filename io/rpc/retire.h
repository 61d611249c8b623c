// Inside io/rpc only: ending a connection safely from anywhere.
#pragma once

#include <memory>

#include "io/loop/kj_loop.h"
#include "io/loop/loop.h"
#include "io/rpc/rpc_connection.h"

namespace tyto::io {

// Closes the socket now. Destroys the connection, and with it the capabilities it exports, now as
// well, unless the caller is inside a KJ event, which may be one of that very connection: then as
// soon as the event is over.
inline void retire(Loop& loop, std::unique_ptr<RpcConnection> connection) {
  if (connection == nullptr) return;
  connection->close_socket();
  if (!is_inside_kj_event(loop)) return;
  loop.post([kept = std::shared_ptr<RpcConnection>(std::move(connection))] {});
}

}  // namespace tyto::io
