#include "peer/transfer/chunk_client.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "io/http/http_client.h"
#include "io/loop/loop.h"
#include "io/loop/timer.h"
#include "peer/transfer/chunk_feed.h"
#include "peer/transfer/data_protocol.h"
#include "peer/transfer/failure.h"
#include "peer/transfer/token_bucket.h"

namespace tyto::peer {
namespace {

// What is read of an answer that brings no chunk, before its connection is given up.
constexpr uint64_t kRefusalBytesMax = 64 * kKiB;

struct Failure {
  FailureKind kind = FailureKind::kUnreachable;
  std::string detail;
};

// What an answer's status means if it is not 200.
Failure failure_of_status(int status, const std::string& source) {
  std::string detail = source + " answered " + std::to_string(status);
  switch (status) {
    case 404: return {FailureKind::kLacking, detail + ": it does not hold the chunk"};
    case 503: return {FailureKind::kBusy, detail + ": it is at its cap"};
    case 401: return {FailureKind::kRefused, detail + ": a ticket is needed"};
    case 403: return {FailureKind::kRefused, detail + ": the ticket is not accepted"};
    default: return {FailureKind::kUnreachable, detail + ", which no chunk server should"};
  }
}

io::HttpClientRequest http_request(const FetchRequest& fetch, uint64_t from, PeerId self) {
  io::HttpClientRequest request;
  ChunkId chunk{fetch.facts->id, fetch.chunk};
  request.url = "http://" + fetch.source.address.text() + chunk_target(chunk);
  request.headers.add(std::string(kPeerHeader), peer_id_text(self));
  if (!fetch.ticket.empty()) request.headers.add(std::string(kTicketHeader), fetch.ticket);
  if (fetch.without_tracker) request.headers.add(std::string(kWithoutTrackerHeader), "1");
  if (fetch.is_fallback) request.headers.add(std::string(kFallbackHeader), "1");
  if (fetch.source.generation > Generation(0))
    request.headers.add(std::string(kInFlightHeader),
                        std::to_string(fetch.source.generation.value()));
  if (from > 0) request.headers.add("Range", "bytes=" + std::to_string(from) + "-");
  request.connect_within = fetch.patience;
  request.idle_max = fetch.patience;
  return request;
}

// One chunk on its way. Its HttpCall's call-backs look it up by number, so it may go at any time.
struct Transfer {
  Transfer(io::Loop& loop, FetchRequest fetch_request, std::shared_ptr<PartialChunk> chunk,
           TransferEvents transfer_events)
      : request(std::move(fetch_request)),
        events(std::move(transfer_events)),
        feed(std::move(chunk)),
        asked_from(feed.wanted_from()),
        quarter(feed.chunk()->quarters()),
        hold(loop) {}

  FetchRequest request;
  TransferEvents events;
  ChunkFeed feed;
  const uint64_t asked_from;  // of the representation
  std::optional<Failure> refusal;
  uint64_t refusal_bytes = 0;
  uint8_t quarter;
  io::Timer hold;  // of the rate limit
  io::HttpCall call;
};

}  // namespace

struct ChunkClient::Impl {
  Impl(io::Loop& its_loop, ChunkClientOptions its_options)
      : loop(its_loop), options(its_options), http(its_loop, http_options(its_options)) {
    bucket.set_rate(options.download_bytes_per_s);
  }

  static io::HttpClientOptions http_options(const ChunkClientOptions& options) {
    io::HttpClientOptions http;
    http.idle_connections_per_host_max = options.idle_per_endpoint_max;
    http.idle_connection_kept = options.idle_timeout;
    http.head_bytes_max = kHeadBytesMax;
    http.read_buffer_bytes = kReadBytesMax;
    return http;
  }

  Transfer* find(uint64_t id) {
    auto it = transfers.find(id);
    return it == transfers.end() ? nullptr : it->second.get();
  }
  void fail(uint64_t id, FailureKind kind, std::string detail);
  void succeed(uint64_t id, const Digest& root);
  void on_head(uint64_t id, const io::HttpResponseHead& head);
  io::HttpFlow on_data(uint64_t id, std::span<const std::byte> bytes);
  void on_done(uint64_t id, const Result<void>& result);

