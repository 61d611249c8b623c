#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>

#include "tests/io/http/http_world.h"

namespace tyto::io {
namespace {

class UnixSocket : public testing::Test {
 protected:
  UnixSocket() {
    char name[] = "/tmp/tyto-unix-XXXXXX";
    folder_ = ::mkdtemp(name);
    path_ = folder_ + "/s";
  }
  ~UnixSocket() override { std::filesystem::remove_all(folder_); }
  HttpServerOptions options() const {
    HttpServerOptions given;
    given.unix_path = path_;
    return given;
  }
  std::string folder_, path_;
};

TEST_F(UnixSocket, ServesAndIsReachedByPath) {
  HttpWorld world(options());
  HttpRequest seen;
  world.server->route("GET", "/", [&](HttpRequest request, std::shared_ptr<HttpResponder> to) {
    seen = request;
    to->reply(200, "text/plain", "over the path");
  });
  auto answer = world.fetch({.url = "http://agent/x?y=z", .unix_socket = path_});
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->body, "over the path");
  EXPECT_EQ(seen.headers.get("Host"), "agent");
  EXPECT_EQ(seen.peer.host, "unix");
  EXPECT_EQ(world.client->idle_connections(), 1u);
}

TEST_F(UnixSocket, TheFileGoesWithTheServerAndAStaleOneIsReplaced) {
  { HttpWorld world(options()); }
  EXPECT_FALSE(std::filesystem::exists(path_));
  int left_over = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(left_over, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(left_over);
  ASSERT_TRUE(std::filesystem::exists(path_));
  HttpWorld world(options());
  world.answer("GET", "/", "fresh");
  EXPECT_EQ(world.fetch({.url = "http://agent/", .unix_socket = path_})->body, "fresh");
}

TEST_F(UnixSocket, WhatIsInUseOrNoSocketIsLeftAlone) {
  HttpWorld world(options());
  auto second = HttpServer::listen(world.loop, options());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(std::filesystem::exists(path_));
  HttpServerOptions other;
  other.unix_path = folder_ + "/file";
  std::ofstream(other.unix_path) << "precious";
  auto file = HttpServer::listen(world.loop, other);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(std::filesystem::file_size(other.unix_path), 8u);
  other.unix_path = folder_ + "/" + std::string(200, 'x');
  EXPECT_FALSE(HttpServer::listen(world.loop, other).ok());
}

TEST_F(UnixSocket, AClientWithoutAServerIsToldSo) {
  HttpWorld world;
  auto answer = world.fetch({.url = "http://agent/", .unix_socket = path_});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(answer.error().message.find(path_), std::string::npos);
}

}  // namespace
}  // namespace tyto::io
