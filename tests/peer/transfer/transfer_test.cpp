// Server and client of the data plane against each other, over loopback.
#include <gtest/gtest.h>

#include "io/http/http_client.h"
#include "io/loop/loop.h"
#include "peer/store/disk_store.h"
#include "peer/store/memory_store.h"
#include "peer/transfer/chunk_client.h"
#include "peer/transfer/chunk_server.h"
#include "peer/transfer/data_protocol.h"
#include "tests/support/chunk_fixture.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_folder.h"

namespace tyto::peer {
namespace {

using support::begin_chunk;
using support::log_to;
using support::make_object;
using support::put_chunk;
using support::stored_chunk;
using support::TestObject;
using support::TransferLog;

class TransferTest : public testing::Test {
 protected:
  void serve(ChunkServerOptions options = {}, ChunkServerHooks hooks = {}) {
    options.listen.host = "127.0.0.1";
    auto started = ChunkServer::start(loop_, source_, options, std::move(hooks));
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(started).value();
  }
  FetchRequest request(const TestObject& object, uint32_t chunk) {
    FetchRequest fetch;
    fetch.facts = object.facts;
    fetch.chunk = ChunkIndex(chunk);
    fetch.source.kind = SourceKind::kPeer;
    fetch.source.address = {"127.0.0.1", server_->port()};
    fetch.root = object.roots[chunk];
    fetch.patience = Duration::seconds(10);
    return fetch;
  }
  // Starts a fetch into the sink and runs the loop until it ends.
  TransferLog fetch(const TestObject& object, uint32_t chunk, FetchRequest fetch) {
    TransferLog log;
    client_->start(std::move(fetch), begin_chunk(sink_, object, chunk), log_to(log));
    EXPECT_FALSE(log.has_ended());  // never from within start()
    EXPECT_TRUE(loop_.run_until([&] { return log.has_ended(); }, Duration::seconds(20)));
    EXPECT_EQ(log.ends, 1);
    return log;
  }
  TransferLog fetch(const TestObject& object, uint32_t chunk) {
    return fetch(object, chunk, request(object, chunk));
  }
  io::HttpResponse ask(const std::string& method, const std::string& target,
                       io::HttpHeaders headers = {}) {
    io::HttpClientRequest http;
    http.method = method;
    http.url = "http://127.0.0.1:" + std::to_string(server_->port()) + target;
    http.headers = std::move(headers);
    std::optional<Result<io::HttpResponse>> answer;
    auto call = http_.fetch(http, 64 * kMiB, [&](auto result) { answer = std::move(result); });
    EXPECT_TRUE(loop_.run_until([&] { return answer.has_value(); }, Duration::seconds(10)));
    EXPECT_TRUE(answer && answer->ok()) << (answer ? answer->error().message : "no answer");
    return answer && answer->ok() ? std::move(*answer).value() : io::HttpResponse{};
  }

