// Objects, stores and outcomes for tests of stores, transfers and origins.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "peer/store/chunk_store.h"
#include "peer/transfer/transfer.h"

namespace tyto::support {

// Bytes that neither repeat nor compress; the same for the same seed.
std::string noise(uint64_t size, uint64_t seed = 1);

// An object with all there is to know of it.
struct TestObject {
  std::string bytes;
  VersionFactsRef facts;
  std::vector<Digest> roots;  // one a chunk

  ChunkId chunk(uint32_t index) const { return {facts->id, ChunkIndex(index)}; }
  std::string chunk_bytes(uint32_t index) const;
  std::vector<Digest> leaves(uint32_t index) const;
};
// Cut smaller than objects at an origin are, so that small ones have several chunks.
TestObject make_object(uint64_t size, uint64_t seed = 1, uint32_t chunk_bytes = kChunkBytesMin);
// The same object as facts that are pinned to an origin.
TestObject at_origin(TestObject object, const OriginPin& pin);

// Writes a chunk into a store; aborts the process if that fails.
void put_chunk(peer::ChunkStore& store, const TestObject& object, uint32_t index);
// A writer for a chunk of a remembered version.
std::unique_ptr<peer::ChunkWriter> begin_chunk(peer::ChunkStore& store, const TestObject& object,
                                               uint32_t index);
// A chunk's bytes out of a store; empty if it is not held.
std::string stored_chunk(const peer::ChunkStore& store, const ChunkId& chunk);

// A writer that remembers what came, and fails where it is told to.
struct WriterLog {
  std::string bytes;
  std::vector<Digest> leaves;
  std::optional<Digest> root;  // committed
  bool is_destroyed = false;
  int writes_until_failure = -1;  // -1: never
  Error failure{ErrorCode::kNoSpace, "the test's disk is full"};
  std::function<void()> on_write;
};
std::unique_ptr<peer::ChunkWriter> logging_writer(std::shared_ptr<WriterLog> log);

// What became of a transfer.
struct TransferLog {
  std::vector<int> quarters;
  std::optional<Digest> root;
  std::optional<FailureKind> failure;
  uint32_t bytes = 0;
  std::string detail;
  int ends = 0;  // calls of done and failed

  bool has_ended() const { return ends > 0; }
};
// Call-backs that write to `log`, which outlives the transfer.
peer::TransferEvents log_to(TransferLog& log);

}  // namespace tyto::support
