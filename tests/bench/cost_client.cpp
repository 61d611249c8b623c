// A client that reads and discards: the cheapest reader there is, so that the server is measured.
//
//   cost_client --server HOST:PORT --targets FILE [--connections N] [--repeat K]
//
// Asks for each line of FILE, K times over, on N kept connections with a thread each. The kernel
// throws the bodies away (MSG_TRUNC); nothing is copied. Prints {requests, bytes, seconds}, where
// bytes are those of bodies; ends with 1 at the first answer that is not a whole 200.
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace tyto::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSilenceMaxS = 30;
constexpr std::size_t kBytesPerRead = 1 << 20;
constexpr std::size_t kHeadBytesMax = 16384;

struct Options {
  std::string host;
  std::string port;
  std::vector<std::string> targets;
  unsigned connections = 4;
  unsigned repeat = 1;
};

class Connection {
 public:
  explicit Connection(const Options& options) : host_(options.host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(options.host.c_str(), options.port.c_str(), &hints, &found) != 0)
      throw std::runtime_error("cannot resolve " + options.host);
    socket_ = ::socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    timeval silence{kSilenceMaxS, 0};
    int on = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int connected = ::connect(socket_, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    if (connected != 0) throw std::runtime_error("cannot connect to " + options.host);
  }
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Returns the bytes of the body.
  uint64_t get(const std::string& target) {
    std::string head = "GET " + target + " HTTP/1.1\r\nHost: " + host_ + "\r\n\r\n";
    if (::send(socket_, head.data(), head.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(head.size()))
      throw std::runtime_error("the server closed the connection");
    uint64_t begun = 0;
    uint64_t length = read_head(target, begun);
    for (uint64_t left = length - begun; left > 0;) {
      ssize_t got = ::recv(socket_, nullptr, std::min<uint64_t>(left, kBytesPerRead), MSG_TRUNC);
      if (got <= 0) throw std::runtime_error(target + ": the body ended early");
      left -= static_cast<uint64_t>(got);
    }
    return length;
  }

 private:
  // The body's length; `begun` bytes of it have come with the head.
  uint64_t read_head(const std::string& target, uint64_t& begun) {
    std::string text;
    std::size_t end = std::string::npos;
    while ((end = text.find("\r\n\r\n")) == std::string::npos) {
      char buffer[2048];
      ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
      if (got <= 0 || text.size() > kHeadBytesMax) throw std::runtime_error(target + ": no answer");
      text.append(buffer, static_cast<std::size_t>(got));
    }
    std::size_t length = text.find("Content-Length: ");
    if (text.compare(0, 12, "HTTP/1.1 200") != 0 || length > end)
      throw std::runtime_error(target + ": " + text.substr(0, text.find('\r')));
    begun = text.size() - end - 4;
    return std::stoull(text.substr(length + 16));
  }

  const std::string host_;
  int socket_ = -1;
};

nlohmann::json run(const Options& options) {
  const std::size_t requests = options.targets.size() * options.repeat;
  std::atomic<std::size_t> next = 0;
  std::atomic<uint64_t> bytes = 0;
  std::atomic<bool> has_failed = false;
  auto begun = Clock::now();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < options.connections; ++i) {
    threads.emplace_back([&] {
      try {
        Connection connection(options);
        for (std::size_t n; (n = next++) < requests && !has_failed;)
          bytes += connection.get(options.targets[n % options.targets.size()]);
      } catch (const std::exception& error) {
        has_failed = true;
        std::fprintf(stderr, "cost_client: %s\n", error.what());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (has_failed) return nullptr;
  std::chrono::duration<double> took = Clock::now() - begun;
  return {{"requests", requests}, {"bytes", bytes.load()}, {"seconds", took.count()}};
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string flag = argv[i];
    std::string value = argv[i + 1];
    if (flag == "--server") {
      std::size_t colon = value.rfind(':');
      if (colon == std::string::npos) return false;
      options.host = value.substr(0, colon);
      options.port = value.substr(colon + 1);
    } else if (flag == "--targets") {
      std::ifstream file(value);
      for (std::string line; std::getline(file, line);) options.targets.push_back(line);
    } else if (flag == "--connections") {
      options.connections = static_cast<unsigned>(std::stoul(value));
    } else if (flag == "--repeat") {
      options.repeat = static_cast<unsigned>(std::stoul(value));
    } else {
      return false;
    }
  }
  return argc % 2 == 1 && !options.host.empty() && !options.targets.empty();
}

}  // namespace
}  // namespace tyto::bench

int main(int argc, char** argv) {
  tyto::bench::Options options;
  if (!tyto::bench::parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: cost_client --server HOST:PORT --targets FILE [--connections N] "
                 "[--repeat K]\n");
    return 2;
  }
  auto figures = tyto::bench::run(options);
  if (figures.is_null()) return 1;
  std::puts(figures.dump().c_str());
  return 0;
}
