// Wakes a thread that waits in poll().
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

namespace tyto::tracker {

// Readable once woken, for ever. Threads: synchronised.
class WakeFd {
 public:
  WakeFd() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~WakeFd() { ::close(fd_); }
  WakeFd(const WakeFd&) = delete;
  WakeFd& operator=(const WakeFd&) = delete;

  void wake() { static_cast<void>(::eventfd_write(fd_, 1)); }
  int fd() const { return fd_; }

 private:
  const int fd_;
};

}  // namespace tyto::tracker
