// Serves this process's chunks to other peers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "io/loop/rate_limited_errors.h"
#include "peer/store/chunk_store.h"
#include "peer/transfer/authorise.h"
#include "peer/transfer/partial_chunk.h"
#include "schema/messages/commands.h"

namespace tyto::io {
class Loop;
}

namespace tyto::peer {

struct ChunkServerOptions {
  Endpoint listen;  // host: an IP literal (empty: all addresses); port 0: any free
  TicketRule ticket_rule = TicketRule::kOptional;
  uint32_t uploads_max = 16;                      // until set_limits()
  uint32_t connections_max = 1024;                // more are told 503 and closed
  uint32_t waits_max = 256;                       // requests that wait for a chunk not here yet
  Duration wait_max = Duration::seconds(20);      // for such a chunk; then 404
  Duration head_timeout = Duration::seconds(10);  // from a head's first byte to its last
  Duration idle_timeout = Duration::seconds(60);  // between requests
  Duration send_stall = Duration::seconds(30);    // a reader that takes no block in it is cut off
};

// What the server asks of its engine. Each answers through `answer`, at once or later, at most
// once, on the loop's thread; answering after the server is gone is fine.
struct ChunkServerHooks {
  using Answer = std::function<void(bool is_here)>;
  // A request for a chunk of which nothing can be sent yet.
  struct Waiting {
    ChunkId chunk;
    // The reader was sent here for a copy in flight: if nothing of it is here yet, it will come.
    bool is_expected = false;
    std::weak_ptr<const void> asker;  // gone once nobody waits for the answer any more
  };
  // If the chunk is being received here, or expected, answer when `relayed` or the store has it,
  // or its transfer has failed; if not, answer false at once. Null: nothing is ever waited for.
  std::function<void(const Waiting&, Answer)> wait_for;
  // What can be relayed of a chunk that the store lacks, or null. Null: nothing is relayed.
  std::function<std::shared_ptr<RelayedChunk>(const ChunkId&)> relayed;
  // The same for a reader without a tracker: get the chunk if it can be got. Null: as wait_for.
  std::function<void(const ChunkId&, Answer)> ensure;
  // An upload ended: so many bytes of the chunk's blocks went out (or, if the reader broke off,
  // were handed to the kernel).
  std::function<void(const ChunkId&, uint64_t bytes)> served;
  // Malformed requests, failing disks and the like, thinned out: once per kind and 10 s.
  io::ErrorHook on_error;
};

// Counted since the start; `_now` is the present.
struct ChunkServerStats {
  uint64_t bytes_sent = 0;        // payload: blocks only
  uint64_t chunks_sent = 0;       // answered to the end
  uint64_t fallbacks = 0;         // requests that said they were fall-backs
  uint64_t without_tracker = 0;   // requests of readers without a tracker
  uint64_t answered_ok = 0;       // 200 and 206
  uint64_t answered_lacking = 0;  // 404
  uint64_t answered_busy = 0;     // 503
  uint64_t answered_denied = 0;   // 401 and 403
  uint64_t answered_bad = 0;      // other 4xx
  uint64_t broken_off = 0;        // uploads that ended early: the reader left, or was too slow
  uint32_t connections_now = 0;
  uint32_t uploads_now = 0;
  uint32_t waits_now = 0;
};

// An HTTP/1.1 server of verified blocks: docs/protocol-data.md. A chunk that is still being
// received here from a peer is sent as it comes; one that is read from the origin is waited for.
//
// Purity:    shell.
// Threads:   confined to the loop.
// Ownership: the loop and the store must outlive it. Destruction cuts every connection.
// Bounds:    connections_max connections; waits_max waits; for each upload its leaf hashes (32 KiB
//            at most) and, for stores without memory or file behind their views, 512 KiB.
// Errors:    none reach the caller after the start: clients are answered, `report` tells.
class ChunkServer {
 public:
  // Listens. Fails with kInvalidArgument for an address that is no literal, kUnavailable if it
  // cannot be bound.
  static Result<std::unique_ptr<ChunkServer>> start(io::Loop& loop, const ChunkStore& store,
                                                    ChunkServerOptions options,
                                                    ChunkServerHooks hooks);
  ~ChunkServer();

  uint16_t port() const;
  // Applies to requests from now on; uploads under way finish. uploads_max 0 refuses all.
  void set_limits(const SetLimits& limits);
  ChunkServerStats stats() const;
  // Takes no more connections and requests; uploads under way go on. `done` is called once none
  // is left.
  void drain(std::function<void()> done);

 private:
  struct Impl;
  explicit ChunkServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace tyto::peer
