#include "tests/support/chunk_fixture.h"

#include <algorithm>
#include <cstring>

#include "base/rng.h"
#include "io/hash/merkle.h"
#include "io/hash/sha256.h"

namespace tyto::support {
namespace {

class LoggingWriter final : public peer::ChunkWriter {
 public:
  explicit LoggingWriter(std::shared_ptr<WriterLog> log) : log_(std::move(log)) {}
  ~LoggingWriter() override { log_->is_destroyed = true; }

  Result<void> set_leaves(std::span<const Digest> leaves) override {
    log_->leaves.assign(leaves.begin(), leaves.end());
    return {};
  }
  Result<void> write(uint32_t offset, std::span<const std::byte> bytes) override {
    if (log_->writes_until_failure == 0) return log_->failure;
    if (log_->writes_until_failure > 0) --log_->writes_until_failure;
    TYTO_ASSERT(offset == log_->bytes.size());
    log_->bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (log_->on_write) log_->on_write();
    return {};
  }
  Result<void> commit(const Digest& root) override {
    log_->root = root;
    return {};
  }

 private:
  std::shared_ptr<WriterLog> log_;
};

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

std::string noise(uint64_t size, uint64_t seed) {
  std::string bytes(size, '\0');
  Rng rng(seed);
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word = rng.next64();
    std::memcpy(bytes.data() + i, &word, 8);
  }
  for (; i < bytes.size(); ++i) bytes[i] = static_cast<char>(rng.next32());
  return bytes;
}

std::string TestObject::chunk_bytes(uint32_t index) const {
  ChunkIndex chunk(index);
  return bytes.substr(facts->chunking.offset_of(chunk), facts->chunking.length_of(chunk));
}

std::vector<Digest> TestObject::leaves(uint32_t index) const {
  std::string chunk = chunk_bytes(index);
  std::vector<Digest> hashes(io::block_count(chunk.size()));
  io::hash_blocks(bytes_of(chunk), hashes);
  return hashes;
}

TestObject make_object(uint64_t size, uint64_t seed, uint32_t chunk_bytes) {
  TestObject object;
  object.bytes = noise(size, seed);
  VersionFacts facts;
  facts.id = VersionId{io::sha256(object.bytes)};
  facts.bucket = BucketId(1);
  facts.bucket_name = "test";
  facts.key = "object";
  facts.chunking = Chunking{size, chunk_bytes};
  object.facts = std::make_shared<VersionFacts>(facts);
  for (uint32_t i = 0; i < facts.chunking.chunk_count(); ++i)
    object.roots.push_back(io::chunk_root_of(facts.chunking, ChunkIndex(i), object.leaves(i)));
  return object;
}

TestObject at_origin(TestObject object, const OriginPin& pin) {
  VersionFacts facts = *object.facts;
  facts.origin = pin;
  object.facts = std::make_shared<VersionFacts>(facts);
  return object;
}

std::unique_ptr<peer::ChunkWriter> begin_chunk(peer::ChunkStore& store, const TestObject& object,
                                               uint32_t index) {
  TYTO_ASSERT(store.remember(object.facts).ok());
  auto writer = store.begin(object.facts->id, ChunkIndex(index));
  TYTO_ASSERT(writer.ok());
  return std::move(writer).value();
}

void put_chunk(peer::ChunkStore& store, const TestObject& object, uint32_t index) {
  auto writer = begin_chunk(store, object, index);
  std::string bytes = object.chunk_bytes(index);
  bool is_put = writer->set_leaves(object.leaves(index)).ok() &&
                writer->write(0, bytes_of(bytes)).ok() && writer->commit(object.roots[index]).ok();
  TYTO_ASSERT(is_put);
}

std::string stored_chunk(const peer::ChunkStore& store, const ChunkId& chunk) {
  auto view = store.find(chunk);
  if (!view) return {};
  std::string bytes(view->size(), '\0');
  bool is_read = view->read(0, std::as_writable_bytes(std::span(bytes))).ok();
  TYTO_ASSERT(is_read);
  return bytes;
}

std::unique_ptr<peer::ChunkWriter> logging_writer(std::shared_ptr<WriterLog> log) {
  return std::make_unique<LoggingWriter>(std::move(log));
}

peer::TransferEvents log_to(TransferLog& log) {
  peer::TransferEvents events;
  events.progressed = [&log](uint8_t quarter) { log.quarters.push_back(quarter); };
  events.done = [&log](const Digest& root, uint32_t bytes) {
    log.root = root;
    log.bytes = bytes;
    ++log.ends;
  };
  events.failed = [&log](FailureKind kind, uint32_t bytes, std::string detail) {
    log.failure = kind;
    log.bytes = bytes;
    log.detail = std::move(detail);
    ++log.ends;
  };
  return events;
}

}  // namespace tyto::support
