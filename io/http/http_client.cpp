#include "io/http/http_client.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "io/http/client_call.h"
#include "io/loop/loop.h"

namespace tyto::io {

namespace {
constexpr std::size_t kSpareBuffersMax = 8;
}  // namespace

// Connections that wait for their next request, and the calls under way.
class HttpClient::Impl final : public CallHost, public std::enable_shared_from_this<Impl> {
 public:
  Impl(Loop& loop, HttpClientOptions options)
      : loop_(loop), options_(std::move(options)), trust_(options_.ca_file), expiry_(loop) {}

  Loop& loop() override { return loop_; }
  const HttpClientOptions& options() const override { return options_; }
  TlsTrust& trust() override { return trust_; }

  std::shared_ptr<ClientTransport> take_idle(const TransportTarget& target) override {
    auto at = idle_.find(target);
    while (at != idle_.end() && !at->second.empty()) {
      auto transport = std::move(at->second.back().transport);
      at->second.pop_back();
      if (at->second.empty()) idle_.erase(at), at = idle_.end();
      if (transport->is_fresh()) return transport;
      if (at == idle_.end()) at = idle_.find(target);
    }
    return nullptr;
  }

  void keep_idle(const TransportTarget& target,
                 std::shared_ptr<ClientTransport> transport) override {
    if (is_shut_down_ || options_.idle_connections_per_host_max == 0) return transport->close();
    auto& waiting = idle_[target];
    if (waiting.size() >= options_.idle_connections_per_host_max) waiting.pop_front();
    waiting.push_back({std::move(transport), loop_.now() + options_.idle_connection_kept});
    if (!expiry_.is_armed()) expire_later();
  }

  std::unique_ptr<char[]> take_buffer() override {
    if (spare_buffers_.empty())
      return std::unique_ptr<char[]>(new char[options_.read_buffer_bytes]);
    auto buffer = std::move(spare_buffers_.back());
    spare_buffers_.pop_back();
    return buffer;
  }
  void give_buffer(std::unique_ptr<char[]> buffer) override {
    if (!is_shut_down_ && spare_buffers_.size() < kSpareBuffersMax)
      spare_buffers_.push_back(std::move(buffer));
  }

  std::shared_ptr<HttpCall::Impl> start(HttpClientRequest request, HttpCallbacks callbacks) {
    auto call = std::make_shared<HttpCall::Impl>(shared_from_this(), std::move(request),
                                                 std::move(callbacks));
    std::erase_if(calls_, [](const auto& weak) { return weak.expired(); });
    calls_.push_back(call);
    call->start();
    return call;
  }

  void shut_down() {
    is_shut_down_ = true;
    expiry_.cancel();
    idle_.clear();
    spare_buffers_.clear();
    auto calls = std::exchange(calls_, {});
    for (auto& weak : calls) {
      if (auto call = weak.lock()) call->cancel();
    }
  }

  std::size_t idle_connections() const {
    std::size_t count = 0;
    for (const auto& [target, waiting] : idle_) count += waiting.size();
    return count;
  }

 private:
  struct Idle {
    std::shared_ptr<ClientTransport> transport;
    Instant until;
  };

  void expire_later() {
    expiry_.start_after(options_.idle_connection_kept / 2 + Duration::milliseconds(1), [this] {
      Instant now = loop_.now();
      for (auto& [target, waiting] : idle_) {
        while (!waiting.empty() && waiting.front().until <= now) waiting.pop_front();
      }
      std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
      if (!idle_.empty()) expire_later();
    });
  }

  Loop& loop_;
  const HttpClientOptions options_;
  TlsTrust trust_;
  Timer expiry_;
  std::map<TransportTarget, std::deque<Idle>> idle_;
  std::vector<std::weak_ptr<HttpCall::Impl>> calls_;
  std::vector<std::unique_ptr<char[]>> spare_buffers_;
  bool is_shut_down_ = false;
};

HttpClient::HttpClient(Loop& loop, HttpClientOptions options)
    : impl_(std::make_shared<Impl>(loop, std::move(options))) {}

HttpClient::~HttpClient() {
  impl_->shut_down();
}

HttpCall HttpClient::request(HttpClientRequest request, HttpCallbacks callbacks) {
  return HttpCall(impl_->start(std::move(request), std::move(callbacks)));
}

HttpCall HttpClient::fetch(HttpClientRequest request, std::size_t body_bytes_max,
                           std::function<void(Result<HttpResponse>)> done) {
  struct Collected {
    HttpResponse response;
    std::weak_ptr<HttpCall::Impl> call;
    std::function<void(Result<HttpResponse>)> done;
  };
  auto collected = std::make_shared<Collected>();
  collected->done = std::move(done);
  HttpCallbacks callbacks;
  callbacks.on_head = [collected](const HttpResponseHead& head) {
    collected->response = {head.status, head.headers, "", head.url};
  };
  callbacks.on_data = [collected, body_bytes_max](std::span<const std::byte> bytes) {
    std::string& body = collected->response.body;
    if (bytes.size() > body_bytes_max - body.size()) {
      if (auto call = collected->call.lock()) {
        call->fail({ErrorCode::kInvalidArgument,
                    "the answer of " + collected->response.url + " is larger than the " +
                        std::to_string(body_bytes_max) + " bytes that are taken"});
      }
      return HttpFlow::kHold;
    }
    body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return HttpFlow::kMore;
  };
  callbacks.on_done = [collected](Result<void> result) {
    if (!result) return collected->done(result.error());
    collected->done(std::move(collected->response));
  };
  auto call = impl_->start(std::move(request), std::move(callbacks));
  collected->call = call;
  return HttpCall(std::move(call));
}

std::size_t HttpClient::idle_connections() const {
  return impl_->idle_connections();
}

HttpCall::HttpCall(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpCall::HttpCall(HttpCall&&) noexcept = default;
HttpCall& HttpCall::operator=(HttpCall&& other) noexcept {
  if (this == &other) return *this;
  cancel();
  impl_ = std::move(other.impl_);
  return *this;
}
HttpCall::~HttpCall() {
  cancel();
}

void HttpCall::cancel() {
  auto impl = std::exchange(impl_, nullptr);
  if (impl) impl->cancel();
}
void HttpCall::pause() {
  if (impl_) impl_->pause();
}
void HttpCall::resume() {
  if (impl_) impl_->resume();
}
void HttpCall::set_read_mark(std::size_t bytes) {
  if (impl_) impl_->set_read_mark(bytes);
}
void HttpCall::look() {
  if (impl_) impl_->look();
}
bool HttpCall::is_active() const {
  return impl_ && !impl_->is_over();
}

}  // namespace tyto::io
