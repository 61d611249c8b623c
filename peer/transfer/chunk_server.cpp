#include "peer/transfer/chunk_server.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "io/http/http_server.h"
#include "io/loop/loop.h"
#include "io/loop/timer.h"
#include "peer/transfer/data_protocol.h"
#include "peer/transfer/token_bucket.h"

namespace tyto::peer {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";

using Responder = std::shared_ptr<io::HttpResponder>;

// A request for a chunk, read and found in order.
struct Asked {
  ChunkId chunk;
  bool is_head = false;
  bool without_tracker = false;
  bool is_expected = false;
  std::string range;
  Responder responder;
};

void answer_text(const Responder& responder, int status, const std::string& text) {
  responder->reply(status, kText, text + "\n");
}

// What is sent: a whole chunk, or one that is still growing.
struct Served {
  std::shared_ptr<const ChunkBytes> bytes;
  Digest root;
  std::shared_ptr<RelayedChunk> relayed;  // null: whole

  Representation representation() const { return {bytes->size()}; }
  // Of the representation, what can be sent now.
  uint64_t available() const {
    if (!relayed) return representation().total_bytes();
    return uint64_t{representation().leaf_bytes()} + relayed->verified_bytes();
  }
  bool is_given_up() const { return relayed && relayed->state() == RelayedChunk::State::kGivenUp; }
};

io::HttpHeaders chunk_headers(const Served& served) {
  io::HttpHeaders headers{{"Content-Type", "application/octet-stream"},
                          {"Accept-Ranges", "bytes"},
                          {"Cache-Control", "public, max-age=31536000, immutable"}};
  headers.add("ETag", "\"" + served.root.hex() + "\"");
  headers.add(std::string(kRootHeader), served.root.hex());
  headers.add(std::string(kChunkBytesHeader), std::to_string(served.bytes->size()));
  if (served.relayed)
    headers.add(std::string(kVerifiedHeader), std::to_string(served.relayed->verified_bytes()));
  return headers;
}

// One answer with a chunk's bytes, pumped into the responder as they come, it has room, and the
// rate allows.
struct Upload : std::enable_shared_from_this<Upload> {
  Upload(io::Loop& its_loop, TokenBucket& its_bucket)
      : loop(its_loop), bucket(its_bucket), pace(its_loop) {}

  // Queues what may go now. Called again when there is more, by on_room and by the timer.
  void pump();
  io::HttpResponder::Room write_next(uint64_t end);
  io::HttpResponder::Room write_blocks(uint64_t count);
  // Bytes of blocks among the first `position` of the representation that this answer covers.
  uint64_t block_bytes() const {
    uint64_t from = std::max<uint64_t>(range.begin, served.representation().leaf_bytes());
    return position > from ? position - from : 0;
  }

  io::Loop& loop;
  TokenBucket& bucket;
  io::Timer pace;
  ChunkId chunk;
  Responder responder;
  Served served;
  std::shared_ptr<const std::vector<Digest>> leaves;
  ByteRange range;
  uint64_t position = 0;  // of the representation: queued up to here
  bool has_room = true;
  bool is_finished = false;  // all is queued; who still looks after it finds nothing to do
  Instant not_before;
};

io::HttpResponder::Room Upload::write_next(uint64_t end) {
  uint64_t leaf_end = served.representation().leaf_bytes();
  if (position >= leaf_end) return write_blocks(end - position);
  auto bytes = std::as_bytes(std::span(*leaves)).subspan(position);
  uint64_t count = std::min<uint64_t>(bytes.size(), end - position);
  position += count;
  return responder->write(bytes.first(count), leaves);
}

io::HttpResponder::Room Upload::write_blocks(uint64_t count) {
  uint64_t offset = position - served.representation().leaf_bytes();
  if (bucket.rate() != 0) count = std::min<uint64_t>(count, bucket.slice_bytes());
  not_before = loop.now() + bucket.take(loop.now(), count);
  auto file = served.bytes->file();
  if (auto memory = served.bytes->memory(); !memory.empty()) {
    position += count;
    return responder->write(memory.subspan(offset, count), served.bytes);
  }
  if (file.fd >= 0) {
    position += count;
    return responder->write_file(file.fd, file.offset + offset, count, served.bytes);
  }
  count = std::min<uint64_t>(count, kBlockBytes * 32);
  auto copy = std::make_shared<std::vector<std::byte>>(count);
  if (!served.bytes->read(static_cast<uint32_t>(offset), *copy))
    return io::HttpResponder::Room::kGone;
  position += count;
  return responder->write(*copy, copy);
}

void Upload::pump() {
  while (position < range.end) {
    if (served.is_given_up()) return responder->abort();
    uint64_t end = std::min(range.end, served.available());
    if (!has_room || position >= end) return;  // who asked may be ahead of what is here
    if (Instant now = loop.now(); now < not_before) {
      pace.start_at(not_before, [weak = weak_from_this()] {
        if (auto self = weak.lock()) self->pump();
      });
      return;
    }
    auto room = write_next(end);
    if (room == io::HttpResponder::Room::kGone) {
      responder->abort();  // the store failed in mid-chunk, or the client left: either way cut
      return;
    }
    has_room = room == io::HttpResponder::Room::kMore;
  }
  if (!std::exchange(is_finished, true)) responder->finish();
}

}  // namespace

