// Inside io/http only: what waits to go out on a connection, bytes and parts of files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>

namespace tyto::io {

// Threads:   confined to its loop
// Ownership: borrowed bytes and files live as long as the owner given with them
class SendQueue {
 public:
  void add(std::string bytes);
  void add(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);
  void add_file(int fd, uint64_t offset, uint64_t bytes, std::shared_ptr<const void> owner);
  void clear();

  uint64_t bytes() const { return bytes_; }
  bool is_empty() const { return segments_.empty(); }

  enum class Outcome {
    kEmpty,  // all is sent
    kWait,   // the socket takes no more at present
    kMore,   // it would take more, but others should have their turn
    kBroken  // the connection, or the file, is broken
  };
  // Sends what a non-blocking socket takes. `sent` is increased by the bytes that went.
  Outcome flush(int socket, uint64_t& sent);

 private:
  struct Segment {
    std::string own;                      // these bytes,
    std::span<const std::byte> borrowed;  // or these,
    int fd = -1;                          // or those of a file
    uint64_t offset = 0;                  // into own and borrowed: what has gone; or into the file
    uint64_t left = 0;
    std::shared_ptr<const void> owner;
    const std::byte* data() const;
  };
  int64_t send_memory(int socket);
  int64_t send_from_file(int socket);
  void drop_sent(uint64_t bytes);

  std::deque<Segment> segments_;
  uint64_t bytes_ = 0;
};

}  // namespace tyto::io
