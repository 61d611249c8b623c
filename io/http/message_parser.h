// Inside io/http only: HTTP/1.x messages out of bytes. Beast parses; its headers stay in the .cpp.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "io/http/http_client.h"
#include "io/http/http_server.h"

namespace tyto::io {

enum class ParseFault { kNone, kMalformed, kHeadTooLarge, kBodyTooLarge, kCut };

// One request, head and body, collected.
//
// Purity: pure
// Bounds: the body and the head as given; what feed() leaves over is never more than the head's
//         limit, or the message is faulty
class RequestParser {
 public:
  struct Limits {
    std::size_t head_bytes_max;
    std::size_t body_bytes_max;
  };
  explicit RequestParser(Limits limits);
  ~RequestParser();

  // Takes what it can use from the front and returns how many bytes that was. The rest is to be
  // given again, with more behind it; once the request is complete, it belongs to the next one.
  std::size_t feed(std::string_view bytes);
  bool is_head_done() const;
  bool is_done() const;
  ParseFault fault() const;
  // Why, for the log.
  const std::string& fault_text() const;

  bool keeps_alive() const;
  bool expects_continue() const;
  bool is_http_1_0() const;
  // The request without its peer. Requires: is_done().
  HttpRequest take();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// One response, passed on as it comes.
//
// Purity: pure
class ResponseParser {
 public:
  enum class Body { kExpected, kNone };  // none: the answer to HEAD
  struct Sink {
    std::function<void(HttpResponseHead)> on_head;
    // Whether to go on; if not, feed() returns.
    std::function<bool(std::string_view)> on_body;
  };
  ResponseParser(std::size_t head_bytes_max, Body body, Sink sink);
  ~ResponseParser();

  // As RequestParser::feed; also returns early after a piece of body for which on_body said no,
  // and after the head.
  std::size_t feed(std::string_view bytes);
  // The connection has ended.
  void feed_end();
  bool has_begun() const;
  bool is_head_done() const;
  bool is_done() const;
  ParseFault fault() const;
  const std::string& fault_text() const;
  bool keeps_alive() const;
  // Whether only the connection's end tells where the body ends.
  bool needs_end() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The phrase that goes with a status code, such as "Not Found".
std::string_view http_reason(int status);

}  // namespace tyto::io
