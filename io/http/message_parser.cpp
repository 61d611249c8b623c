#include "io/http/message_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <limits>

#include "io/http/url.h"

namespace tyto::io {

namespace http = boost::beast::http;
namespace beast = boost::beast;

namespace {

using ErrorCodeRef = beast::error_code&;

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

ParseFault fault_of(const beast::error_code& failure) {
  if (failure == http::error::header_limit) return ParseFault::kHeadTooLarge;
  if (failure == http::error::body_limit) return ParseFault::kBodyTooLarge;
  if (failure == http::error::partial_message) return ParseFault::kCut;
  return ParseFault::kMalformed;
}

// What the two kinds of message have in common.
template <bool kIsRequest>
class Parser : public http::basic_parser<kIsRequest> {
 public:
  explicit Parser(std::size_t head_max) : head_max_(head_max) {
    this->header_limit(static_cast<std::uint32_t>(head_max));
  }

  // Feeds until nothing more can be used, or `go_on` says no after a step.
  template <class GoOn>
  std::size_t feed_while(std::string_view bytes, GoOn go_on) {
    std::size_t used = 0;
    while (fault == ParseFault::kNone && !this->is_done() && used < bytes.size()) {
      beast::error_code failure;
      bool was_head_done = this->is_header_done();
      std::size_t step = this->put({bytes.data() + used, bytes.size() - used}, failure);
      used += step;
      if (!was_head_done) head_used_ += step;
      if (failure == http::error::need_more) {
        check_left_over(bytes.size() - used);
        break;
      }
      if (failure) set_fault(fault_of(failure), failure.message());
      if (!go_on()) break;
    }
    return used;
  }

  void set_fault(ParseFault kind, std::string why) {
    if (fault != ParseFault::kNone) return;
    fault = kind;
    fault_text = std::move(why);
  }

  HttpHeaders headers;
  ParseFault fault = ParseFault::kNone;
  std::string fault_text;

 protected:
  void on_field_impl(http::field, beast::string_view name, beast::string_view value,
                     ErrorCodeRef) override {
    // Trailers come after the head and are of no interest.
    if (!is_head_over_) headers.add(std::string(view(name)), std::string(view(value)));
  }
  void on_header_impl(ErrorCodeRef) override { is_head_over_ = true; }
  void on_body_init_impl(boost::optional<std::uint64_t> const&, ErrorCodeRef) override {}
  void on_chunk_header_impl(std::uint64_t, beast::string_view, ErrorCodeRef) override {}
  void on_finish_impl(ErrorCodeRef) override {}

 private:
  // Lines that never end (a head's, a chunk's, a trailer's) are held to the head's limit.
  void check_left_over(std::size_t bytes) {
    if (this->is_done() || fault != ParseFault::kNone) return;
    if (!this->is_header_done() && head_used_ + bytes >= head_max_) {
      set_fault(ParseFault::kHeadTooLarge, "the head is too large");
    } else if (this->is_header_done() && this->chunked() && bytes >= head_max_) {
      set_fault(ParseFault::kMalformed, "a line in a chunked body is too long");
    }
  }

  const std::size_t head_max_;
  std::size_t head_used_ = 0;
  bool is_head_over_ = false;
};

}  // namespace

class RequestParser::Impl final : public Parser<true> {
 public:
  explicit Impl(Limits limits) : Parser<true>(limits.head_bytes_max) {
    body_limit(static_cast<std::uint64_t>(limits.body_bytes_max));
    eager(true);
  }

  // Splits the target into path and query.
  void read_target() {
    std::string_view rest = request.target;
    if (rest.substr(0, 7) == "http://" || rest.substr(0, 8) == "https://") {
      std::size_t slash = rest.find('/', rest.find("//") + 2);
      rest = slash == std::string_view::npos ? std::string_view("/") : rest.substr(slash);
    }
    std::size_t mark = std::min(rest.find('?'), rest.size());
    auto path = percent_decode(rest.substr(0, mark));
    auto query = parse_query(rest.substr(std::min(mark + 1, rest.size())));
    if (!path || !query) {
      return set_fault(ParseFault::kMalformed, "the target has a bad escape");
    }
    if (path->find('\0') != std::string::npos || (path->front() != '/' && *path != "*")) {
      return set_fault(ParseFault::kMalformed, "the target is no path");
    }
    request.path = std::move(*path);
    request.query = std::move(*query);
  }

  HttpRequest request;
  bool is_http_1_0 = false;

