// What comes from a hostile or broken client ends its own connection, is told once, and nothing
// else happens.
#include <capnp/rpc.capnp.h>
#include <capnp/serialize.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "tests/io/rpc/echo_server.h"

namespace tyto::io {
namespace {

std::string u32(uint32_t value) {
  std::string bytes(4, '\0');
  for (int i = 0; i < 4; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  return bytes;
}

std::string bytes_of(capnp::MessageBuilder& message) {
  auto words = capnp::messageToFlatArray(message);
  auto bytes = words.asBytes();
  return std::string(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
}

std::string bootstrap_message() {
  capnp::MallocMessageBuilder message;
  message.initRoot<capnp::rpc::Message>().initBootstrap().setQuestionId(0);
  return bytes_of(message);
}

// A call of bulk() on what bootstrap_message() asked for.
std::string bulk_message(uint32_t question, uint32_t bytes) {
  capnp::MallocMessageBuilder message;
  auto call = message.initRoot<capnp::rpc::Message>().initCall();
  call.setQuestionId(question);
  call.initTarget().initPromisedAnswer().setQuestionId(0);
  call.setInterfaceId(capnp::typeId<Echo>());
  call.setMethodId(3);
  call.getParams().getContent().initAs<Echo::BulkParams>().setBytes(bytes);
  return bytes_of(message);
}

uint64_t resident_kib() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.rfind("VmRSS:", 0) == 0) return std::stoull(line.substr(6));
  }
  return 0;
}

class Hostile : public testing::Test {
 protected:
  // Sends the bytes and expects one error of that kind, the connection's end, and that another
  // client notices nothing.
  void expect_ended(EchoWorld& world, std::string_view bytes, ErrorCode code) {
    EchoClient bystander(world);
    ASSERT_TRUE(until(world.loop, [&] { return bystander.is_connected; }));
    std::size_t errors = world.events.errors.size(), gone = world.events.gone.size();
    RawSocket raw(world.port());
    raw.send(bytes);
    ASSERT_TRUE(until(world.loop, [&] { return world.events.gone.size() == gone + 1; }));
    ASSERT_TRUE(until(world.loop, [&] { return raw.is_ended(); }));
    ASSERT_EQ(world.events.errors.size(), errors + 1);
    EXPECT_EQ(world.events.errors.back().second.code, code)
        << world.events.errors.back().second.message;
    EXPECT_EQ(world.events.errors.back().first.id, world.events.gone.back().id);
    bystander.call("unmoved");
    ASSERT_TRUE(until(world.loop, [&] { return bystander.answers.size() == 1; }));
    EXPECT_TRUE(bystander.errors.empty());
    bystander.client.close();
    ASSERT_TRUE(
        until(world.loop, [&] { return world.events.gone.size() == world.events.came.size(); }));
  }
};

TEST_F(Hostile, ASegmentTableWithoutEnd) {
  EchoWorld world;
  expect_ended(world, u32(0xffffffff) + u32(1) + std::string(64, 'x'), ErrorCode::kInvalidArgument);
  expect_ended(world, u32(511 + 1) + std::string(4096, '\1'), ErrorCode::kInvalidArgument);
}

TEST_F(Hostile, AMessageLargerThanTheLimit) {
  RpcLimits limits;
  limits.message_bytes_max = 64 * 1024;
  EchoWorld world(limits);
  expect_ended(world, u32(0) + u32(64 * 1024 / 8 + 1), ErrorCode::kInvalidArgument);
  expect_ended(world, u32(0) + u32(0xffffffff), ErrorCode::kInvalidArgument);
}

TEST_F(Hostile, AnotherProtocol) {
  EchoWorld world;
  expect_ended(world, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", ErrorCode::kInvalidArgument);
}

TEST_F(Hostile, WellFramedNonsense) {
  EchoWorld world;
  // One segment of four words of all ones: a root pointer that is none.
  expect_ended(world, u32(0) + u32(4) + std::string(32, '\xff'), ErrorCode::kInvalidArgument);
  // A call on a question that was never asked.
  expect_ended(world, bulk_message(1, 1), ErrorCode::kInvalidArgument);
}

TEST_F(Hostile, RandomBytesOfAnyKindNeverHurtOthers) {
  RpcLimits limits;
  limits.first_message_within = Duration::milliseconds(40);
  limits.message_within = Duration::milliseconds(40);
  EchoWorld world(limits);
  std::mt19937 random(7);
  std::string sound = bootstrap_message();
  for (int i = 0; i < 60; ++i) {
    std::string bytes = sound + bulk_message(1, 10);
    for (int hits = 0; hits < 4; ++hits) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    RawSocket raw(world.port());
    raw.send(bytes.substr(0, 1 + random() % bytes.size()));
    std::size_t came = world.events.came.size();
    ASSERT_TRUE(until(world.loop, [&] { return world.events.came.size() >= came; }));
    raw.close();
  }
  ASSERT_TRUE(until(world.loop, [&] {
    return world.events.came.size() == 60 && world.events.gone.size() == 60;
  }));
  EXPECT_LE(world.events.errors.size(), 60u);
  EchoClient bystander(world);
  ASSERT_TRUE(until(world.loop, [&] { return bystander.is_connected; }));
  bystander.call("unmoved");
  ASSERT_TRUE(until(world.loop, [&] { return bystander.answers.size() == 1; }));
}

TEST_F(Hostile, AMessageCutShort) {
  EchoWorld world;
  RawSocket raw(world.port());
  raw.send(bootstrap_message().substr(0, 12));
  raw.shut_sending();
  ASSERT_TRUE(until(world.loop, [&] { return world.events.gone.size() == 1; }));
  ASSERT_EQ(world.events.errors.size(), 1u);
  EXPECT_EQ(world.events.errors[0].second.code, ErrorCode::kUnavailable);
}

TEST_F(Hostile, AResetInTheMiddle) {
  EchoWorld world;
  RawSocket raw(world.port());
  raw.send(bootstrap_message() + bulk_message(1, 100));
  ASSERT_TRUE(until(world.loop, [&] { return !raw.read().empty(); }));
  raw.reset();
  ASSERT_TRUE(until(world.loop, [&] { return world.events.gone.size() == 1; }));
  EXPECT_LE(world.events.errors.size(), 1u);
  ASSERT_TRUE(until(world.loop, [&] { return world.events.servers == 0; }));
}

TEST_F(Hostile, AClientThatNeverSpeaksLosesItsPlace) {
  RpcLimits limits;
  limits.first_message_within = Duration::milliseconds(50);
  EchoWorld world(limits);
  RawSocket silent(world.port());
  ASSERT_TRUE(until(world.loop, [&] { return silent.is_ended(); }));
  ASSERT_TRUE(until(world.loop, [&] { return world.events.gone.size() == 1; }));
  ASSERT_EQ(world.events.errors.size(), 1u);
  EXPECT_EQ(world.events.errors[0].second.code, ErrorCode::kTimedOut);
}

TEST_F(Hostile, AMessageThatNeverEndsLosesItsPlaceButAnIdleClientKeepsIt) {
  RpcLimits limits;
  limits.message_within = Duration::milliseconds(50);
  EchoWorld world(limits);
  EchoClient idle(world);
  ASSERT_TRUE(until(world.loop, [&] { return idle.is_connected; }));
  RawSocket slow(world.port());
  slow.send(bootstrap_message() + u32(0) + u32(1000) + std::string(100, '\0'));
  ASSERT_TRUE(until(world.loop, [&] { return slow.is_ended() && !world.events.gone.empty(); }));
  ASSERT_EQ(world.events.errors.size(), 1u);
  EXPECT_EQ(world.events.errors[0].second.code, ErrorCode::kTimedOut);
  idle.call("patient");
  ASSERT_TRUE(until(world.loop, [&] { return idle.answers.size() == 1; }));
}

TEST_F(Hostile, AClientThatDoesNotReadItsAnswersIsHeldToTheQueue) {
  RpcLimits limits;
  limits.send_queue_bytes_max = 4 * kMiB;
  limits.message_within = Duration::milliseconds(400);
  EchoWorld world(limits);
  RawSocket deaf(world.port());
  ASSERT_TRUE(deaf.send(bootstrap_message()));
  for (uint32_t i = 1; i <= 40; ++i) ASSERT_TRUE(deaf.send(bulk_message(i, 1'000'000)));
  ASSERT_TRUE(until(world.loop, [&] { return world.events.gone.size() == 1; }));
  ASSERT_EQ(world.events.errors.size(), 1u);
  EXPECT_NE(world.events.errors[0].second.message.find("does not read"), std::string::npos);
}

TEST_F(Hostile, PromisedBytesCostNothingBeforeTheyCome) {
  EchoWorld world;
  std::vector<std::unique_ptr<RawSocket>> crowd;
  uint64_t before = resident_kib();
  for (int i = 0; i < 60; ++i) {
    crowd.push_back(std::make_unique<RawSocket>(world.port()));
    crowd.back()->send(u32(0) + u32(1024 * 1024 - 1) + std::string(1000, '\0'));
  }
  ASSERT_TRUE(until(world.loop, [&] { return world.events.came.size() == 60; }));
  world.loop.run_until([] { return false; }, Duration::milliseconds(50));
  EXPECT_EQ(world.events.gone.size(), 0u);
  // They promise 480 MiB.
  EXPECT_LT(resident_kib() - before, 120u * 1024);
}

TEST_F(Hostile, ConnectionsBeyondTheLimitAreClosedAndToldOnce) {
  EchoWorld world({}, 2);
  EchoClient first(world), second(world);
  ASSERT_TRUE(until(world.loop, [&] { return world.events.came.size() == 2; }));
  RawSocket third(world.port()), fourth(world.port());
  ASSERT_TRUE(until(world.loop, [&] { return third.is_ended() && fourth.is_ended(); }));
  EXPECT_EQ(world.events.came.size(), 2u);
  EXPECT_EQ(world.listener->connections(), 2u);
  ASSERT_EQ(world.events.errors.size(), 1u);
  EXPECT_EQ(world.events.errors[0].second.code, ErrorCode::kOverloaded);
  EXPECT_EQ(world.events.errors[0].first.id, RpcConnectionId(0));
  first.client.close();
  ASSERT_TRUE(until(world.loop, [&] { return world.events.gone.size() == 1; }));
  EchoClient next(world);
  ASSERT_TRUE(until(world.loop, [&] { return next.is_connected; }));
  next.call("room");
  ASSERT_TRUE(until(world.loop, [&] { return next.answers.size() == 1; }));
}

}  // namespace
}  // namespace tyto::io
