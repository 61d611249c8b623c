// Assertions that stay on in release builds.
#pragma once

namespace tyto {

// Prints the failed expression with its place and aborts the process. Never returns.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line,
                                   const char* function);

}  // namespace tyto

// States what must hold if our own code is right. Never used on input from outside: that is
// answered with an Error. The expression has no side effects.
#define TYTO_ASSERT(expression)        \
  ((expression) ? static_cast<void>(0) \
                : ::tyto::assertion_failed(#expression, __FILE__, __LINE__, __func__))
