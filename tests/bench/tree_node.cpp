// A node of a static relay tree of plain HTTP, for `tools/bench versus` to compare with.
//
//   tree_node HOST:PORT PARENT_HOST:PORT PATH OUTPUT DONE now|on-demand
//
// Fetches PATH from its parent into OUTPUT, chunk by chunk over one connection with the next
// request always on its way, and makes DONE at the end; serves ranges of what it has on HOST:PORT
// until it is killed, and lets whoever asks for more wait until it is there. `on-demand` begins to
// fetch with the first request, as a relay that is up before its readers does.
//
// Chunks are 256 KiB: each level of the tree waits for a whole one, so they should be small beside
// the file; and large beside a request, which costs 200 bytes and two system calls.
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int64_t kChunkBytes = 256 << 10;
constexpr int64_t kRequestsAhead = 2;
constexpr std::size_t kHeadBytesMax = 8 << 10;
constexpr auto kConnectFor = std::chrono::seconds(30);
constexpr auto kConnectAgainAfter = std::chrono::milliseconds(5);

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

sockaddr_in address_of(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::stoi(text.substr(colon + 1))));
  if (inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1)
    throw std::runtime_error("'" + text + "' is no address of the form 10.0.0.1:8000");
  return address;
}

// One side of a connection: heads up to their empty line, and what follows them.
class Connection {
 public:
  explicit Connection(int socket) : socket_(socket) {
    int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int socket() const { return socket_; }

  // The next head with its empty line; nothing if the other side has closed.
  std::optional<std::string> read_head() {
    std::size_t end = 0;
    while ((end = rest_.find("\r\n\r\n")) == std::string::npos) {
      char buffer[4096];
      const ssize_t count = recv(socket_, buffer, sizeof buffer, 0);
      if (count <= 0 || rest_.size() > kHeadBytesMax) return std::nullopt;
      rest_.append(buffer, static_cast<std::size_t>(count));
    }
    std::string head = rest_.substr(0, end + 4);
    rest_.erase(0, end + 4);
    return head;
  }

  // Up to `size` bytes of a body. Fails if the other side has closed.
  std::size_t read_body(char* to, std::size_t size) {
    if (!rest_.empty()) {
      const std::size_t count = std::min(size, rest_.size());
      std::memcpy(to, rest_.data(), count);
      rest_.erase(0, count);
      return count;
    }
    const ssize_t count = recv(socket_, to, size, MSG_WAITALL);
    if (count <= 0) fail("the parent closed the connection");
    return static_cast<std::size_t>(count);
  }

  bool write(const std::string& text, int flags = 0) const {
    return send(socket_, text.data(), text.size(), flags | MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  }

 private:
  int socket_;
  std::string rest_;
};

// The number that follows `before` in a head; -1 if it is not there.
int64_t number_after(const std::string& head, const std::string& before) {
  const std::size_t at = head.find(before);
  return at == std::string::npos ? -1 : std::atoll(head.c_str() + at + before.size());
}

// The copy: a file that grows from its start, and those who wait for more of it.
class Copy {
 public:
  explicit Copy(const std::string& path)
      : file_(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
    if (file_ < 0) fail(path);
  }

  int file() const { return file_; }
  void want() {
    change([this] { is_wanted_ = true; });
  }
  void await_wanted() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_wanted_; });
  }
  void grow(int64_t have, int64_t size) {
    change([&] { have_ = have, size_ = size; });
  }
  // Waits until the bytes up to `last`, or to the end of the file, are there; the file's size.
  int64_t await(int64_t last) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return size_ > 0 && have_ > std::min(last, size_ - 1); });
    return size_;
  }

 private:
  template <typename Change>
  void change(Change apply) {
    {
      std::lock_guard lock(mutex_);
      apply();
    }
    changed_.notify_all();
  }

  int file_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_wanted_ = false;
  int64_t have_ = 0;
  int64_t size_ = 0;
};

