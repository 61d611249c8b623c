// Fetches chunks from other peers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/time.h"
#include "peer/store/chunk_store.h"
#include "peer/transfer/partial_chunk.h"
#include "peer/transfer/transfer.h"
#include "schema/messages/common.h"

namespace tyto::io {
class Loop;
}

namespace tyto::peer {

// One chunk to be fetched from one peer.
struct FetchRequest {
  VersionFactsRef facts;  // never null
  ChunkIndex chunk;
  Source source;                             // a peer or superpeer
  std::optional<Digest> root;                // absent: whatever the source's leaves say
  Duration patience = Duration::seconds(1);  // without a byte, from the start on
  std::string ticket;                        // shown to the source; empty: none
  bool without_tracker = false;
  bool is_fallback = false;
};

struct ChunkClientOptions {
  PeerId self;                        // told to sources
  uint64_t download_bytes_per_s = 0;  // 0: unlimited
  // Blocks of a chunk that are waited for together while nobody reads along: fewer wake-ups, and
  // as many to hash as are hashed at once. While somebody does, each is taken as it comes.
  uint32_t blocks_at_once = 16;
  uint32_t idle_per_endpoint_max = 4;             // connections kept for reuse
  Duration idle_timeout = Duration::seconds(45);  // below the servers'
};

struct ChunkClientStats {
  uint64_t bytes_received = 0;  // payload: blocks only
  uint64_t transfers_done = 0;
  uint64_t transfers_failed = 0;
  uint32_t transfers_now = 0;
  uint32_t connections_idle_now = 0;
};

// Fetches chunks over HTTP/1.1 (docs/protocol-data.md): one chunk in flight per connection,
// connections kept and reused. Leaf hashes are checked against the root before any block is taken,
// and each block against its leaf before it is written. A chunk of which some blocks are here
// already is asked for from the next one on.
//
// Purity:    shell.
// Threads:   confined to the loop.
// Ownership: the loop must outlive it. Shares the chunks being received. Destruction cancels all.
// Bounds:    kTransferMemoryBytes for each transfer under way; the caller bounds their number.
// Errors:    through TransferEvents::failed: kUnreachable, kStalled, kCorrupt, kLacking (404),
//            kBusy (503), kRefused (401, 403), kNoSpace and kInternal (the store's).
class ChunkClient {
 public:
  ChunkClient(io::Loop& loop, ChunkClientOptions options);
  ~ChunkClient();
  ChunkClient(const ChunkClient&) = delete;
  ChunkClient& operator=(const ChunkClient&) = delete;

  // Feeds `chunk`, from where it is on. Returns the transfer's handle. A connection that had been
  // kept and turns out closed is replaced once, silently. The bytes that failed() tells as received
  // in vain leave out what a chunk that others keep has got of them.
  // Requires: `chunk` is of the request's version, index and root.
  uint64_t start(FetchRequest request, std::shared_ptr<PartialChunk> chunk, TransferEvents events);
  // The same for a chunk that this transfer alone receives.
  // Requires: request.chunk < chunk_count(), writer not null.
  uint64_t start(FetchRequest request, std::unique_ptr<ChunkWriter> writer, TransferEvents events);
  // Ends a transfer without a further call-back. Returns the bytes that it received in vain, as
  // failed() would. Unknown handles are ignored.
  uint32_t cancel(uint64_t transfer);

  void set_download_bytes_per_s(uint64_t rate);  // 0: unlimited
  ChunkClientStats stats() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tyto::peer
