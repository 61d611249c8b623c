#include "peer/cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <mutex>
#include <thread>
#include <utility>

#include "peer/cli/exit_codes.h"

namespace tyto::cli {
namespace {

std::mutex g_mutex;
std::function<void()> g_action;  // empty: nobody would hear
bool g_is_ignored = false;       // SIGINT

void wait_for_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  for (;;) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0) continue;
    std::lock_guard lock(g_mutex);
    if (signal == SIGINT && g_is_ignored) continue;
    auto action = std::exchange(g_action, nullptr);
    if (!action) _exit(kExitInterrupted);
    action();
  }
}

}  // namespace

Interrupt::Interrupt(std::function<void()> action) {
  std::lock_guard lock(g_mutex);
  g_action = std::move(action);
}

Interrupt::~Interrupt() {
  std::lock_guard lock(g_mutex);
  g_action = nullptr;
}

InterruptsIgnored::InterruptsIgnored() {
  std::lock_guard lock(g_mutex);
  g_is_ignored = true;
}

InterruptsIgnored::~InterruptsIgnored() {
  std::lock_guard lock(g_mutex);
  g_is_ignored = false;
}

void install_interrupts() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::thread(wait_for_signals).detach();
}

}  // namespace tyto::cli
