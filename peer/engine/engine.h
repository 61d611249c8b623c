// Drives one peer core: the shell around it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/location.h"
#include "base/result.h"
#include "io/loop/host_port.h"
#include "peer/core/peer_core.h"
#include "peer/engine/tracker_names.h"
#include "peer/origin/origins.h"
#include "peer/store/chunk_store.h"
#include "peer/transfer/authorise.h"
#include "peer/transfer/chunk_client.h"
#include "peer/transfer/chunk_server.h"

namespace tyto::io {
class Log;
class Loop;
}  // namespace tyto::io

namespace tyto::peer {

struct EngineOptions {
  std::vector<TrackerName> trackers;  // at least one
  std::string name;                   // for people
  Location location;                  // its host must not be empty
  io::HostPort listen{"0.0.0.0", 0};  // of the chunk server
  std::string advertise_host;         // as others reach it; empty: as the tracker sees it
  uint32_t uploads_max = 0;           // at once; 0: as the tracker says
  uint64_t upload_bytes_per_s = 0;    // 0: unlimited
  uint64_t download_bytes_per_s = 0;
  std::string credentials;
  TicketRule ticket_rule = TicketRule::kOptional;
  Policy policy;
  OriginsOptions origins;
};

// What whoever opened an object hears of it, on the loop. Never called from within open().
struct OpenHandlers {
  // The medium is where its chunks will be kept, as things are.
  std::function<void(const VersionFactsRef&, Medium)> opened;
  // It could not be opened, or can't be read to its end. The handle is closed.
  std::function<void(const Error&)> failed;
  // A chunk of its version came into the store. Those that were there before are not told.
  std::function<void(ChunkIndex, SourceKind from, uint32_t bytes)> chunk_ready;
  // What it waits for now. Holds until it is called again, or a chunk comes.
  std::function<void(const Wait&)> waits;
};

// Totals since the start.
struct EngineStats {
  uint64_t bytes_from_peers = 0;
  uint64_t bytes_from_superpeers = 0;
  uint64_t bytes_from_origin = 0;
  uint64_t bytes_wasted = 0;  // received in vain
  uint64_t transfers_failed = 0;
  uint64_t chunks_dropped = 0;
  TrackerState tracker = TrackerState::kConnecting;
  std::string tracker_detail;
  ChunkServerStats server;
  ChunkClientStats client;
  OriginStats origin;
  StoreUsage store;
};

// One peer: its core, its control session, its chunk server, its transfers.
//
// Purity:    shell, without policy.
// Threads:   confined to the loop.
// Ownership: loop, store and log must outlive it. Destroy it outside of its call-backs.
// Errors:    start() fails as ChunkServer::start does. Later ones reach readers through
//            OpenHandlers, operators through the log.
class Engine {
 public:
  static Result<std::unique_ptr<Engine>> start(io::Loop& loop, ChunkStore& store, io::Log& log,
                                               EngineOptions options);
  ~Engine();

  // Opens an object for a reader; `request.open` is drawn here and returned.
  OpenId open(OpenRequested request, OpenHandlers handlers);
  // What a reader in ReadMode::kStream wants now.
  void move_window(OpenId open, uint32_t first, uint32_t count);
  // Nothing is called for this handle any more. Unknown ones are ignored.
  void close(OpenId open);
  // Leaves in order: says so to the tracker, lets uploads end. `done` is called within `deadline`.
  void leave(Duration deadline, std::function<void()> done);

  PeerId id() const;
  uint16_t port() const;
  EngineStats stats() const;

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tyto::peer
