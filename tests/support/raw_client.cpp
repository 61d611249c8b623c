#include "tests/support/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/assert.h"

namespace tyto::support {

RawClient::RawClient(uint16_t port, Buffer buffer)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  TYTO_ASSERT(fd_ >= 0);
  if (buffer == Buffer::kSmall) {
    int bytes = 4096;
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int connected = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  TYTO_ASSERT(connected == 0);
}

RawClient::~RawClient() {
  ::close(fd_);
}

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t put = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void RawClient::shutdown_send() {
  ::shutdown(fd_, SHUT_WR);
}

void RawClient::read_available() {
  char buffer[65536];
  while (!is_closed_) {
    ssize_t got = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got > 0)
      received_.append(buffer, static_cast<std::size_t>(got));
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
      is_closed_ = true;
    else
      return;
  }
}

bool RawClient::read_until(io::Loop& loop, std::string_view text, Duration limit) {
  return run_until(
      loop,
      [&] {
        read_available();
        return received_.find(text) != std::string::npos;
      },
      limit);
}

bool RawClient::read_to_end(io::Loop& loop, Duration limit) {
  return run_until(
      loop,
      [&] {
        read_available();
        return is_closed_;
      },
      limit);
}

}  // namespace tyto::support
