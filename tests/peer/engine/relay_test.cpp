// Peers that relay chunks while they receive them: real servers, clients and stores over loopback,
// without cores.
#include <gtest/gtest.h>

#include <deque>

#include "io/http/http_server.h"
#include "io/loop/loop.h"
#include "peer/engine/transfer_desk.h"
#include "peer/store/disk_store.h"
#include "peer/store/memory_store.h"
#include "tests/support/chunk_fixture.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_folder.h"

namespace tyto::peer {
namespace {

using support::TestObject;

constexpr Duration kLimit = Duration::seconds(20);

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
        client_(loop, {}),
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

 private:
  void next() {
    StartTransfer order{.transfer = TransferId(++last_),
                        .facts = object_.facts,
                        .chunk = ChunkIndex(0),
                        .source = sources_.front(),
                        .root = object_.roots[0],
                        .patience = Duration::seconds(10)};
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

class Relay : public testing::Test {
 protected:
  Node& add(ChunkServerOptions options = {}) {
    stores_.push_back(std::make_unique<MemoryStore>(64 * kMiB));
    nodes_.push_back(std::make_unique<Node>(loop_, *stores_.back(), options));
    return *nodes_.back();
  }
  template <class Done>
  bool run(Done done) {
    return support::run_until(loop_, done, kLimit);
  }

  TestObject object_ = support::make_object(20 * kBlockBytes + 77, 3, 1 * kMiB);
  io::Loop loop_;
  Tap tap_{loop_, object_};
  std::vector<std::unique_ptr<ChunkStore>> stores_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

TEST_F(Relay, TheLastOfAChainHasTheFirstBlockBeforeTheFirstSendsTheLast) {
  Node& a = add();
  Node& b = add();
  Node& c = add();
  a.fetch(object_, {tap_.source()});
  b.fetch(object_, {a.source(1)});
  c.fetch(object_, {b.source(2)});
  tap_.open_to(1);
  ASSERT_TRUE(run([&] { return c.verified() >= kBlockBytes; }));
  EXPECT_FALSE(tap_.has_sent_all());
  tap_.open_to(7);
  ASSERT_TRUE(run([&] { return c.verified() == 7 * kBlockBytes; }));
  EXPECT_FALSE(tap_.has_sent_all());
  tap_.open_to(100);
  ASSERT_TRUE(run([&] { return c.is_whole(); }));
  for (auto& node : nodes_) {
    EXPECT_TRUE(node->stored() == object_.bytes);
    EXPECT_TRUE(node->failures().empty());
  }
}

TEST_F(Relay, AChainOnDiskSendsFromTheFilesThatItWrites) {
  support::TempFolder folder;
  std::vector<std::unique_ptr<DiskStore>> disks;
  for (const char* name : {"a", "b", "c"}) {
    auto disk = DiskStore::open(folder.file(name), 64 * kMiB);
    ASSERT_TRUE(disk) << disk.error().message;
    disks.push_back(std::move(disk).value());
    nodes_.push_back(std::make_unique<Node>(loop_, *disks.back()));
  }
  nodes_[0]->fetch(object_, {tap_.source()});
  nodes_[1]->fetch(object_, {nodes_[0]->source(1)});
  nodes_[2]->fetch(object_, {nodes_[1]->source(2)});
  tap_.open_to(5);
  ASSERT_TRUE(run([&] { return nodes_[2]->verified() == 5 * kBlockBytes; }));
  tap_.open_to(100);
  ASSERT_TRUE(run([&] { return nodes_[2]->is_whole(); }));
  for (auto& node : nodes_) EXPECT_TRUE(node->stored() == object_.bytes);
  nodes_.clear();
}

TEST_F(Relay, AReaderThatWasSentEarlyIsHeldUntilTheSourceBegins) {
  Node& a = add();
  Node& b = add();
  b.fetch(object_, {a.source(1)});
  ASSERT_TRUE(run([&] { return a.server().stats().waits_now == 1; }));
  a.fetch(object_, {tap_.source()});
  tap_.open_to(3);
  ASSERT_TRUE(run([&] { return b.verified() == 3 * kBlockBytes; }));
  tap_.open_to(100);
  ASSERT_TRUE(run([&] { return b.is_whole(); }));
  EXPECT_TRUE(b.failures().empty());
}

TEST_F(Relay, AReaderWhoWasPromisedNothingIsToldThatNothingIsHere) {
  Node& a = add();
  Node& b = add();
  b.fetch(object_, {a.source(0)});
  ASSERT_TRUE(run([&] { return !b.failures().empty(); }));
  EXPECT_EQ(b.failures()[0].kind, FailureKind::kLacking);
}

TEST_F(Relay, AnEarlyReaderIsToldWhenTheSourcesOwnTransferFails) {
  Node& a = add();
  Node& b = add();
  Node& lacking = add();
  b.fetch(object_, {a.source(1)});
  ASSERT_TRUE(run([&] { return a.server().stats().waits_now == 1; }));
  a.fetch(object_, {lacking.source(0)});
  ASSERT_TRUE(run([&] { return !b.failures().empty(); }));
  EXPECT_EQ(b.failures()[0].kind, FailureKind::kLacking);
}

TEST_F(Relay, WhenTheUpstreamDiesAReaderGoesOnAtTheBlockAndItsOwnReadersOnlyPause) {
  Tap second(loop_, object_);
  Node& a = add();
  Node& b = add();
  a.fetch(object_, {tap_.source(), second.source()});
  b.fetch(object_, {a.source(1)});
  tap_.open_to(7);
  ASSERT_TRUE(run([&] { return b.verified() == 7 * kBlockBytes; }));
  tap_.die();
  second.open_to(9);
  ASSERT_TRUE(run([&] { return b.verified() == 9 * kBlockBytes; }));
  EXPECT_EQ(second.range(), "bytes=" + std::to_string(second.leaf_bytes() + 7 * kBlockBytes) + "-");
  second.open_to(100);
  ASSERT_TRUE(run([&] { return b.is_whole(); }));
  ASSERT_EQ(a.failures().size(), 1u);
  EXPECT_EQ(a.failures()[0].kind, FailureKind::kUnreachable);
  EXPECT_EQ(a.failures()[0].bytes, 0u);  // nothing was in vain
  EXPECT_TRUE(b.failures().empty());
  EXPECT_EQ(a.server().stats().broken_off, 0u);
  for (auto& node : nodes_) EXPECT_TRUE(node->stored() == object_.bytes);
}

TEST_F(Relay, ALiarInMidChunkSpoilsNoBlockOfItsReaderNorOfTheirs) {
  Tap honest(loop_, object_);
  Node& a = add();
  Node& b = add();
  a.fetch(object_, {tap_.source(), honest.source()});
  b.fetch(object_, {a.source(1)});
  tap_.spoil(11);
  tap_.open_to(100);
  ASSERT_TRUE(run([&] { return !a.failures().empty(); }));
  EXPECT_EQ(a.failures()[0].kind, FailureKind::kCorrupt);
  ASSERT_TRUE(run([&] { return b.verified() == 11 * kBlockBytes; }));
  EXPECT_EQ(a.verified(), 11 * kBlockBytes);
  honest.open_to(100);
  ASSERT_TRUE(run([&] { return b.is_whole(); }));
  EXPECT_TRUE(b.failures().empty());  // nobody but the liar's own reader saw a bad byte
  for (auto& node : nodes_) EXPECT_TRUE(node->stored() == object_.bytes);
}

TEST_F(Relay, WhenAPartIsGivenUpItsReadersAreCut) {
  Node& a = add();
  Node& b = add();
  a.fetch(object_, {tap_.source()});
  b.fetch(object_, {a.source(1)});
  tap_.open_to(7);
  ASSERT_TRUE(run([&] { return b.verified() == 7 * kBlockBytes; }));
  tap_.die();
  ASSERT_TRUE(run([&] { return !a.failures().empty(); }));
  EXPECT_TRUE(a.failures()[0].is_partial_kept);
  EXPECT_TRUE(b.failures().empty());
  a.desk().drop_partial(object_.chunk(0));
  ASSERT_TRUE(run([&] { return !b.failures().empty(); }));
  EXPECT_EQ(b.failures()[0].kind, FailureKind::kUnreachable);
  EXPECT_EQ(stores_[0]->usage().used_bytes, 0u);
}

TEST_F(Relay, PartsThatAreKeptMakeRoomForWhatIsWantedNow) {
  stores_.push_back(std::make_unique<MemoryStore>(object_.bytes.size() + 1000));
  nodes_.push_back(std::make_unique<Node>(loop_, *stores_.back()));
  Node& a = *nodes_.back();
  a.fetch(object_, {tap_.source()});
  tap_.open_to(7);
  ASSERT_TRUE(run([&] { return a.verified() == 7 * kBlockBytes; }));
  tap_.die();
  ASSERT_TRUE(run([&] { return !a.failures().empty(); }));
  TestObject other = support::make_object(100'000, 9, 1 * kMiB);
  Tap second(loop_, other);
  second.open_to(100);
  a.fetch(other, {second.source()});
  ASSERT_TRUE(run([&] { return a.is_whole(); }));
  EXPECT_EQ(a.failures().size(), 1u);
  EXPECT_EQ(a.desk().relayed(object_.chunk(0)), nullptr);
}

TEST_F(Relay, TheUploadRateHoldsForWhatIsRelayed) {
  object_ = support::make_object(1 * kMiB, 3, 1 * kMiB);
  Tap source(loop_, object_);
  source.open_to(100);
  Node& a = add();
  Node& b = add();
  a.server().set_limits({.uploads_max = 4, .upload_bytes_per_s = 4'000'000});
  a.fetch(object_, {source.source()});
  Instant start = loop_.now();
  b.fetch(object_, {a.source(1)});
  ASSERT_TRUE(run([&] { return b.is_whole(); }));
  EXPECT_GE((loop_.now() - start).ms(), 160);
  EXPECT_TRUE(b.stored() == object_.bytes);
}

TEST_F(Relay, TheCapOfUploadsHoldsForWhatIsRelayed) {
  Node& a = add({.uploads_max = 1});
  Node& b = add();
  Node& c = add();
  a.fetch(object_, {tap_.source()});
  tap_.open_to(2);
  b.fetch(object_, {a.source(1)});
  ASSERT_TRUE(run([&] { return b.verified() == 2 * kBlockBytes; }));
  c.fetch(object_, {a.source(1)});
  ASSERT_TRUE(run([&] { return !c.failures().empty(); }));
  EXPECT_EQ(c.failures()[0].kind, FailureKind::kBusy);
}

}  // namespace
}  // namespace tyto::peer
