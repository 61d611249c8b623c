#include "peer/origin/file_read.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "peer/transfer/failure.h"
#include "peer/transfer/transfer.h"

namespace tyto::peer {

std::optional<ReadFault> read_chunk(const FileRead& read, ChunkAssembly& assembly) {
  std::vector<std::byte> buffer(std::min(kReadBytesMax, assembly.chunk_bytes()));
  uint8_t quarter = 0;
  while (assembly.missing_bytes() > 0) {
    if (read.is_cancelled) return ReadFault{FailureKind::kCancelled, "cancelled"};
    uint64_t position = read.offset + assembly.received_bytes();
    auto wanted = std::min<std::size_t>(buffer.size(), assembly.missing_bytes());
    ssize_t got = ::pread(read.fd, buffer.data(), wanted, static_cast<off_t>(position));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return ReadFault{FailureKind::kOriginFailed, read.name + " cannot be read at byte " +
                                                       std::to_string(position) + ": " +
                                                       std::strerror(errno)};
    if (got == 0)
      return ReadFault{FailureKind::kOriginChanged, read.name + " ends at byte " +
                                                        std::to_string(position) +
                                                        ", shorter than when it was opened"};
    auto count = static_cast<std::size_t>(got);
    read.bytes_read += count;
    if (auto taken = assembly.append(std::span(buffer).first(count)); !taken)
      return ReadFault{failure_of_assembly(taken.error()), taken.error().message};
    if (uint8_t now = assembly.quarters_written(); now > quarter && now < 4) {
      quarter = now;
      if (read.progressed) read.progressed(quarter);
    }
  }
  return std::nullopt;
}

}  // namespace tyto::peer
