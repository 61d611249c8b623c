// Drives an origin reader on a loop, for tests.
#pragma once

#include <optional>
#include <string>

#include "io/loop/loop.h"
#include "peer/origin/origin_reader.h"
#include "tests/support/chunk_fixture.h"

namespace tyto::support {

// What a look-up said, once it did.
inline std::optional<Result<peer::OriginObject>> resolve(io::Loop& loop, peer::OriginReader& reader,
                                                         const std::string& url) {
  std::optional<Result<peer::OriginObject>> answer;
  reader.resolve(url, [&](Result<peer::OriginObject> object) { answer = std::move(object); });
  loop.run_until([&] { return answer.has_value(); }, Duration::seconds(30));
  return answer;
}

// One fetch with what it wrote. Outlives the fetch.
struct OriginFetchLog {
  TransferLog transfer;
  std::shared_ptr<WriterLog> writer = std::make_shared<WriterLog>();
  uint64_t id = 0;
};

// Whether the root is learned or known beforehand.
enum class Root { kLearned, kKnown };

inline void start_fetch(peer::OriginReader& reader, const TestObject& object, uint32_t chunk,
                        OriginFetchLog& log, Root root = Root::kLearned,
                        Duration patience = Duration::seconds(10), uint32_t run = 1) {
  peer::OriginFetch fetch;
  fetch.run = run;
  fetch.facts = object.facts;
  fetch.chunk = ChunkIndex(chunk);
  if (root == Root::kKnown) fetch.expected_root = object.roots[chunk];
  fetch.patience = patience;
  log.id = reader.fetch(fetch, logging_writer(log.writer), log_to(log.transfer));
}

inline OriginFetchLog fetch(io::Loop& loop, peer::OriginReader& reader, const TestObject& object,
                            uint32_t chunk, Root root = Root::kLearned,
                            Duration patience = Duration::seconds(10)) {
  OriginFetchLog log;
  start_fetch(reader, object, chunk, log, root, patience);
  TYTO_ASSERT(!log.transfer.has_ended());  // never from within fetch()
  loop.run_until([&] { return log.transfer.has_ended(); }, Duration::seconds(30));
  return log;
}

}  // namespace tyto::support
