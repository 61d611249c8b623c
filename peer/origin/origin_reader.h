// Reads objects where they live.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "peer/store/chunk_store.h"
#include "peer/transfer/transfer.h"
#include "schema/messages/common.h"

namespace tyto::peer {

// What an origin says of an object.
struct OriginObject {
  std::string url;                   // as asked for
  std::string etag;                  // strong ETag with its quotes, or empty
  std::optional<WallTime> modified;  // in whole seconds for http, nanoseconds for file
  uint64_t size = 0;                 // bytes
  bool accepts_ranges = true;        // false: known to lack them
};

// One chunk to be read from an origin.
struct OriginFetch {
  VersionFactsRef facts;  // never null; facts->origin says what is read
  ChunkIndex chunk;
  std::optional<Digest> expected_root;        // absent: the root is learned
  Duration patience = Duration::seconds(10);  // without a byte, for each attempt
  // So many chunks from this one on are fetched right after one another, each with one less here,
  // and may be read by one request.
  uint32_t run = 1;
};

struct OriginStats {
  uint64_t bytes_read = 0;  // of objects, repeats included
  uint64_t requests = 0;    // sent to http origins, or files opened
  uint64_t retries = 0;
  uint64_t failures = 0;  // fetches and look-ups that failed for good
};

// Reads chunks of objects, store-and-verify: a chunk is read, hashed and compared with its root
// (or its root is learned), and only then committed to the store. Every read is tied to the
// version's pin: bytes of a changed object are never committed.
//
// Purity:    shell.
// Threads:   confined to the loop; call-backs come on the loop, never from within a call.
// Ownership: the loop must outlive it, and so must the store of every writer handed in. Its
//            destruction ends all fetches and look-ups without a further call-back, and waits for
//            threads that it uses.
// Bounds:    kTransferMemoryBytes for each fetch under way; the caller bounds their number.
// Errors:    fetch: kOriginChanged: the object is not the pinned version any more. kOriginMissing:
//            it is gone. kOriginFailed: the origin cannot be read, after retries. kCorrupt: the
//            origin claims it is the same version, but its bytes have another root. kNoSpace,
//            kInternal: the store's.
//            resolve: kNotFound, kDenied, kUnavailable (after retries), kTimedOut, kUnsupported,
//            kInvalidArgument.
class OriginReader {
 public:
  using Resolved = std::function<void(Result<OriginObject>)>;
  virtual ~OriginReader() = default;
  // Asks what stands at `url` now.
  virtual void resolve(const std::string& url, Resolved resolved) = 0;
  // Reads a chunk into `writer`. Returns a handle for cancel(). Requires: chunk < chunk_count().
  virtual uint64_t fetch(OriginFetch fetch, std::unique_ptr<ChunkWriter> writer,
                         TransferEvents events) = 0;
  // Ends a fetch without a further call-back. Unknown handles are ignored. A file that is being
  // read by a thread may hold its writer a moment longer, and may even have committed it.
  virtual void cancel(uint64_t fetch) = 0;
  virtual OriginStats stats() const = 0;
};

}  // namespace tyto::peer
