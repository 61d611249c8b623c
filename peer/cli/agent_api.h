// The agent's door for `tyto get` on the same host: HTTP on a unix socket.
//
//   GET  /healthz                    200
//   POST /v1/fetch                   {"bucket", "key", "version"}: fetches into the agent's store.
//        Answered line by line: {"progress": {...}, "seconds"}, and at the end {"done": {...},
//        "version", "seconds"} or {"error": {"code", "message"}}. The object stays in the store for
//        as long as the connection does.
//   GET  /v1/content?version=HEX     the bytes of an object that is whole in the store
#pragma once

#include <memory>
#include <string>

#include "peer/engine/engine.h"

namespace tyto::io {
class Log;
}

namespace tyto::cli {

// Threads:   confined to the loop. Ownership: engine, store and log must outlive it.
// Bounds:    16 fetches at once.
class AgentApi {
 public:
  static Result<std::shared_ptr<AgentApi>> listen(io::Loop& loop, peer::Engine& engine,
                                                  peer::ChunkStore& store, io::Log& log,
                                                  const std::string& socket);
  ~AgentApi();

 private:
  struct Impl;
  explicit AgentApi(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tyto::cli
