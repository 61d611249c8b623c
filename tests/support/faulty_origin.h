// A web server with one object and every fault that origins have.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/http/http_server.h"
#include "schema/messages/common.h"

namespace tyto::io {
class Loop;
}

namespace tyto::support {

struct OriginFaults {
  bool lacks_ranges = false;        // 200 to every range request
  bool ignores_conditions = false;  // no 412
  bool refuses_head = false;        // 405
  bool hides_accept_ranges = false;
  bool hides_validators = false;  // neither ETag nor Last-Modified
  bool hides_length = false;      // no Content-Length
  int fail_first = 0;             // so many requests get `fail_status`
  int fail_status = 503;
  std::string retry_after;
  std::optional<uint64_t> cut_after;    // each of the next cut_times answers ends after so many
  int cut_times = 1'000'000;            //   bytes of its body
  std::optional<uint64_t> stall_after;  // each of the next stall_times answers says no more after
  int stall_times = 1'000'000;          //   so many bytes
  std::string content_encoding;
  std::string redirect_to;     // 302
  uint64_t surplus_bytes = 0;  // a body longer than the range, without Content-Length
};

// Serves `bytes` at every path, in this process and on the loop. Set its members at any time.
class FaultyOrigin {
 public:
  FaultyOrigin(io::Loop& loop, std::string object_bytes);

  std::string url(const std::string& path = "/object") const;
  uint16_t port() const;
  // As a look-up would find it now.
  OriginPin pin(const std::string& path = "/object") const;

  std::string bytes;
  std::string etag = "\"v1\"";                                  // empty: none
  std::string last_modified = "Sun, 06 Nov 1994 08:49:37 GMT";  // empty: none
  OriginFaults faults;
  std::function<void(int nth)> before_get;  // called before the nth GET is answered, from 1

  int heads = 0;
  int gets = 0;
  uint64_t body_bytes = 0;                // handed to the kernel or a queue
  std::vector<io::HttpHeaders> requests;  // of GETs
  std::size_t at_once = 0;                // answers not sent whole yet
  std::size_t at_once_max = 0;

 private:
  void answer(const io::HttpRequest& request, std::shared_ptr<io::HttpResponder> responder);
  void send_body(std::shared_ptr<io::HttpResponder> responder, int status, io::HttpHeaders headers,
                 uint64_t begin, uint64_t end);
  io::HttpHeaders object_headers() const;
  bool is_condition_met(const io::HttpRequest& request) const;

  std::unique_ptr<io::HttpServer> server_;
  std::vector<std::shared_ptr<io::HttpResponder>> stalled_;
};

}  // namespace tyto::support