struct ChunkServer::Impl : std::enable_shared_from_this<ChunkServer::Impl> {
  Impl(io::Loop& its_loop, const ChunkStore& its_store, ChunkServerOptions its_options,
       ChunkServerHooks its_hooks)
      : loop(its_loop),
        store(its_store),
        options(std::move(its_options)),
        hooks(std::move(its_hooks)),
        errors(hooks.on_error),
        uploads_max(options.uploads_max) {}

  void on_request(const io::HttpRequest& request, const Responder& responder);
  bool check_access(const io::HttpRequest& request, const ChunkId& chunk,
                    const Responder& responder);
  void wait_for_chunk(Asked asked);
  void end_wait(uint64_t wait, bool is_here);
  void lacking(const Asked& asked);
  void busy(const Asked& asked, const std::string& what);
  // False if nothing of the chunk can be sent.
  bool serve(const Asked& asked);
  void serve(const Asked& asked, Served served, std::shared_ptr<const ChunkView> view);
  void begin_upload(const Asked& asked, Served served,
                    std::shared_ptr<const std::vector<Digest>> leaves, ByteRange range);
  void end_upload(uint64_t id, bool is_whole);
  void check_drained();

  struct Wait {
    Wait(io::Loop& loop, Asked its_asked) : asked(std::move(its_asked)), timer(loop) {}
    Asked asked;
    io::Timer timer;
  };

  io::Loop& loop;
  const ChunkStore& store;
  const ChunkServerOptions options;
  const ChunkServerHooks hooks;
  io::RateLimitedErrors errors;
  TokenBucket bucket;
  uint32_t uploads_max;
  ChunkServerStats stats;
  uint64_t last_id = 0;
  std::map<uint64_t, std::shared_ptr<Wait>> waits;
  std::map<uint64_t, std::shared_ptr<Upload>> uploads;
  std::function<void()> drained;
  bool is_draining = false;
  std::unique_ptr<io::HttpServer> http;
};

bool ChunkServer::Impl::check_access(const io::HttpRequest& request, const ChunkId& chunk,
                                     const Responder& responder) {
  AccessRequest access{options.ticket_rule, request.headers.get(kTicketHeader), chunk.version};
  switch (authorise(access)) {
    case Access::kAllowed: return true;
    case Access::kTicketMissing:
      ++stats.answered_denied;
      responder->reply(401, {{"WWW-Authenticate", std::string(kTicketHeader)}},
                       "a ticket is needed: ask a tracker for one\n");
      return false;
    case Access::kDenied: break;
  }
  ++stats.answered_denied;
  answer_text(responder, 403, "this ticket is not accepted here");
  return false;
}

void ChunkServer::Impl::on_request(const io::HttpRequest& request, const Responder& responder) {
  auto chunk = parse_chunk_target(request.target);
  if (!chunk) {
    ++stats.answered_bad;
    answer_text(responder, 404, "expected /v1/objects/<version>/chunks/<index>");
    return;
  }
  if (!check_access(request, *chunk, responder)) return;
  Asked asked{*chunk,
              request.method == "HEAD",
              request.headers.get(kWithoutTrackerHeader) == "1",
              !request.headers.get(kInFlightHeader).empty(),
              std::string(request.headers.get("Range")),
              responder};
  if (asked.without_tracker) ++stats.without_tracker;
  if (request.headers.get(kFallbackHeader) == "1") ++stats.fallbacks;
  if (serve(asked)) return;
  if (asked.is_head || is_draining)
    lacking(asked);
  else
    wait_for_chunk(std::move(asked));
}

