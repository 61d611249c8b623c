// Ctrl-C, and a polite kill, turned into a call.
#pragma once

#include <functional>

namespace tyto::cli {

// While it lives, SIGINT and SIGTERM call `action`, once, on a thread of its own; a second signal
// ends the process. One at a time; install_interrupts() comes first.
class Interrupt {
 public:
  explicit Interrupt(std::function<void()> action);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
};

// While it lives, SIGINT does nothing: the terminal is another program's, which has it too.
class InterruptsIgnored {
 public:
  InterruptsIgnored();
  ~InterruptsIgnored();
  InterruptsIgnored(const InterruptsIgnored&) = delete;
  InterruptsIgnored& operator=(const InterruptsIgnored&) = delete;
};

// Blocks SIGINT and SIGTERM in this thread and those it starts, and starts the thread that waits
// for them. A signal while there is no Interrupt ends the process with exit code 130. Call it at
// the start of main.
void install_interrupts();

}  // namespace tyto::cli
