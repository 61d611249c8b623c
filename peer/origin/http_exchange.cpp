#include "peer/origin/http_exchange.h"

#include <algorithm>

#include "base/names.h"
#include "io/http/url.h"
#include "peer/origin/http_rules.h"
#include "peer/transfer/failure.h"

namespace tyto::peer {
namespace {

constexpr Duration kConnectMax = Duration::seconds(10);
constexpr int kRedirectsMax = 5;

io::HttpClientOptions client_options(const HttpOriginOptions& options) {
  io::HttpClientOptions client;
  client.ca_file = options.ca_file;
  client.idle_connections_per_host_max = options.requests_max;
  client.read_buffer_bytes = kReadBytesMax;
  return client;
}

}  // namespace

HttpShared::HttpShared(io::Loop& its_loop, HttpOriginOptions its_options)
    : loop(its_loop),
      options(std::move(its_options)),
      rng(options.seed),
      gate(its_loop, std::max(1u, options.requests_max)),
      http(its_loop, client_options(options)) {}

Exchange::Exchange(HttpShared& shared, RequestGate::Kind kind, io::HttpClientRequest request,
                   ResponseHandler& handler)
    : shared_(shared), handler_(&handler) {
  auto url = io::Url::parse(request.url);
  std::string name = url ? url.value().authority() : std::string();
  pass_ = shared.gate.enter(name, kind, [this, request = std::move(request)] { send(request); });
}

void Exchange::send(io::HttpClientRequest request) {
  ++shared_.stats.requests;
  io::HttpCallbacks callbacks;
  callbacks.on_head = [this](const io::HttpResponseHead& head) { handler_->on_head(head); };
  callbacks.on_data = [this](std::span<const std::byte> bytes) { return handler_->on_data(bytes); };
  callbacks.on_done = [this](Result<void> result) { handler_->on_done(std::move(result)); };
  call_ = shared_.http.request(std::move(request), std::move(callbacks));
}

io::HttpClientRequest object_request(const VersionFacts& facts, Duration patience,
                                     std::optional<ByteRange> range) {
  io::HttpClientRequest request;
  request.url = facts.origin.url;
  request.headers.add("Accept-Encoding", "identity");
  add_conditions(request.headers, facts.origin);
  if (range)
    request.headers.add(
        "Range", "bytes=" + std::to_string(range->begin) + "-" + std::to_string(range->end - 1));
  request.connect_within = std::min(patience, kConnectMax);
  request.idle_max = patience;
  request.redirects_max = kRedirectsMax;
  return request;
}

Outcome finish_read(ChunkRead& read) {
  auto root = read.assembly->finish();
  if (root) return {root.value(), {}, {}};
  const OriginPin& pin = read.fetch.facts->origin;
  FailureKind kind = failure_of_assembly(root.error());
  // With no validator to say that the version is the same, other bytes mean another version.
  bool is_pinned = !pin.etag.empty() || pin.modified;
  if (kind == FailureKind::kCorrupt && !is_pinned) kind = FailureKind::kOriginChanged;
  return {std::nullopt, kind, printable(pin.url) + ": " + root.error().message};
}

}  // namespace tyto::peer
