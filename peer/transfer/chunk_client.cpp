#include "peer/transfer/chunk_client.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "io/http/http_client.h"
#include "io/loop/loop.h"
#include "io/loop/timer.h"
#include "peer/core/patience.h"
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
        started(loop.now()),
        last_byte(started),
        last_sign(started),
        hold(loop),
        watch(loop) {}

  SourceCopy copy() const {
    return request.source.generation > Generation(0) ? SourceCopy::kInFlight : SourceCopy::kWhole;
  }
  SourcePace pace() const { return {feed.payload_bytes(), last_byte - first_byte}; }

  FetchRequest request;
  TransferEvents events;
  ChunkFeed feed;
  const uint64_t asked_from;  // of the representation
  std::optional<Failure> refusal;
  uint64_t refusal_bytes = 0;
  uint8_t quarter;
  const Instant started;
  Instant first_byte;  // of the chunk
  Instant last_byte;   // of the answer; or when it was started, or let go on
  Instant last_sign;   // that the source lives
  bool is_held = false;
  bool is_answered = false;  // the head of a chunk has come
  std::shared_ptr<const int> alive = std::make_shared<const int>();
  io::Timer hold;   // of the rate limit
  io::Timer watch;  // when to judge the source's silence
  io::HttpCall probe;
  io::HttpCall call;
};

// Ends it; a writer of its own leaves no trace. Blocks that a chunk which others keep has got of it
// are not in vain.
uint32_t received_in_vain(std::unique_ptr<Transfer> transfer) {
  uint32_t payload = transfer->feed.payload_bytes();
  uint32_t kept = transfer->feed.new_bytes();
  std::weak_ptr<PartialChunk> chunk = transfer->feed.chunk();
  transfer.reset();
  return chunk.expired() ? payload : payload - kept;
}

}  // namespace

struct ChunkClient::Impl : std::enable_shared_from_this<ChunkClient::Impl> {
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
  void set_mark(Transfer& transfer);
  void watch(uint64_t id, Transfer& transfer);
  void judge(uint64_t id);
  void probe(uint64_t id, Transfer& transfer);
  void hold(uint64_t id, Transfer& transfer, Duration wait);
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
  auto failed = std::move(node.mapped()->events.failed);
  uint32_t bytes = received_in_vain(std::move(node.mapped()));
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
  transfer->is_answered = true;
  transfer->last_byte = transfer->last_sign = loop.now();
  set_mark(*transfer);
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
  transfer->last_byte = transfer->last_sign = loop.now();
  if (before == 0) transfer->first_byte = transfer->last_byte;
  auto taken = transfer->feed.append(bytes);
  stats.bytes_received += transfer->feed.payload_bytes() - before;
  if (!taken) {
    fail(id, failure_of_assembly(taken.error()),
         transfer->request.source.address.text() + ": " + taken.error().message);
    return io::HttpFlow::kMore;
  }
  set_mark(*transfer);
  if (before < kPaceBytesMin && transfer->feed.payload_bytes() >= kPaceBytesMin)
    watch(id, *transfer);  // there is a rate now
  Duration wait = bucket.take(loop.now(), bytes.size());
  bool is_held = wait > Duration{} && !transfer->feed.is_done();
  if (is_held) hold(id, *transfer, wait);
  uint8_t quarter = transfer->feed.chunk()->quarters();
  if (quarter > transfer->quarter && quarter < 4) {
    transfer->quarter = quarter;
    auto progressed = transfer->events.progressed;
    if (progressed) progressed(quarter);  // may cancel this very transfer
  }
  return is_held ? io::HttpFlow::kHold : io::HttpFlow::kMore;
}

void ChunkClient::Impl::set_mark(Transfer& transfer) {
  uint32_t blocks = transfer.feed.chunk()->is_followed() ? 1 : options.blocks_at_once;
  transfer.call.set_read_mark(transfer.feed.bytes_to_mark(blocks));
}

