#include "io/http/server_connection.h"

#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <cerrno>

#include "io/loop/asio_loop.h"
#include "io/loop/loop.h"

namespace tyto::io {

using boost::system::error_code;

namespace {

// After an answer that ends the connection, what still comes is read and dropped for a while:
// closing at once would reset the connection and destroy the answer on its way.
constexpr Duration kLinger = Duration::seconds(2);

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int status_of(ParseFault fault) {
  if (fault == ParseFault::kHeadTooLarge) return 431;
  if (fault == ParseFault::kBodyTooLarge) return 413;
  return 400;
}

std::string short_answer(int status) {
  std::string body(http_reason(status));
  body += "\n";
  std::string head =
      "HTTP/1.1 " + std::to_string(status) + " " + std::string(http_reason(status)) +
      "\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\nConnection: close\r\n";
  if (status == 503) head += "Retry-After: 1\r\n";
  return head + "\r\n" + body;
}

}  // namespace

ServerConnection::ServerConnection(std::shared_ptr<ServerShared> shared, Socket socket,
                                   HostPort peer)
    : shared_(std::move(shared)),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      deadline_(shared_->loop) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
}

void ServerConnection::start() {
  arm(shared_->options.idle_max, &ServerConnection::close);
  wait_readable();
}

void ServerConnection::refuse() {
  phase_ = Phase::kLingering;
  queue_.add(short_answer(503));
  flush();
}

void ServerConnection::close() {
  if (phase_ == Phase::kClosed) return;
  auto self = shared_from_this();
  phase_ = Phase::kClosed;
  deadline_.cancel();
  error_code ignored;
  socket_.close(ignored);
  queue_.clear();
  auto exchange = std::exchange(exchange_, nullptr);
  if (exchange) exchange->client_gone();
  if (shared_->closed) shared_->closed(*this);
}

void ServerConnection::arm(Duration span, void (ServerConnection::*expired)()) {
  deadline_.start_after(span, [this, expired] {
    auto self = shared_from_this();
    (this->*expired)();
  });
}

void ServerConnection::wait_readable() {
  if (is_waiting_readable_ || phase_ == Phase::kClosed) return;
  is_waiting_readable_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& failure) {
    self->is_waiting_readable_ = false;
    if (!failure) self->readable();
  });
}

void ServerConnection::readable() {
  switch (phase_) {
    case Phase::kClosed: return;
    case Phase::kAnswering: return peek();
    case Phase::kLingering: return drop_input();
    case Phase::kIdle:
    case Phase::kReading: break;
  }
  auto& space = shared_->read_space;
  ssize_t bytes = ::recv(socket_.native_handle(), space.data(), space.size(), 0);
  if (bytes < 0 && would_block()) return wait_readable();
  if (bytes <= 0) return close();
  received({space.data(), static_cast<std::size_t>(bytes)});
}

void ServerConnection::received(std::string_view bytes) {
  input_ += bytes;
  parse();
}

// Looks at what has been received. At most one request is taken; further ones wait in input_.
void ServerConnection::parse() {
  if (phase_ == Phase::kIdle) {
    phase_ = Phase::kReading;
    parser_ = std::make_unique<RequestParser>(
        RequestParser::Limits{shared_->options.head_bytes_max, shared_->options.body_bytes_max});
    is_continue_sent_ = false;
    arm(shared_->options.head_within, &ServerConnection::too_slow);
  }
  bool was_head_done = parser_->is_head_done();
  std::size_t used = parser_->feed(input_);
  used == input_.size() ? std::string().swap(input_) : void(input_.erase(0, used));
  if (parser_->fault() != ParseFault::kNone) {
    int status = status_of(parser_->fault());
    return refuse_request(status, "request " + std::to_string(status), parser_->fault_text());
  }
  if (parser_->is_done()) return begin_request();
  if (!was_head_done && parser_->is_head_done()) {
    arm(shared_->options.body_within, &ServerConnection::too_slow);
    if (parser_->expects_continue() && !std::exchange(is_continue_sent_, true)) {
      queue_.add("HTTP/1.1 100 Continue\r\n\r\n");
      flush_soon();
    }
  }
  wait_readable();
}