void ChunkServer::Impl::wait_for_chunk(Asked asked) {
  bool is_ensured = asked.without_tracker && hooks.ensure;
  if (!is_ensured && !hooks.wait_for) return lacking(asked);
  if (waits.size() >= options.waits_max) return busy(asked, "waits");
  uint64_t id = ++last_id;
  ChunkServerHooks::Waiting waiting{asked.chunk, asked.is_expected, {}};
  auto weak = weak_from_this();
  auto wait = std::make_shared<Wait>(loop, std::move(asked));
  waiting.asker = wait;
  wait->timer.start_after(options.wait_max, [this, id] { end_wait(id, false); });
  wait->asked.responder->on_gone([weak, id] {
    if (auto self = weak.lock()) self->waits.erase(id);
  });
  waits.emplace(id, std::move(wait));
  ChunkServerHooks::Answer answer = [weak, id](bool is_here) {
    if (auto self = weak.lock()) self->end_wait(id, is_here);
  };
  if (is_ensured)
    hooks.ensure(waiting.chunk, std::move(answer));
  else
    hooks.wait_for(waiting, std::move(answer));
}

void ChunkServer::Impl::end_wait(uint64_t id, bool is_here) {
  auto node = waits.extract(id);
  if (node.empty()) return;
  const Asked& asked = node.mapped()->asked;
  if (!is_here || !serve(asked)) lacking(asked);
}

void ChunkServer::Impl::lacking(const Asked& asked) {
  ++stats.answered_lacking;
  answer_text(asked.responder, 404, "this peer does not hold the chunk");
}

void ChunkServer::Impl::busy(const Asked& asked, const std::string& what) {
  ++stats.answered_busy;
  io::HttpHeaders headers{{"Content-Type", std::string(kText)}, {"Retry-After", "1"}};
  headers.add(std::string(kBusyHeader),
              std::to_string(uploads.size()) + "/" + std::to_string(uploads_max));
  asked.responder->reply(503, headers, "all " + what + " of this peer are taken\n");
}

bool ChunkServer::Impl::serve(const Asked& asked) {
  if (auto view = store.find(asked.chunk)) {
    serve(asked, {view, view->root(), nullptr}, view);
    return true;
  }
  auto relayed = hooks.relayed ? hooks.relayed(asked.chunk) : nullptr;
  if (!relayed) return false;
  serve(asked, {relayed->bytes(), relayed->root(), relayed}, nullptr);
  return true;
}

void ChunkServer::Impl::serve(const Asked& asked, Served served,
                              std::shared_ptr<const ChunkView> view) {
  Representation representation = served.representation();
  ByteRange range{0, representation.total_bytes()};
  if (!asked.range.empty()) {
    auto parsed = parse_range(asked.range, representation);
    if (!parsed) {
      ++stats.answered_bad;
      asked.responder->reply(
          416, {{"Content-Range", "bytes */" + std::to_string(representation.total_bytes())}},
          parsed.error().message + "\n");
      return;
    }
    range = parsed.value();
  }
  if (asked.is_head) {
    ++stats.answered_ok;
    asked.responder->start(200, chunk_headers(served), representation.total_bytes());
    asked.responder->finish();
    return;
  }
  if (is_draining || uploads.size() >= uploads_max) return busy(asked, "uploads");
  if (served.relayed) return begin_upload(asked, served, served.relayed->leaves(), range);
  auto leaves = view->leaves();
  if (leaves && leaves.value().size() == representation.blocks()) {
    auto kept = std::make_shared<const std::vector<Digest>>(std::move(leaves.value()));
    return begin_upload(asked, std::move(served), std::move(kept), range);
  }
  ++stats.answered_lacking;
  if (!leaves) errors.report(loop.now(), "leaves", leaves.error());
  answer_text(asked.responder, 404, "this peer cannot read the chunk");
}

