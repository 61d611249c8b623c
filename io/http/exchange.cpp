#include <ctime>
#include <utility>

#include "base/assert.h"
#include "io/http/server_connection.h"
#include "io/loop/clock.h"
#include "io/loop/loop.h"

namespace tyto::io {

namespace {

// As RFC 9110, 5.6.7 wants it: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(WallTime now) {
  std::time_t seconds = now.unix_s();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return std::string(text, size);
}

std::string hex(uint64_t value) {
  char text[20];
  int size = std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(value));
  return std::string(text, static_cast<std::size_t>(size));
}

class Responder final : public HttpResponder {
 public:
  explicit Responder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~Responder() override { exchange_->dropped(); }

  void reply(int status, std::string_view content_type, std::string body) override {
    exchange_->reply(status, {{"Content-Type", std::string(content_type)}}, std::move(body));
  }
  void reply(int status, HttpHeaders headers, std::string body) override {
    exchange_->reply(status, std::move(headers), std::move(body));
  }
  void start(int status, HttpHeaders headers, std::optional<uint64_t> content_length) override {
    exchange_->start(status, std::move(headers), content_length);
  }
  Room write(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) override {
    return exchange_->write(bytes, std::move(owner));
  }
  Room write_file(int fd, uint64_t offset, uint64_t bytes,
                  std::shared_ptr<const void> owner) override {
    return exchange_->write_file(fd, offset, bytes, std::move(owner));
  }
  void on_room(std::function<void()> callback) override { exchange_->on_room(std::move(callback)); }
  void finish() override { exchange_->finish(); }
  void abort() override { exchange_->abort(); }
  void on_gone(std::function<void()> callback) override { exchange_->on_gone(std::move(callback)); }
  void on_sent(std::function<void()> callback) override { exchange_->on_sent(std::move(callback)); }
  bool is_gone() const override { return exchange_->is_gone(); }

