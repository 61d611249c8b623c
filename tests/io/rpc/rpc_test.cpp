#include <gtest/gtest.h>

#include <memory>

#include "tests/io/rpc/echo_server.h"

namespace tyto::io {
namespace {

TEST(Rpc, CallsGoThereAndBackAndTheServerLearnsTheAddress) {
  EchoWorld world;
  EchoClient client(world);
  ASSERT_TRUE(until(world.loop, [&] { return client.is_connected; }));
  EXPECT_TRUE(client.client.is_connected());
  client.call("hoot");
  ASSERT_TRUE(until(world.loop, [&] { return client.answers.size() == 1; }));
  EXPECT_EQ(client.answers[0], "hoot");
  ASSERT_EQ(world.events.came.size(), 1u);
  EXPECT_EQ(world.events.came[0].peer.host, "127.0.0.1");
  EXPECT_NE(world.events.came[0].peer.port, 0);
  EXPECT_EQ(world.listener->connections(), 1u);
}

TEST(Rpc, WhoHungUpWhileOthersWereServedIsNotServed) {
  EchoWorld world;
  EchoClient client(world);
  ASSERT_TRUE(until(world.loop, [&] { return client.is_connected; }));
  constexpr std::size_t kCalls = 20'000;
  for (std::size_t i = 0; i < kCalls; ++i) client.call("hoot");
  for (int i = 0; i < 100; ++i) RawSocket(world.port()).send("anything");
  ASSERT_TRUE(until(world.loop, [&] { return client.answers.size() == kCalls; }));
  EXPECT_LT(world.events.came.size(), 50u);
  EchoClient late(world);
  ASSERT_TRUE(until(world.loop, [&] { return late.is_connected; }));
}

TEST(Rpc, ManyCallsInFlightAreAllAnswered) {
  EchoWorld world;
  EchoClient client(world);
  ASSERT_TRUE(until(world.loop, [&] { return client.is_connected; }));
  constexpr std::size_t kCalls = 5000;
  for (std::size_t i = 0; i < kCalls; ++i) client.call(std::to_string(i));
  ASSERT_TRUE(until(world.loop, [&] { return client.answers.size() == kCalls; }));
  for (std::size_t i = 0; i < kCalls; ++i) EXPECT_EQ(client.answers[i], std::to_string(i));
}

TEST(Rpc, MessagesLargerThanAnyBufferArriveWhole) {
  EchoWorld world;
  EchoClient client(world);
  ASSERT_TRUE(until(world.loop, [&] { return client.is_connected; }));
  std::string large(3'000'000, 'x');
  large[1'500'000] = 'y';
  client.call(large);
  client.call("small");
  ASSERT_TRUE(until(world.loop, [&] { return client.answers.size() == 2; }));
  EXPECT_TRUE(client.answers[0] == large);
  EXPECT_EQ(client.answers[1], "small");
}

TEST(Rpc, TheServerCallsBackOnTheSameConnection) {
  struct Listening final : Ear::Server {
    explicit Listening(std::vector<uint32_t>& to) : heard(to) {}
    kj::Promise<void> hear(HearContext context) override {
      heard.push_back(context.getParams().getN());
      return kj::READY_NOW;
    }
    std::vector<uint32_t>& heard;
  };
  EchoWorld world;
  EchoClient client(world);
  ASSERT_TRUE(until(world.loop, [&] { return client.is_connected; }));
  std::vector<uint32_t> heard;
  auto request = client.echo.tellRequest();
  request.setTo(kj::heap<Listening>(heard));
  request.setTimes(3);
  bool done = false;
  auto call = request.send().ignoreResult().then([&] { done = true; }).eagerlyEvaluate(nullptr);
  ASSERT_TRUE(until(world.loop, [&] { return done; }));
  EXPECT_EQ(heard, (std::vector<uint32_t>{0, 1, 2}));
}

TEST(Rpc, DroppingACallCancelsItAtTheServer) {
  EchoWorld world;
  EchoClient client(world);
  ASSERT_TRUE(until(world.loop, [&] { return client.is_connected; }));
  client.park();
  ASSERT_TRUE(until(world.loop, [&] { return world.events.parked == 1; }));
  client.calls.clear();
  ASSERT_TRUE(until(world.loop, [&] { return world.events.released == 1; }));
  client.call("still here");
  ASSERT_TRUE(until(world.loop, [&] { return client.answers.size() == 1; }));
}

TEST(Rpc, AClientThatDropsWithCallsPendingLeavesNothingBehind) {
  EchoWorld world;
  auto client = std::make_unique<EchoClient>(world);
  ASSERT_TRUE(until(world.loop, [&] { return client->is_connected; }));
  for (int i = 0; i < 10; ++i) client->park();
  ASSERT_TRUE(until(world.loop, [&] { return world.events.parked == 10; }));
  client.reset();
  ASSERT_TRUE(until(world.loop, [&] { return world.events.gone.size() == 1; }));
  ASSERT_TRUE(until(world.loop, [&] { return world.events.servers == 0; }));
  EXPECT_EQ(world.events.released, 10);
  EXPECT_EQ(world.listener->connections(), 0u);
  EXPECT_TRUE(world.events.errors.empty()) << world.events.errors[0].second.message;
}

TEST(Rpc, ClosingAConnectionAtTheServerTellsBothSidesOnce) {
  EchoWorld world;
  EchoClient client(world);
  ASSERT_TRUE(until(world.loop, [&] { return client.is_connected; }));
  client.park();
  ASSERT_TRUE(until(world.loop, [&] { return world.events.parked == 1; }));
  world.listener->close(world.events.came[0].id);
  world.listener->close(world.events.came[0].id);
  EXPECT_TRUE(world.events.gone.empty());
  ASSERT_TRUE(
      until(world.loop, [&] { return !client.errors.empty() && !client.failures.empty(); }));
  EXPECT_EQ(client.errors[0].code, ErrorCode::kUnavailable);
  EXPECT_EQ(client.failures[0].code, ErrorCode::kUnavailable);
  ASSERT_TRUE(until(world.loop, [&] { return world.events.servers == 0; }));
  EXPECT_EQ(world.events.gone.size(), 1u);
  EXPECT_TRUE(world.events.errors.empty());
  EXPECT_FALSE(client.client.is_connected());
}

TEST(Rpc, DestroyingTheListenerEndsItsConnectionsAndCallsNobody) {
  EchoWorld world;
  EchoClient client(world);
  ASSERT_TRUE(until(world.loop, [&] { return client.is_connected; }));
  client.park();
  ASSERT_TRUE(until(world.loop, [&] { return world.events.parked == 1; }));
  world.listener.reset();
  ASSERT_TRUE(
      until(world.loop, [&] { return !client.errors.empty() && world.events.servers == 0; }));
  EXPECT_TRUE(world.events.gone.empty());
  EXPECT_TRUE(world.events.errors.empty());
}

TEST(Rpc, StopAcceptingKeepsWhatIsOpen) {
  EchoWorld world;
  EchoClient open(world);
  ASSERT_TRUE(until(world.loop, [&] { return world.events.came.size() == 1; }));
  uint16_t port = world.port();
  world.listener->stop_accepting();
  EchoClient late(world, {"127.0.0.1", port});
  ASSERT_TRUE(until(world.loop, [&] { return !late.errors.empty(); }));
  EXPECT_EQ(late.errors[0].code, ErrorCode::kUnavailable);
  open.call("on");
  ASSERT_TRUE(until(world.loop, [&] { return open.answers.size() == 1; }));
}

TEST(Rpc, ListeningOnATakenPortIsRefusedWithWhatToDo) {
  EchoWorld world;
  RpcListenerOptions options;
  options.bind = {"127.0.0.1", world.port()};
  RpcListenerHandlers handlers;
  handlers.bootstrap = [](const RpcConnectionInfo&) -> capnp::Capability::Client {
    return nullptr;
  };
  auto taken = RpcListener::listen(world.loop, options, handlers);
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(taken.error().message.find("choose another port"), std::string::npos);
  options.bind = {"203.0.113.1", 0};  // an address for documents, never a machine's
  auto foreign = RpcListener::listen(world.loop, options, handlers);
  ASSERT_FALSE(foreign.ok());
  EXPECT_EQ(foreign.error().code, ErrorCode::kInvalidArgument);
}

TEST(RpcClient, ReachesServersByNameAndOverIpv6) {
  EchoWorld world;
  EchoClient by_name(world, {"localhost", world.port()});
  ASSERT_TRUE(until(world.loop, [&] { return by_name.is_connected; }));
  RpcListenerOptions options;
  options.bind = {"::1", 0};
  RpcListenerHandlers handlers;
  handlers.bootstrap = [&](const RpcConnectionInfo&) -> capnp::Capability::Client {
    return Echo::Client(kj::heap<EchoServer>(world.events));
  };
  auto v6 = RpcListener::listen(world.loop, options, handlers);
  if (!v6) GTEST_SKIP() << "this machine has no IPv6";
  EchoClient client(world, (*v6)->bound());
  ASSERT_TRUE(until(world.loop, [&] { return client.is_connected; }));
}

TEST(RpcClient, ARefusedOrUnknownServerIsUnavailable) {
  EchoWorld world;
  HostPort nobody = world.listener->bound();
  world.listener.reset();
  EchoClient refused(world, nobody);
  EchoClient unknown(world, {"no.such.host.invalid", 1});
  ASSERT_TRUE(
      until(world.loop, [&] { return !refused.errors.empty() && !unknown.errors.empty(); }));
  EXPECT_EQ(refused.errors[0].code, ErrorCode::kUnavailable);
  EXPECT_EQ(unknown.errors[0].code, ErrorCode::kUnavailable);
  EXPECT_NE(refused.errors[0].message.find(nobody.text()), std::string::npos);
}

TEST(RpcClient, AServerThatTakesTooLongToConnectToIsTimedOut) {
  Loop loop;
  // A queue of one that is full: further connections are left hanging by the kernel.
  int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listening, 0), 0);
  socklen_t size = sizeof address;
  ::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size);
  RawSocket filler(ntohs(address.sin_port));
  std::vector<Error> errors;
  RpcClientOptions options;
  options.server = {"127.0.0.1", ntohs(address.sin_port)};
  options.connect_within = Duration::milliseconds(100);
  RpcClient client(
      loop, options,
      {[](capnp::Capability::Client) {}, [&](const Error& error) { errors.push_back(error); }});
  ASSERT_TRUE(until(loop, [&] { return !errors.empty(); }));
  EXPECT_EQ(errors[0].code, ErrorCode::kTimedOut);
  ::close(listening);
}

