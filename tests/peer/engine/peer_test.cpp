// The public library against a real tracker, real sockets and real files.
#include "tyto/peer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include "tests/support/small_cluster.h"

namespace tyto {
namespace {

using Bytes = std::vector<std::byte>;

class PeerLibrary : public ::testing::Test {
 protected:
  PeerOptions options(const std::string& host) {
    PeerOptions options;
    options.trackers = {cluster.tracker()};
    options.listen = "127.0.0.1:0";
    options.location = host;
    options.name = host;
    options.store_bytes = 64 << 20;
    return options;
  }
  Peer connect(const std::string& host) {
    auto peer = Peer::connect(options(host));
    EXPECT_TRUE(peer.ok());
    return std::move(*peer);
  }
  static Bytes file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    auto* begin = reinterpret_cast<const std::byte*>(text.data());
    return Bytes(begin, begin + text.size());
  }
  static ErrorCode code(const Result<Object>& result) {
    return result.ok() ? ErrorCode{} : result.error().code;
  }
  support::SmallCluster cluster;
};

TEST_F(PeerLibrary, SavesAnObjectWholeAndTheNextPeerGetsItFromTheFirst) {
  Bytes content = cluster.put("k", 5'000'000);
  Peer first = connect("h1");
  auto one = first.open("b", "k", {.order = FetchOrder::kAny});
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->size(), content.size());
  uint64_t last = 0;
  auto saved = one->save(cluster.folder() + "/one", [&](const Progress& now) {
    EXPECT_GE(now.done_bytes, last);
    last = now.done_bytes;
  });
  ASSERT_TRUE(saved.ok()) << saved.error().message;
  EXPECT_EQ(last, content.size());
  EXPECT_EQ(file(cluster.folder() + "/one"), content);
  EXPECT_EQ(one->progress().from_origin, content.size());

  Peer second = connect("h2");
  auto two = second.open("b", "k", {.order = FetchOrder::kAny});
  ASSERT_TRUE(two.ok());
  ASSERT_TRUE(two->save(cluster.folder() + "/two").ok());
  EXPECT_EQ(file(cluster.folder() + "/two"), content);
  EXPECT_EQ(two->progress().from_peers, content.size());
  EXPECT_EQ(two->version(), one->version());
  EXPECT_GE(first.stats().bytes_uploaded, content.size());
}

