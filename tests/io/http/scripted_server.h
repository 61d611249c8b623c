// A server on a thread of its own that answers as a test tells it to, well or badly.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tyto::io {

enum class Then {
  kKeep,   // waits for the next request on this connection
  kClose,  // in an orderly way
  kReset,
  kHang,  // says nothing more until the test ends
};

struct ScriptedAnswer {
  std::string bytes;
  Then then = Then::kKeep;
};

// Reads a head (no body), gives the next answer of its list, and so on; a closed connection is
// followed by the next one. Ends with its list or when destroyed.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<ScriptedAnswer> answers)
      : answers_(std::move(answers)), listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listening_, 16);
    socklen_t size = sizeof address;
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~ScriptedServer() {
    is_over_ = true;
    thread_.join();
    ::close(listening_);
  }

  uint16_t port() const { return port_; }
  std::string url(const std::string& target = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + target;
  }
  std::vector<std::string> heads() {
    std::lock_guard lock(mutex_);
    return heads_;
  }
  int connections() const { return connections_; }

 private:
  // Whether there is something to read before the test ends.
  bool wait(int fd) {
    while (!is_over_) {
      pollfd ready{fd, POLLIN, 0};
      if (::poll(&ready, 1, 10) > 0) return true;
    }
    return false;
  }

  void run() {
    while (next_ < answers_.size() && wait(listening_)) {
      int fd = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      ++connections_;
      serve(fd);
      ::close(fd);
    }
  }

  void serve(int fd) {
    while (next_ < answers_.size() && read_head(fd)) {
      const ScriptedAnswer& answer = answers_[next_++];
      std::string_view rest = answer.bytes;
      while (!rest.empty()) {
        ssize_t sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        rest.remove_prefix(static_cast<std::size_t>(sent));
      }
      if (answer.then == Then::kHang) {
        while (!is_over_) ::poll(nullptr, 0, 10);
      }
      if (answer.then == Then::kReset) {
        linger now{1, 0};
        ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      }
      if (answer.then != Then::kKeep) return;
    }
  }

  bool read_head(int fd) {
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) {
      char space[4096];
      if (!wait(fd)) return false;
      ssize_t bytes = ::recv(fd, space, sizeof space, 0);
      if (bytes <= 0) return false;
      head.append(space, static_cast<std::size_t>(bytes));
    }
    std::lock_guard lock(mutex_);
    heads_.push_back(head);
    return true;
  }

  const std::vector<ScriptedAnswer> answers_;
  int listening_;
  uint16_t port_ = 0;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> is_over_ = false;
  std::mutex mutex_;
  std::vector<std::string> heads_;
  std::thread thread_;
};

}  // namespace tyto::io
