// A loop with an HTTP server and a client, and ways to ask it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/http/http_client.h"
#include "io/http/http_server.h"
#include "tests/io/raw_socket.h"

namespace tyto::io {

class HttpWorld {
 public:
  explicit HttpWorld(HttpServerOptions options = {}, HttpClientOptions client_options = {})
      : client(std::make_unique<HttpClient>(loop, std::move(client_options))) {
    if (options.unix_path.empty()) options.bind = {"127.0.0.1", 0};
    options.on_error = [this](const Error& error, uint64_t) { errors.push_back(error); };
    server = std::move(HttpServer::listen(loop, std::move(options))).value();
  }

  uint16_t port() const { return server->bound().port; }
  std::string url(const std::string& target) const {
    return "http://127.0.0.1:" + std::to_string(port()) + target;
  }
  void answer(const std::string& method, const std::string& pattern, const std::string& body) {
    server->route(method, pattern, [body](HttpRequest, std::shared_ptr<HttpResponder> responder) {
      responder->reply(200, "text/plain", body);
    });
  }
  // Asks and waits.
  Result<HttpResponse> fetch(HttpClientRequest request, std::size_t body_bytes_max = 64 * kMiB) {
    std::optional<Result<HttpResponse>> result;
    auto call = client->fetch(std::move(request), body_bytes_max,
                              [&](Result<HttpResponse> given) { result = std::move(given); });
    if (!until(loop, [&] { return result.has_value(); })) {
      return Error{ErrorCode::kInternal, "the test waited in vain"};
    }
    return std::move(*result);
  }
  Result<HttpResponse> get(const std::string& target) { return fetch({.url = url(target)}); }
  // Sends raw bytes and waits until the text holds so many answers, or the connection ends.
  std::string ask_raw(RawSocket& raw, std::string_view bytes, std::size_t answers = 1) {
    raw.send(bytes);
    until(loop, [&] {
      const std::string& text = raw.read();
      std::size_t count = 0;
      for (std::size_t at = text.find("HTTP/1.1 "); at != std::string::npos;
           at = text.find("HTTP/1.1 ", at + 1)) {
        ++count;
      }
      return raw.is_ended() || (count >= answers && text.find("\r\n\r\n") != std::string::npos);
    });
    return raw.read();
  }

  Loop loop;
  std::vector<Error> errors;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<HttpClient> client;
};

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

}  // namespace tyto::io
