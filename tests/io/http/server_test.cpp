#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "tests/io/http/http_world.h"

namespace tyto::io {
namespace {

using Responder = std::shared_ptr<HttpResponder>;

TEST(HttpServer, RoutesByMethodAndByTheLongestPattern) {
  HttpWorld world;
  world.answer("GET", "/", "root");
  world.answer("GET", "/v1/objects/", "below objects");
  world.answer("GET", "/v1/objects", "objects");
  world.answer("PUT", "/v1/objects/", "put");
  EXPECT_EQ(world.get("/x/y")->body, "root");
  EXPECT_EQ(world.get("/v1/objects")->body, "objects");
  EXPECT_EQ(world.get("/v1/objects/a")->body, "below objects");
  EXPECT_EQ(world.fetch({.method = "PUT", .url = world.url("/v1/objects/a")})->body, "put");
  auto refused = world.fetch({.method = "DELETE", .url = world.url("/v1/objects/a")});
  EXPECT_EQ(refused->status, 405);
  EXPECT_EQ(refused->headers.get("Allow"), "GET, PUT");
}

TEST(HttpServer, APathWithoutARouteIsNotFound) {
  HttpWorld world;
  world.answer("GET", "/v1/objects/", "x");
  EXPECT_EQ(world.get("/")->status, 404);
  EXPECT_EQ(world.get("/v1/objects")->status, 404);
  EXPECT_EQ(world.get("/v1/objects/")->status, 200);
}

TEST(HttpServer, HandlersGetTheRequestDecoded) {
  HttpWorld world;
  HttpRequest seen;
  world.server->route("POST", "/", [&](HttpRequest request, Responder responder) {
    seen = request;
    responder->reply(200, {{"X-One", "1"}, {"Content-Type", "a/b"}}, "ok");
  });
  auto answer = world.fetch({.method = "POST",
                             .url = world.url("/a%2Fb/%C3%A4/..?k=v%20w&k=2"),
                             .headers = {{"X-Two", "2"}},
                             .body = "the body"});
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->headers.get("X-One"), "1");
  EXPECT_EQ(answer->headers.get("Content-Length"), "2");
  EXPECT_FALSE(answer->headers.get("Date").empty());
  EXPECT_EQ(seen.path, "/a/b/\xc3\xa4/..");
  EXPECT_EQ(*seen.query_value("k"), "v w");
  EXPECT_EQ(seen.headers.get("x-two"), "2");
  EXPECT_EQ(seen.body, "the body");
  EXPECT_EQ(seen.peer.host, "127.0.0.1");
}

TEST(HttpServer, HeadIsAnsweredByGetWithoutABody) {
  HttpWorld world;
  world.answer("GET", "/", "twelve bytes");
  RawSocket raw(world.port());
  std::string text = world.ask_raw(raw, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(text.find("Content-Length: 12\r\n"), std::string::npos);
  EXPECT_EQ(text.find("twelve"), std::string::npos);
  raw.forget();
  EXPECT_NE(world.ask_raw(raw, "GET / HTTP/1.1\r\n\r\n").find("twelve bytes"), std::string::npos);
}

TEST(HttpServer, AnswersALongLineOfRequestsInOrderOnOneConnection) {
  HttpWorld world;
  world.server->route("GET", "/", [](HttpRequest request, Responder responder) {
    responder->reply(200, "text/plain", "<" + request.path + ">");
  });
  RawSocket raw(world.port());
  std::string requests;
  constexpr std::size_t kRequests = 2000;
  for (std::size_t i = 0; i < kRequests; ++i) {
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\n\r\n";
  }
  std::string text = world.ask_raw(raw, requests, kRequests);
  ASSERT_TRUE(until(world.loop, [&] {
    return (text = raw.read()).find("</" + std::to_string(kRequests - 1) + ">") !=
           std::string::npos;
  }));
  std::size_t at = 0;
  for (std::size_t i = 0; i < kRequests; ++i) {
    std::size_t found = text.find("</" + std::to_string(i) + ">", at);
    ASSERT_NE(found, std::string::npos) << i;
    at = found;
  }
  EXPECT_EQ(world.server->connections(), 1u);
}

TEST(HttpServer, ClosesWhenTheClientAsksForItOrSpeaksHttp10) {
  HttpWorld world;
  world.answer("GET", "/", "x");
  for (const char* request :
       {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"}) {
    RawSocket raw(world.port());
    raw.send(request);
    ASSERT_TRUE(until(world.loop, [&] { return raw.is_ended(); })) << request;
    EXPECT_NE(raw.read().find("Connection: close\r\n"), std::string::npos);
    EXPECT_NE(raw.read().find("200 OK"), std::string::npos);
  }
}

TEST(HttpServer, BadRequestsGetTheirStatusAndTheLogHearsOfEachKindOnce) {
  HttpServerOptions options;
  options.head_bytes_max = 1000;
  options.body_bytes_max = 100;
  HttpWorld world(options);
  world.answer("POST", "/", "x");
  const std::pair<std::string, std::string> cases[] = {
      {"\x16\x03\x01\x02 a TLS hello\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nbad\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nX: " + std::string(2000, 'x'), "431"},
      {"POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n", "413"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" + std::string(300, 'x'),
       "413"},
  };
  for (int round = 0; round < 3; ++round) {
    for (const auto& [request, status] : cases) {
      RawSocket raw(world.port());
      raw.send(request);
      ASSERT_TRUE(until(world.loop, [&] { return raw.is_ended(); })) << request;
      EXPECT_EQ(raw.read().substr(0, 12), "HTTP/1.1 " + status) << request;
    }
  }
  EXPECT_EQ(world.errors.size(), 3u);
  EXPECT_EQ(world.fetch({.method = "POST", .url = world.url("/")})->body, "x");
}

TEST(HttpServer, ABodyAtTheLimitIsTaken) {
  HttpServerOptions options;
  options.body_bytes_max = 100;
  HttpWorld world(options);
  world.server->route("POST", "/", [](HttpRequest request, Responder responder) {
    responder->reply(200, "text/plain", std::to_string(request.body.size()));
  });
  HttpClientRequest request{.method = "POST", .url = world.url("/"), .body = std::string(100, 'x')};
  EXPECT_EQ(world.fetch(request)->body, "100");
  request.body += "x";
  EXPECT_EQ(world.fetch(request)->status, 413);
}

TEST(HttpServer, SlowHeadsAndSilentClientsLoseTheirPlace) {
  HttpServerOptions options;
  options.head_within = Duration::milliseconds(60);
  options.body_within = Duration::milliseconds(60);
  options.idle_max = Duration::milliseconds(60);
  HttpWorld world(options);
  RawSocket silent(world.port()), slow_head(world.port()), slow_body(world.port());
  slow_head.send("GET / HT");
  slow_body.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  // Dripping bytes does not help: the time counts from the first.
  Timer drip(world.loop);
  std::function<void()> again = [&] {
    slow_head.send("x");
    drip.start_after(Duration::milliseconds(10), again);
  };
  again();
  ASSERT_TRUE(until(world.loop, [&] {
    return silent.is_ended() && slow_head.is_ended() && slow_body.is_ended();
  }));
  EXPECT_EQ(silent.read(), "");
  EXPECT_EQ(slow_head.read().substr(0, 12), "HTTP/1.1 408");
  EXPECT_EQ(slow_body.read().substr(0, 12), "HTTP/1.1 408");
  drip.cancel();
  ASSERT_TRUE(until(world.loop, [&] { return world.server->connections() == 0; }));
}

TEST(HttpServer, BeyondItsConnectionsItSays503) {
  HttpServerOptions options;
  options.connections_max = 2;
  HttpWorld world(options);
  world.answer("GET", "/", "x");
  RawSocket first(world.port()), second(world.port());
  ASSERT_TRUE(until(world.loop, [&] { return world.server->connections() == 2; }));
  auto refused = world.get("/");
  ASSERT_TRUE(refused.ok()) << refused.error().message;
  EXPECT_EQ(refused->status, 503);
  ASSERT_EQ(world.errors.size(), 1u);
  EXPECT_EQ(world.errors[0].code, ErrorCode::kOverloaded);
  first.close();
  ASSERT_TRUE(until(world.loop, [&] { return world.server->connections() == 1; }));
  EXPECT_EQ(world.get("/")->status, 200);
}

TEST(HttpServer, TellsClientsThatAskToGoOnWithTheBody) {
  HttpWorld world;
  world.server->route("POST", "/", [](HttpRequest request, Responder responder) {
    responder->reply(200, "text/plain", request.body);
  });
  RawSocket raw(world.port());
  std::string text =
      world.ask_raw(raw, "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(text, "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_NE(world.ask_raw(raw, "abc", 2).find("\r\n\r\nabc"), std::string::npos);
}

// Streams `pieces` pieces of 64 KiB, minding the room.
struct Streamer : std::enable_shared_from_this<Streamer> {
  Streamer(Responder to, std::size_t count) : responder(std::move(to)), pieces(count) {}
  void go() {
    auto self = shared_from_this();
    while (written < pieces) {
      std::string piece(64 * 1024, static_cast<char>('a' + written % 26));
      ++written;
      auto room = responder->write(bytes_of(piece));
      if (room == HttpResponder::Room::kGone) return;
      if (room == HttpResponder::Room::kFull) {
        ++fulls;
        return responder->on_room([this, self] { go(); });
      }
    }
    responder->finish();
  }
  Responder responder;
  std::size_t pieces;
  std::size_t written = 0;
  int fulls = 0;
};

TEST(HttpServer, StreamsWithBackPressureChunkedOrOfKnownLength) {
  HttpWorld world;
  std::shared_ptr<Streamer> streamer;
  world.server->route("GET", "/", [&](HttpRequest request, Responder responder) {
    streamer = std::make_shared<Streamer>(responder, 200);
    std::optional<uint64_t> length;
    if (request.path == "/known") length = 200 * 64 * 1024;
    responder->start(200, {}, length);
    streamer->go();
  });
  std::string expected;
  for (int i = 0; i < 200; ++i) expected.append(64 * 1024, static_cast<char>('a' + i % 26));
  for (const char* path : {"/known", "/chunked"}) {
    RawSocket raw(world.port());
    raw.send(std::string("GET ") + path + " HTTP/1.1\r\n\r\n");
    // Nobody reads: what is queued stays bounded.
    world.loop.run_until([] { return false; }, Duration::milliseconds(50));
    ASSERT_NE(streamer, nullptr);
    EXPECT_LT(streamer->written, 200u);
    EXPECT_EQ(world.get(path)->body, expected);
    EXPECT_GT(streamer->fulls, 0);
    streamer.reset();
  }
}

TEST(HttpServer, RoomIsToldEvenToThoseWhoAskLate) {
  HttpServerOptions options;
  options.queue_bytes_max = 1000;
  HttpWorld world(options);
  Responder held;
  world.server->route("GET", "/", [&](HttpRequest, Responder responder) {
    held = responder;
    held->start(200, {});
    EXPECT_EQ(held->write(bytes_of(std::string(2000, 'x'))), HttpResponder::Room::kFull);
  });
  RawSocket raw(world.port());
  raw.send("GET / HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(until(world.loop, [&] { return raw.read().size() > 2000; }));
  bool told = false;
  held->on_room([&] { told = true; });
  EXPECT_FALSE(told);
  EXPECT_TRUE(until(world.loop, [&] { return told; }));
  held->finish();
}

TEST(HttpServer, SendsBorrowedBytesAndReleasesTheirOwnerWhenSent) {
  HttpWorld world;
  auto owner = std::make_shared<std::string>(1'000'000, 'z');
  bool sent = false;
  world.server->route("GET", "/", [&](HttpRequest, Responder responder) {
    responder->on_sent([&] { sent = true; });
    responder->start(200, {}, owner->size());
    responder->write(bytes_of(*owner), owner);
    responder->finish();
  });
  EXPECT_TRUE(world.get("/")->body == *owner);
  EXPECT_TRUE(until(world.loop, [&] { return sent && owner.use_count() == 1; }));
}

class TempFile {
 public:
  explicit TempFile(const std::string& content) {
    char name[] = "/tmp/tyto-http-XXXXXX";
    fd = ::mkstemp(name);
    path = name;
    std::ofstream(path) << content;
  }
  ~TempFile() {
    ::close(fd);
    ::unlink(path.c_str());
  }
  int fd;
  std::string path;
};

TEST(HttpServer, SendsPartsOfFilesBetweenBytes) {
  std::string content;
  for (int i = 0; i < 500'000; ++i) content += std::to_string(i) + ",";
  TempFile file(content);
  HttpWorld world;
  auto owner = std::make_shared<int>(0);
  world.server->route("GET", "/", [&](HttpRequest, Responder responder) {
    responder->start(200, {}, 4 + content.size() - 100);
    responder->write(bytes_of("<<"));
    responder->write_file(file.fd, 100, content.size() - 100, owner);
    responder->write(bytes_of(">>"));
    responder->finish();
  });
  EXPECT_TRUE(world.get("/")->body == "<<" + content.substr(100) + ">>");
  EXPECT_TRUE(until(world.loop, [&] { return owner.use_count() == 1; }));
}

TEST(HttpServer, AFileShorterThanPromisedCutsTheAnswer) {
  TempFile file("short");
  HttpWorld world;
  world.server->route("GET", "/", [&](HttpRequest, Responder responder) {
    responder->start(200, {}, 100);
    responder->write_file(file.fd, 0, 100, nullptr);
    responder->finish();
  });
  auto answer = world.get("/");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
}

TEST(HttpServer, HandlersThatGiveUpAreNoticedByTheClient) {
  HttpWorld world;
  world.server->route("GET", "/dropped", [](HttpRequest, Responder) {});
  world.server->route("GET", "/cut", [](HttpRequest, Responder responder) {
    responder->start(200, {});
    responder->write(bytes_of("part"));
  });
  world.server->route("GET", "/less", [](HttpRequest, Responder responder) {
    responder->start(200, {}, 10);
    responder->write(bytes_of("part"));
    responder->finish();
  });
  world.server->route("GET", "/evil", [](HttpRequest, Responder responder) {
    responder->reply(200, {{"X", "a\r\nSet-Cookie: b"}}, "body");
  });
  EXPECT_EQ(world.get("/dropped")->status, 500);
  EXPECT_EQ(world.get("/cut").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(world.get("/less").error().code, ErrorCode::kUnavailable);
  auto evil = world.get("/evil");
  ASSERT_TRUE(evil.ok()) << evil.error().message;
  EXPECT_EQ(evil->status, 500);
  EXPECT_EQ(evil->headers.find("Set-Cookie"), nullptr);
}

TEST(HttpServer, AnswersWithoutABodyLeaveTheConnectionUsable) {
  HttpWorld world;
  world.server->route("GET", "/", [](HttpRequest request, Responder responder) {
    responder->reply(request.path == "/204" ? 204 : 304, HttpHeaders{{"ETag", "\"e\""}}, "");
  });
  EXPECT_EQ(world.get("/204")->status, 204);
  EXPECT_EQ(world.get("/304")->headers.get("ETag"), "\"e\"");
  EXPECT_EQ(world.get("/204")->status, 204);
  EXPECT_EQ(world.server->connections(), 1u);
}

TEST(HttpServer, TellsAWaitingHandlerThatTheClientHasGone) {
  HttpWorld world;
  Responder held;
  int gone = 0, sent = 0;
  world.server->route("GET", "/", [&](HttpRequest, Responder responder) {
    held = responder;
    held->on_gone([&] { ++gone; });
    held->on_sent([&] { ++sent; });
  });
  for (bool resets : {false, true}) {
    RawSocket raw(world.port());
    raw.send("GET / HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(until(world.loop, [&] { return held != nullptr; }));
    gone = 0;
    resets ? raw.reset() : raw.close();
    ASSERT_TRUE(until(world.loop, [&] { return gone == 1; }));
    EXPECT_TRUE(held->is_gone());
    held->reply(200, "text/plain", "too late");
    int late = 0;
    held->on_gone([&] { ++late; });
    EXPECT_EQ(late, 0);
    ASSERT_TRUE(until(world.loop, [&] { return late == 1; }));
    held.reset();
  }
  EXPECT_EQ(sent, 0);
  EXPECT_EQ(world.server->connections(), 0u);
}

TEST(HttpServer, AClientThatTakesNothingIsGoneAfterAWhile) {
  HttpServerOptions options;
  options.send_stall_max = Duration::milliseconds(60);
  HttpWorld world(options);
  bool gone = false;
  world.server->route("GET", "/", [&](HttpRequest, Responder responder) {
    auto owner = std::make_shared<std::string>(64 * kMiB, 'x');
    responder->on_gone([&] { gone = true; });
    responder->start(200, {}, owner->size());
    responder->write(bytes_of(*owner), owner);
    responder->finish();
  });
  RawSocket raw(world.port());
  raw.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(until(world.loop, [&] { return gone; }));
}

TEST(HttpServer, DrainingFinishesWhatIsUnderWayAndTakesNothingNew) {
  HttpWorld world;
  Responder held;
  world.server->route("GET", "/", [&](HttpRequest, Responder responder) { held = responder; });
  RawSocket busy(world.port()), idle(world.port());
  busy.send("GET / HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(
      until(world.loop, [&] { return held != nullptr && world.server->connections() == 2; }));
  world.server->stop_accepting();
  ASSERT_TRUE(until(world.loop, [&] { return idle.is_ended(); }));
  EXPECT_FALSE(world.get("/").ok());
  held->reply(200, "text/plain", "the last word");
  held.reset();
  ASSERT_TRUE(until(world.loop, [&] { return busy.is_ended(); }));
  EXPECT_NE(busy.read().find("the last word"), std::string::npos);
  EXPECT_NE(busy.read().find("Connection: close"), std::string::npos);
}

TEST(HttpServer, RespondersOutliveTheServer) {
  HttpWorld world;
  Responder held;
  bool gone = false;
  world.server->route("GET", "/", [&](HttpRequest, Responder responder) {
    held = responder;
    held->on_gone([&] { gone = true; });
  });
  RawSocket raw(world.port());
  raw.send("GET / HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(until(world.loop, [&] { return held != nullptr; }));
  world.server.reset();
  EXPECT_TRUE(gone);
  held->reply(200, "text/plain", "nobody hears it");
  held.reset();
  EXPECT_TRUE(until(world.loop, [&] { return raw.is_ended(); }));
}

TEST(HttpServer, ATakenPortIsRefusedWithWhatToDo) {
  HttpWorld world;
  HttpServerOptions options;
  options.bind = world.server->bound();
  auto second = HttpServer::listen(world.loop, options);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace tyto::io