void ChunkServer::Impl::begin_upload(const Asked& asked, Served served,
                                     std::shared_ptr<const std::vector<Digest>> leaves,
                                     ByteRange range) {
  auto headers = chunk_headers(served);
  bool is_part = !asked.range.empty();
  if (is_part) headers.add("Content-Range", content_range(range, served.representation()));
  auto upload = std::make_shared<Upload>(loop, bucket);
  upload->chunk = asked.chunk;
  upload->responder = asked.responder;
  upload->served = std::move(served);
  upload->leaves = std::move(leaves);
  upload->range = range;
  upload->position = range.begin;
  uint64_t id = ++last_id;
  uploads.emplace(id, upload);
  auto weak = weak_from_this();
  std::weak_ptr<Upload> weak_upload = upload;
  asked.responder->on_sent([weak, id] {
    if (auto self = weak.lock()) self->end_upload(id, true);
  });
  asked.responder->on_gone([weak, id] {
    if (auto self = weak.lock()) self->end_upload(id, false);
  });
  asked.responder->on_room([weak_upload] {
    auto self = weak_upload.lock();
    if (!self) return;
    self->has_room = true;
    self->pump();
  });
  if (upload->served.relayed)
    upload->served.relayed->follow(upload, [raw = upload.get()] { raw->pump(); });
  asked.responder->start(is_part ? 206 : 200, headers, range.end - range.begin);
  ++stats.answered_ok;
  upload->pump();
}

void ChunkServer::Impl::end_upload(uint64_t id, bool is_whole) {
  auto node = uploads.extract(id);
  if (node.empty()) return;
  const Upload& upload = *node.mapped();
  ++(is_whole ? stats.chunks_sent : stats.broken_off);
  stats.bytes_sent += upload.block_bytes();
  if (hooks.served) hooks.served(upload.chunk, upload.block_bytes());
  check_drained();
}

void ChunkServer::Impl::check_drained() {
  if (!is_draining || !uploads.empty() || !drained) return;
  std::exchange(drained, nullptr)();
}

ChunkServer::ChunkServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

ChunkServer::~ChunkServer() {
  impl_->drained = nullptr;
  // First, so that no hook is called any more; out of the tables, since those that end look there.
  auto waits = std::exchange(impl_->waits, {});
  auto uploads = std::exchange(impl_->uploads, {});
  waits.clear();
  uploads.clear();
  impl_->http.reset();
}

Result<std::unique_ptr<ChunkServer>> ChunkServer::start(io::Loop& loop, const ChunkStore& store,
                                                        ChunkServerOptions options,
                                                        ChunkServerHooks hooks) {
  auto impl = std::make_shared<Impl>(loop, store, std::move(options), std::move(hooks));
  io::HttpServerOptions http;
  http.bind = {impl->options.listen.host.empty() ? "0.0.0.0" : impl->options.listen.host,
               impl->options.listen.port};
  http.connections_max = impl->options.connections_max;
  http.head_bytes_max = kHeadBytesMax;
  http.body_bytes_max = 0;
  http.head_within = impl->options.head_timeout;
  http.idle_max = impl->options.idle_timeout;
  http.send_stall_max = impl->options.send_stall;
  http.on_error = impl->hooks.on_error;
  auto server = io::HttpServer::listen(loop, std::move(http));
  if (!server) return server.error();
  impl->http = std::move(server.value());
  impl->http->route("GET", "/", [raw = impl.get()](io::HttpRequest request, Responder responder) {
    raw->on_request(request, responder);
  });
  return std::unique_ptr<ChunkServer>(new ChunkServer(std::move(impl)));
}

uint16_t ChunkServer::port() const {
  return impl_->http->bound().port;
}

void ChunkServer::set_limits(const SetLimits& limits) {
  impl_->uploads_max = limits.uploads_max;
  impl_->bucket.set_rate(limits.upload_bytes_per_s);
}

ChunkServerStats ChunkServer::stats() const {
  ChunkServerStats stats = impl_->stats;
  stats.connections_now = static_cast<uint32_t>(impl_->http->connections());
  stats.uploads_now = static_cast<uint32_t>(impl_->uploads.size());
  stats.waits_now = static_cast<uint32_t>(impl_->waits.size());
  return stats;
}

void ChunkServer::drain(std::function<void()> done) {
  impl_->is_draining = true;
  impl_->drained = std::move(done);
  impl_->http->stop_accepting();
  impl_->loop.post([weak = std::weak_ptr<Impl>(impl_)] {
    if (auto self = weak.lock()) self->check_drained();
  });
}

}  // namespace tyto::peer
