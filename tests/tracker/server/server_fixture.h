// A tracker on loopback, and clients of it, all on one loop.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/http/http_client.h"
#include "io/log/log.h"
#include "io/loop/loop.h"
#include "schema/messages/exchange.h"
#include "tests/support/temp_folder.h"
#include "tracker/server/tracker_server.h"

namespace tyto::tracker {

inline constexpr Duration kTestDeadline = Duration::seconds(20);

// An answer that may not have come yet.
template <class T>
using Awaited = std::shared_ptr<std::optional<Result<T>>>;

// The peer's side of the control protocol, one call at a time, as a test says.
class FakePeer {
 public:
  FakePeer(io::Loop& loop, const io::HostPort& tracker);
  ~FakePeer();
  FakePeer(const FakePeer&) = delete;
  FakePeer& operator=(const FakePeer&) = delete;

  Awaited<RegisterReply> start_register(const RegisterRequest& request);
  Awaited<ExchangeDown> start_exchange(const ExchangeUp& up);
  Awaited<RootsPage> start_roots(const RootsRequest& request);
  Awaited<bool> start_inventory(const InventoryPage& page);
  // An exchange whose bytes break the protocol's rules.
  Awaited<ExchangeDown> start_broken_exchange();
  // Gives up the exchanges under way, as a client does that loses interest.
  void drop_calls();
  // Waits for an answer. kTimedOut after kTestDeadline.
  template <class T>
  Result<T> wait(const Awaited<T>& answer) {
    loop_.run_until([&] { return answer->has_value(); }, kTestDeadline);
    if (!answer->has_value()) return {ErrorCode::kTimedOut, "no answer within the test's deadline"};
    return **answer;
  }
  Result<RegisterReply> register_as(const RegisterRequest& request) {
    return wait(start_register(request));
  }
  Result<ExchangeDown> exchange(const ExchangeUp& up) { return wait(start_exchange(up)); }
  void disconnect();
  // As the last refusal said; zero: it said nothing.
  Duration retry_after() const;

 private:
  struct State;
  io::Loop& loop_;
  std::unique_ptr<State> state_;
};

inline RegisterRequest a_peer(uint64_t id, Role role = Role::kPeer) {
  RegisterRequest request;
  request.peer = PeerId(id);
  request.role = role;
  request.name = "test-" + std::to_string(id);
  request.location = *Location::parse("eu/a/rack1/host" + std::to_string(id));
  request.data_address = {"", static_cast<uint16_t>(9000 + id)};
  request.store_bytes = kGiB;
  return request;
}

// One event, with its number; no parking.
inline ExchangeUp one_event(uint64_t number, Event event) {
  ExchangeUp up;
  up.first_event = Sequence(number);
  up.events.push_back(std::move(event));
  return up;
}

inline OpenRequested an_open(uint64_t id, const std::string& bucket, const std::string& key) {
  OpenRequested open;
  open.open = OpenId(id);
  open.bucket = bucket;
  open.key = key;
  return open;
}

class ServerTest : public testing::Test {
 protected:
  ServerTest();
  ~ServerTest() override;

  // Starts, or starts anew on the same catalog.
  void start();
  void stop() { server.reset(); }
  std::unique_ptr<FakePeer> connect() {
    return std::make_unique<FakePeer>(loop, server->rpc_address());
  }
  // One HTTP request to the tracker. Status 0: no answer.
  struct Answer {
    int status = 0;
    std::string body;
  };
  Answer http(const std::string& method, const std::string& target, const std::string& body = "",
              const std::string& content_type = "application/json");
  // Expects an answer of status 200, and hands back its JSON.
  nlohmann::json get(const std::string& target);
  // Expects an error of this status and code, and hands back its message.
  static std::string error_of(const Answer& answer, int status, const std::string& code);
  // Makes a bucket and expects that to succeed.
  void make_bucket(const std::string& json);
  // Lines of the log that hold all of `words`.
  std::size_t logged(const std::string& words) const;
  bool wait_until(const std::function<bool()>& done) { return loop.run_until(done, kTestDeadline); }
  // The same for conditions that themselves use the loop, as http().
  bool eventually(const std::function<bool()>& done);
  // Opens connections to `port`, sends one of `streams` on each, and waits for all to be closed by
  // the tracker. False if one was not.
  bool send_and_await_close(uint16_t port, const std::vector<std::string>& streams);

  support::TempFolder folder;
  std::vector<std::string> lines;
  std::unique_ptr<io::Log> log;
  io::Loop loop;
  TrackerSettings settings;
  std::unique_ptr<TrackerServer> server;
};

}  // namespace tyto::tracker