TEST(RpcClient, SaysNothingAfterClose) {
  EchoWorld world;
  EchoClient early(world), late(world);
  early.client.close();
  ASSERT_TRUE(until(world.loop, [&] { return late.is_connected; }));
  late.client.close();
  ASSERT_TRUE(until(world.loop, [&] { return !world.events.gone.empty(); }));
  EXPECT_FALSE(early.is_connected);
  EXPECT_TRUE(early.errors.empty());
  EXPECT_TRUE(late.errors.empty());
}

TEST(RpcClient, CapabilitiesOutliveItAndFail) {
  EchoWorld world;
  auto client = std::make_unique<EchoClient>(world);
  ASSERT_TRUE(until(world.loop, [&] { return client->is_connected; }));
  Echo::Client kept = client->echo;
  client->calls.clear();
  client.reset();
  bool failed = false;
  auto call = kept.parkRequest().send().ignoreResult().eagerlyEvaluate(
      [&](kj::Exception&&) { failed = true; });
  EXPECT_TRUE(until(world.loop, [&] { return failed; }));
}

TEST(RpcClient, MayBeDestroyedInItsOwnCallbacks) {
  EchoWorld world;
  std::unique_ptr<RpcClient> client;
  RpcClientOptions options;
  options.server = {"127.0.0.1", world.port()};
  int connected = 0;
  client = std::make_unique<RpcClient>(world.loop, options,
                                       RpcClientHandlers{[&](capnp::Capability::Client) {
                                                           ++connected;
                                                           client.reset();
                                                         },
                                                         nullptr});
  ASSERT_TRUE(until(world.loop, [&] { return connected == 1; }));
  EXPECT_EQ(client, nullptr);
  int ended = 0;
  client = std::make_unique<RpcClient>(
      world.loop, options,
      RpcClientHandlers{[&](capnp::Capability::Client) { world.listener.reset(); },
                        [&](const Error&) {
                          ++ended;
                          client.reset();
                        }});
  ASSERT_TRUE(until(world.loop, [&] { return ended == 1; }));
  EXPECT_EQ(client, nullptr);
}

TEST(RpcClient, MayBeDestroyedInsideACallThatCameOverIt) {
  struct Closing final : Ear::Server {
    explicit Closing(std::unique_ptr<EchoClient>& whom) : client(whom) {}
    kj::Promise<void> hear(HearContext) override {
      client.reset();
      return kj::READY_NOW;
    }
    std::unique_ptr<EchoClient>& client;
  };
  EchoWorld world;
  auto client = std::make_unique<EchoClient>(world);
  ASSERT_TRUE(until(world.loop, [&] { return client->is_connected; }));
  auto request = client->echo.tellRequest();
  request.setTo(kj::heap<Closing>(client));
  request.setTimes(2);
  bool failed = false;
  auto call =
      request.send().ignoreResult().eagerlyEvaluate([&](kj::Exception&&) { failed = true; });
  ASSERT_TRUE(until(world.loop, [&] { return failed && world.events.gone.size() == 1; }));
  EXPECT_EQ(client, nullptr);
}

}  // namespace
}  // namespace tyto::io
