// What a web server says of an object.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "io/loop/timer.h"
#include "peer/origin/backoff.h"
#include "peer/origin/http_exchange.h"

namespace tyto::peer {

// Asks by HEAD, or, where that is refused or does not tell the size, by a GET of the first byte;
// again after errors that pass.
//
// Threads: confined to the loop.
class HttpLookup final : public ResponseHandler {
 public:
  // `ended` may destroy the look-up. `support` tells what was learned of ranges, if anything.
  using Ended = std::function<void(Result<OriginObject>, std::optional<bool> support)>;
  HttpLookup(HttpShared& shared, std::string url, Ended ended);
  void start();

  void on_head(const io::HttpResponseHead& head) override;
  io::HttpFlow on_data(std::span<const std::byte> bytes) override;
  void on_done(Result<void> result) override;

 private:
  enum class Method { kHead, kGetFirstByte };
  void attempt();
  void retry(Error why, std::optional<Duration> retry_after);
  void end(Result<OriginObject> result, std::optional<bool> support = std::nullopt);
  void on_object(const io::HttpResponseHead& head, std::optional<uint64_t> size);
  void on_error_status(const io::HttpResponseHead& head);

  HttpShared& shared_;
  const std::string url_;
  Ended ended_;
  Method method_ = Method::kHead;
  Backoff backoff_;
  Instant deadline_;
  Error last_error_;
  io::Timer retry_timer_;
  io::Timer deadline_timer_;
  std::unique_ptr<Exchange> exchange_;
};

}  // namespace tyto::peer
