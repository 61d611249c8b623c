// Inside io/http only: one request of the client's, from its URL to the end of the answer.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "io/http/client_transport.h"
#include "io/http/http_client.h"
#include "io/http/message_parser.h"
#include "io/http/url.h"
#include "io/loop/timer.h"

namespace tyto::io {

// What a call needs of its client.
class CallHost {
 public:
  virtual ~CallHost() = default;
  virtual Loop& loop() = 0;
  virtual const HttpClientOptions& options() const = 0;
  virtual TlsTrust& trust() = 0;
  // A kept connection that looks alive, or null.
  virtual std::shared_ptr<ClientTransport> take_idle(const TransportTarget& target) = 0;
  virtual void keep_idle(const TransportTarget& target,
                         std::shared_ptr<ClientTransport> transport) = 0;
  // A read buffer, and back: memory fresh from the system costs more than what is read into it.
  virtual std::unique_ptr<char[]> take_buffer() = 0;
  virtual void give_buffer(std::unique_ptr<char[]> buffer) = 0;
};

// Threads:   confined to its loop
// Ownership: operations in flight keep it alive; once over it calls nobody
// Bounds:    one read buffer
class HttpCall::Impl : public std::enable_shared_from_this<HttpCall::Impl> {
 public:
  Impl(std::shared_ptr<CallHost> host, HttpClientRequest request, HttpCallbacks callbacks);
  ~Impl();

  void start();
  void cancel();
  void pause();
  void resume();
  void set_read_mark(std::size_t bytes) { read_mark_ = bytes; }
  void look();
  void fail(Error error);
  bool is_over() const { return is_over_; }

 private:
  Result<void> check_request();
  void connect();
  void connected(std::shared_ptr<ClientTransport> transport);
  void begin_parse();
  std::string request_head() const;
  void write();
  void read();
  boost::asio::mutable_buffer read_space();
  void look_now();
  void received(const boost::system::error_code& failure, std::size_t bytes);
  void ended(const boost::system::error_code& failure);
  void parse();
  void head_came(HttpResponseHead head);
  bool body_came(std::string_view bytes);
  void complete();
  void redirect(const std::string& location);
  void watch_idle();
  bool is_holding() const { return is_paused_ || is_over_; }
  // Runs a callback of the user's; false if the call is over afterwards.
  template <class Call>
  bool tell(Call call);
  void end(Result<void> result);
  void let_go();

  std::shared_ptr<CallHost> host_;
  HttpClientRequest request_;
  HttpCallbacks callbacks_;
  Url url_;
  TransportTarget target_;
  int redirects_left_ = 0;
  Timer idle_timer_;
  Instant last_progress_;
  std::unique_ptr<TransportConnect> connect_;
  std::shared_ptr<ClientTransport> transport_;
  std::unique_ptr<ResponseParser> parser_;
  // Set when the parser has told of a head that is to be followed elsewhere.
  std::optional<std::string> redirect_to_;
  bool is_interim_ = false;  // the answer being parsed is a 1xx one
  std::string output_;
  std::size_t output_sent_ = 0;
  std::unique_ptr<char[]> buffer_;
  std::size_t buffer_begin_ = 0;
  std::size_t buffer_end_ = 0;
  std::size_t read_mark_ = 1;
  int connections_ = 0;  // used so far
  bool is_reused_ = false;
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool is_paused_ = false;
  bool is_parsing_ = false;
  bool is_parse_posted_ = false;
  bool is_over_ = false;
  int calls_out_ = 0;
};

}  // namespace tyto::io
