// Reading a chunk out of an open file, on a thread that may block.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "peer/transfer/chunk_assembly.h"
#include "schema/messages/events.h"

namespace tyto::peer {

// Why a read came to nothing.
struct ReadFault {
  FailureKind kind = FailureKind::kOriginFailed;
  std::string detail;
};

struct FileRead {
  int fd = -1;
  uint64_t offset = 0;  // of the chunk in the file
  std::string name;     // for messages
  const std::atomic<bool>& is_cancelled;
  std::atomic<uint64_t>& bytes_read;                // counts up
  std::function<void(uint8_t quarter)> progressed;  // called on this thread
};

// Fills `assembly` from the file. Nothing on success. kOriginChanged if the file ends early,
// kOriginFailed if it cannot be read, kCancelled, or what the assembly says.
std::optional<ReadFault> read_chunk(const FileRead& read, ChunkAssembly& assembly);

}  // namespace tyto::peer
