// The client against sources that lie, stall or break off.
#include <gtest/gtest.h>

#include "io/http/http_server.h"
#include "io/loop/loop.h"
#include "peer/transfer/chunk_client.h"
#include "peer/transfer/data_protocol.h"
#include "tests/support/chunk_fixture.h"

namespace tyto::peer {
namespace {

using support::TestObject;
using support::TransferLog;
using support::WriterLog;

class BadSourceTest : public testing::Test {
 protected:
  BadSourceTest() {
    for (const Digest& leaf : object_.leaves(0))
      good_.append(reinterpret_cast<const char*>(leaf.bytes.data()), Digest::kSize);
    good_ += object_.bytes;
    io::HttpServerOptions options;
    options.bind = {"127.0.0.1", 0};
    auto server = io::HttpServer::listen(loop_, options);
    TYTO_ASSERT(server.ok());
    server_ = std::move(server).value();
    server_->route("GET", "/",
                   [this](io::HttpRequest, auto responder) { answer_(std::move(responder)); });
  }
  // Fetches the chunk from a source that answers so.
  TransferLog fetch(std::function<void(std::shared_ptr<io::HttpResponder>)> answer,
                    Duration patience = Duration::seconds(10)) {
    answer_ = std::move(answer);
    writer_ = std::make_shared<WriterLog>();
    FetchRequest request;
    request.facts = object_.facts;
    request.source.address = {"127.0.0.1", server_->bound().port};
    request.root = object_.roots[0];
    request.patience = patience;
    TransferLog log;
    client_.start(request, support::logging_writer(writer_), support::log_to(log));
    EXPECT_TRUE(loop_.run_until([&] { return log.has_ended(); }, Duration::seconds(20)));
    EXPECT_TRUE(writer_->is_destroyed);
    return log;
  }
  static void send(const std::shared_ptr<io::HttpResponder>& responder, const std::string& body,
                   std::size_t announced) {
    responder->start(200, {}, announced);
    auto owner = std::make_shared<std::string>(body);
    responder->write(std::as_bytes(std::span(owner->data(), owner->size())), owner);
  }

  TestObject object_ = support::make_object(64 * kBlockBytes, 9, 1 * kMiB);
  std::string good_;
  io::Loop loop_;
  std::function<void(std::shared_ptr<io::HttpResponder>)> answer_;
  std::unique_ptr<io::HttpServer> server_;
  ChunkClient client_{loop_, {}};
  std::shared_ptr<WriterLog> writer_;
  std::vector<std::shared_ptr<io::HttpResponder>> held_;
};

TEST_F(BadSourceTest, AGoodSourceWouldDo) {
  auto log = fetch([&](auto responder) {
    send(responder, good_, good_.size());
    responder->finish();
  });
  EXPECT_EQ(log.root, object_.roots[0]) << log.detail;
}

TEST_F(BadSourceTest, NamesASourceThatSendsCorruptBytesAndKeepsNothingOfThem) {
  for (std::size_t at : {std::size_t{64 * 32}, good_.size() / 2, good_.size() - 1}) {
    std::string bad = good_;
    bad[at] ^= 1;
    auto log = fetch([&](auto responder) {
      send(responder, bad, bad.size());
      responder->finish();
    });
    EXPECT_EQ(log.failure, FailureKind::kCorrupt) << log.detail;
    EXPECT_NE(log.detail.find("127.0.0.1"), std::string::npos) << log.detail;
    EXPECT_TRUE(object_.bytes.starts_with(writer_->bytes));
    EXPECT_LT(writer_->bytes.size(), at);
    EXPECT_FALSE(writer_->root);
  }
}

TEST_F(BadSourceTest, TakesNoBlockBehindCorruptLeaves) {
  std::string bad = good_;
  bad[40] ^= 1;
  auto log = fetch([&](auto responder) {
    send(responder, bad, bad.size());
    responder->finish();
  });
  EXPECT_EQ(log.failure, FailureKind::kCorrupt);
  EXPECT_TRUE(writer_->bytes.empty());
}

TEST_F(BadSourceTest, TakesAnAnswerOfAnotherLengthForCorrupt) {
  auto log = fetch([&](auto responder) { responder->reply(200, "text/plain", "hello"); });
  EXPECT_EQ(log.failure, FailureKind::kCorrupt);
  log = fetch([&](auto responder) {
    responder->start(200, {});  // chunked
    responder->finish();
  });
  EXPECT_EQ(log.failure, FailureKind::kCorrupt);
}

TEST_F(BadSourceTest, NoticesASourceThatStopsSending) {
  for (std::size_t sent : {std::size_t{0}, std::size_t{100}, good_.size() / 2}) {
    auto log = fetch(
        [&](auto responder) {
          send(responder, good_.substr(0, sent), good_.size());
          held_.push_back(responder);
        },
        Duration::milliseconds(80));
    EXPECT_EQ(log.failure, FailureKind::kStalled) << sent << ": " << log.detail;
  }
}

TEST_F(BadSourceTest, NoticesASourceThatBreaksOff) {
  for (std::size_t sent : {std::size_t{0}, std::size_t{100}, good_.size() - 1}) {
    auto log = fetch([&](auto responder) {
      send(responder, good_.substr(0, sent), good_.size());
      responder->finish();  // cuts, since bytes are missing
    });
    EXPECT_EQ(log.failure, FailureKind::kUnreachable) << sent << ": " << log.detail;
    EXPECT_FALSE(writer_->root);
  }
}

TEST_F(BadSourceTest, BelievesNoOtherStatus) {
  for (int status : {201, 206, 302, 400, 500}) {
    auto log = fetch([&](auto responder) { responder->reply(status, "text/plain", "x"); });
    EXPECT_EQ(log.failure, FailureKind::kUnreachable) << status;
  }
  EXPECT_EQ(fetch([&](auto r) { r->reply(403, "text/plain", "x"); }).failure,
            FailureKind::kRefused);
}

TEST_F(BadSourceTest, ReadsNoEndlessRefusal) {
  auto log = fetch([&](auto responder) {
    responder->start(404, {}, 1'000'000'000);
    auto owner = std::make_shared<std::string>(1 * kMiB, 'x');
    responder->write(std::as_bytes(std::span(owner->data(), owner->size())), owner);
    held_.push_back(responder);
  });
  EXPECT_EQ(log.failure, FailureKind::kLacking);
}

}  // namespace
}  // namespace tyto::peer
