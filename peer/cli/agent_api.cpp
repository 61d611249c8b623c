#include "peer/cli/agent_api.h"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/names.h"
#include "io/http/http_server.h"
#include "io/log/log.h"
#include "io/loop/loop.h"
#include "io/loop/timer.h"
#include "peer/cli/agent_json.h"

namespace tyto::cli {
namespace {

constexpr std::size_t kFetchesMax = 16;
constexpr Duration kTellEvery = Duration::milliseconds(100);
constexpr const char* kJsonType = "application/json";

using Responder = std::shared_ptr<io::HttpResponder>;

void reply_error(const Responder& responder, int status, const Error& error) {
  responder->reply(status, kJsonType, nlohmann::json{{"error", json_of(error)}}.dump() + "\n");
}

void write_line(const Responder& responder, const nlohmann::json& json) {
  std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  responder->write(std::as_bytes(std::span(text)));
}

// Sends an object's bytes out of the store, as fast as the reader takes them.
class ContentStream : public std::enable_shared_from_this<ContentStream> {
 public:
  ContentStream(peer::ChunkStore& store, VersionFactsRef facts, Responder responder)
      : store_(store), facts_(std::move(facts)), responder_(std::move(responder)) {}

  void start() {
    responder_->start(200, {{"Content-Type", "application/octet-stream"}},
                      facts_->chunking.object_bytes);
    responder_->on_gone([self = shared_from_this()] { self->end(); });
    responder_->on_room([self = shared_from_this()] { self->go_on(); });
    go_on();
  }

 private:
  void go_on() {
    std::vector<std::byte> piece;
    while (offset_ < facts_->chunking.object_bytes) {
      ChunkIndex chunk = facts_->chunking.chunk_at(offset_);
      auto view = store_.find({facts_->id, chunk});
      auto within = static_cast<uint32_t>(offset_ - facts_->chunking.offset_of(chunk));
      if (!view) return end();
      piece.resize(std::min<uint32_t>(256 * kKiB, view->size() - within));
      if (!view->read(within, piece).ok()) return end();
      auto room = responder_->write(piece);
      offset_ += piece.size();
      if (room == io::HttpResponder::Room::kGone) return end();
      if (room == io::HttpResponder::Room::kFull) return;
    }
    responder_->finish();
    end();
  }
  // Short of finish(), the reader sees a cut answer.
  void end() {
    auto responder = std::exchange(responder_, nullptr);
    if (responder) responder->on_room(nullptr);
  }

  peer::ChunkStore& store_;
  VersionFactsRef facts_;
  Responder responder_;
  uint64_t offset_ = 0;
};

}  // namespace

struct AgentApi::Impl {
  struct Fetch {
    Responder responder;
    OpenId open;
    VersionFactsRef facts;
    Progress progress;
    Instant since;
    Instant told;
    bool is_done = false;
  };

  Impl(io::Loop& l, peer::Engine& e, peer::ChunkStore& s) : loop(l), engine(e), store(s) {}

  void fetch(const io::HttpRequest& request, Responder responder);
  void opened(uint64_t id, const VersionFactsRef& facts);
  void arrived(uint64_t id, SourceKind from, uint32_t bytes);
  void failed(uint64_t id, const Error& error);
  void check_whole(Fetch& fetch);
  void drop(uint64_t id);
  void content(const io::HttpRequest& request, const Responder& responder);
  double seconds(const Fetch& fetch) const {
    return static_cast<double>((loop.now() - fetch.since).ns()) / 1e9;
  }

