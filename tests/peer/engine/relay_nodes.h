// Peers without cores that relay chunks while they receive them, for tests: real servers, clients
// and stores over loopback.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "io/http/http_server.h"
#include "io/loop/loop.h"
#include "peer/engine/transfer_desk.h"
#include "tests/support/chunk_fixture.h"

namespace tyto::peer {

using support::TestObject;

class NoOrigin final : public OriginReader {
 public:
  void resolve(const std::string&, std::function<void(Result<OriginObject>)>) override {}
  uint64_t fetch(OriginFetch, std::unique_ptr<ChunkWriter>, TransferEvents) override { return 1; }
  void cancel(uint64_t) override {}
  OriginStats stats() const override { return {}; }
};

// Sends of the object's only chunk what it is told to, when it is told to.
class Tap {
 public:
  Tap(io::Loop& loop, const TestObject& object) {
    for (const Digest& leaf : object.leaves(0))
      bytes_.append(reinterpret_cast<const char*>(leaf.bytes.data()), Digest::kSize);
    leaf_bytes_ = bytes_.size();
    bytes_ += object.bytes;
    io::HttpServerOptions options;
    options.bind = {"127.0.0.1", 0};
    auto server = io::HttpServer::listen(loop, options);
    TYTO_ASSERT(server.ok());
    server_ = std::move(server).value();
    server_->route("GET", "/", [this](io::HttpRequest request, auto responder) {
      if (is_frozen_) return void(held_.push_back(responder));
      if (request.method == "HEAD") return responder->reply(200, "text/plain", "");
      range_ = std::string(request.headers.get("Range"));
      sent_ = range_.empty() ? 0 : std::stoul(range_.substr(6));
      responder_ = std::move(responder);
      io::HttpHeaders headers;
      if (sent_ > 0)
        headers.add("Content-Range", "bytes " + std::to_string(sent_) + "-" +
                                         std::to_string(bytes_.size() - 1) + "/" +
                                         std::to_string(bytes_.size()));
      responder_->start(sent_ > 0 ? 206 : 200, headers, bytes_.size() - sent_);
      if (is_open_) give_to(open_to_);
    });
  }
  // Sends leaf hashes and so many blocks of the chunk, to the present and all later requests.
  void open_to(std::size_t blocks) {
    is_open_ = true;
    open_to_ = std::min(leaf_bytes_ + blocks * kBlockBytes, bytes_.size());
    if (responder_) give_to(open_to_);
  }
  void spoil(std::size_t block) { bytes_[leaf_bytes_ + block * kBlockBytes + 7] ^= 1; }
  // Sends so many bytes more.
  void trickle(std::size_t bytes) { give_to(sent_ + bytes); }
  // Answers nobody any more.
  void freeze() { is_frozen_ = true; }
  void die() { server_.reset(); }
  Source source(uint16_t generation = 0) const {
    return {SourceKind::kPeer,
            PeerId(99),
            {"127.0.0.1", server_->bound().port},
            Generation(generation)};
  }
  bool has_sent_all() const { return sent_ == bytes_.size(); }
  const std::string& range() const { return range_; }
  std::size_t leaf_bytes() const { return leaf_bytes_; }

 private:
  void give_to(std::size_t end) {
    if (end <= sent_) return;
    std::string part = bytes_.substr(sent_, end - sent_);
    sent_ = end;
    responder_->write(std::as_bytes(std::span(part.data(), part.size())));
    if (has_sent_all()) responder_->finish();
  }
  std::string bytes_;
  std::size_t leaf_bytes_ = 0;
  std::size_t sent_ = 0;
  std::size_t open_to_ = 0;
  bool is_open_ = false;
  bool is_frozen_ = false;
  std::vector<std::shared_ptr<io::HttpResponder>> held_;
  std::string range_;
  std::shared_ptr<io::HttpResponder> responder_;
  std::unique_ptr<io::HttpServer> server_;
};

// One peer: a desk with its store, client and server; tries its sources in turn, as a core would.
class Node {
 public:
  Node(io::Loop& loop, ChunkStore& store, ChunkServerOptions options = {})
      : loop_(loop),
        store_(store),
        client_(loop, {.blocks_at_once = 1}),
        desk_(loop, store, client_, origin_, [this](Input input) { take(std::move(input)); }) {
    options.listen.host = "127.0.0.1";
    ChunkServerHooks hooks;
    hooks.relayed = [this](const ChunkId& chunk) { return desk_.relayed(chunk); };
    hooks.wait_for = [this](const ChunkServerHooks::Waiting& waiting,
                            ChunkServerHooks::Answer answer) {
      desk_.wait_for(waiting, std::move(answer));
    };
    auto started = ChunkServer::start(loop, store, options, std::move(hooks));
    TYTO_ASSERT(started.ok());
    server_ = std::move(started).value();
  }

  // A second transfer of the same chunk.
  void hedge(Source source) {
    sources_.push_front(std::move(source));
    next();
  }
  void fetch(const TestObject& object, std::deque<Source> sources) {
    object_ = object;
    sources_ = std::move(sources);
    TYTO_ASSERT(store_.remember(object.facts).ok());
    next();
  }
  // What it tells others of itself.
  Source source(uint16_t generation = 1) const {
    return {SourceKind::kPeer,
            PeerId(server_->port()),
            {"127.0.0.1", server_->port()},
            Generation(generation)};
  }
  uint32_t verified() const {
    auto relayed = desk_.relayed(object_.chunk(0));
    return relayed ? relayed->verified_bytes() : 0;
  }
  bool is_whole() const { return is_done_; }
  std::string stored() const { return support::stored_chunk(store_, object_.chunk(0)); }
  const std::vector<TransferFailed>& failures() const { return failures_; }
  ChunkServer& server() { return *server_; }
  TransferDesk& desk() { return desk_; }
  ChunkClient& client() { return client_; }
  void die() { server_.reset(); }

  Duration patience = Duration::seconds(10);

 private:
  void next() {
    StartTransfer order{.transfer = TransferId(++last_),
                        .facts = object_.facts,
                        .chunk = ChunkIndex(0),
                        .source = sources_.front(),
                        .root = object_.roots[0],
                        .patience = patience};
    sources_.pop_front();
    desk_.start(order, order.root, "");
  }
  void take(Input input) {
    if (std::holds_alternative<TransferDone>(input)) is_done_ = true;
    if (auto* failed = std::get_if<TransferFailed>(&input)) {
      failures_.push_back(*failed);
      if (!sources_.empty()) next();
    }
    loop_.post([this] { desk_.settle(); });
  }

  io::Loop& loop_;
  ChunkStore& store_;
  NoOrigin origin_;
  ChunkClient client_;
  TransferDesk desk_;
  std::unique_ptr<ChunkServer> server_;
  TestObject object_;
  std::deque<Source> sources_;
  std::vector<TransferFailed> failures_;
  uint64_t last_ = 0;
  bool is_done_ = false;
};

}  // namespace tyto::peer
