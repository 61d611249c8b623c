#include "io/hash/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/assert.h"

namespace tyto::io {

uint64_t random_u64() {
  uint64_t value = 0;
  ssize_t got = 0;
  do {
    got = ::getrandom(&value, sizeof value, 0);
  } while (got < 0 && errno == EINTR);
  // Reads of up to 256 bytes are never short, and the call exists on every kernel we run on.
  TYTO_ASSERT(got == sizeof value);
  return value;
}

}  // namespace tyto::io
