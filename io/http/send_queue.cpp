#include "io/http/send_queue.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace tyto::io {

namespace {
constexpr std::size_t kPiecesPerCall = 16;
constexpr uint64_t kFileBytesPerCall = 512 * 1024;
constexpr uint64_t kBytesPerTurn = 1024 * 1024;
// Shorter than this, a copy costs less than a segment of its own.
constexpr std::size_t kJoinedBytesMax = 4096;
}  // namespace

const std::byte* SendQueue::Segment::data() const {
  const auto* start =
      borrowed.empty() ? reinterpret_cast<const std::byte*>(own.data()) : borrowed.data();
  return start + offset;
}

void SendQueue::add(std::string bytes) {
  if (bytes.empty()) return;
  bytes_ += bytes.size();
  if (!segments_.empty() && bytes.size() <= kJoinedBytesMax) {
    Segment& last = segments_.back();
    if (last.fd < 0 && last.borrowed.empty() && last.own.size() <= kJoinedBytesMax) {
      last.own += bytes;
      last.left += bytes.size();
      return;
    }
  }
  Segment segment;
  segment.left = bytes.size();
  segment.own = std::move(bytes);
  segments_.push_back(std::move(segment));
}

void SendQueue::add(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  if (bytes.empty()) return;
  bytes_ += bytes.size();
  if (!segments_.empty()) {  // what follows on is sent in one go
    Segment& last = segments_.back();
    if (!last.borrowed.empty() && last.owner == owner &&
        last.borrowed.data() + last.borrowed.size() == bytes.data()) {
      last.borrowed = {last.borrowed.data(), last.borrowed.size() + bytes.size()};
      last.left += bytes.size();
      return;
    }
  }
  Segment segment;
  segment.left = bytes.size();
  segment.borrowed = bytes;
  segment.owner = std::move(owner);
  segments_.push_back(std::move(segment));
}

void SendQueue::add_file(int fd, uint64_t offset, uint64_t bytes,
                         std::shared_ptr<const void> owner) {
  if (bytes == 0) return;
  bytes_ += bytes;
  if (!segments_.empty()) {
    Segment& last = segments_.back();
    if (last.fd == fd && last.owner == owner && last.offset + last.left == offset) {
      last.left += bytes;
      return;
    }
  }
  Segment segment;
  segment.fd = fd;
  segment.offset = offset;
  segment.left = bytes;
  segment.owner = std::move(owner);
  segments_.push_back(std::move(segment));
}

void SendQueue::clear() {
  segments_.clear();
  bytes_ = 0;
}

SendQueue::Outcome SendQueue::flush(int socket, uint64_t& sent) {
  uint64_t this_turn = 0;
  while (!segments_.empty()) {
    int64_t bytes = segments_.front().fd < 0 ? send_memory(socket) : send_from_file(socket);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Outcome::kWait;
    if (bytes <= 0) return Outcome::kBroken;  // zero: the file is shorter than was promised
    drop_sent(static_cast<uint64_t>(bytes));
    sent += static_cast<uint64_t>(bytes);
    this_turn += static_cast<uint64_t>(bytes);
    if (this_turn >= kBytesPerTurn && !segments_.empty()) return Outcome::kMore;
  }
  return Outcome::kEmpty;
}

int64_t SendQueue::send_memory(int socket) {
  std::array<iovec, kPiecesPerCall> pieces;
  std::size_t count = 0;
  while (count < std::min(kPiecesPerCall, segments_.size()) && segments_[count].fd < 0) {
    const Segment& segment = segments_[count];
    pieces[count++] = {const_cast<std::byte*>(segment.data()), segment.left};
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = count;
  int flags = MSG_NOSIGNAL | (count < segments_.size() ? MSG_MORE : 0);
  return ::sendmsg(socket, &message, flags);
}

int64_t SendQueue::send_from_file(int socket) {
  const Segment& segment = segments_.front();
  auto offset = static_cast<off_t>(segment.offset);
  return ::sendfile(socket, segment.fd, &offset, std::min(segment.left, kFileBytesPerCall));
}

void SendQueue::drop_sent(uint64_t bytes) {
  bytes_ -= bytes;
  while (bytes > 0) {
    Segment& segment = segments_.front();
    uint64_t part = std::min(bytes, segment.left);
    segment.offset += part;
    segment.left -= part;
    bytes -= part;
    if (segment.left == 0) segments_.pop_front();
  }
}

}  // namespace tyto::io
