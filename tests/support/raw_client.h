// A TCP client that says what it likes, for tests of servers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace tyto::io {
class Loop;
}

namespace tyto::support {

// Connects to 127.0.0.1. Reads and writes while the server's loop runs on the same thread.
class RawClient {
 public:
  // A small receive buffer makes a client that does not read stall its server soon.
  enum class Buffer { kUsual, kSmall };
  explicit RawClient(uint16_t port, Buffer buffer = Buffer::kUsual);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // Sends what the kernel takes at once: keep it small.
  void send(std::string_view bytes);
  void shutdown_send();
  // Runs the loop and reads until what was read contains `text`; whether it did within `limit`.
  bool read_until(io::Loop& loop, std::string_view text, Duration limit = Duration::seconds(10));
  // Runs the loop until the server closes; whether it did within `limit`.
  bool read_to_end(io::Loop& loop, Duration limit = Duration::seconds(10));
  const std::string& received() const { return received_; }
  bool is_closed() const { return is_closed_; }

 private:
  void read_available();
  int fd_ = -1;
  std::string received_;
  bool is_closed_ = false;
};

// Runs the loop until `done` holds, asking every few milliseconds also when nothing happens there.
template <class Done>
bool run_until(io::Loop& loop, Done done, Duration limit = Duration::seconds(10));

}  // namespace tyto::support

#include "io/loop/loop.h"
#include "io/loop/timer.h"

namespace tyto::support {

template <class Done>
bool run_until(io::Loop& loop, Done done, Duration limit) {
  io::Timer tick(loop);
  std::function<void()> again = [&] { tick.start_after(Duration::milliseconds(2), again); };
  again();
  return loop.run_until(done, limit);
}

}  // namespace tyto::support
