#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace tyto {

void assertion_failed(const char* expression, const char* file, int line, const char* function) {
  std::fprintf(stderr, "tyto: assertion failed: %s (%s:%d, in %s)\n", expression, file, line,
               function);
  std::fflush(stderr);
  std::abort();
}

}  // namespace tyto
