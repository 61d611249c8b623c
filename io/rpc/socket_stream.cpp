#include "io/rpc/socket_stream.h"

#include <kj/debug.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/assert.h"

namespace tyto::io {

using boost::asio::ip::tcp;

namespace {

constexpr std::size_t kReadAheadBytes = 64 * 1024;
// Larger reads go straight into the reader's own buffer.
constexpr std::size_t kDirectReadBytes = 16 * 1024;
constexpr std::size_t kUnsentBytesMax = 256 * 1024;
// An idle connection keeps no more than this for its next write.
constexpr std::size_t kKeptCapacityBytes = 1024;

kj::Exception disconnected(const char* what, int error) {
  return KJ_EXCEPTION(DISCONNECTED, what, strerror(error));
}

// Every stream of a thread reads into the same space, and keeps only what it could not hand out.
std::array<char, kReadAheadBytes>& read_space() {
  static thread_local std::array<char, kReadAheadBytes> space;
  return space;
}

enum class Step { kDone, kWait, kFailed };

}  // namespace

// The receiving half: one read under way at a time, and bytes read ahead for the next.
class SocketStream::Reader {
 public:
  void begin(char* into, std::size_t min_bytes, std::size_t max_bytes) {
    into_ = into;
    min_ = min_bytes;
    max_ = max_bytes;
    got_ = 0;
  }

  // Moves what is there; kDone when enough has come or the stream has ended.
  Step fill(int fd) {
    for (;;) {
      take_read_ahead();
      if (got_ >= min_) return Step::kDone;
      Step step = max_ - got_ < kDirectReadBytes ? receive_ahead(fd) : receive_direct(fd);
      if (step != Step::kDone) return step;
      if (is_at_end_) return Step::kDone;
    }
  }

  std::size_t got() const { return got_; }
  int error() const { return error_; }
  uint64_t delivered() const { return delivered_; }

 private:
  void take_read_ahead() {
    std::size_t bytes = std::min(ahead_.size() - ahead_at_, max_ - got_);
    if (bytes == 0) return;
    std::memcpy(into_ + got_, ahead_.data() + ahead_at_, bytes);
    count(bytes);
    ahead_at_ += bytes;
    if (ahead_at_ == ahead_.size()) {
      std::vector<char>().swap(ahead_);
      ahead_at_ = 0;
    }
  }

  Step receive_ahead(int fd) {
    auto& space = read_space();
    std::size_t bytes = 0;
    Step step = receive(fd, space.data(), space.size(), bytes);
    std::size_t taken = std::min(bytes, max_ - got_);
    if (taken > 0) std::memcpy(into_ + got_, space.data(), taken);
    count(taken);
    if (bytes > taken) ahead_.assign(space.data() + taken, space.data() + bytes);
    return step;
  }

  Step receive_direct(int fd) {
    std::size_t bytes = 0;
    Step step = receive(fd, into_ + got_, max_ - got_, bytes);
    count(bytes);
    return step;
  }

  Step receive(int fd, char* into, std::size_t space, std::size_t& bytes) {
    for (;;) {
      ssize_t result = ::recv(fd, into, space, 0);
      if (result < 0 && errno == EINTR) continue;
      if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Step::kWait;
      if (result < 0) {
        error_ = errno;
        return Step::kFailed;
      }
      is_at_end_ = result == 0;
      bytes = static_cast<std::size_t>(result);
      return Step::kDone;
    }
  }

  void count(std::size_t bytes) {
    got_ += bytes;
    delivered_ += bytes;
  }

  char* into_ = nullptr;
  std::size_t min_ = 0, max_ = 0, got_ = 0;
  std::vector<char> ahead_;
  std::size_t ahead_at_ = 0;
  bool is_at_end_ = false;
  int error_ = 0;
  uint64_t delivered_ = 0;
};

// The sending half: bytes gathered until they are flushed.
class SocketStream::Writer {
 public:
  void append(const void* bytes, std::size_t size) {
    auto* first = static_cast<const char*>(bytes);
    unsent_.insert(unsent_.end(), first, first + size);
  }

  std::size_t unsent() const { return unsent_.size() - sent_; }
  int error() const { return error_; }
  void fail(int error) { error_ = error; }

  Step flush(int fd) {
    while (error_ == 0 && sent_ < unsent_.size()) {
      ssize_t result = ::send(fd, unsent_.data() + sent_, unsent_.size() - sent_, MSG_NOSIGNAL);
      if (result < 0 && errno == EINTR) continue;
      if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Step::kWait;
      if (result < 0) {
        error_ = errno;
      } else {
        sent_ += static_cast<std::size_t>(result);
      }
    }
    unsent_.clear();
    sent_ = 0;
    if (unsent_.capacity() > kKeptCapacityBytes) std::vector<char>().swap(unsent_);
    return error_ == 0 ? Step::kDone : Step::kFailed;
  }

 private:
  std::vector<char> unsent_;
  std::size_t sent_ = 0;
  int error_ = 0;
};

// Shared with the handlers in flight, which may come after the stream is gone.
struct SocketStream::State : std::enable_shared_from_this<SocketStream::State> {
  explicit State(tcp::socket given) : socket(std::move(given)) {
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
  }

  void wait_readable() {
    if (is_waiting_readable) return;
    is_waiting_readable = true;
    socket.async_wait(tcp::socket::wait_read,
                      [self = shared_from_this()](const boost::system::error_code&) {
                        self->is_waiting_readable = false;
                        self->continue_read();
                      });
  }