 private:
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace

std::shared_ptr<HttpResponder> make_responder(std::shared_ptr<Exchange> exchange) {
  return std::make_shared<Responder>(std::move(exchange));
}

Exchange::Exchange(ServerConnection& connection, const HttpRequest& request, bool keeps_alive,
                   bool is_http_1_0)
    : connection_(&connection),
      loop_(connection.shared().loop),
      keeps_alive_(keeps_alive),
      is_http_1_0_(is_http_1_0),
      is_head_(request.method == "HEAD") {}

void Exchange::reply(int status, HttpHeaders headers, std::string body) {
  uint64_t length = body.size();
  start(status, std::move(headers), length);
  if (is_open() && admit(length)) connection_->queue().add(std::move(body));
  finish();
}

void Exchange::start(int status, HttpHeaders headers, std::optional<uint64_t> content_length) {
  TYTO_ASSERT(state_ == State::kWaiting);
  TYTO_ASSERT(status >= 200 && status <= 599);
  state_ = State::kStarted;
  if (!is_open()) return;
  bool is_replaced = !headers.is_well_formed();
  if (is_replaced) {
    connection_->shared().report(
        "header", {ErrorCode::kInternal, "an answer had a header field that cannot be sent"});
    status = 500;
    headers = {};
    content_length = 0;
  }
  bool is_bodiless = status == 204 || status == 304;
  has_body_ = !is_head_ && !is_bodiless;
  body_left_ = content_length;
  is_chunked_ = !content_length && !is_http_1_0_ && !is_bodiless;
  if (!content_length && is_http_1_0_ && has_body_) keeps_alive_ = false;
  if (connection_->shared().is_draining) keeps_alive_ = false;
  if (content_length && !is_bodiless) {
    headers.set("Content-Length", std::to_string(*content_length));
  }
  if (is_chunked_) headers.set("Transfer-Encoding", "chunked");
  if (is_replaced) {  // what the handler still writes goes nowhere
    has_body_ = false;
    body_left_.reset();
  }
  if (!keeps_alive_) headers.set("Connection", "close");
  if (keeps_alive_ && is_http_1_0_) headers.set("Connection", "keep-alive");
  connection_->queue().add(head(status, headers));
  connection_->flush_soon();
}

std::string Exchange::head(int status, const HttpHeaders& headers) const {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " ";
  (text += http_reason(status)) += "\r\n";
  text += "Date: " + http_date(wall_now()) + "\r\n";
  const std::string& name = connection_->shared().options.server_name;
  if (!name.empty()) text += "Server: " + name + "\r\n";
  for (const auto& [field, value] : headers) {
    text.append(field).append(": ").append(value).append("\r\n");
  }
  return text += "\r\n";
}

// More bytes than announced are a bug of the handler, which must not reach the client's framing.
bool Exchange::admit(uint64_t bytes) {
  if (body_left_) {
    if (!has_body_ && bytes > *body_left_) return false;
    TYTO_ASSERT(bytes <= *body_left_);
    *body_left_ -= bytes;
  }
  return has_body_ && bytes > 0;
}

HttpResponder::Room Exchange::room() {
  if (!is_open()) return HttpResponder::Room::kGone;
  if (connection_->queue().bytes() < connection_->shared().options.queue_bytes_max) {
    return HttpResponder::Room::kMore;
  }
  is_full_ = true;
  return HttpResponder::Room::kFull;
}

HttpResponder::Room Exchange::write(std::span<const std::byte> bytes,
                                    std::shared_ptr<const void> owner) {
  TYTO_ASSERT(state_ == State::kStarted || !is_open());
  if (!is_open()) return HttpResponder::Room::kGone;
  if (!admit(bytes.size())) return room();
  SendQueue& queue = connection_->queue();
  if (is_chunked_) queue.add(hex(bytes.size()) + "\r\n");
  if (owner) {
    queue.add(bytes, std::move(owner));
  } else {
    queue.add(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  if (is_chunked_) queue.add("\r\n");
  connection_->flush_soon();
  return room();
}

HttpResponder::Room Exchange::write_file(int fd, uint64_t offset, uint64_t bytes,
                                         std::shared_ptr<const void> owner) {
  TYTO_ASSERT(state_ == State::kStarted || !is_open());
  if (!is_open()) return HttpResponder::Room::kGone;
  if (!admit(bytes)) return room();
  TYTO_ASSERT(!is_chunked_);
  connection_->queue().add_file(fd, offset, bytes, std::move(owner));
  connection_->flush_soon();
  return room();
}

void Exchange::finish() {
  TYTO_ASSERT(state_ == State::kStarted || !is_open());
  if (!is_open() || state_ != State::kStarted) return;
  if (has_body_ && body_left_.value_or(0) > 0) return abort();
  state_ = State::kFinished;
  if (is_chunked_ && has_body_) connection_->queue().add("0\r\n\r\n");
  connection_->flush_soon();
}

void Exchange::abort() {
  if (is_open()) connection_->close();
}

void Exchange::dropped() {
  if (!is_open() || state_ == State::kFinished) return;
  if (state_ == State::kStarted) return abort();
  connection_->shared().report("dropped",
                               {ErrorCode::kInternal, "a request was dropped unanswered"});
  reply(500, {{"Content-Type", "text/plain"}}, "the request was dropped\n");
}

void Exchange::on_gone(std::function<void()> callback) {
  if (is_open()) {
    on_gone_ = std::move(callback);
  } else if (fate_ == Fate::kGone) {
    loop_.post(std::move(callback));
  }
}

void Exchange::on_sent(std::function<void()> callback) {
  if (is_open()) {
    on_sent_ = std::move(callback);
  } else if (fate_ == Fate::kSent) {
    loop_.post(std::move(callback));
  }
}

void Exchange::queue_drained(bool is_empty) {
  if (!is_open()) return;
  if (state_ == State::kFinished) {
    if (!is_empty) return;
    ServerConnection* connection = connection_;
    settle(Fate::kSent);
    return connection->answered();
  }
  if (is_full_ && on_room_) {
    is_full_ = false;
    auto callback = on_room_;
    callback();
  }
}

void Exchange::on_room(std::function<void()> callback) {
  on_room_ = std::move(callback);
  // The queue may have drained before anyone asked to be told.
  if (is_open() && is_full_) connection_->flush_soon();
}

void Exchange::client_gone() {
  if (is_open()) settle(Fate::kGone);
}

void Exchange::settle(Fate fate) {
  fate_ = fate;
  connection_ = nullptr;
  auto callback = std::move(fate == Fate::kGone ? on_gone_ : on_sent_);
  // What they hold, perhaps this very responder, is released when this returns.
  auto room = std::exchange(on_room_, nullptr);
  auto gone = std::exchange(on_gone_, nullptr);
  auto sent = std::exchange(on_sent_, nullptr);
  if (callback) callback();
}

}  // namespace tyto::io
