#include "tests/tracker/server/server_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <kj/async.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <list>
#include <nlohmann/json.hpp>

#include "io/loop/kj_loop.h"
#include "io/rpc/rpc_client.h"
#include "schema/codec/codec.h"
#include "schema/peer_tracker_rpc.capnp.h"

namespace tyto::tracker {

struct FakePeer::State {
  std::unique_ptr<io::RpcClient> client;
  std::optional<wire::Tracker::Client> tracker;
  std::optional<wire::Session::Client> session;
  std::optional<Error> disconnected;
  std::list<kj::Promise<void>> calls;
  Duration retry_after;

  Error note(wire::Error::Reader refused) {
    Refusal refusal = decode_refusal(refused);
    retry_after = refusal.retry_after;
    return refusal.error;
  }

  // Keeps `promise` running; `read` turns its answer into a result.
  template <class T, class Promise, class Read>
  Awaited<T> keep(Promise promise, Read read) {
    auto answer = std::make_shared<std::optional<Result<T>>>();
    calls.push_back(promise
                        .then([answer, read](auto&& response) mutable {
                          answer->emplace(read(response.getOutcome()));
                        })
                        .eagerlyEvaluate([answer](kj::Exception&& exception) {
                          answer->emplace(io::error_from_kj(exception));
                        }));
    return answer;
  }
};

FakePeer::FakePeer(io::Loop& loop, const io::HostPort& tracker)
    : loop_(loop), state_(std::make_unique<State>()) {
  io::RpcClientHandlers handlers;
  handlers.connected = [this](capnp::Capability::Client bootstrap) {
    state_->tracker = bootstrap.castAs<wire::Tracker>();
  };
  handlers.disconnected = [this](const Error& error) { state_->disconnected = error; };
  state_->client =
      std::make_unique<io::RpcClient>(loop, io::RpcClientOptions{.server = tracker}, handlers);
  loop.run_until([this] { return state_->tracker || state_->disconnected; }, kTestDeadline);
  EXPECT_TRUE(state_->tracker) << "not connected";
}

FakePeer::~FakePeer() {
  disconnect();
}

Duration FakePeer::retry_after() const {
  return state_->retry_after;
}

void FakePeer::drop_calls() {
  state_->calls.clear();
}

void FakePeer::disconnect() {
  state_->calls.clear();
  state_->session.reset();
  state_->tracker.reset();
  state_->client.reset();
}

Awaited<RegisterReply> FakePeer::start_register(const RegisterRequest& request) {
  auto call = state_->tracker->registerPeerRequest();
  encode(request, call.initRequest());
  return state_->keep<RegisterReply>(call.send(), [this](auto outcome) -> Result<RegisterReply> {
    if (outcome.isRefused()) return state_->note(outcome.getRefused());
    state_->session = outcome.getAccepted().getSession();
    return decode(outcome.getAccepted().getReply());
  });
}

namespace {
Result<ExchangeDown> read_exchange(wire::ExchangeOutcome::Reader outcome) {
  if (outcome.isRefused()) return decode_error(outcome.getRefused());
  return decode(outcome.getDown());
}
}  // namespace

Awaited<ExchangeDown> FakePeer::start_exchange(const ExchangeUp& up) {
  auto call = state_->session->exchangeRequest();
  encode(up, call.initUp());
  return state_->keep<ExchangeDown>(call.send(), [this](auto outcome) -> Result<ExchangeDown> {
    if (outcome.isRefused()) return state_->note(outcome.getRefused());
    return read_exchange(outcome);
  });
}

Awaited<ExchangeDown> FakePeer::start_broken_exchange() {
  auto call = state_->session->exchangeRequest();
  auto up = call.initUp();
  up.setFirstEvent(1);
  // A version of three bytes.
  const capnp::byte bytes[] = {1, 2, 3};
  up.initEvents(1)[0].initChunksDropped().setVersion(capnp::Data::Reader(bytes, 3));
  return state_->keep<ExchangeDown>(call.send(), read_exchange);
}

Awaited<RootsPage> FakePeer::start_roots(const RootsRequest& request) {
  auto call = state_->session->rootsRequest();
  encode(request, call.initRequest());
  return state_->keep<RootsPage>(call.send(), [](auto outcome) -> Result<RootsPage> {
    if (outcome.isRefused()) return decode_error(outcome.getRefused());
    return decode(outcome.getPage());
  });
}

Awaited<bool> FakePeer::start_inventory(const InventoryPage& page) {
  auto call = state_->session->inventoryRequest();
  encode(page, call.initPage());
  return state_->keep<bool>(call.send(), [](auto outcome) -> Result<bool> {
    if (outcome.isRefused()) return decode_error(outcome.getRefused());
    return true;
  });
}

ServerTest::ServerTest() {
  io::LogOptions options;
  options.component = "tracker";
  options.sink = [this](std::string_view line) { lines.emplace_back(line); };
  auto opened = io::Log::open(options);
  EXPECT_TRUE(opened.ok());
  log = std::move(*opened);
  settings.listen_rpc = "127.0.0.1:0";
  settings.listen_http = "127.0.0.1:0";
  settings.catalog = "sqlite:" + folder.file("catalog.sqlite");
  settings.catalog_write_behind = Duration::milliseconds(5);
  settings.core.recovery = Duration::milliseconds(1);
}

ServerTest::~ServerTest() {
  server.reset();
}

void ServerTest::start() {
  server.reset();
  auto started = TrackerServer::start(loop, *log, settings);
  ASSERT_TRUE(started.ok()) << started.error().message;
  server = std::move(*started);
}

ServerTest::Answer ServerTest::http(const std::string& method, const std::string& target,
                                    const std::string& body, const std::string& content_type) {
  io::HttpClient client(loop);
  io::HttpClientRequest request;
  request.method = method;
  request.url = "http://" + server->http_address().text() + target;
  request.body = body;
  if (!body.empty() || method == "PUT") request.headers.add("Content-Type", content_type);
  std::optional<Result<io::HttpResponse>> response;
  auto call = client.fetch(std::move(request), 16 * kMiB,
                           [&](Result<io::HttpResponse> got) { response = std::move(got); });
  wait_until([&] { return response.has_value(); });
  if (!response || !response->ok()) {
    ADD_FAILURE() << method << ' ' << target << ": "
                  << (response ? response->error().message : std::string("no answer"));
    return {};
  }
  return {(*response)->status, (*response)->body};
}

nlohmann::json ServerTest::get(const std::string& target) {
  Answer answer = http("GET", target);
  EXPECT_EQ(answer.status, 200) << answer.body;
  return nlohmann::json::parse(answer.body, nullptr, false);
}

std::string ServerTest::error_of(const Answer& answer, int status, const std::string& code) {
  EXPECT_EQ(answer.status, status) << answer.body;
  auto body = nlohmann::json::parse(answer.body, nullptr, false);
  if (!body.is_object() || !body.contains("error")) {
    ADD_FAILURE() << "no JSON error: " << answer.body;
    return "";
  }
  EXPECT_EQ(body["error"]["code"], code);
  return body["error"]["message"];
}

void ServerTest::make_bucket(const std::string& json) {
  Answer answer = http("POST", "/api/v1/buckets", json);
  ASSERT_EQ(answer.status, 201) << answer.body;
}

bool ServerTest::eventually(const std::function<bool()>& done) {
  const Instant until = loop.now() + kTestDeadline;
  while (!done()) {
    if (loop.now() >= until) return false;
    loop.run_until([] { return false; }, Duration::milliseconds(2));
  }
  return true;
}

std::size_t ServerTest::logged(const std::string& words) const {
  return static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), [&](auto& line) {
    return line.find(words) != std::string::npos;
  }));
}

bool ServerTest::send_and_await_close(uint16_t port, const std::vector<std::string>& streams) {
  std::vector<int> sockets;
  for (const std::string& bytes : streams) {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ::close(fd);
      return false;
    }
    ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(fd, SHUT_WR);
    sockets.push_back(fd);
  }
  auto is_closed = [](int fd) {
    char buffer[4096];
    ssize_t got;
    while ((got = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
    }
    return got == 0 || (errno != EAGAIN && errno != EINTR);
  };
  std::vector<int> open = sockets;
  const bool all_closed = wait_until([&] {
    std::erase_if(open, is_closed);
    return open.empty();
  });
  for (int fd : sockets) ::close(fd);
  return all_closed;
}

}  // namespace tyto::tracker