  io::Loop loop_;
  io::HttpClient http_{loop_};
  MemoryStore source_{1 * kGiB};
  MemoryStore sink_{1 * kGiB};
  std::unique_ptr<ChunkClient> client_ = std::make_unique<ChunkClient>(loop_, ChunkClientOptions{});
  std::unique_ptr<ChunkServer> server_;
};

TEST_F(TransferTest, BringsChunksOfEverySize) {
  serve();
  for (uint64_t size : {uint64_t{1}, uint64_t{kBlockBytes}, uint64_t{kBlockBytes + 1}, 256 * kKiB,
                        256 * kKiB + 1, 3 * kMiB + 77}) {
    TestObject object = make_object(size, size);
    for (uint32_t i = 0; i < object.facts->chunking.chunk_count(); ++i) {
      put_chunk(source_, object, i);
      TransferLog log = fetch(object, i);
      ASSERT_EQ(log.root, object.roots[i]) << log.detail;
      EXPECT_EQ(log.bytes, object.facts->chunking.length_of(ChunkIndex(i)));
      EXPECT_TRUE(stored_chunk(sink_, object.chunk(i)) == object.chunk_bytes(i));
    }
  }
  EXPECT_EQ(server_->stats().connections_now, 1u);  // kept and used again
  EXPECT_EQ(server_->stats().bytes_sent, client_->stats().bytes_received);
}

TEST_F(TransferTest, BringsALargeChunkInQuarters) {
  serve();
  TestObject object = make_object(16 * kMiB, 5, 16 * kMiB);
  put_chunk(source_, object, 0);
  TransferLog log = fetch(object, 0);
  ASSERT_TRUE(log.root) << log.detail;
  EXPECT_EQ(log.quarters, (std::vector<int>{1, 2, 3}));
}

TEST_F(TransferTest, ServesFromFilesAsFromMemory) {
  support::TempFolder folder;
  auto disk = DiskStore::open(folder.file("store"), 1 * kGiB);
  ASSERT_TRUE(disk) << disk.error().message;
  ChunkServerOptions options;
  options.listen.host = "127.0.0.1";
  auto started = ChunkServer::start(loop_, *disk.value(), options, {});
  ASSERT_TRUE(started);
  server_ = std::move(started).value();
  TestObject object = make_object(5 * kMiB + 3, 6, 4 * kMiB);
  for (uint32_t i = 0; i < 2; ++i) {
    put_chunk(*disk.value(), object, i);
    TransferLog log = fetch(object, i);
    ASSERT_TRUE(log.root) << log.detail;
    EXPECT_TRUE(stored_chunk(sink_, object.chunk(i)) == object.chunk_bytes(i));
  }
  server_.reset();
}

TEST_F(TransferTest, TakesTheSourcesRootWhereNoneIsKnown) {
  serve();
  TestObject object = make_object(300'000);
  put_chunk(source_, object, 0);
  auto wanted = request(object, 0);
  wanted.root.reset();
  EXPECT_EQ(fetch(object, 0, wanted).root, object.roots[0]);
}

TEST_F(TransferTest, RunsManyAtOnce) {
  serve({.uploads_max = 64});
  TestObject object = make_object(20 * kMiB, 8, 512 * kKiB);
  std::vector<std::unique_ptr<TransferLog>> logs;
  for (uint32_t i = 0; i < 40; ++i) {
    put_chunk(source_, object, i);
    logs.push_back(std::make_unique<TransferLog>());
    client_->start(request(object, i), begin_chunk(sink_, object, i), log_to(*logs.back()));
  }
  auto all = [&] {
    return std::all_of(logs.begin(), logs.end(), [](auto& log) { return log->has_ended(); });
  };
  ASSERT_TRUE(loop_.run_until(all, Duration::seconds(30)));
  for (uint32_t i = 0; i < 40; ++i) {
    EXPECT_TRUE(logs[i]->root) << logs[i]->detail;
    EXPECT_TRUE(stored_chunk(sink_, object.chunk(i)) == object.chunk_bytes(i));
  }
  EXPECT_EQ(client_->stats().transfers_now, 0u);
  EXPECT_LE(client_->stats().connections_idle_now, 4u);
}

TEST_F(TransferTest, TellsWhatASourceLacks) {
  serve();
  TestObject object = make_object(300'000);
  EXPECT_EQ(fetch(object, 0).failure, FailureKind::kLacking);
  EXPECT_EQ(server_->stats().answered_lacking, 1u);
  EXPECT_EQ(client_->stats().connections_idle_now, 1u);  // a refusal costs no connection
}

TEST_F(TransferTest, RefusesWorkOverTheCap) {
  serve();
  TestObject object = make_object(300'000);
  put_chunk(source_, object, 0);
  server_->set_limits({.uploads_max = 0});
  EXPECT_EQ(fetch(object, 0).failure, FailureKind::kBusy);
  auto answer = ask("GET", chunk_target(object.chunk(0)));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.get("Tyto-Busy"), "0/0");
  EXPECT_EQ(answer.headers.get("Retry-After"), "1");
  server_->set_limits({.uploads_max = 1});
  EXPECT_TRUE(fetch(object, 0).root);
}

TEST_F(TransferTest, CountsUploadsUnderWayAgainstTheCap) {
  serve({.uploads_max = 1});
  TestObject object = make_object(32 * kMiB, 2, 16 * kMiB);
  put_chunk(source_, object, 0);
  put_chunk(source_, object, 1);
  // Reads nothing: its upload stays under way, since no kernel takes 16 MiB at once.
  support::RawClient slow(server_->port(), support::RawClient::Buffer::kSmall);
  slow.send("GET " + chunk_target(object.chunk(0)) + " HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(support::run_until(loop_, [&] { return server_->stats().uploads_now == 1; }));
  EXPECT_EQ(fetch(object, 1).failure, FailureKind::kBusy);
}

TEST_F(TransferTest, AsksForTicketsWhereTheyAreRequired) {
  serve({.ticket_rule = TicketRule::kRequired});
  TestObject object = make_object(300'000);
  put_chunk(source_, object, 0);
  EXPECT_EQ(fetch(object, 0).failure, FailureKind::kRefused);
  EXPECT_EQ(ask("GET", chunk_target(object.chunk(0))).status, 401);
  auto wanted = request(object, 0);
  wanted.ticket = "a-ticket";
  EXPECT_TRUE(fetch(object, 0, wanted).root);
  wanted.ticket = "bad\r\nticket: x";
  auto log = fetch(make_object(300'000, 2), 0, wanted);
  EXPECT_EQ(log.failure, FailureKind::kInternal);
}

TEST_F(TransferTest, AnswersRangesOnBlocks) {
  serve();
  TestObject object = make_object(5 * kBlockBytes + 10);
  put_chunk(source_, object, 0);
  std::string leaves;
  for (const Digest& leaf : object.leaves(0))
    leaves.append(reinterpret_cast<const char*>(leaf.bytes.data()), Digest::kSize);
  std::string whole = leaves + object.bytes;
  std::string target = chunk_target(object.chunk(0));

  auto all = ask("GET", target);
  EXPECT_EQ(all.status, 200);
  EXPECT_TRUE(all.body == whole);
  EXPECT_EQ(all.headers.get("Tyto-Root"), object.roots[0].hex());
  EXPECT_EQ(all.headers.get("Tyto-Chunk-Bytes"), std::to_string(object.bytes.size()));

  auto head = ask("GET", target, {{"Range", "bytes=0-191"}});
  EXPECT_EQ(head.status, 206);
  EXPECT_TRUE(head.body == leaves);
  EXPECT_EQ(head.headers.get("Content-Range"), "bytes 0-191/" + std::to_string(whole.size()));

  auto rest = ask("GET", target, {{"Range", "bytes=49344-"}});  // 192 + 3 blocks
  EXPECT_EQ(rest.status, 206);
  EXPECT_TRUE(rest.body == whole.substr(49344));
  EXPECT_EQ(server_->stats().bytes_sent, object.bytes.size() + 2 * kBlockBytes + 10);

  auto bad = ask("GET", target, {{"Range", "bytes=5-"}});
  EXPECT_EQ(bad.status, 416);
  EXPECT_EQ(bad.headers.get("Content-Range"), "bytes */" + std::to_string(whole.size()));
  EXPECT_NE(bad.body.find("do not fall on blocks"), std::string::npos) << bad.body;
}

TEST_F(TransferTest, AnswersHeadWithoutABodyOrASlot) {
  serve({.uploads_max = 0});
  TestObject object = make_object(100'000);
  put_chunk(source_, object, 0);
  auto answer = ask("HEAD", chunk_target(object.chunk(0)));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("Content-Length"), std::to_string(7 * 32 + 100'000));
  EXPECT_TRUE(answer.body.empty());
  EXPECT_EQ(ask("HEAD", chunk_target(make_object(5).chunk(0))).status, 404);
}

TEST_F(TransferTest, RefusesWhatIsNoChunk) {
  serve();
  EXPECT_EQ(ask("GET", "/").status, 404);
  EXPECT_EQ(ask("GET", "/v1/objects/x/chunks/0").status, 404);
  EXPECT_EQ(ask("POST", "/v1/objects/x/chunks/0").status, 405);
}

// --- chunks that are on their way ---

TEST_F(TransferTest, WaitsForAChunkThatIsBeingReceived) {
  ChunkServerHooks::Answer answer;
  ChunkServerHooks hooks;
  hooks.wait_for = [&](const ChunkServerHooks::Waiting&, ChunkServerHooks::Answer given) {
    answer = given;
  };
  hooks.ensure = [](const ChunkId&, ChunkServerHooks::Answer) { ADD_FAILURE() << "has a tracker"; };
  serve({}, std::move(hooks));
  TestObject object = make_object(300'000);
  TransferLog log;
  client_->start(request(object, 0), begin_chunk(sink_, object, 0), log_to(log));
  ASSERT_TRUE(loop_.run_until([&] { return answer != nullptr; }, Duration::seconds(10)));
  EXPECT_EQ(server_->stats().waits_now, 1u);
  EXPECT_FALSE(log.has_ended());
  put_chunk(source_, object, 0);
  answer(true);
  ASSERT_TRUE(loop_.run_until([&] { return log.has_ended(); }, Duration::seconds(10)));
  EXPECT_TRUE(log.root) << log.detail;
  EXPECT_EQ(server_->stats().waits_now, 0u);
  answer(true);  // a second answer is of no effect
}

TEST_F(TransferTest, TellsThatAChunkItWaitedForDidNotCome) {
  ChunkServerHooks hooks;
  hooks.wait_for = [](const ChunkServerHooks::Waiting&, ChunkServerHooks::Answer given) {
    given(false);
  };
  serve({}, std::move(hooks));
  EXPECT_EQ(fetch(make_object(300'000), 0).failure, FailureKind::kLacking);
}

TEST_F(TransferTest, WaitsForAChunkNoLongerThanItsLimit) {
  ChunkServerHooks hooks;
  hooks.wait_for = [](const ChunkServerHooks::Waiting&, ChunkServerHooks::Answer) {};
  serve({.wait_max = Duration::milliseconds(30)}, std::move(hooks));
  EXPECT_EQ(fetch(make_object(300'000), 0).failure, FailureKind::kLacking);
}

TEST_F(TransferTest, BoundsHowManyWait) {
  ChunkServerHooks hooks;
  hooks.wait_for = [](const ChunkServerHooks::Waiting&, ChunkServerHooks::Answer) {};
  serve({.waits_max = 1}, std::move(hooks));
  TransferLog first;
  TestObject object = make_object(300'000, 1);
  uint64_t id = client_->start(request(object, 0), begin_chunk(sink_, object, 0), log_to(first));
  ASSERT_TRUE(
      loop_.run_until([&] { return server_->stats().waits_now == 1; }, Duration::seconds(10)));
  EXPECT_EQ(fetch(make_object(300'000, 2), 0).failure, FailureKind::kBusy);
  client_->cancel(id);  // the reader leaves, and so does its wait
  EXPECT_TRUE(
      loop_.run_until([&] { return server_->stats().waits_now == 0; }, Duration::seconds(10)));
  EXPECT_FALSE(first.has_ended());
}

TEST_F(TransferTest, GetsAChunkForReadersWithoutATracker) {
  TestObject object = make_object(300'000);
  ChunkServerHooks hooks;
  hooks.ensure = [&](const ChunkId& chunk, ChunkServerHooks::Answer answer) {
    EXPECT_EQ(chunk, object.chunk(0));
    put_chunk(source_, object, 0);
    answer(true);
  };
  serve({}, std::move(hooks));
  EXPECT_EQ(fetch(object, 0).failure, FailureKind::kLacking);
  auto wanted = request(object, 0);
  wanted.without_tracker = true;
  wanted.is_fallback = true;
  EXPECT_TRUE(fetch(object, 0, wanted).root);
  EXPECT_EQ(server_->stats().without_tracker, 1u);
  EXPECT_EQ(server_->stats().fallbacks, 1u);
}

TEST_F(TransferTest, CountsTheWaitAgainstTheReadersPatience) {
  ChunkServerHooks hooks;
  hooks.wait_for = [](const ChunkServerHooks::Waiting&, ChunkServerHooks::Answer) {};
  serve({}, std::move(hooks));
  TestObject object = make_object(300'000);
  auto wanted = request(object, 0);
  wanted.patience = Duration::milliseconds(60);
  EXPECT_EQ(fetch(object, 0, wanted).failure, FailureKind::kStalled);
}

// --- life and limits ---

TEST_F(TransferTest, CancelsWithoutAWord) {
  serve();
  TestObject object = make_object(300'000);
  put_chunk(source_, object, 0);
  TransferLog log;
  uint64_t id = client_->start(request(object, 0), begin_chunk(sink_, object, 0), log_to(log));
  client_->cancel(id);
  client_->cancel(id);
  EXPECT_TRUE(fetch(object, 0).root);  // so the first writer has gone
  EXPECT_FALSE(log.has_ended());
}

TEST_F(TransferTest, MayCancelAndStartFromItsCallBacks) {
  serve();
  TestObject object = make_object(16 * kMiB, 5, 16 * kMiB);
  put_chunk(source_, object, 0);
  TransferLog second;
  uint64_t id = 0;
  TransferEvents events;
  events.done = [](const Digest&, uint32_t) { ADD_FAILURE() << "was cancelled"; };
  events.failed = [](FailureKind, uint32_t, std::string) { ADD_FAILURE() << "was cancelled"; };
  events.progressed = [&](uint8_t) {
    client_->cancel(id);
    client_->start(request(object, 0), begin_chunk(sink_, object, 0), log_to(second));
  };
  id = client_->start(request(object, 0), begin_chunk(sink_, object, 0), std::move(events));
  ASSERT_TRUE(loop_.run_until([&] { return second.has_ended(); }, Duration::seconds(20)));
  EXPECT_TRUE(second.root) << second.detail;
}

TEST_F(TransferTest, GoesOnWithANewConnectionWhenAKeptOneIsDead) {
  serve();
  TestObject object = make_object(600'000, 1);
  for (uint32_t i = 0; i < 3; ++i) put_chunk(source_, object, i);
  ASSERT_TRUE(fetch(object, 0).root);
  Endpoint address{"127.0.0.1", server_->port()};
  server_.reset();
  ChunkServerOptions options;
  options.listen = address;
  auto again = ChunkServer::start(loop_, source_, options, {});
  ASSERT_TRUE(again) << again.error().message;
  server_ = std::move(again).value();
  EXPECT_TRUE(fetch(object, 1).root);
}

TEST_F(TransferTest, TellsThatNobodyListens) {
  serve();
  TestObject object = make_object(300'000);
  auto wanted = request(object, 0);
  server_.reset();
  EXPECT_EQ(fetch(object, 0, wanted).failure, FailureKind::kUnreachable);
}

TEST_F(TransferTest, KeepsToTheDownloadRate) {
  serve();
  TestObject object = make_object(1 * kMiB, 3, 1 * kMiB);
  put_chunk(source_, object, 0);
  client_->set_download_bytes_per_s(4'000'000);
  Instant start = loop_.now();
  auto wanted = request(object, 0);
  wanted.patience = Duration::milliseconds(250);  // the wait for the rate is no stall
  ASSERT_TRUE(fetch(object, 0, wanted).root);
  EXPECT_GE((loop_.now() - start).ms(), 80);  // what one read brings last goes unheld
}

TEST_F(TransferTest, KeepsToTheUploadRate) {
  serve();
  TestObject object = make_object(1 * kMiB, 3, 1 * kMiB);
  put_chunk(source_, object, 0);
  server_->set_limits({.uploads_max = 4, .upload_bytes_per_s = 4'000'000});
  Instant start = loop_.now();
  ASSERT_TRUE(fetch(object, 0).root);
  EXPECT_GE((loop_.now() - start).ms(), 160);  // 1 MiB less a burst of 200 KB and a last slice
}

TEST_F(TransferTest, TellsWhenTheStoreIsFull) {
  serve();
  TestObject object = make_object(300'000);
  put_chunk(source_, object, 0);
  auto writer = std::make_shared<support::WriterLog>();
  writer->writes_until_failure = 0;
  TransferLog log;
  client_->start(request(object, 0), support::logging_writer(writer), log_to(log));
  ASSERT_TRUE(loop_.run_until([&] { return log.has_ended(); }, Duration::seconds(10)));
  EXPECT_EQ(log.failure, FailureKind::kNoSpace);
  EXPECT_TRUE(writer->is_destroyed);
}

TEST_F(TransferTest, DrainsWhatIsUnderWay) {
  serve();
  TestObject object = make_object(16 * kMiB, 2, 16 * kMiB);
  put_chunk(source_, object, 0);
  TransferLog log;
  client_->start(request(object, 0), begin_chunk(sink_, object, 0), log_to(log));
  ASSERT_TRUE(
      loop_.run_until([&] { return server_->stats().uploads_now == 1; }, Duration::seconds(10)));
  bool is_drained = false;
  server_->drain([&] { is_drained = true; });
  EXPECT_TRUE(loop_.run_until([&] { return is_drained; }, Duration::seconds(10)));
  EXPECT_TRUE(loop_.run_until([&] { return log.has_ended(); }, Duration::seconds(10)));
  EXPECT_TRUE(log.root) << log.detail;
}

TEST_F(TransferTest, TellsWhatItServedByChunk) {
  std::vector<std::pair<ChunkId, uint64_t>> served;
  ChunkServerHooks hooks;
  hooks.served = [&](const ChunkId& chunk, uint64_t bytes) { served.emplace_back(chunk, bytes); };
  serve({}, std::move(hooks));
  TestObject object = make_object(300'000);
  put_chunk(source_, object, 1);
  ASSERT_TRUE(fetch(object, 1).root);
  ASSERT_TRUE(loop_.run_until([&] { return !served.empty(); }, Duration::seconds(10)));
  uint64_t bytes = 300'000 - 256 * kKiB;
  EXPECT_EQ(served, (std::vector<std::pair<ChunkId, uint64_t>>{{object.chunk(1), bytes}}));
}

}  // namespace
}  // namespace tyto::peer
