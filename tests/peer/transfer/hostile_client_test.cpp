// The server against clients that mean harm, or are broken.
#include <gtest/gtest.h>

#include "io/loop/loop.h"
#include "peer/store/memory_store.h"
#include "peer/transfer/chunk_client.h"
#include "peer/transfer/chunk_server.h"
#include "peer/transfer/data_protocol.h"
#include "tests/support/chunk_fixture.h"
#include "tests/support/raw_client.h"

namespace tyto::peer {
namespace {

using support::RawClient;
using support::TestObject;
using support::TransferLog;

class HostileClientTest : public testing::Test {
 protected:
  HostileClientTest() { support::put_chunk(store_, object_, 0); }
  void serve(ChunkServerOptions options = {}) {
    options.listen.host = "127.0.0.1";
    ChunkServerHooks hooks;
    hooks.on_error = [this](const Error& error, uint64_t) { errors_.push_back(error); };
    auto started = ChunkServer::start(loop_, store_, options, hooks);
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(started).value();
  }
  std::string get() const { return "GET " + chunk_target(object_.chunk(0)) + " HTTP/1.1\r\n"; }
  // Whether an honest reader still gets its chunk.
  bool still_serves() {
    ChunkClient client(loop_, {});
    MemoryStore sink(64 * kMiB);
    FetchRequest request;
    request.facts = object_.facts;
    request.source.address = {"127.0.0.1", server_->port()};
    request.root = object_.roots[0];
    request.patience = Duration::seconds(10);
    TransferLog log;
    client.start(request, support::begin_chunk(sink, object_, 0), support::log_to(log));
    loop_.run_until([&] { return log.has_ended(); }, Duration::seconds(20));
    return log.root == object_.roots[0];
  }

  TestObject object_ = support::make_object(16 * kMiB, 1, 16 * kMiB);
  io::Loop loop_;
  MemoryStore store_{64 * kMiB};
  std::vector<Error> errors_;
  std::unique_ptr<ChunkServer> server_;
};

TEST_F(HostileClientTest, GarbageIsCutOffAndToldOnce) {
  serve();
  for (int i = 0; i < 50; ++i) {
    RawClient client(server_->port());
    client.send(support::noise(2000, static_cast<uint64_t>(i)) + "\r\n\r\n");
    ASSERT_TRUE(client.read_to_end(loop_)) << i;
  }
  EXPECT_LE(errors_.size(), 5u);  // once a kind, not once a client
  EXPECT_TRUE(still_serves());
}

TEST_F(HostileClientTest, HugeHeadsAreRefused) {
  serve();
  RawClient client(server_->port());
  client.send(get() + "X: " + std::string(100'000, 'x') + "\r\n\r\n");
  ASSERT_TRUE(client.read_to_end(loop_));
  EXPECT_TRUE(still_serves());
}

TEST_F(HostileClientTest, SlowHeadsAreCutOff) {
  serve({.head_timeout = Duration::milliseconds(60)});
  RawClient client(server_->port());
  client.send(get());
  EXPECT_TRUE(client.read_to_end(loop_));
  EXPECT_TRUE(still_serves());
}

TEST_F(HostileClientTest, IdleConnectionsAreClosed) {
  serve({.idle_timeout = Duration::milliseconds(60)});
  RawClient client(server_->port());
  EXPECT_TRUE(client.read_to_end(loop_));
  EXPECT_TRUE(client.received().empty());
}

TEST_F(HostileClientTest, RequestsWithBodiesAreRefused) {
  serve();
  RawClient client(server_->port());
  client.send(get() + "Host: x\r\nContent-Length: 1000000\r\n\r\n" + std::string(1000, 'x'));
  ASSERT_TRUE(client.read_to_end(loop_));
  EXPECT_TRUE(client.received().starts_with("HTTP/1.1 4")) << client.received().substr(0, 80);
  EXPECT_TRUE(still_serves());
}

TEST_F(HostileClientTest, OnlySoManyConnectionsAreTaken) {
  serve({.connections_max = 8});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(std::make_unique<RawClient>(server_->port()));
  for (int i = 8; i < 40; ++i) {
    ASSERT_TRUE(clients[static_cast<std::size_t>(i)]->read_to_end(loop_)) << i;
  }
  EXPECT_LE(server_->stats().connections_now, 8u);
  clients.clear();
  ASSERT_TRUE(support::run_until(loop_, [&] { return server_->stats().connections_now == 0; }));
  EXPECT_TRUE(still_serves());
}

TEST_F(HostileClientTest, AReaderThatDoesNotReadIsCutOff) {
  serve({.uploads_max = 1, .send_stall = Duration::milliseconds(100)});
  RawClient client(server_->port(), RawClient::Buffer::kSmall);
  client.send(get() + "Host: x\r\n\r\n");
  ASSERT_TRUE(support::run_until(loop_, [&] { return server_->stats().broken_off == 1; }));
  EXPECT_EQ(server_->stats().uploads_now, 0u);
  EXPECT_TRUE(still_serves());
}

TEST_F(HostileClientTest, AReaderThatLeavesFreesItsSlot) {
  serve({.uploads_max = 1});
  {
    RawClient client(server_->port(), RawClient::Buffer::kSmall);
    client.send(get() + "Host: x\r\n\r\n");
    ASSERT_TRUE(support::run_until(loop_, [&] { return server_->stats().uploads_now == 1; }));
  }
  ASSERT_TRUE(support::run_until(loop_, [&] { return server_->stats().uploads_now == 0; }));
  EXPECT_TRUE(still_serves());
}

TEST_F(HostileClientTest, AHalfClosedReaderIsServedOrCutOffButNeverKept) {
  serve({.uploads_max = 1});
  RawClient client(server_->port());
  client.send(get() + "Host: x\r\n\r\n");
  client.shutdown_send();
  ASSERT_TRUE(client.read_to_end(loop_));
  EXPECT_EQ(server_->stats().uploads_now, 0u);
  EXPECT_TRUE(still_serves());
}

TEST_F(HostileClientTest, PipelinedRequestsAreAnsweredInTurn) {
  serve({.uploads_max = 1});
  std::string leaves = get() + "Host: x\r\nRange: bytes=0-32767\r\n\r\n";
  RawClient client(server_->port());
  client.send(leaves + leaves + leaves + get() + "Host: x\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(client.read_to_end(loop_));
  EXPECT_GT(client.received().size(), 16 * kMiB + 4 * 32'768);
  EXPECT_EQ(server_->stats().answered_ok, 4u);
}

}  // namespace
}  // namespace tyto::peer
