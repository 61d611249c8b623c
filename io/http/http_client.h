// An HTTP/1.1 client on the loop: http and https, TCP or a unix socket, streaming.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"
#include "io/http/http_headers.h"

namespace tyto::io {

class Loop;

struct HttpClientRequest {
  std::string method = "GET";
  std::string url;          // absolute, escaped; see url.h
  std::string unix_socket;  // if set: connect to this path; the URL gives Host and target
  HttpHeaders headers;      // Host, Content-Length and Connection are set by the client
  std::string body;
  Duration connect_within = Duration::seconds(5);  // name resolution and TLS included
  Duration idle_max = Duration::seconds(30);       // no byte in either direction, holds apart
  int redirects_max = 0;                           // followed for GET and HEAD; at most 5
};

struct HttpResponseHead {
  int status = 0;
  HttpHeaders headers;
  std::optional<uint64_t> content_length;  // of the body that follows; none: unknown beforehand
  std::string url;                         // what was asked in the end, after redirects
};

enum class HttpFlow { kMore, kHold };

// Called on the loop, never inside a call into the client or its handles. May cancel, destroy the
// handle or the client, and make further requests.
struct HttpCallbacks {
  // The answer's head, whatever its status (redirects that are followed and 1xx apart).
  std::function<void(const HttpResponseHead&)> on_head;
  // Body bytes in order, borrowed for the call. kHold: no more before resume() is called (bytes
  // not yet delivered wait in the socket and in one buffer).
  std::function<HttpFlow(std::span<const std::byte>)> on_data;
  // The end, once, unless cancelled: success when the answer arrived whole, whatever its status.
  // kUnavailable: not resolved, refused, reset, or cut short; kTimedOut: idle too long or not
  // connected in time; kInvalidArgument: bad URL, header or method; kDenied: the certificate is
  // not to be trusted; kCorrupt: the answer is not HTTP.
  std::function<void(Result<void>)> on_done;
};

// A request under way. Destroying it cancels: no callback follows, the connection is closed unless
// the answer was complete.
//
// Threads: confined to the client's loop
class HttpCall {
 public:
  HttpCall() = default;
  HttpCall(HttpCall&&) noexcept;
  HttpCall& operator=(HttpCall&&) noexcept;
  ~HttpCall();

  void cancel();
  // Stops deliveries, also the idle clock, until resume().
  void pause();
  void resume();
  // Delivers body bytes only once so many have come, from the next delivery on: fewer wake-ups, at
  // the price of latency. Whoever sets it keeps it within what the body still brings, and sets it
  // anew as it comes. The end of the connection and errors are told at once; connections with TLS
  // know no mark. Requires: on_head was called.
  void set_read_mark(std::size_t bytes);
  // Delivers, soon, what has come although it is less than the mark; a new mark counts from then.
  void look();
  // Whether callbacks may still come.
  bool is_active() const;

  class Impl;
  explicit HttpCall(std::shared_ptr<Impl> impl);

 private:
  std::shared_ptr<Impl> impl_;
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;
  std::string url;
};

struct HttpClientOptions {
  std::string ca_file;  // PEM, besides the system's trust store
  std::size_t idle_connections_per_host_max = 4;
  Duration idle_connection_kept = Duration::seconds(20);
  std::size_t head_bytes_max = 64 * kKiB;
  // What one read may bring: more costs memory per active request, fewer wake-ups.
  std::size_t read_buffer_bytes = 256 * kKiB;
  std::string user_agent = "tyto";
};

// Makes requests and keeps idle connections for the next ones, per scheme, host and port. A kept
// connection that turns out closed before any byte of the answer is replaced once by a new one,
// for requests that may be repeated (GET, HEAD, PUT, DELETE, OPTIONS).
//
// Threads:   confined to its loop
// Ownership: `loop` is borrowed and must outlive the client and its calls; destroying the client
//            cancels its calls
// Bounds:    idle connections as in the options; calls under way are the caller's to bound; a read
//            buffer for each, and up to 8 kept for the next ones
class HttpClient {
 public:
  // Errors show in the first https request: kInvalidArgument for a bad CA file.
  explicit HttpClient(Loop& loop, HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Starts a request; bad ones fail through on_done.
  [[nodiscard]] HttpCall request(HttpClientRequest request, HttpCallbacks callbacks);

  // Starts a request and collects its answer. A body above `body_bytes_max` is kInvalidArgument.
  [[nodiscard]] HttpCall fetch(HttpClientRequest request, std::size_t body_bytes_max,
                               std::function<void(Result<HttpResponse>)> done);

  std::size_t idle_connections() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tyto::io
