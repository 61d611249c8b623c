#include <gtest/gtest.h>

#include "tests/io/http/http_world.h"
#include "tests/io/http/scripted_server.h"

namespace tyto::io {
namespace {

using Responder = std::shared_ptr<HttpResponder>;

// A call with what it was told.
struct Told {
  HttpCallbacks callbacks() {
    return {[this](const HttpResponseHead& head) { heads.push_back(head); },
            [this](std::span<const std::byte> bytes) {
              body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
              return flow;
            },
            [this](Result<void> result) { done.push_back(result); }};
  }
  std::vector<HttpResponseHead> heads;
  std::string body;
  HttpFlow flow = HttpFlow::kMore;
  std::vector<Result<void>> done;
  HttpCall call;
};

ErrorCode code_of(const Result<HttpResponse>& result) {
  return result.ok() ? ErrorCode{} : result.error().code;
}

TEST(HttpClient, StreamsHeadBodyAndEndInThatOrderAndNeverInsideRequest) {
  HttpWorld world;
  world.answer("GET", "/", "some body");
  Told told;
  told.call = world.client->request({.url = world.url("/")}, told.callbacks());
  EXPECT_TRUE(told.call.is_active());
  EXPECT_TRUE(told.heads.empty());
  ASSERT_TRUE(until(world.loop, [&] { return !told.done.empty(); }));
  EXPECT_TRUE(told.done[0].ok());
  ASSERT_EQ(told.heads.size(), 1u);
  EXPECT_EQ(told.heads[0].status, 200);
  EXPECT_EQ(told.heads[0].content_length, 9u);
  EXPECT_EQ(told.heads[0].url, world.url("/"));
  EXPECT_EQ(told.body, "some body");
  EXPECT_FALSE(told.call.is_active());
}

TEST(HttpClient, KeepsAConnectionForTheNextRequest) {
  HttpWorld world;
  world.answer("GET", "/", "x");
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(world.get("/").ok());
    EXPECT_EQ(world.client->idle_connections(), 1u);
  }
  EXPECT_EQ(world.server->connections(), 1u);
}

TEST(HttpClient, KeepsNoMoreConnectionsThanToldAndNotForEver) {
  HttpClientOptions options;
  options.idle_connections_per_host_max = 3;
  options.idle_connection_kept = Duration::milliseconds(50);
  HttpWorld world({}, options);
  world.answer("GET", "/", "x");
  std::vector<std::unique_ptr<Told>> crowd;
  for (int i = 0; i < 100; ++i) {
    crowd.push_back(std::make_unique<Told>());
    crowd.back()->call = world.client->request({.url = world.url("/")}, crowd.back()->callbacks());
  }
  ASSERT_TRUE(until(world.loop, [&] {
    return std::all_of(crowd.begin(), crowd.end(), [](auto& told) { return !told->done.empty(); });
  }));
  for (auto& told : crowd) EXPECT_TRUE(told->done[0].ok() && told->body == "x");
  EXPECT_LE(world.client->idle_connections(), 3u);
  EXPECT_TRUE(until(world.loop, [&] { return world.client->idle_connections() == 0; }));
  EXPECT_TRUE(until(world.loop, [&] { return world.server->connections() == 0; }));
}

TEST(HttpClient, HoldStopsTheBodyUntilResume) {
  HttpWorld world;
  std::string large(16 * kMiB, 'x');
  for (std::size_t i = 0; i < large.size(); i += 4096) large[i] = static_cast<char>('a' + i % 23);
  world.answer("GET", "/", large);
  Told told;
  told.flow = HttpFlow::kHold;
  told.call = world.client->request({.url = world.url("/")}, told.callbacks());
  ASSERT_TRUE(until(world.loop, [&] { return !told.body.empty(); }));
  std::size_t held_at = told.body.size();
  world.loop.run_until([] { return false; }, Duration::milliseconds(40));
  EXPECT_EQ(told.body.size(), held_at);
  told.call.resume();
  EXPECT_EQ(told.body.size(), held_at);
  ASSERT_TRUE(until(world.loop, [&] { return told.body.size() > held_at; }));
  // And from outside.
  told.flow = HttpFlow::kMore;
  told.call.resume();
  ASSERT_TRUE(until(world.loop, [&] { return told.body.size() > 2 * kMiB; }));
  told.call.pause();
  std::size_t paused_at = told.body.size();
  world.loop.run_until([] { return false; }, Duration::milliseconds(40));
  EXPECT_EQ(told.body.size(), paused_at);
  EXPECT_TRUE(told.done.empty());
  told.call.resume();
  ASSERT_TRUE(until(world.loop, [&] { return !told.done.empty(); }));
  EXPECT_TRUE(told.body == large);
}

TEST(HttpClient, APauseDoesNotCountAsIdlenessAndTheEndWaitsForIt) {
  HttpWorld world;
  world.answer("GET", "/", "short");
  Told told;
  told.flow = HttpFlow::kHold;
  told.call = world.client->request({.url = world.url("/"), .idle_max = Duration::milliseconds(30)},
                                    told.callbacks());
  ASSERT_TRUE(until(world.loop, [&] { return told.body == "short"; }));
  world.loop.run_until([] { return false; }, Duration::milliseconds(100));
  EXPECT_TRUE(told.done.empty());
  told.call.resume();
  ASSERT_TRUE(until(world.loop, [&] { return !told.done.empty(); }));
  EXPECT_TRUE(told.done[0].ok());
}

TEST(HttpClient, UploadsLargeBodies) {
  HttpWorld world;
  std::string large(8 * kMiB, 'u');
  world.server->route("PUT", "/", [&](HttpRequest request, Responder responder) {
    responder->reply(200, "text/plain", request.body == large ? "same" : "different");
  });
  EXPECT_EQ(world.fetch({.method = "PUT", .url = world.url("/"), .body = large})->body, "same");
}

TEST(HttpClient, HearsARefusalThatComesBeforeTheBodyIsSent) {
  HttpServerOptions options;
  options.body_bytes_max = 1000;
  HttpWorld world(options);
  auto answer =
      world.fetch({.method = "POST", .url = world.url("/"), .body = std::string(32 * kMiB, 'u')});
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 413);
}