void ServerConnection::too_slow() {
  refuse_request(408, "request 408", "it did not arrive within the time given");
}

void ServerConnection::refuse_request(int status, std::string_view kind, const std::string& why) {
  shared_->report(kind,
                  {ErrorCode::kInvalidArgument, "bad HTTP request from " + peer_.text() + " (" +
                                                    std::to_string(status) + "): " + why});
  parser_.reset();
  deadline_.cancel();
  phase_ = Phase::kLingering;
  queue_.add(short_answer(status));
  flush_soon();
}

void ServerConnection::begin_request() {
  phase_ = Phase::kAnswering;
  deadline_.cancel();
  HttpRequest request = parser_->take();
  request.peer = peer_;
  exchange_ =
      std::make_shared<Exchange>(*this, request, parser_->keeps_alive(), parser_->is_http_1_0());
  parser_.reset();
  is_input_waiting_ = !input_.empty();
  auto self = shared_from_this();
  shared_->dispatch(std::move(request), make_responder(exchange_));
  // Watches for the client's going away.
  if (phase_ == Phase::kAnswering && !is_input_waiting_) wait_readable();
}

void ServerConnection::peek() {
  char byte = 0;
  ssize_t bytes = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK);
  if (bytes < 0 && would_block()) return wait_readable();
  if (bytes <= 0) return close();
  is_input_waiting_ = true;  // the next request, early; read when its turn comes
}

void ServerConnection::answered() {
  if (phase_ != Phase::kAnswering) return;
  bool keeps_alive = exchange_ && exchange_->keeps_alive() && !shared_->is_draining;
  exchange_.reset();
  if (!keeps_alive) return linger();
  phase_ = Phase::kIdle;
  is_input_waiting_ = false;
  arm(shared_->options.idle_max, &ServerConnection::close);
  if (input_.empty()) return wait_readable();
  // Not from here: a long line of requests must not become a deep stack.
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (self->phase_ == Phase::kIdle) self->parse();
  });
}

void ServerConnection::flush_soon() {
  if (is_flush_posted_ || is_waiting_writable_) return;
  is_flush_posted_ = true;
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->is_flush_posted_ = false;
    self->flush();
  });
}

void ServerConnection::flush() {
  if (phase_ == Phase::kClosed || is_waiting_writable_) return;
  auto self = shared_from_this();
  uint64_t sent = 0;
  auto outcome = queue_.flush(socket_.native_handle(), sent);
  if (outcome == SendQueue::Outcome::kBroken) return close();
  if (outcome == SendQueue::Outcome::kMore) flush_soon();
  if (outcome == SendQueue::Outcome::kWait) {
    is_waiting_writable_ = true;
    if (sent > 0 || !deadline_.is_armed()) {
      arm(shared_->options.send_stall_max, &ServerConnection::close);
    }
    socket_.async_wait(Socket::wait_write, [self](const error_code&) {
      self->is_waiting_writable_ = false;
      self->flush();
    });
  }
  bool is_empty = outcome == SendQueue::Outcome::kEmpty;
  if (phase_ == Phase::kLingering && is_empty) return linger();
  if (phase_ != Phase::kAnswering) return;
  if (is_empty) deadline_.cancel();
  if (exchange_ && queue_.bytes() <= shared_->options.queue_bytes_max / 2) {
    auto exchange = exchange_;
    exchange->queue_drained(is_empty);
  }
}

void ServerConnection::linger() {
  phase_ = Phase::kLingering;
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  arm(kLinger, &ServerConnection::close);
  wait_readable();
}

void ServerConnection::drop_input() {
  auto& space = shared_->read_space;
  ssize_t bytes = ::recv(socket_.native_handle(), space.data(), space.size(), 0);
  if (bytes == 0 || (bytes < 0 && !would_block())) return close();
  wait_readable();
}

}  // namespace tyto::io