  io::Loop& loop;
  const ChunkClientOptions options;
  TokenBucket bucket;
  ChunkClientStats stats;
  uint64_t last_id = 0;
  io::HttpClient http;
  std::map<uint64_t, std::unique_ptr<Transfer>> transfers;  // go before the client
};

void ChunkClient::Impl::fail(uint64_t id, FailureKind kind, std::string detail) {
  auto node = transfers.extract(id);
  if (node.empty()) return;
  ++stats.transfers_failed;
  const ChunkFeed& feed = node.mapped()->feed;
  uint32_t bytes = feed.payload_bytes();
  uint32_t kept = feed.new_bytes();
  std::weak_ptr<PartialChunk> chunk = feed.chunk();
  auto failed = std::move(node.mapped()->events.failed);
  node.mapped().reset();  // a writer of its own leaves no trace before anyone hears of it
  if (!chunk.expired()) bytes -= kept;
  if (failed) failed(kind, bytes, std::move(detail));
}

void ChunkClient::Impl::succeed(uint64_t id, const Digest& root) {
  auto node = transfers.extract(id);
  ++stats.transfers_done;
  uint32_t bytes = node.mapped()->feed.chunk()->chunk_bytes();
  auto done = std::move(node.mapped()->events.done);
  node.mapped().reset();
  if (done) done(root, bytes);
}

void ChunkClient::Impl::on_head(uint64_t id, const io::HttpResponseHead& head) {
  Transfer* transfer = find(id);
  if (transfer == nullptr) return;
  std::string source = transfer->request.source.address.text();
  bool is_part = head.status == 206 && transfer->asked_from > 0;
  if (head.status != 200 && !is_part) {
    transfer->refusal = failure_of_status(head.status, source);
    return;  // its body is read to the end, so that the connection can be kept
  }
  Representation all = transfer->feed.representation();
  ByteRange range{is_part ? transfer->asked_from : 0, all.total_bytes()};
  uint64_t expected = range.end - range.begin;
  if (head.content_length != expected)
    return fail(
        id, FailureKind::kCorrupt,
        source + " announced " +
            (head.content_length ? std::to_string(*head.content_length) : "an unknown number of") +
            " bytes, expected " + std::to_string(expected));
  if (is_part && head.headers.get("Content-Range") != content_range(range, all))
    return fail(id, FailureKind::kCorrupt, source + " sent another range than was asked for");
  transfer->feed.begin(range.begin);
}

io::HttpFlow ChunkClient::Impl::on_data(uint64_t id, std::span<const std::byte> bytes) {
  Transfer* transfer = find(id);
  if (transfer == nullptr) return io::HttpFlow::kMore;
  if (transfer->refusal) {
    transfer->refusal_bytes += bytes.size();
    if (transfer->refusal_bytes > kRefusalBytesMax)
      fail(id, transfer->refusal->kind, transfer->refusal->detail);
    return io::HttpFlow::kMore;
  }
  uint32_t before = transfer->feed.payload_bytes();
  auto taken = transfer->feed.append(bytes);
  stats.bytes_received += transfer->feed.payload_bytes() - before;
  if (!taken) {
    fail(id, failure_of_assembly(taken.error()),
         transfer->request.source.address.text() + ": " + taken.error().message);
    return io::HttpFlow::kMore;
  }
  Duration wait = bucket.take(loop.now(), bytes.size());
  bool is_held = wait > Duration{} && !transfer->feed.is_done();
  if (is_held)
    transfer->hold.start_after(wait, [this, id] {
      if (Transfer* held = find(id)) held->call.resume();
    });
  uint8_t quarter = transfer->feed.chunk()->quarters();
  if (quarter > transfer->quarter && quarter < 4) {
    transfer->quarter = quarter;
    auto progressed = transfer->events.progressed;
    if (progressed) progressed(quarter);  // may cancel this very transfer
  }
  return is_held ? io::HttpFlow::kHold : io::HttpFlow::kMore;
}

void ChunkClient::Impl::on_done(uint64_t id, const Result<void>& result) {
  Transfer* transfer = find(id);
  if (transfer == nullptr) return;
  if (transfer->refusal) {
    fail(id, transfer->refusal->kind, transfer->refusal->detail);
    return;
  }
  std::string source = transfer->request.source.address.text();
  if (!transfer->feed.is_done()) {
    Error error =
        result ? Error{ErrorCode::kUnavailable, "the answer ended early"} : result.error();
    fail(id, failure_of_connection(error), source + ": " + error.message);
    return;
  }
  auto root = transfer->feed.chunk()->finish();
  if (root)
    succeed(id, root.value());
  else
    fail(id, failure_of_assembly(root.error()), source + ": " + root.error().message);
}

ChunkClient::ChunkClient(io::Loop& loop, ChunkClientOptions options)
    : impl_(std::make_shared<Impl>(loop, options)) {}

ChunkClient::~ChunkClient() = default;

uint64_t ChunkClient::start(FetchRequest request, std::unique_ptr<ChunkWriter> writer,
                            TransferEvents events) {
  auto chunk = std::make_shared<PartialChunk>(impl_->loop, request.facts->chunking, request.chunk,
                                              request.root, std::move(writer));
  return start(std::move(request), std::move(chunk), std::move(events));
}

uint64_t ChunkClient::start(FetchRequest request, std::shared_ptr<PartialChunk> chunk,
                            TransferEvents events) {
  uint64_t id = ++impl_->last_id;
  auto transfer = std::make_unique<Transfer>(impl_->loop, std::move(request), std::move(chunk),
                                             std::move(events));
  Transfer& started = *transfer;
  impl_->transfers.emplace(id, std::move(transfer));
  Impl* impl = impl_.get();
  if (!is_header_safe(started.request.ticket)) {
    impl_->loop.post([weak = std::weak_ptr<Impl>(impl_), id] {
      if (auto self = weak.lock())
        self->fail(id, FailureKind::kInternal, "the ticket cannot stand in a header");
    });
    return id;
  }
  io::HttpCallbacks callbacks;
  callbacks.on_head = [impl, id](const io::HttpResponseHead& head) { impl->on_head(id, head); };
  callbacks.on_data = [impl, id](std::span<const std::byte> bytes) {
    return impl->on_data(id, bytes);
  };
  callbacks.on_done = [impl, id](Result<void> result) { impl->on_done(id, result); };
  started.call = impl_->http.request(
      http_request(started.request, started.asked_from, impl_->options.self), callbacks);
  return id;
}

void ChunkClient::cancel(uint64_t transfer) {
  // Destroyed last: its writer and call may do much.
  auto node = impl_->transfers.extract(transfer);
}

void ChunkClient::set_download_bytes_per_s(uint64_t rate) {
  impl_->bucket.set_rate(rate);
}

ChunkClientStats ChunkClient::stats() const {
  ChunkClientStats stats = impl_->stats;
  stats.transfers_now = static_cast<uint32_t>(impl_->transfers.size());
  stats.connections_idle_now = static_cast<uint32_t>(impl_->http.idle_connections());
  return stats;
}

}  // namespace tyto::peer
