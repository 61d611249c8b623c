#include "io/http/client_call.h"

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <utility>

#include "io/loop/loop.h"
#include "io/loop/tcp.h"

namespace tyto::io {

using boost::system::error_code;

namespace {

constexpr int kRedirectsMax = 5;
constexpr std::array<int, 5> kRedirects = {301, 302, 303, 307, 308};

bool is_in(std::string_view method, std::initializer_list<std::string_view> methods) {
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

bool may_be_repeated(std::string_view method) {
  return is_in(method, {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"});
}

}  // namespace

HttpCall::Impl::Impl(std::shared_ptr<CallHost> host, HttpClientRequest request,
                     HttpCallbacks callbacks)
    : host_(std::move(host)),
      request_(std::move(request)),
      callbacks_(std::move(callbacks)),
      redirects_left_(std::clamp(request_.redirects_max, 0, kRedirectsMax)),
      idle_timer_(host_->loop()) {}

HttpCall::Impl::~Impl() {
  if (buffer_) host_->give_buffer(std::move(buffer_));
}

void HttpCall::Impl::start() {
  if (auto checked = check_request(); !checked) {
    return host_->loop().post(
        [self = shared_from_this(), error = checked.error()] { self->end(error); });
  }
  connect();
}

Result<void> HttpCall::Impl::check_request() {
  auto url = Url::parse(request_.url);
  if (!url) return url.error();
  url_ = std::move(*url);
  bool is_token = HttpHeaders{{request_.method, ""}}.is_well_formed();
  if (!is_token || !request_.headers.is_well_formed()) {
    return Error{ErrorCode::kInvalidArgument, "the method or a header field of the request to " +
                                                  request_.url + " cannot be sent"};
  }
  return {};
}

void HttpCall::Impl::connect() {
  target_ = request_.unix_socket.empty()
                ? TransportTarget{url_.scheme, url_.host, url_.port, ""}
                : TransportTarget{url_.scheme, url_.host, url_.port, request_.unix_socket};
  auto kept = is_reused_ ? nullptr : host_->take_idle(target_);
  is_reused_ = kept != nullptr;
  if (kept) {
    // Later, so that no callback comes before request() has returned.
    return host_->loop().post([self = shared_from_this(), kept = std::move(kept)]() mutable {
      if (!self->is_over_) self->connected(std::move(kept));
    });
  }
  connect_ = std::make_unique<TransportConnect>(
      host_->loop(), host_->trust(), target_, request_.connect_within,
      [self = shared_from_this()](Result<std::shared_ptr<ClientTransport>> transport) {
        auto me = self;  // the connector that holds this is destroyed below
        me->connect_.reset();
        if (me->is_over_) return;
        if (!transport) return me->end(transport.error());
        me->connected(std::move(*transport));
      });
}

void HttpCall::Impl::connected(std::shared_ptr<ClientTransport> transport) {
  transport_ = std::move(transport);
  ++connections_;
  begin_parse();
  output_ = request_head() + request_.body;
  output_sent_ = 0;
  last_progress_ = host_->loop().now();
  watch_idle();
  write();
  read();
}

void HttpCall::Impl::begin_parse() {
  is_interim_ = false;
  redirect_to_.reset();
  parser_ = std::make_unique<ResponseParser>(
      host_->options().head_bytes_max,
      request_.method == "HEAD" ? ResponseParser::Body::kNone : ResponseParser::Body::kExpected,
      ResponseParser::Sink{[this](HttpResponseHead head) { head_came(std::move(head)); },
                           [this](std::string_view bytes) { return body_came(bytes); }});
}

std::string HttpCall::Impl::request_head() const {
  std::string text =
      request_.method + " " + url_.target + " HTTP/1.1\r\nHost: " + url_.authority() + "\r\n";
  const std::string& agent = host_->options().user_agent;
  if (!agent.empty() && !request_.headers.find("User-Agent")) {
    text += "User-Agent: " + agent + "\r\n";
  }
  for (const auto& [name, value] : request_.headers) {
    bool is_ours = equal_ignoring_case(name, "Host") || equal_ignoring_case(name, "Connection") ||
                   equal_ignoring_case(name, "Content-Length") ||
                   equal_ignoring_case(name, "Transfer-Encoding");
    if (!is_ours) text.append(name).append(": ").append(value).append("\r\n");
  }
  if (!request_.body.empty() || is_in(request_.method, {"POST", "PUT", "PATCH"})) {
    text += "Content-Length: " + std::to_string(request_.body.size()) + "\r\n";
  }
  return text += "\r\n";
}

// A failure to write is not reported: a server may answer and close before it has read all, and
// reading tells.
void HttpCall::Impl::write() {
  is_writing_ = true;
  boost::asio::const_buffer rest(output_.data() + output_sent_, output_.size() - output_sent_);
  transport_->write_some(rest, [self = shared_from_this(), on = transport_](
                                   const error_code& failure, std::size_t bytes) {
    if (self->transport_ != on || self->is_over_) return;
    self->output_sent_ += bytes;
    self->last_progress_ = self->host_->loop().now();
    if (!failure && self->output_sent_ < self->output_.size()) return self->write();
    self->is_writing_ = false;
  });
}

// What the parser left over (part of a line) stays in front. None if nothing is to be read.
boost::asio::mutable_buffer HttpCall::Impl::read_space() {
  if (is_holding()) return {};
  std::size_t size = host_->options().read_buffer_bytes;
  if (!buffer_) buffer_ = host_->take_buffer();
  std::copy(buffer_.get() + buffer_begin_, buffer_.get() + buffer_end_, buffer_.get());
  buffer_end_ -= std::exchange(buffer_begin_, 0);
  return {buffer_.get() + buffer_end_, size - buffer_end_};
}

void HttpCall::Impl::read() {
  if (is_holding()) return;
  transport_->set_read_mark(read_mark_);
  if (is_reading_) return;
  if (read_space().size() == 0) {
    return end(Error{ErrorCode::kCorrupt, "the answer of " + request_.url + " has endless lines"});
  }
  is_reading_ = true;
  auto is_mine = [self = shared_from_this(), connection = connections_] {
    return self->transport_ && self->connections_ == connection && !self->is_over_;
  };
  transport_->read_some(
      [self = shared_from_this(), is_mine] {
        return is_mine() ? self->read_space() : boost::asio::mutable_buffer();
      },
      [self = shared_from_this(), is_mine](const error_code& failure, std::size_t bytes) {
        if (!is_mine()) return;
        self->is_reading_ = false;
        self->received(failure, bytes);
      });
}

void HttpCall::Impl::received(const error_code& failure, std::size_t bytes) {
  if (failure) return ended(failure);
  if (bytes > 0) last_progress_ = host_->loop().now();
  buffer_end_ += bytes;
  parse();
}

void HttpCall::Impl::look() {
  if (is_over_) return;
  host_->loop().post([self = shared_from_this()] { self->look_now(); });
}

void HttpCall::Impl::look_now() {
  if (!is_reading_ || is_over_ || is_parsing_) return;
  auto into = read_space();
  std::size_t bytes = into.size() > 0 ? transport_->read_now(into) : 0;
  if (bytes > 0) return received({}, bytes);
  transport_->set_read_mark(read_mark_);
}

void HttpCall::Impl::ended(const error_code& failure) {
  bool is_first_byte_missing = !parser_->has_begun() && buffer_begin_ == buffer_end_;
  if (is_reused_ && is_first_byte_missing && may_be_repeated(request_.method)) {
    let_go();
    return connect();  // is_reused_ makes it a new connection
  }
  bool is_plain_end = failure == boost::asio::error::eof;
  if (is_plain_end) parser_->feed_end();
  if (is_plain_end && parser_->is_done()) return complete();
  std::string what = failure == boost::asio::ssl::error::stream_truncated
                         ? "TLS ended without notice"
                     : is_plain_end ? parser_->fault_text()
                                    : failure.message();
  end(Error{ErrorCode::kUnavailable,
            (parser_->is_head_done() ? "the answer was cut: " : "no answer: ") + what + " (" +
                request_.url + ")"});
}

void HttpCall::Impl::parse() {
  if (is_parsing_) return;
  is_parsing_ = true;
  auto self = shared_from_this();
  while (!is_holding() && !parser_->is_done() && parser_->fault() == ParseFault::kNone &&
         buffer_begin_ < buffer_end_) {
    std::size_t used = parser_->feed({buffer_.get() + buffer_begin_, buffer_end_ - buffer_begin_});
    buffer_begin_ += used;
    if (is_over_) break;
    if (redirect_to_) break;
    if (parser_->is_done() && is_interim_) {
      begin_parse();
    } else if (used == 0) {
      break;  // needs more to go on
    }
  }
  is_parsing_ = false;
  if (is_over_) return;
  if (redirect_to_) return redirect(*redirect_to_);
  if (parser_->fault() != ParseFault::kNone) {
    return end(Error{ErrorCode::kCorrupt,
                     "the answer of " + request_.url + " is not HTTP: " + parser_->fault_text()});
  }
  if (parser_->is_done() && !is_paused_) return complete();
  read();
}

void HttpCall::Impl::head_came(HttpResponseHead head) {
  is_interim_ = head.status < 200;
  if (is_interim_) return;
  const std::string* location = head.headers.find("Location");
  bool is_redirect =
      std::find(kRedirects.begin(), kRedirects.end(), head.status) != kRedirects.end();
  if (is_redirect && location && request_.redirects_max > 0 &&
      is_in(request_.method, {"GET", "HEAD"})) {
    redirect_to_ = *location;
    return;
  }
  if (!head.content_length && request_.method != "HEAD" && parser_->is_done()) {
    head.content_length = 0;
  }
  head.url = url_.text();
  tell([&] {
    if (callbacks_.on_head) callbacks_.on_head(head);
  });
}

bool HttpCall::Impl::body_came(std::string_view bytes) {
  tell([&] {
    if (!callbacks_.on_data) return;
    auto flow = callbacks_.on_data(std::as_bytes(std::span(bytes)));
    if (flow == HttpFlow::kHold) is_paused_ = true;
  });
  return !is_holding();
}

void HttpCall::Impl::complete() {
  bool is_reusable = parser_->keeps_alive() && !parser_->needs_end() && !is_writing_ &&
                     output_sent_ == output_.size() && buffer_begin_ == buffer_end_;
  if (is_reusable) {
    transport_->set_read_mark(1);
    host_->keep_idle(target_, std::exchange(transport_, nullptr));
  }
  end({});
}

void HttpCall::Impl::redirect(const std::string& location) {
  if (redirects_left_-- <= 0) {
    return end(Error{ErrorCode::kUnavailable, request_.url + " redirects more than " +
                                                  std::to_string(request_.redirects_max) +
                                                  " times"});
  }
  auto next = url_.resolve(location);
  if (!next) return end(next.error());
  if (url_.scheme == "https" && next->scheme == "http") {
    return end(Error{ErrorCode::kDenied, request_.url + " redirects from https to http"});
  }
  bool is_elsewhere = next->host != url_.host || next->port != url_.port;
  if (is_elsewhere) {
    HttpHeaders kept;  // credentials are for the first server only
    for (const auto& [name, value] : request_.headers) {
      bool is_secret =
          equal_ignoring_case(name, "Authorization") || equal_ignoring_case(name, "Cookie");
      if (!is_secret) kept.add(name, value);
    }
    request_.headers = std::move(kept);
  }
  let_go();
  url_ = std::move(*next);
  is_reused_ = false;
  connect();
}

// One timer for the whole call: when it fires early it only looks at the time of the last byte.
void HttpCall::Impl::watch_idle() {
  idle_timer_.start_at(last_progress_ + request_.idle_max, [this] {
    auto self = shared_from_this();
    Instant now = host_->loop().now();
    if (is_paused_) last_progress_ = now;
    if (read_mark_ > 1) look_now();
    if (is_over_) return;
    if (now - last_progress_ < request_.idle_max) return watch_idle();
    end(Error{ErrorCode::kTimedOut, "no byte from " + request_.url + " for " +
                                        std::to_string(request_.idle_max.ms()) + " ms"});
  });
}

void HttpCall::Impl::pause() {
  is_paused_ = true;
}

void HttpCall::Impl::resume() {
  if (is_over_ || !std::exchange(is_paused_, false)) return;
  last_progress_ = host_->loop().now();
  if (std::exchange(is_parse_posted_, true)) return;
  host_->loop().post([self = shared_from_this()] {
    self->is_parse_posted_ = false;
    if (!self->is_over_ && self->parser_ && !self->is_paused_) self->parse();
  });
}

template <class Call>
bool HttpCall::Impl::tell(Call call) {
  auto self = shared_from_this();
  ++calls_out_;
  call();
  --calls_out_;
  if (is_over_ && calls_out_ == 0) callbacks_ = {};
  return !is_over_;
}

void HttpCall::Impl::fail(Error error) {
  if (is_over_) return;
  host_->loop().post([self = shared_from_this(), error = std::move(error)] { self->end(error); });
}

void HttpCall::Impl::cancel() {
  if (is_over_) return;
  auto self = shared_from_this();
  is_over_ = true;
  idle_timer_.cancel();
  connect_.reset();
  let_go();
  if (calls_out_ == 0) callbacks_ = {};
}

void HttpCall::Impl::end(Result<void> result) {
  if (is_over_) return;
  auto self = shared_from_this();
  auto done = callbacks_.on_done;
  cancel();
  if (done) done(std::move(result));
}

// Closes the connection, unless it was handed back, and forgets what came over it.
void HttpCall::Impl::let_go() {
  if (auto transport = std::exchange(transport_, nullptr)) transport->close();
  is_reading_ = is_writing_ = false;
  buffer_begin_ = buffer_end_ = 0;
}

}  // namespace tyto::io
