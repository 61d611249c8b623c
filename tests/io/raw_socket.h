// A bare client of the tests, to send what no well-meant client sends.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "io/loop/loop.h"
#include "io/loop/timer.h"

namespace tyto::io {

// Runs the loop until `done` holds, asking every millisecond as well as after every callback.
inline bool until(Loop& loop, const std::function<bool()>& done,
                  Duration limit = Duration::seconds(20)) {
  Timer tick(loop);
  std::function<void()> again = [&] { tick.start_after(Duration::milliseconds(1), again); };
  again();
  return loop.run_until(done, limit);
}

// A TCP connection over loopback. The side under test runs on the same thread, so reading only
// takes what is there: use it with until().
class RawSocket {
 public:
  explicit RawSocket(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("the test cannot connect");
    }
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  }
  ~RawSocket() { close(); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  // Whether everything went into the kernel's buffer or the other side is gone already.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return errno == EPIPE || errno == ECONNRESET;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Takes what has come.
  const std::string& read() {
    char space[65536];
    for (;;) {
      ssize_t bytes = ::recv(fd_, space, sizeof space, 0);
      if (bytes > 0) received_.append(space, static_cast<std::size_t>(bytes));
      if (bytes == 0 || (bytes < 0 && errno != EAGAIN && errno != EINTR)) is_ended_ = true;
      if (bytes <= 0) return received_;
    }
  }
  bool is_ended() {
    read();
    return is_ended_;
  }
  void forget() { received_.clear(); }
  void shut_sending() { ::shutdown(fd_, SHUT_WR); }
  // With a reset instead of an orderly end.
  void reset() {
    linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int fd() const { return fd_; }

 private:
  int fd_;
  std::string received_;
  bool is_ended_ = false;
};

}  // namespace tyto::io