TEST_F(PeerLibrary, ReadsRangesAnywhereAlsoPastTheEnd) {
  Bytes content = cluster.put("k", 3'000'001);
  Peer peer = connect("h1");
  auto object = peer.open("b", "k");
  ASSERT_TRUE(object.ok());
  Bytes out(100'000);
  for (uint64_t offset : {uint64_t{0}, uint64_t{262'100}, uint64_t{2'900'000}, uint64_t{1}}) {
    auto got = object->read(offset, out);
    ASSERT_TRUE(got.ok());
    std::size_t expected = std::min<std::size_t>(out.size(), content.size() - offset);
    ASSERT_EQ(*got, expected);
    EXPECT_TRUE(std::equal(out.begin(), out.begin() + static_cast<long>(*got),
                           content.begin() + static_cast<long>(offset)));
  }
  auto past = object->read(content.size(), out);
  ASSERT_TRUE(past.ok());
  EXPECT_EQ(*past, 0u);
}

TEST_F(PeerLibrary, StreamsAnObjectThatIsLargerThanItsStore) {
  Bytes content = cluster.put("k", 12 << 20);
  auto how = options("h1");
  how.store_bytes = 2 << 20;
  auto peer = Peer::connect(how);
  ASSERT_TRUE(peer.ok());
  auto object = peer->open("b", "k", {.readahead_bytes = 512 << 10});
  ASSERT_TRUE(object.ok()) << object.error().message;
  Bytes all;
  Bytes out(300'000);
  for (;;) {
    auto got = object->next(out);
    ASSERT_TRUE(got.ok()) << got.error().message;
    if (*got == 0) break;
    all.insert(all.end(), out.begin(), out.begin() + static_cast<long>(*got));
    EXPECT_LE(peer->stats().store_used_bytes, how.store_bytes);
  }
  EXPECT_EQ(all, content);
  EXPECT_EQ(code(peer->open("b", "k", {.order = FetchOrder::kAny})), ErrorCode::kNoSpace);
}

TEST_F(PeerLibrary, SeveralThreadsReadSeveralObjectsAtOnce) {
  Bytes first = cluster.put("one", 2'000'000, 1);
  Bytes second = cluster.put("two", 2'000'000, 2);
  Peer peer = connect("h1");
  auto one = peer.open("b", "one");
  auto two = peer.open("b", "two");
  ASSERT_TRUE(one.ok() && two.ok());
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      Object& object = i % 2 == 0 ? *one : *two;
      const Bytes& content = i % 2 == 0 ? first : second;
      Bytes out(200'000);
      uint64_t offset = static_cast<uint64_t>(i) * 220'000;
      auto got = object.read(offset, out);
      bool is_right = got.ok() && std::equal(out.begin(), out.end(),
                                             content.begin() + static_cast<long>(offset));
      right += is_right ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 8);
}

TEST_F(PeerLibrary, EmptyObjectsAndTinyOnesAreObjectsToo) {
  cluster.put("empty", 0);
  Bytes tiny = cluster.put("tiny", 1);
  Peer peer = connect("h1");
  auto empty = peer.open("b", "empty", {.order = FetchOrder::kAny});
  ASSERT_TRUE(empty.ok()) << empty.error().message;
  ASSERT_TRUE(empty->save(cluster.folder() + "/empty.out").ok());
  EXPECT_EQ(std::filesystem::file_size(cluster.folder() + "/empty.out"), 0u);
  auto one = peer.open("b", "tiny");
  ASSERT_TRUE(one.ok());
  Bytes out(10);
  auto got = one->read(0, out);
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(*got, 1u);
  EXPECT_EQ(out[0], tiny[0]);
}

TEST_F(PeerLibrary, SaysWhatIsWrongWithANameAtOnce) {
  Peer peer = connect("h1");
  EXPECT_EQ(code(peer.open("nowhere", "k")), ErrorCode::kNotFound);
  EXPECT_EQ(code(peer.open("b", "missing")), ErrorCode::kNotFound);
  EXPECT_EQ(code(peer.open("b", "../up")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(peer.open("b", std::string(4096, 'k'))), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(peer.open("B?", "k")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(peer.open("b", "k", {.version = "xyz"})), ErrorCode::kInvalidArgument);
}

TEST_F(PeerLibrary, RefusesOptionsThatMakeNoSense) {
  auto bad = options("h1");
  bad.trackers = {"no port"};
  EXPECT_EQ(Peer::connect(bad).error().code, ErrorCode::kInvalidArgument);
  bad = options("a/b/c/d/e");
  EXPECT_EQ(Peer::connect(bad).error().code, ErrorCode::kInvalidArgument);
  bad = options("h1");
  bad.trackers = {};
  EXPECT_EQ(Peer::connect(bad).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(PeerLibrary, CancelEndsAReadThatWaits) {
  cluster.put("k", 2'000'000);
  Peer peer = connect("h1");
  auto object = peer.open("b", "k");
  ASSERT_TRUE(object.ok());
  cluster.stop_tracker();  // nothing new will come for a while
  std::filesystem::remove(cluster.folder() + "/origin/k");
  std::thread reader([&] {
    Bytes out(2'000'000);
    auto got = object->read(0, out);
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().code, ErrorCode::kCancelled);
  });
  object->cancel();
  reader.join();
}

TEST_F(PeerLibrary, AnObjectThatOutlivesItsPeerSaysSo) {
  cluster.put("k", 2'000'000);
  std::optional<Object> object;
  {
    Peer peer = connect("h1");
    auto opened = peer.open("b", "k");
    ASSERT_TRUE(opened.ok());
    object.emplace(std::move(*opened));
  }
  Bytes out(1'000);
  auto got = object->read(0, out);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, ErrorCode::kCancelled);
}

TEST_F(PeerLibrary, WhatADiskStoreHoldsIsThereForTheNextRun) {
  Bytes content = cluster.put("k", 2'000'000);
  auto how = options("h1");
  how.store_dir = cluster.folder() + "/store";
  for (int run = 0; run < 2; ++run) {
    auto peer = Peer::connect(how);
    ASSERT_TRUE(peer.ok()) << peer.error().message;
    auto object = peer->open("b", "k", {.order = FetchOrder::kAny});
    ASSERT_TRUE(object.ok());
    ASSERT_TRUE(object->save(cluster.folder() + "/out").ok());
    EXPECT_EQ(file(cluster.folder() + "/out"), content);
    EXPECT_EQ(object->progress().from_store, run == 0 ? 0 : content.size());
    auto again = Peer::connect(how);
    ASSERT_FALSE(again.ok());
    EXPECT_EQ(again.error().code, ErrorCode::kConflict);
  }
}

TEST_F(PeerLibrary, ADownloadGoesOnWhenItsTrackerDiesForGood) {
  Bytes content = cluster.put("k", 8 << 20);
  Peer peer = connect("h1");
  auto object = peer.open("b", "k", {.readahead_bytes = 256 << 10});
  ASSERT_TRUE(object.ok());
  Bytes out(content.size());
  auto begin = object->read(0, std::span(out).first(300'000));
  ASSERT_TRUE(begin.ok());
  cluster.stop_tracker();
  auto rest = object->read(0, out);
  ASSERT_TRUE(rest.ok()) << rest.error().message;
  EXPECT_EQ(out, content);
}

}  // namespace
}  // namespace tyto