TEST(HttpClient, CutAnswersAreUnavailableAndWholeOnesAreNot) {
  struct Case {
    std::string bytes;
    Then then;
    std::optional<ErrorCode> error;
  };
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const Case cases[] = {
      {head + "Content-Length: 10\r\n\r\nabc", Then::kClose, ErrorCode::kUnavailable},
      {head + "Content-Length: 10\r\n\r\nabc", Then::kReset, ErrorCode::kUnavailable},
      {head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Then::kClose,
       ErrorCode::kUnavailable},
      {head + "Conte", Then::kClose, ErrorCode::kUnavailable},
      {"", Then::kClose, ErrorCode::kUnavailable},
      {"", Then::kReset, ErrorCode::kUnavailable},
      {head + "\r\nabc", Then::kClose, std::nullopt},
      {head + "Content-Length: 3\r\n\r\nabc", Then::kReset, std::nullopt},
      {"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", Then::kKeep, std::nullopt},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + head +
           "Content-Length: 3\r\n\r\nabc",
       Then::kKeep, std::nullopt},
      {"SSH-2.0-OpenSSH_9\r\n\r\n", Then::kClose, ErrorCode::kCorrupt},
      {head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", Then::kClose,
       ErrorCode::kCorrupt},
      {head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", Then::kClose, ErrorCode::kCorrupt},
      {head + "X: " + std::string(200'000, 'x') + "\r\n\r\n", Then::kClose, ErrorCode::kCorrupt},
  };
  for (const Case& test : cases) {
    HttpWorld world;
    ScriptedServer server({{test.bytes, test.then}});
    auto answer = world.fetch({.url = server.url()});
    if (test.error) {
      EXPECT_EQ(code_of(answer), *test.error) << test.bytes.substr(0, 100);
    } else {
      ASSERT_TRUE(answer.ok()) << test.bytes << answer.error().message;
      EXPECT_EQ(answer->body, "abc") << test.bytes;
    }
  }
}

TEST(HttpClient, BytesAfterTheAnswerMakeTheConnectionUnusable) {
  HttpWorld world;
  std::string twice = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
  ScriptedServer server({{twice + twice, Then::kKeep}, {twice, Then::kKeep}});
  EXPECT_EQ(world.fetch({.url = server.url()})->body, "a");
  EXPECT_EQ(world.client->idle_connections(), 0u);
}

TEST(HttpClient, AKeptConnectionThatDiesIsReplacedOnce) {
  const std::string good = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
  HttpWorld world;
  ScriptedServer server({{good, Then::kKeep}, {"", Then::kClose}, {good, Then::kKeep}});
  EXPECT_TRUE(world.fetch({.url = server.url()}).ok());
  EXPECT_TRUE(world.fetch({.url = server.url()}).ok());
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(server.heads().size(), 3u);
}

TEST(HttpClient, APostIsNotRepeated) {
  const std::string good = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
  HttpWorld world;
  ScriptedServer server({{good, Then::kKeep}, {"", Then::kClose}, {good, Then::kKeep}});
  EXPECT_TRUE(world.fetch({.url = server.url()}).ok());
  EXPECT_EQ(code_of(world.fetch({.method = "POST", .url = server.url()})), ErrorCode::kUnavailable);
  EXPECT_EQ(server.heads().size(), 2u);
}

TEST(HttpClient, ASilentServerIsTimedOutWhereverItStops) {
  for (const char* bytes :
       {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}) {
    HttpWorld world;
    ScriptedServer server({{bytes, Then::kHang}});
    Instant before = world.loop.now();
    auto answer = world.fetch({.url = server.url(), .idle_max = Duration::milliseconds(60)});
    EXPECT_EQ(code_of(answer), ErrorCode::kTimedOut) << bytes;
    EXPECT_GE(world.loop.now() - before, Duration::milliseconds(60));
  }
}

TEST(HttpClient, BadRequestsFailWithoutATry) {
  HttpWorld world;
  EXPECT_EQ(code_of(world.fetch({.url = "ftp://h/"})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of(world.fetch({.url = ""})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of(world.fetch({.url = world.url("/"), .headers = {{"X", "a\r\nY: b"}}})),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of(world.fetch({.method = "GET /", .url = world.url("/")})),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(world.server->connections(), 0u);
}

TEST(HttpClient, ARefusedOrUnknownServerIsUnavailable) {
  HttpWorld world;
  std::string url = world.url("/");
  world.server.reset();
  EXPECT_EQ(code_of(world.fetch({.url = url})), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(world.fetch({.url = "http://no.such.host.invalid/"})), ErrorCode::kUnavailable);
}

TEST(HttpClient, ABodyAboveTheBoundOfFetchIsRefused) {
  HttpWorld world;
  world.answer("GET", "/", "four");
  EXPECT_EQ(world.fetch({.url = world.url("/")}, 4)->body, "four");
  EXPECT_EQ(code_of(world.fetch({.url = world.url("/")}, 3)), ErrorCode::kInvalidArgument);
}

TEST(HttpClient, HeadHasALengthAndNoBody) {
  HttpWorld world;
  world.answer("GET", "/", "four");
  Told told;
  told.call = world.client->request({.method = "HEAD", .url = world.url("/")}, told.callbacks());
  ASSERT_TRUE(until(world.loop, [&] { return !told.done.empty(); }));
  EXPECT_EQ(told.heads[0].content_length, 4u);
  EXPECT_EQ(told.body, "");
  EXPECT_EQ(world.client->idle_connections(), 1u);
}

TEST(HttpClient, RedirectsAreTheCallersUnlessAskedFor) {
  HttpWorld world;
  HttpHeaders seen;
  world.server->route("GET", "/", [&](HttpRequest request, Responder responder) {
    seen = request.headers;
    if (request.path == "/end") return responder->reply(200, "text/plain", "arrived");
    std::string to = request.path == "/away"
                         ? "http://localhost:" + std::to_string(world.port()) + "/end"
                         : (request.path == "/loop" ? "/loop" : "../end");
    responder->reply(302, {{"Location", to}}, "this body is of no interest");
  });
  HttpHeaders secret{{"Authorization", "Bearer x"}, {"X-Plain", "y"}};
  EXPECT_EQ(world.get("/a/b")->status, 302);
  auto near = world.fetch({.url = world.url("/a/b"), .headers = secret, .redirects_max = 3});
  ASSERT_TRUE(near.ok()) << near.error().message;
  EXPECT_EQ(near->body, "arrived");
  EXPECT_EQ(near->url, world.url("/end"));
  EXPECT_EQ(seen.get("Authorization"), "Bearer x");
  auto away = world.fetch({.url = world.url("/away"), .headers = secret, .redirects_max = 3});
  ASSERT_TRUE(away.ok()) << away.error().message;
  EXPECT_EQ(seen.find("Authorization"), nullptr);
  EXPECT_EQ(seen.get("X-Plain"), "y");
  EXPECT_EQ(code_of(world.fetch({.url = world.url("/loop"), .redirects_max = 3})),
            ErrorCode::kUnavailable);
}

TEST(HttpClient, NothingIsToldAfterCancelWhereverItComes) {
  HttpWorld world;
  world.answer("GET", "/", std::string(4 * kMiB, 'x'));
  // After how many callbacks the handle is destroyed: before any, in the head, in the first data.
  for (int stop_at = 0; stop_at < 3; ++stop_at) {
    auto call = std::make_unique<HttpCall>();
    int told = 0;
    auto count = [&] {
      if (++told == stop_at) call.reset();
    };
    *call =
        world.client->request({.url = world.url("/")}, {[&](const HttpResponseHead&) { count(); },
                                                        [&](std::span<const std::byte>) {
                                                          count();
                                                          return HttpFlow::kMore;
                                                        },
                                                        [&](Result<void>) { told += 100; }});
    if (stop_at == 0) call.reset();
    ASSERT_TRUE(until(world.loop, [&] { return call == nullptr; }));
    ASSERT_TRUE(until(world.loop, [&] { return world.server->connections() == 0; }));
    EXPECT_EQ(told, stop_at);
  }
}

TEST(HttpClient, CallbacksAreReleasedWithTheCall) {
  HttpWorld world;
  world.answer("GET", "/", "x");
  auto token = std::make_shared<int>(0);
  auto call =
      world.client->request({.url = world.url("/")}, {nullptr, nullptr, [token](Result<void>) {}});
  ASSERT_TRUE(until(world.loop, [&] { return !call.is_active(); }));
  EXPECT_EQ(token.use_count(), 1);
  auto cancelled =
      world.client->request({.url = world.url("/")}, {nullptr, nullptr, [token](Result<void>) {}});
  cancelled.cancel();
  EXPECT_EQ(token.use_count(), 1);
}

TEST(HttpClient, DestroyingTheClientCancelsItsCalls) {
  HttpWorld world;
  world.server->route("GET", "/", [](HttpRequest, Responder responder) {
    responder->on_gone([responder] {});  // keeps it, unanswered
  });
  Told told;
  told.call = world.client->request({.url = world.url("/")}, told.callbacks());
  ASSERT_TRUE(until(world.loop, [&] { return world.server->connections() == 1; }));
  world.client.reset();
  EXPECT_FALSE(told.call.is_active());
  ASSERT_TRUE(until(world.loop, [&] { return world.server->connections() == 0; }));
  EXPECT_TRUE(told.done.empty());
}

TEST(HttpClient, ACallbackMayStartTheNextRequestOrDestroyTheClient) {
  HttpWorld world;
  world.answer("GET", "/", "x");
  int done = 0;
  HttpCall call;
  std::function<void(Result<HttpResponse>)> next = [&](Result<HttpResponse> answer) {
    ASSERT_TRUE(answer.ok());
    if (++done == 3) return world.client.reset();
    call = world.client->fetch({.url = world.url("/")}, 10, next);
  };
  call = world.client->fetch({.url = world.url("/")}, 10, next);
  ASSERT_TRUE(until(world.loop, [&] { return world.client == nullptr; }));
  EXPECT_EQ(done, 3);
}

}  // namespace
}  // namespace tyto::io