  io::Loop& loop;
  peer::Engine& engine;
  peer::ChunkStore& store;
  std::unique_ptr<io::HttpServer> server;
  uint64_t last_fetch = 0;
  std::map<uint64_t, Fetch> fetches;
};

void AgentApi::Impl::fetch(const io::HttpRequest& request, Responder responder) {
  if (fetches.size() >= kFetchesMax)
    return reply_error(responder, 503, {ErrorCode::kOverloaded, "the agent is busy; retry"});
  auto json = nlohmann::json::parse(request.body, nullptr, false);
  if (!json.is_object() || !json.value("bucket", nlohmann::json()).is_string() ||
      !json.value("key", nlohmann::json()).is_string())
    return reply_error(responder, 400,
                       {ErrorCode::kInvalidArgument, "expected {\"bucket\": text, \"key\": text}"});
  OpenRequested open;
  open.bucket = json["bucket"];
  open.key = json["key"];
  auto version = json.value("version", nlohmann::json());
  if (version.is_string() && !version.get<std::string>().empty()) {
    auto digest = Digest::from_hex(version.get<std::string>());
    if (!digest || digest->is_zero())
      return reply_error(responder, 400,
                         {ErrorCode::kInvalidArgument,
                          "version: expected 64 hexadecimal digits that are not all zero"});
    open.pinned = VersionId{*digest};
  }
  uint64_t id = ++last_fetch;
  responder->start(200, {{"Content-Type", "application/x-ndjson"}});
  responder->on_gone([this, id] { drop(id); });
  Fetch& row = fetches[id];
  row.responder = responder;
  row.since = loop.now();
  peer::OpenHandlers on;
  on.opened = [this, id](const VersionFactsRef& facts, Medium) { opened(id, facts); };
  on.failed = [this, id](const Error& error) { failed(id, error); };
  on.chunk_ready = [this, id](ChunkIndex, SourceKind from, uint32_t bytes) {
    arrived(id, from, bytes);
  };
  row.open = engine.open(open, on);
}

void AgentApi::Impl::opened(uint64_t id, const VersionFactsRef& facts) {
  Fetch& row = fetches.at(id);
  row.facts = facts;
  row.progress.total_bytes = facts->chunking.object_bytes;
  for (uint32_t c = 0; c < facts->chunking.chunk_count(); ++c)
    if (store.find({facts->id, ChunkIndex(c)}))
      row.progress.from_store += facts->chunking.length_of(ChunkIndex(c));
  row.progress.done_bytes = row.progress.from_store;
  check_whole(row);
}

void AgentApi::Impl::arrived(uint64_t id, SourceKind from, uint32_t bytes) {
  Fetch& row = fetches.at(id);
  if (row.is_done) return;
  uint64_t& count = from == SourceKind::kPeer        ? row.progress.from_peers
                    : from == SourceKind::kSuperpeer ? row.progress.from_superpeers
                                                     : row.progress.from_origin;
  count += bytes;
  row.progress.done_bytes += bytes;
  if (loop.now() - row.told >= kTellEvery) {
    row.told = loop.now();
    write_line(row.responder, {{"progress", json_of(row.progress)}, {"seconds", seconds(row)}});
  }
  check_whole(row);
}

void AgentApi::Impl::check_whole(Fetch& row) {
  if (row.progress.done_bytes < row.progress.total_bytes) return;
  for (uint32_t c = 0; c < row.facts->chunking.chunk_count(); ++c)
    if (!store.find({row.facts->id, ChunkIndex(c)})) return;
  row.is_done = true;
  write_line(row.responder, {{"done", json_of(row.progress)},
                             {"version", row.facts->id.hex()},
                             {"seconds", seconds(row)}});
}

void AgentApi::Impl::failed(uint64_t id, const Error& error) {
  auto it = fetches.find(id);
  if (it == fetches.end()) return;
  Responder responder = it->second.responder;
  fetches.erase(it);
  write_line(responder, {{"error", json_of(error)}});
  responder->finish();
}

void AgentApi::Impl::drop(uint64_t id) {
  auto it = fetches.find(id);
  if (it == fetches.end()) return;
  OpenId open = it->second.open;
  fetches.erase(it);
  engine.close(open);
}

void AgentApi::Impl::content(const io::HttpRequest& request, const Responder& responder) {
  const std::string* text = request.query_value("version");
  auto digest = text ? Digest::from_hex(*text) : std::nullopt;
  if (!digest)
    return reply_error(responder, 400,
                       {ErrorCode::kInvalidArgument, "version: expected 64 hexadecimal digits"});
  for (auto& [id, fetch] : fetches) {
    if (!fetch.is_done || fetch.facts->id.digest != *digest) continue;
    std::make_shared<ContentStream>(store, fetch.facts, responder)->start();
    return;
  }
  reply_error(responder, 404,
              {ErrorCode::kNotFound, "no fetch of this version is open; POST /v1/fetch first"});
}

AgentApi::AgentApi(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AgentApi::~AgentApi() = default;

Result<std::shared_ptr<AgentApi>> AgentApi::listen(io::Loop& loop, peer::Engine& engine,
                                                   peer::ChunkStore& store, io::Log& log,
                                                   const std::string& socket) {
  auto impl = std::make_unique<Impl>(loop, engine, store);
  io::HttpServerOptions options;
  options.unix_path = socket;
  options.on_error = [&log](const Error& error, uint64_t suppressed) {
    log.warning("agent socket", {{"error", error}, {"suppressed", suppressed}});
  };
  auto server = io::HttpServer::listen(loop, options);
  if (!server.ok()) return server.error();
  impl->server = std::move(*server);
  Impl* raw = impl.get();
  raw->server->route("GET", "/healthz", [](io::HttpRequest, Responder responder) {
    responder->reply(200, "text/plain", "ok\n");
  });
  raw->server->route("POST", "/v1/fetch", [raw](io::HttpRequest request, Responder responder) {
    raw->fetch(request, std::move(responder));
  });
  raw->server->route("GET", "/v1/content", [raw](io::HttpRequest request, Responder responder) {
    raw->content(request, responder);
  });
  return std::shared_ptr<AgentApi>(new AgentApi(std::move(impl)));
}

}  // namespace tyto::cli
