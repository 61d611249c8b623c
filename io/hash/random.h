// Random numbers from the kernel, for identities and seeds.
#pragma once

#include <cstdint>

namespace tyto::io {

// 64 random bits, fit for secrets. Waits, at early boot only, until the kernel has some.
// Threads: any.
uint64_t random_u64();

}  // namespace tyto::io