void ChunkClient::Impl::hold(uint64_t id, Transfer& transfer, Duration wait) {
  transfer.is_held = true;
  transfer.hold.start_after(wait, [this, id] {
    Transfer* held = find(id);
    if (held == nullptr) return;
    held->is_held = false;
    held->last_byte = held->last_sign = loop.now();
    held->call.resume();
  });
}

// One timer for the whole transfer: when it fires early it only looks at the time of the last byte.
void ChunkClient::Impl::watch(uint64_t id, Transfer& transfer) {
  Duration patience = transfer.request.patience;
  Instant due = transfer.last_sign + judge_after(transfer.copy(), transfer.pace(), patience);
  if (transfer.copy() == SourceCopy::kInFlight)
    due = std::min(std::max(due, loop.now() + kProbeWithin / 3), transfer.last_byte + patience);
  transfer.watch.start_at(due, [this, id] {
    Transfer* silent = find(id);
    if (silent == nullptr) return;
    silent->call.look();  // what lies below the mark is a sign of life, too
    loop.post([weak = weak_from_this(), id] {
      if (auto self = weak.lock()) self->judge(id);
    });
  });
}

void ChunkClient::Impl::judge(uint64_t id) {
  Transfer* transfer = find(id);
  if (transfer == nullptr || transfer->refusal) return;
  Instant now = loop.now();
  if (transfer->is_held) transfer->last_byte = transfer->last_sign = now;
  Duration silent = now - transfer->last_byte;
  SilenceVerdict verdict = judge_silence(transfer->copy(), silent, now - transfer->last_sign,
                                         transfer->pace(), transfer->request.patience);
  if (verdict == SilenceVerdict::kStalled)
    return fail(id, FailureKind::kStalled,
                transfer->request.source.address.text() + ": no byte for " +
                    std::to_string(silent.ms()) + " ms");
  if (verdict == SilenceVerdict::kProbe && !transfer->probe.is_active()) probe(id, *transfer);
  watch(id, *transfer);
}

// Asks a source that is silent whether it lives, on another connection.
void ChunkClient::Impl::probe(uint64_t id, Transfer& transfer) {
  io::HttpClientRequest request = http_request(transfer.request, 0, options.self);
  request.method = "HEAD";
  request.connect_within = request.idle_max = kProbeWithin;
  io::HttpCallbacks callbacks;
  callbacks.on_done = [this, id](const Result<void>& answered) {
    Transfer* probed = find(id);
    if (probed == nullptr) return;
    if (answered) {
      probed->last_sign = loop.now();  // whatever it says: it lives
      return watch(id, *probed);
    }
    if (loop.now() - probed->last_byte < kSilenceMin) return;  // it has woken up meanwhile
    fail(id, FailureKind::kUnreachable,
         probed->request.source.address.text() + ": silent, and " + answered.error().message);
  };
  transfer.probe = http.request(std::move(request), std::move(callbacks));
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
    FailureKind kind = failure_of_connection(error);
    // It gave the chunk up, perhaps for its own source's sake; whether it lives, the next request
    // will show.
    if (kind == FailureKind::kUnreachable && transfer->is_answered &&
        transfer->copy() == SourceCopy::kInFlight)
      kind = FailureKind::kLacking;
    fail(id, kind, source + ": " + error.message);
    return;
  }
  if (!transfer->feed.chunk()->is_usable())
    return fail(id, FailureKind::kInternal, source + ": the store gave the chunk up");
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
  impl_->watch(id, started);
  started.feed.chunk()->on_followed(started.alive, [impl, id] {
    Transfer* followed = impl->find(id);
    if (followed == nullptr || followed->refusal || !followed->is_answered) return;
    impl->set_mark(*followed);
    followed->call.look();
  });
  return id;
}

uint32_t ChunkClient::cancel(uint64_t transfer) {
  auto node = impl_->transfers.extract(transfer);
  return node.empty() ? 0 : received_in_vain(std::move(node.mapped()));
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
