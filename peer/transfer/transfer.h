// What whoever starts a transfer hears of it, be it from a peer or from the origin.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/digest.h"
#include "base/limits.h"
#include "schema/messages/events.h"

namespace tyto::peer {

// What one read from a socket or a file may bring.
inline constexpr uint32_t kReadBytesMax = 512 * kKiB;
// From the origin, small pieces are gathered into a buffer of this size before they are hashed and
// written: blocks are hashed fastest by the dozen.
inline constexpr uint32_t kGatherBytes = 512 * kKiB;
// So a transfer takes at most this much memory: both buffers, leaf hashes, a head. One from a peer
// has no second buffer, but a block that is cut in two.
inline constexpr uint32_t kTransferMemoryBytes = kReadBytesMax + kGatherBytes + 64 * kKiB;

// Call-backs of one transfer. Exactly one of `done` and `failed` is called, as the last call, and
// never from within the call that started the transfer; none after cancel(). They may start and
// cancel transfers.
//
// Threads: called on the loop's thread.
struct TransferEvents {
  // The chunk's first, second, third quarter is verified and written: 1 to 3, in order; a quarter
  // passed within one buffer is left out.
  std::function<void(uint8_t quarter)> progressed;
  // Verified, and committed to the store. `root` was computed here.
  std::function<void(const Digest& root, uint32_t bytes)> done;
  // The writer has been destroyed without a commit. `bytes` of payload were received in vain.
  std::function<void(FailureKind kind, uint32_t bytes, std::string detail)> failed;
};

}  // namespace tyto::peer
