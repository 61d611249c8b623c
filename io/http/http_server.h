// An HTTP/1.1 server on the loop: TCP or a unix socket, callbacks, bounded in every direction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "io/http/http_headers.h"
#include "io/loop/host_port.h"
#include "io/loop/rate_limited_errors.h"

namespace tyto::io {

class Loop;

struct HttpRequest {
  std::string method;  // "GET", as sent
  std::string path;    // decoded, without the query; begins with '/'
  std::string target;  // as sent
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  HttpHeaders headers;
  std::string body;
  HostPort peer;  // numeric; host "unix" for unix sockets

  // The first parameter of that name, or null.
  const std::string* query_value(std::string_view name) const;
};

// Answers one request, either with reply(), or with start(), any number of writes, and finish().
// Dropping it unanswered sends 500; dropping it after start() without finish() cuts the
// connection, so that the client notices. Every call after the client has gone does nothing.
//
// Threads:   confined to its loop
// Ownership: shared by the handler and whoever answers later; may outlive the server (then gone)
// Bounds:    queues what is written: callers heed write()'s answer
class HttpResponder {
 public:
  enum class Room { kMore, kFull, kGone };

  virtual ~HttpResponder() = default;

  // The whole answer at once. Requires: not answered yet, well-formed content type.
  virtual void reply(int status, std::string_view content_type, std::string body) = 0;
  // The same with further headers; Content-Length is set here.
  virtual void reply(int status, HttpHeaders headers, std::string body) = 0;

  // Begins an answer in pieces. With `content_length` exactly that many bytes must be written;
  // without, the body is sent chunked. Answers to HEAD and status 204 and 304 send no body bytes,
  // whatever is written.
  // Requires: not answered yet.
  virtual void start(int status, HttpHeaders headers,
                     std::optional<uint64_t> content_length = std::nullopt) = 0;
  // Queues bytes. With an owner they are borrowed until sent and the owner is kept as long;
  // without one they are copied. kFull: queued, but write no more before on_room was called.
  // Requires: started, not finished.
  virtual Room write(std::span<const std::byte> bytes,
                     std::shared_ptr<const void> owner = nullptr) = 0;
  // Queues a part of a file, which goes out by sendfile. `fd` is borrowed until the owner is
  // released. A file shorter than asked cuts the connection.
  // Requires: started with a content length, not finished.
  virtual Room write_file(int fd, uint64_t offset, uint64_t bytes,
                          std::shared_ptr<const void> owner) = 0;
  // Called each time the queue has drained after a kFull.
  virtual void on_room(std::function<void()> callback) = 0;
  // Ends the answer. Fewer bytes than the content length cut the connection.
  virtual void finish() = 0;
  // Ends the connection at once, so that the client notices a failure after start().
  virtual void abort() = 0;

  // Called once if the client goes away, or the server is destroyed (then from its destructor),
  // before the answer is sent whole. At once (posted) if that has happened. A client that only
  // shuts down its sending half counts as gone.
  virtual void on_gone(std::function<void()> callback) = 0;
  // Called once when the last byte of the answer has gone to the kernel. At once (posted) if that
  // has happened. Of on_gone and on_sent exactly one is called.
  virtual void on_sent(std::function<void()> callback) = 0;
  virtual bool is_gone() const = 0;
};

using HttpHandler = std::function<void(HttpRequest request, std::shared_ptr<HttpResponder>)>;

struct HttpServerOptions {
  HostPort bind;          // port 0: any free one, see bound()
  std::string unix_path;  // if set: listen here and not on TCP; a stale socket file is replaced
  std::size_t connections_max = 1024;               // beyond: 503 and close
  std::size_t head_bytes_max = 16 * kKiB;           // beyond: 431
  std::size_t body_bytes_max = 16 * kMiB;           // beyond: 413
  std::size_t queue_bytes_max = 256 * kKiB;         // write() answers kFull from here on
  Duration head_within = Duration::seconds(10);     // from a request's first byte; slower: 408
  Duration body_within = Duration::seconds(120);    // from the head to the body's end
  Duration idle_max = Duration::seconds(60);        // between requests
  Duration send_stall_max = Duration::seconds(60);  // no byte taken by the client
  std::string server_name;                          // the Server header; empty: none
  // Malformed requests, refused connections, failures to accept: once per kind and 10 s.
  ErrorHook on_error;
};

// Threads:   confined to its loop
// Ownership: `loop` is borrowed and must outlive the server; destroying the server ends all
//            connections (on_gone is called for answers under way)
// Bounds:    as in HttpServerOptions; an idle connection holds no buffer
// Errors:    listen() fails with kUnavailable or kInvalidArgument. Clients get 400, 404, 405, 408,
//            413, 431 or 503 without a handler being called
class HttpServer {
 public:
  static Result<std::unique_ptr<HttpServer>> listen(Loop& loop, HttpServerOptions options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Sends requests of `method` whose path is `pattern`, or begins with it when it ends in '/', to
  // `handler`; the longest pattern wins. A handler of GET also gets HEAD. Handlers may call into
  // the server but not destroy it.
  void route(std::string method, std::string pattern, HttpHandler handler);

  HostPort bound() const;
  std::size_t connections() const;
  // Takes no more connections and closes idle ones; answers under way are finished, then their
  // connections close. For draining.
  void stop_accepting();

 private:
  class Impl;
  explicit HttpServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace tyto::io
