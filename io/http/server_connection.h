// Inside io/http only: one client's connection to the server, and the answer under way on it.
#pragma once

#include <utility>  // Boost 1.74's awaitable.hpp uses it without including it

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "io/http/http_server.h"
#include "io/http/message_parser.h"
#include "io/http/send_queue.h"
#include "io/loop/timer.h"

namespace tyto::io {

class ServerConnection;

// What the connections of one server share.
struct ServerShared {
  ServerShared(Loop& its_loop, HttpServerOptions given)
      : loop(its_loop), options(std::move(given)) {}

  Loop& loop;
  const HttpServerOptions options;
  // Finds the handler and calls it.
  std::function<void(HttpRequest, std::shared_ptr<HttpResponder>)> dispatch;
  std::function<void(std::string_view kind, Error)> report;
  std::function<void(ServerConnection&)> closed;
  bool is_draining = false;
  // Every connection reads into the same space, and keeps only what it could not use.
  std::array<char, 64 * 1024> read_space;
};

// The answer to one request: frames it, and tells its fate. The connection and the responder that
// the handler holds share it.
//
// Threads: confined to its loop
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(ServerConnection& connection, const HttpRequest& request, bool keeps_alive,
           bool is_http_1_0);

  void reply(int status, HttpHeaders headers, std::string body);
  void start(int status, HttpHeaders headers, std::optional<uint64_t> content_length);
  HttpResponder::Room write(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);
  HttpResponder::Room write_file(int fd, uint64_t offset, uint64_t bytes,
                                 std::shared_ptr<const void> owner);
  void finish();
  void abort();
  // The handler let go of its responder.
  void dropped();

  void on_room(std::function<void()> callback);
  void on_gone(std::function<void()> callback);
  void on_sent(std::function<void()> callback);
  bool is_gone() const { return fate_ == Fate::kGone; }

  // From the connection: the queue has drained to where there is room, or altogether; the client
  // has gone.
  void queue_drained(bool is_empty);
  void client_gone();
  bool keeps_alive() const { return keeps_alive_; }

 private:
  enum class State { kWaiting, kStarted, kFinished };
  enum class Fate { kOpen, kSent, kGone };

  bool is_open() const { return fate_ == Fate::kOpen; }
  std::string head(int status, const HttpHeaders& headers) const;
  // Accounts for body bytes; false if they are not to be sent.
  bool admit(uint64_t bytes);
  HttpResponder::Room room();
  void settle(Fate fate);

  ServerConnection* connection_;  // null once settled
  Loop& loop_;
  bool keeps_alive_;
  const bool is_http_1_0_;
  const bool is_head_;
  State state_ = State::kWaiting;
  Fate fate_ = Fate::kOpen;
  bool has_body_ = true;
  bool is_chunked_ = false;
  bool is_full_ = false;
  std::optional<uint64_t> body_left_;
  std::function<void()> on_room_, on_gone_, on_sent_;
};

// Reads requests by readiness, one at a time, and sends what the exchange queues.
//
// Threads:   confined to its loop
// Ownership: kept by the server's list and by handlers in flight
// Bounds:    see HttpServerOptions; nothing is kept while idle
class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  ServerConnection(std::shared_ptr<ServerShared> shared, Socket socket, HostPort peer);

  void start();
  // Answers 503 and closes, without reading anything first.
  void refuse();
  // Ends it now; an answer under way is gone.
  void close();
  bool is_idle() const { return phase_ == Phase::kIdle; }

  // From the exchange.
  SendQueue& queue() { return queue_; }
  ServerShared& shared() { return *shared_; }
  // Sends what is queued at the end of this turn.
  void flush_soon();
  // The answer is sent whole.
  void answered();

 private:
  enum class Phase { kIdle, kReading, kAnswering, kLingering, kClosed };

  void wait_readable();
  void readable();
  void received(std::string_view bytes);
  void parse();
  void refuse_request(int status, std::string_view kind, const std::string& why);
  void begin_request();
  void peek();
  void flush();
  void linger();
  void drop_input();
  void arm(Duration span, void (ServerConnection::*expired)());
  void too_slow();

  std::shared_ptr<ServerShared> shared_;
  Socket socket_;
  const HostPort peer_;
  Timer deadline_;
  Phase phase_ = Phase::kIdle;
  std::string input_;  // received, not yet parsed
  std::unique_ptr<RequestParser> parser_;
  bool is_continue_sent_ = false;
  SendQueue queue_;
  std::shared_ptr<Exchange> exchange_;
  bool is_waiting_readable_ = false;
  bool is_waiting_writable_ = false;
  bool is_flush_posted_ = false;
  bool is_input_waiting_ = false;  // a further request came while answering
};

// What the handler holds: the exchange, and notice of being dropped.
std::shared_ptr<HttpResponder> make_responder(std::shared_ptr<Exchange> exchange);

}  // namespace tyto::io
