// What the reads and look-ups of one HttpOrigin share.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/rng.h"
#include "io/http/http_client.h"
#include "io/loop/loop.h"
#include "peer/origin/http_origin.h"
#include "peer/origin/request_gate.h"
#include "peer/transfer/chunk_assembly.h"
#include "peer/transfer/data_protocol.h"

namespace tyto::peer {

struct HttpShared {
  HttpShared(io::Loop& its_loop, HttpOriginOptions its_options);

  io::Loop& loop;
  const HttpOriginOptions options;
  Rng rng;
  OriginStats stats;
  RequestGate gate;
  io::HttpClient http;
  uint64_t spool_bytes = 0;  // reserved by spools
};

// Hears what becomes of a request. The Exchange may be destroyed from within.
class ResponseHandler {
 public:
  virtual ~ResponseHandler() = default;
  virtual void on_head(const io::HttpResponseHead& head) = 0;
  virtual io::HttpFlow on_data(std::span<const std::byte> bytes) = 0;
  virtual void on_done(Result<void> result) = 0;
};

// One request, from its turn at the gate to the end of the answer. Its handler can be replaced in
// mid-answer. Destroying it cancels.
class Exchange {
 public:
  Exchange(HttpShared& shared, RequestGate::Kind kind, io::HttpClientRequest request,
           ResponseHandler& handler);
  void hand_to(ResponseHandler& handler) { handler_ = &handler; }
  // The answer brought so many bytes, and is whole.
  void completed(uint64_t bytes) { shared_.gate.completed(*pass_, bytes); }

 private:
  void send(io::HttpClientRequest request);

  HttpShared& shared_;
  ResponseHandler* handler_;
  std::shared_ptr<RequestGate::Pass> pass_;  // goes after the call
  io::HttpCall call_;
};

// A GET of the pinned version: all of it, or a range.
io::HttpClientRequest object_request(const VersionFacts& facts, Duration patience,
                                     std::optional<ByteRange> range);

// One chunk that was asked for.
struct ChunkRead {
  uint64_t id = 0;
  OriginFetch fetch;
  std::unique_ptr<ChunkAssembly> assembly;
  TransferEvents events;
  uint8_t quarter = 0;

  uint64_t begin() const { return fetch.facts->chunking.offset_of(fetch.chunk); }
  uint64_t end() const { return begin() + assembly->chunk_bytes(); }
};

// How a ChunkRead ended.
struct Outcome {
  std::optional<Digest> root;  // committed; or else
  FailureKind kind = FailureKind::kOriginFailed;
  std::string detail;
};
// Compares, commits, and tells how it went. Requires: no byte is missing.
Outcome finish_read(ChunkRead& read);

}  // namespace tyto::peer
