// A whole tracker: catalog, core, RPC and HTTP on one event loop.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/log/log.h"
#include "io/loop/host_port.h"
#include "io/loop/loop.h"
#include "tracker/server/settings.h"

namespace tyto::tracker {

// Opens the catalog, starts a new epoch, loads the core, listens. From then on it lives on its
// loop, until drain().
//
// Purity:    shell.
// Threads:   confined to its loop; has one thread of its own, which writes the catalog.
// Ownership: borrows the loop and the log.
// Errors:    start() says what could not be opened or bound, and what to do. Afterwards a failing
//            catalog stops publishing and configuration only.
class TrackerServer {
 public:
  static Result<std::unique_ptr<TrackerServer>> start(io::Loop& loop, io::Log& log,
                                                      const TrackerSettings& settings);
  ~TrackerServer();
  TrackerServer(const TrackerServer&) = delete;
  TrackerServer& operator=(const TrackerServer&) = delete;

  io::HostPort rpc_address() const;
  io::HostPort http_address() const;
  TrackerEpoch epoch() const;

  // Takes no more peers, answers those who wait, says so at /readyz; calls `done` when the answers
  // are out, or a part of the deadline has passed. Destroy the server then: that writes what the
  // catalog still has to.
  void drain(std::function<void()> done);

 private:
  class Impl;
  explicit TrackerServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tyto::tracker
