// What one RPC connection may cost us, whoever is on the other side.
#pragma once

#include <cstdint>

#include "base/limits.h"
#include "base/time.h"

namespace tyto::io {

// Passing a limit ends the connection it was passed on, and no other.
struct RpcLimits {
  // Bytes of one received message, its segment table apart. Memory for a message that has not
  // arrived whole grows with what has arrived, never with what its header promises. Also the
  // number of bytes that reading a message may traverse.
  uint64_t message_bytes_max = 8 * kMiB;
  // Bytes of parameters of calls received and not yet answered; beyond it the connection is not
  // read until answers have gone out (no disconnect).
  uint64_t calls_open_bytes_max = 16 * kMiB;
  // Bytes we have queued for the other side, which does not read them.
  uint64_t send_queue_bytes_max = 64 * kMiB;
  // The first message must be complete this long after the connection came.
  Duration first_message_within = Duration::seconds(10);
  // A message that has begun must be complete within this time.
  Duration message_within = Duration::seconds(30);
};

}  // namespace tyto::io