 private:
  void on_request_impl(http::verb, beast::string_view method, beast::string_view target,
                       int version, ErrorCodeRef) override {
    request.method = view(method);
    request.target = view(target);
    is_http_1_0 = version == 10;
    if (request.target.empty()) return set_fault(ParseFault::kMalformed, "the target is empty");
    read_target();
  }
  void on_response_impl(int, beast::string_view, int, ErrorCodeRef) override {}
  std::size_t on_body_impl(beast::string_view body, ErrorCodeRef) override {
    request.body += view(body);
    return body.size();
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, ErrorCodeRef) override {
    request.body += view(body);
    return body.size();
  }
};

RequestParser::RequestParser(Limits limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;

std::size_t RequestParser::feed(std::string_view bytes) {
  return impl_->feed_while(bytes, [] { return true; });
}

bool RequestParser::is_head_done() const {
  return impl_->is_header_done();
}
bool RequestParser::is_done() const {
  return impl_->is_done() && impl_->fault == ParseFault::kNone;
}
ParseFault RequestParser::fault() const {
  return impl_->fault;
}
const std::string& RequestParser::fault_text() const {
  return impl_->fault_text;
}
bool RequestParser::keeps_alive() const {
  return impl_->keep_alive();
}
bool RequestParser::is_http_1_0() const {
  return impl_->is_http_1_0;
}

bool RequestParser::expects_continue() const {
  return !impl_->is_http_1_0 && equal_ignoring_case(impl_->headers.get("Expect"), "100-continue");
}

HttpRequest RequestParser::take() {
  HttpRequest request = std::move(impl_->request);
  request.headers = std::move(impl_->headers);
  return request;
}

class ResponseParser::Impl final : public Parser<false> {
 public:
  Impl(std::size_t head_max, Body body, Sink given)
      : Parser<false>(head_max), sink(std::move(given)) {
    body_limit(std::numeric_limits<std::uint64_t>::max());
    eager(false);
    if (body == Body::kNone) skip(true);
  }

  bool wants_more() const { return wants_more_; }
  void begin_step() { wants_more_ = true; }

  void tell_head() {
    if (is_head_told_ || !is_header_done() || fault != ParseFault::kNone) return;
    is_head_told_ = true;
    HttpResponseHead head;
    head.status = status_;
    head.headers = std::move(headers);
    if (auto length = content_length(); length && !chunked()) head.content_length = *length;
    sink.on_head(std::move(head));
  }

  Sink sink;

 private:
  void on_request_impl(http::verb, beast::string_view, beast::string_view, int,
                       ErrorCodeRef) override {}
  void on_response_impl(int code, beast::string_view, int, ErrorCodeRef) override {
    status_ = code;
  }
  std::size_t on_body_impl(beast::string_view body, ErrorCodeRef) override { return pass(body); }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, ErrorCodeRef) override {
    return pass(body);
  }
  std::size_t pass(beast::string_view body) {
    if (!body.empty() && !sink.on_body(view(body))) wants_more_ = false;
    return body.size();
  }

  int status_ = 0;
  bool is_head_told_ = false;
  bool wants_more_ = true;
};

ResponseParser::ResponseParser(std::size_t head_bytes_max, Body body, Sink sink)
    : impl_(std::make_unique<Impl>(head_bytes_max, body, std::move(sink))) {}
ResponseParser::~ResponseParser() = default;

std::size_t ResponseParser::feed(std::string_view bytes) {
  impl_->begin_step();
  bool was_head_done = impl_->is_header_done();
  std::size_t used = impl_->feed_while(bytes, [this, was_head_done] {
    return impl_->wants_more() && impl_->is_header_done() == was_head_done;
  });
  impl_->tell_head();
  return used;
}

void ResponseParser::feed_end() {
  beast::error_code failure;
  if (impl_->is_done() || impl_->fault != ParseFault::kNone) return;
  if (!impl_->got_some()) return impl_->set_fault(ParseFault::kCut, "no answer came");
  impl_->put_eof(failure);
  if (failure) impl_->set_fault(fault_of(failure), "the answer was cut short");
}

bool ResponseParser::has_begun() const {
  return impl_->got_some();
}
bool ResponseParser::is_head_done() const {
  return impl_->is_header_done();
}
bool ResponseParser::is_done() const {
  return impl_->is_done() && impl_->fault == ParseFault::kNone;
}
ParseFault ResponseParser::fault() const {
  return impl_->fault;
}
const std::string& ResponseParser::fault_text() const {
  return impl_->fault_text;
}
bool ResponseParser::keeps_alive() const {
  return impl_->keep_alive();
}
bool ResponseParser::needs_end() const {
  return impl_->need_eof();
}

std::string_view http_reason(int status) {
  return view(http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status))));
}

}  // namespace tyto::io
