// Peers on real connections: registration, exchanges, sessions, hostile clients.
#include <gtest/gtest.h>

#include <functional>

#include "base/rng.h"
#include "tests/tracker/server/server_fixture.h"

namespace tyto::tracker {
namespace {

class RpcTest : public ServerTest {
 protected:
  void SetUp() override { start(); }

  template <class T>
  static const T* find(const ExchangeDown& down) {
    for (const Command& command : down.commands)
      if (auto* one = std::get_if<T>(&command)) return one;
    return nullptr;
  }
};

TEST_F(RpcTest, ARegisteredPeerGetsASessionAndItsAddressAsTheTrackerSeesIt) {
  auto peer = connect();
  auto reply = peer->register_as(a_peer(1));
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_NE(reply->session, SessionId());
  EXPECT_EQ(reply->epoch, server->epoch());
  EXPECT_FALSE(reply->resumed);
  EXPECT_EQ(reply->data_address, (Endpoint{"127.0.0.1", 9001}));
  EXPECT_EQ(reply->ticket, Ticket{});
}

TEST_F(RpcTest, SuperpeersAreListedToThoseWhoRegister) {
  auto superpeer = connect();
  ASSERT_TRUE(superpeer->register_as(a_peer(7, Role::kSuperpeer)).ok());
  auto peer = connect();
  auto reply = peer->register_as(a_peer(1));
  ASSERT_TRUE(reply.ok());
  ASSERT_EQ(reply->superpeers.size(), 1u);
  EXPECT_EQ(reply->superpeers[0].peer, PeerId(7));
  EXPECT_EQ(reply->superpeers[0].address, (Endpoint{"127.0.0.1", 9007}));
}

TEST_F(RpcTest, EventsAreAcknowledgedByTheirNumbersAndRepeatsAreIgnored) {
  auto peer = connect();
  ASSERT_TRUE(peer->register_as(a_peer(1)).ok());
  ExchangeUp up;
  up.first_event = Sequence(1);
  up.events = {StoreResized{kGiB}, StoreResized{2 * kGiB}};
  auto first = peer->exchange(up);
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->events_applied, Sequence(2));
  auto repeat = peer->exchange(up);
  ASSERT_TRUE(repeat.ok());
  EXPECT_EQ(repeat->events_applied, Sequence(2));
  auto third = peer->exchange(one_event(3, StoreResized{kGiB}));
  ASSERT_TRUE(third.ok());
  EXPECT_EQ(third->events_applied, Sequence(3));
}

TEST_F(RpcTest, AGapInTheNumbersEndsTheSession) {
  auto peer = connect();
  ASSERT_TRUE(peer->register_as(a_peer(1)).ok());
  auto gap = peer->exchange(one_event(5, StoreResized{kGiB}));
  ASSERT_FALSE(gap.ok());
  EXPECT_EQ(gap.error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(peer->exchange({}).ok());
}

TEST_F(RpcTest, AnUnknownBucketEndsTheOpenWithAClearError) {
  auto peer = connect();
  ASSERT_TRUE(peer->register_as(a_peer(1)).ok());
  ExchangeUp up = one_event(1, an_open(1, "nobody", "some key"));
  up.park = Duration::seconds(10);
  auto down = peer->exchange(up);
  ASSERT_TRUE(down.ok()) << down.error().message;
  const OpenEnded* ended = find<OpenEnded>(*down);
  ASSERT_NE(ended, nullptr);
  EXPECT_EQ(ended->error.code, ErrorCode::kNotFound);
  EXPECT_NE(ended->error.message.find("nobody"), std::string::npos) << ended->error.message;
}

TEST_F(RpcTest, AParkedExchangeIsAnsweredWhenAnotherPeersOpenNeedsThisOne) {
  make_bucket(R"({"name": "models", "origin": "http://origin.example/models/"})");
  auto superpeer = connect();
  ASSERT_TRUE(superpeer->register_as(a_peer(7, Role::kSuperpeer)).ok());
  auto first = superpeer->exchange({});  // takes the limits, if any
  ASSERT_TRUE(first.ok());
  ExchangeUp wait_for_news;
  wait_for_news.commands_applied = Sequence(first->commands.size());
  wait_for_news.park = Duration::seconds(60);
  auto parked = superpeer->start_exchange(wait_for_news);
  auto peer = connect();
  ASSERT_TRUE(peer->register_as(a_peer(1)).ok());
  EXPECT_FALSE(parked->has_value());
  ASSERT_TRUE(peer->exchange(one_event(1, an_open(1, "models", "big file"))).ok());
  auto news = superpeer->wait(parked);
  ASSERT_TRUE(news.ok()) << news.error().message;
  const Resolve* resolve = find<Resolve>(*news);
  ASSERT_NE(resolve, nullptr);
  EXPECT_EQ(resolve->url, "http://origin.example/models/big%20file");
}

// Whatever of the call has come by then: its bytes, an event that waits for its turn, its answer.
TEST_F(RpcTest, ATrackerMayEndAtAnyStepOfACall) {
  bool was_answered = false;
  for (int steps = 0; !was_answered; ++steps) {
    ASSERT_LT(steps, 1000);
    auto peer = connect();
    ASSERT_TRUE(peer->register_as(a_peer(1)).ok());
    auto answer = peer->start_exchange(one_event(1, StoreResized{kGiB}));
    int left = steps;
    wait_until([&] { return left-- == 0; });
    was_answered = answer->has_value();
    stop();
    auto outcome = peer->wait(answer);
    const bool is_told = outcome.ok() || outcome.error().code != ErrorCode::kTimedOut;
    EXPECT_TRUE(is_told) << "after " << steps << " steps";
    start();
  }
}

TEST_F(RpcTest, AParkedExchangeIsAnsweredWhenItsTimeIsOver) {
  auto peer = connect();
  ASSERT_TRUE(peer->register_as(a_peer(1)).ok());
  auto first = peer->exchange({});
  ASSERT_TRUE(first.ok());
  ExchangeUp up;
  up.commands_applied = Sequence(first->commands.size());
  up.park = Duration::milliseconds(40);
  const Instant begun = loop.now();
  auto down = peer->exchange(up);
  ASSERT_TRUE(down.ok()) << down.error().message;
  EXPECT_TRUE(down->commands.empty());
  EXPECT_GE(loop.now() - begun, Duration::milliseconds(35));
}

TEST_F(RpcTest, TheSecondExchangeReleasesTheFirst) {
  auto peer = connect();
  ASSERT_TRUE(peer->register_as(a_peer(1)).ok());
  auto first = peer->exchange({});
  ASSERT_TRUE(first.ok());
  ExchangeUp up;
  up.commands_applied = Sequence(first->commands.size());
  up.park = Duration::seconds(60);
  auto parked = peer->start_exchange(up);
  auto second = peer->start_exchange(up);
  EXPECT_TRUE(peer->wait(parked).ok());
  EXPECT_FALSE(second->has_value());
}

TEST_F(RpcTest, ASessionIsResumedOnAnotherConnection) {
  RegisterReply before;
  {
    auto peer = connect();
    auto reply = peer->register_as(a_peer(1));
    ASSERT_TRUE(reply.ok());
    before = *reply;
    ASSERT_TRUE(peer->exchange(one_event(1, StoreResized{kGiB})).ok());
  }
  auto peer = connect();
  RegisterRequest again = a_peer(1);
  again.resume_session = before.session;
  again.resume_epoch = before.epoch;
  auto reply = peer->register_as(again);
  ASSERT_TRUE(reply.ok());
  EXPECT_TRUE(reply->resumed);
  auto next = peer->exchange(one_event(2, StoreResized{kGiB}));
  ASSERT_TRUE(next.ok()) << next.error().message;
  EXPECT_EQ(next->events_applied, Sequence(2));
}

TEST_F(RpcTest, ASessionThatMovedToAnotherConnectionAnswersThereOnly) {
  auto old_one = connect();
  auto reply = old_one->register_as(a_peer(1));
  ASSERT_TRUE(reply.ok());
  ExchangeUp parked_up;
  parked_up.park = Duration::seconds(60);
  auto new_one = connect();
  RegisterRequest again = a_peer(1);
  again.resume_session = reply->session;
  again.resume_epoch = reply->epoch;
  auto resumed = new_one->register_as(again);
  ASSERT_TRUE(resumed.ok());
  EXPECT_TRUE(resumed->resumed);
  auto late = old_one->exchange({});
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::kNotFound);
  old_one->disconnect();
  EXPECT_TRUE(new_one->exchange(one_event(1, StoreResized{kGiB})).ok());
}

TEST_F(RpcTest, DroppedExchangeCallsHarmNobody) {
  auto peer = connect();
  auto reply = peer->register_as(a_peer(1));
  ASSERT_TRUE(reply.ok());
  ExchangeUp up;
  up.park = Duration::seconds(60);
  peer->start_exchange(up);
  peer->drop_calls();
  auto other = connect();
  ASSERT_TRUE(other->register_as(a_peer(2)).ok());
  EXPECT_TRUE(other->exchange({}).ok());
  peer->disconnect();
  EXPECT_TRUE(other->exchange(one_event(1, StoreResized{kGiB})).ok());
}

TEST_F(RpcTest, OneBrokenMessageEndsItsSessionAndNoOther) {
  auto good = connect();
  ASSERT_TRUE(good->register_as(a_peer(1)).ok());
  auto bad = connect();
  ASSERT_TRUE(bad->register_as(a_peer(2)).ok());
  auto refused = bad->wait(bad->start_broken_exchange());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("version"), std::string::npos) << refused.error().message;
  auto after = bad->exchange({});
  ASSERT_FALSE(after.ok());
  EXPECT_EQ(after.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(good->exchange({}).ok());
  EXPECT_TRUE(bad->register_as(a_peer(2)).ok());
  EXPECT_TRUE(bad->exchange({}).ok());
}

TEST_F(RpcTest, AThousandBrokenMessagesAreLoggedOnce) {
  auto bad = connect();
  for (int i = 0; i < 1000; ++i) {
    if (i % 2 == 0) {
      ASSERT_TRUE(bad->register_as(a_peer(2)).ok());
    }
    EXPECT_FALSE(bad->wait(bad->start_broken_exchange()).ok());
  }
  EXPECT_EQ(logged("broke the protocol"), 1u);
  EXPECT_TRUE(bad->register_as(a_peer(2)).ok());
  EXPECT_TRUE(bad->exchange({}).ok());
}

TEST_F(RpcTest, HostileBytesOnTheRpcPortCostTheirOwnConnectionAndOneLogLine) {
  auto good = connect();
  ASSERT_TRUE(good->register_as(a_peer(1)).ok());
  Rng rng(42);
  std::vector<std::string> streams = {
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      std::string("\x00\x00\x00\x00\xff\xff\xff\x7f", 8),      // 16 GiB promised
      std::string("\xff\xff\xff\xff", 4),                      // four thousand million segments
      std::string("\x00\x00\x00\x00\x02\x00\x00\x00\x01", 9),  // truncated
      std::string(100'000, '\0'),
      "",
  };
  for (int i = 0; i < 150; ++i) {
    std::string noise(rng.below(3000), '\0');
    for (char& c : noise) c = static_cast<char>(rng.next32());
    streams.push_back(std::move(noise));
  }
  EXPECT_TRUE(send_and_await_close(server->rpc_address().port, streams));
  EXPECT_TRUE(good->exchange({}).ok());
  EXPECT_LE(logged("broke the protocol"), 1u);
  EXPECT_EQ(http("GET", "/healthz").status, 200);
}

TEST_F(RpcTest, LeavingIsNotedAndThePeerIsGoneFromTheApi) {
  auto peer = connect();
  ASSERT_TRUE(peer->register_as(a_peer(0xabc)).ok());
  EXPECT_NE(http("GET", "/api/v1/peers").body.find("0000000000000abc"), std::string::npos);
  ASSERT_TRUE(peer->exchange(one_event(1, Leaving{Duration()})).ok());
  peer->disconnect();
  EXPECT_TRUE(wait_until([&] { return logged("peer left") + logged("peer lost") > 0; }));
}

TEST_F(RpcTest, DrainingAnswersParkedExchangesAndSaysSoAtReadyz) {
  auto peer = connect();
  ASSERT_TRUE(peer->register_as(a_peer(1)).ok());
  auto first = peer->exchange({});
  ASSERT_TRUE(first.ok());
  ExchangeUp up;
  up.commands_applied = Sequence(first->commands.size());
  up.park = Duration::seconds(60);
  auto parked = peer->start_exchange(up);
  ASSERT_EQ(http("GET", "/readyz").status, 200);
  ASSERT_FALSE(parked->has_value());
  bool is_drained = false;
  server->drain([&] { is_drained = true; });
  auto answer = peer->wait(parked);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(http("GET", "/readyz").status, 503);
  EXPECT_EQ(http("GET", "/healthz").status, 200);
  EXPECT_EQ(peer->exchange({}).error().code, ErrorCode::kUnavailable);
  peer->disconnect();
  EXPECT_TRUE(wait_until([&] { return is_drained; }));
}

TEST_F(RpcTest, WhatASuperpeerFoundAndLearnedIsThereAfterARestart) {
  make_bucket(R"({"name": "models", "origin": "http://origin.example/models/"})");
  VersionId version;
  Digest root;
  root.bytes.fill(9);
  {
    auto superpeer = connect();
    ASSERT_TRUE(superpeer->register_as(a_peer(7, Role::kSuperpeer)).ok());
    auto peer = connect();
    ASSERT_TRUE(peer->register_as(a_peer(1)).ok());
    ASSERT_TRUE(peer->exchange(one_event(1, an_open(1, "models", "k"))).ok());
    uint64_t event = 0;
    uint64_t applied = 0;
    bool is_assigned = false;
    ExchangeUp up;
    // Plays the superpeer: resolves the name, reads what it is told to.
    for (int round = 0; round < 20 && !is_assigned; ++round) {
      up.commands_applied = Sequence(applied);
      up.park = Duration::milliseconds(200);
      auto down = superpeer->exchange(std::exchange(up, {}));
      ASSERT_TRUE(down.ok()) << down.error().message;
      for (const Command& command : down->commands) {
        ++applied;
        if (auto* resolve = std::get_if<Resolve>(&command)) {
          VersionFacts facts;
          facts.id.digest.bytes.fill(5);
          facts.bucket = resolve->bucket;
          facts.bucket_name = resolve->bucket_name;
          facts.key = resolve->key;
          facts.chunking = Chunking::of(1000);
          facts.origin = {resolve->url, "\"etag\"", std::nullopt};
          version = facts.id;
          up = one_event(++event, NameResolved{resolve->resolve, facts, {}});
        }
        if (auto* assign = std::get_if<Assign>(&command)) {
          is_assigned = true;
          ChunkVerified verified{assign->assignment, assign->chunk, assign->source, root};
          verified.bytes = 1000;
          up = one_event(++event, verified);
        }
      }
    }
    ASSERT_TRUE(is_assigned);
    ASSERT_TRUE(superpeer->exchange(up).ok());
    EXPECT_TRUE(eventually(
        [&] { return http("GET", "/metrics").body.find("catalog_queue 0") != std::string::npos; }));
  }
  const TrackerEpoch before = server->epoch();
  start();
  EXPECT_GT(server->epoch(), before);
  Answer stat = http("GET", "/api/v1/buckets/models/objects/k");
  EXPECT_EQ(stat.status, 200) << stat.body;
  EXPECT_NE(stat.body.find(version.hex()), std::string::npos) << stat.body;
  EXPECT_NE(stat.body.find("\"roots_known\": 1"), std::string::npos) << stat.body;
  auto peer = connect();
  ASSERT_TRUE(peer->register_as(a_peer(1)).ok());
  auto page = peer->wait(peer->start_roots({version, 0}));
  ASSERT_TRUE(page.ok()) << page.error().message;
  EXPECT_EQ(page->roots, (std::vector<Digest>{root}));
}

}  // namespace
}  // namespace tyto::tracker