  void continue_read() {
    if (read_waiter == nullptr || is_closed) return;
    Step step = reader.fill(socket.native_handle());
    if (step == Step::kWait) return wait_readable();
    auto* waiter = std::exchange(read_waiter, nullptr);
    if (step == Step::kDone) {
      waiter->fulfill(reader.got());
    } else {
      waiter->reject(disconnected("the connection broke", reader.error()));
    }
  }

  // Once at the end of this turn, however much is written in it.
  void flush_soon() {
    if (is_flush_posted || is_waiting_writable) return;
    is_flush_posted = true;
    boost::asio::post(socket.get_executor(), [self = shared_from_this()] {
      self->is_flush_posted = false;
      self->flush();
    });
  }

  void flush() {
    if (is_waiting_writable || is_closed) return;
    Step step = writer.flush(socket.native_handle());
    if (step == Step::kWait) {
      is_waiting_writable = true;
      socket.async_wait(tcp::socket::wait_write,
                        [self = shared_from_this()](const boost::system::error_code&) {
                          self->is_waiting_writable = false;
                          self->flush();
                        });
      return;
    }
    settle_writes();
    if (is_write_shut && step == Step::kDone) shutdown(tcp::socket::shutdown_send);
  }

  void settle_writes() {
    auto waiters = std::exchange(write_waiters, {});
    for (auto& waiter : waiters) {
      if (writer.error() == 0) {
        waiter->fulfill();
      } else {
        waiter->reject(disconnected("the connection broke", writer.error()));
      }
    }
  }

  void shutdown(tcp::socket::shutdown_type what) {
    boost::system::error_code ignored;
    socket.shutdown(what, ignored);
  }

  void close() {
    if (is_closed) return;
    if (!is_waiting_writable) writer.flush(socket.native_handle());
    is_closed = true;
    writer.fail(ECONNABORTED);
    settle_writes();
    if (auto* waiter = std::exchange(read_waiter, nullptr)) {
      waiter->reject(disconnected("the connection was closed", ECONNABORTED));
    }
    boost::system::error_code ignored;
    socket.close(ignored);
  }

  tcp::socket socket;
  Reader reader;
  Writer writer;
  kj::PromiseFulfiller<size_t>* read_waiter = nullptr;
  std::vector<kj::Own<kj::PromiseFulfiller<void>>> write_waiters;
  bool is_waiting_readable = false;
  bool is_waiting_writable = false;
  bool is_flush_posted = false;
  bool is_write_shut = false;
  bool is_closed = false;
};

// A read that waits; dropping its promise takes the buffer back.
class SocketStream::PendingRead {
 public:
  PendingRead(kj::PromiseFulfiller<size_t>& fulfiller, std::shared_ptr<State> state)
      : state_(std::move(state)) {
    TYTO_ASSERT(state_->read_waiter == nullptr);
    state_->read_waiter = &fulfiller;
    state_->wait_readable();
  }
  ~PendingRead() { state_->read_waiter = nullptr; }

 private:
  std::shared_ptr<State> state_;
};

SocketStream::SocketStream(tcp::socket socket)
    : state_(std::make_shared<State>(std::move(socket))) {}

SocketStream::~SocketStream() noexcept(false) {
  state_->close();
}

void SocketStream::close() {
  state_->close();
}

uint64_t SocketStream::bytes_delivered() const {
  return state_->reader.delivered();
}

std::size_t SocketStream::bytes_unsent() const {
  return state_->writer.unsent();
}

kj::Promise<size_t> SocketStream::tryRead(void* buffer, size_t min_bytes, size_t max_bytes) {
  if (state_->is_closed) return disconnected("the connection was closed", ECONNABORTED);
  state_->reader.begin(static_cast<char*>(buffer), min_bytes, max_bytes);
  switch (state_->reader.fill(state_->socket.native_handle())) {
    case Step::kDone: return state_->reader.got();
    case Step::kFailed: return disconnected("the connection broke", state_->reader.error());
    case Step::kWait: break;
  }
  return kj::newAdaptedPromise<size_t, PendingRead>(state_);
}

kj::Promise<void> SocketStream::write(const void* buffer, size_t size) {
  auto piece = kj::arrayPtr(static_cast<const kj::byte*>(buffer), size);
  return write(kj::arrayPtr(&piece, 1));
}

kj::Promise<void> SocketStream::write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) {
  if (state_->writer.error() != 0) {
    return disconnected("the connection broke", state_->writer.error());
  }
  for (auto& piece : pieces) state_->writer.append(piece.begin(), piece.size());
  if (state_->writer.unsent() < kUnsentBytesMax) {
    state_->flush_soon();
    return kj::READY_NOW;
  }
  auto paf = kj::newPromiseAndFulfiller<void>();
  state_->write_waiters.push_back(kj::mv(paf.fulfiller));
  state_->flush();
  return kj::mv(paf.promise);
}

kj::Promise<void> SocketStream::whenWriteDisconnected() {
  return kj::NEVER_DONE;
}

void SocketStream::shutdownWrite() {
  state_->is_write_shut = true;
  state_->flush();
}

void SocketStream::abortRead() {
  state_->shutdown(tcp::socket::shutdown_receive);
}

void SocketStream::getsockopt(int level, int option, void* value, kj::uint* length) {
  socklen_t socket_length = *length;
  KJ_SYSCALL(::getsockopt(state_->socket.native_handle(), level, option, value, &socket_length));
  *length = socket_length;
}

void SocketStream::setsockopt(int level, int option, const void* value, kj::uint length) {
  KJ_SYSCALL(::setsockopt(state_->socket.native_handle(), level, option, value, length));
}

}  // namespace tyto::io
