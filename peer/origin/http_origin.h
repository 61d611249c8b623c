// Objects behind a web server: http:// and https://.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/limits.h"
#include "peer/origin/backoff.h"
#include "peer/origin/origin_reader.h"

namespace tyto::io {
class Loop;
}

namespace tyto::peer {

struct HttpOriginOptions {
  uint32_t requests_max = 16;  // at once for each host and port; others wait their turn
  BackoffOptions backoff;      // after 408, 425, 429, 5xx, cut connections, time-outs
  Duration resolve_within = Duration::seconds(12);  // a look-up with all its attempts
  std::string ca_file;                              // PEM, besides the system's trust store
  // For origins without ranges: where an object is kept while its chunks are asked for, in a file
  // without a name; how much of that at most; and how long after it was last of use.
  std::string spool_dir = "/var/tmp";
  uint64_t spool_bytes_max = 64 * kGiB;
  Duration spool_kept = Duration::seconds(60);
  uint64_t seed = 1;  // of the jitter
};

// Reads objects by HTTP/1.1. Each request is conditional on the version's pin (If-Match on a strong
// ETag, else If-Unmodified-Since), and each answer's validators and total size are held against it
// too, since some servers ignore conditions. A cut connection is gone on with at the byte where it
// stopped. Redirects are followed.
//
// An origin that answers a range request with the whole object is read once from its start to its
// end into a spool, which serves every chunk of that version that is asked for meanwhile or soon
// after. Fetches of a run (OriginFetch::run) that come in one turn of the loop are one request.
//
// As OriginReader. Time: a fetch ends after at most attempts_max times (patience + wait_max)
// without progress.
class HttpOrigin final : public OriginReader {
 public:
  HttpOrigin(io::Loop& loop, HttpOriginOptions options = {});
  ~HttpOrigin() override;

  void resolve(const std::string& url, Resolved resolved) override;
  uint64_t fetch(OriginFetch fetch, std::unique_ptr<ChunkWriter> writer,
                 TransferEvents events) override;
  void cancel(uint64_t fetch) override;
  OriginStats stats() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tyto::peer