void send_range(const Connection& child, const Copy& copy, int64_t first, int64_t last,
                int64_t size) {
  const std::string head =
      "HTTP/1.1 206 Partial Content\r\nContent-Length: " + std::to_string(last - first + 1) +
      "\r\nContent-Range: bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" +
      std::to_string(size) + "\r\n\r\n";
  if (!child.write(head, MSG_MORE)) return;
  for (off_t at = first; at <= last;) {
    const auto left = static_cast<std::size_t>(last + 1 - at);
    if (sendfile(child.socket(), copy.file(), &at, left) <= 0) return;
  }
}

void serve_child(int socket, Copy& copy) {
  Connection child(socket);
  while (const auto head = child.read_head()) {
    copy.want();
    const int64_t first = number_after(*head, "Range: bytes=");
    const int64_t last = number_after(*head, "Range: bytes=" + std::to_string(first) + "-");
    if (first < 0 || last < first) return;
    const int64_t size = copy.await(last);
    send_range(child, copy, first, std::min(last, size - 1), size);
  }
}

void serve(int listener, Copy& copy) {
  for (;;) {
    const int socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket >= 0) std::thread(serve_child, socket, std::ref(copy)).detach();
  }
}

int listen_on(const std::string& text) {
  const sockaddr_in address = address_of(text);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 128) != 0) {
    fail(text);
  }
  return listener;
}

// Tries until the parent, which may start at the same time, listens.
int connect_to(const std::string& text) {
  const sockaddr_in address = address_of(text);
  const auto end = std::chrono::steady_clock::now() + kConnectFor;
  for (;;) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      return socket;
    close(socket);
    if (std::chrono::steady_clock::now() > end) fail("the parent " + text);
    std::this_thread::sleep_for(kConnectAgainAfter);
  }
}

// Receives one reply's body into the file at `at`; the size of the whole file.
int64_t receive_chunk(Connection& parent, Copy& copy, int64_t at, std::vector<char>& buffer) {
  const auto head = parent.read_head();
  if (!head || head->find(" 206 ") == std::string::npos)
    throw std::runtime_error("the parent answered: " + head.value_or("nothing"));
  int64_t left = number_after(*head, "Content-Length: ");
  const int64_t size = std::atoll(head->c_str() + head->find('/', head->find("Content-Range")) + 1);
  while (left > 0) {
    const std::size_t count =
        parent.read_body(buffer.data(), std::min(buffer.size(), static_cast<std::size_t>(left)));
    if (pwrite(copy.file(), buffer.data(), count, at) != static_cast<ssize_t>(count))
      fail("writing the copy");
    at += static_cast<int64_t>(count);
    left -= static_cast<int64_t>(count);
  }
  copy.grow(at, size);
  return size;
}

void fetch(const std::string& parent_address, const std::string& path, Copy& copy) {
  Connection parent(connect_to(parent_address));
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: " + parent_address + "\r\nRange: bytes=";
  std::vector<char> buffer(kChunkBytes);
  int64_t asked = 0;
  int64_t size = kChunkBytes;  // until the first reply says it, one chunk is all that is asked for
  for (int64_t at = 0; at < size; at += kChunkBytes) {
    for (; asked < size && asked < at + kRequestsAhead * kChunkBytes; asked += kChunkBytes) {
      const int64_t last = asked + kChunkBytes - 1;
      parent.write(request + std::to_string(asked) + "-" + std::to_string(last) + "\r\n\r\n");
    }
    size = receive_chunk(parent, copy, at, buffer);
  }
}

void run(const std::vector<std::string>& words) {
  Copy copy(words[3]);
  std::thread(serve, listen_on(words[0]), std::ref(copy)).detach();
  if (words[5] == "now") copy.want();
  copy.await_wanted();
  fetch(words[1], words[2], copy);
  const int done = open(words[4].c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (done < 0) fail(words[4]);
  for (;;) pause();
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> words(values + 1, values + count);
  if (words.size() != 6) {
    std::fputs("usage: tree_node HOST:PORT PARENT_HOST:PORT PATH OUTPUT DONE now|on-demand\n",
               stderr);
    return 2;
  }
  try {
    run(words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tree_node: %s\n", error.what());
    std::_Exit(1);
  }
}
