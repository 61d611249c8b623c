// A server of the test schema, and what happened to it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "echo.capnp.h"
#include "io/loop/kj_loop.h"
#include "io/rpc/rpc_client.h"
#include "io/rpc/rpc_listener.h"
#include "tests/io/raw_socket.h"

namespace tyto::io {

struct EchoEvents {
  int parked = 0;    // calls of park() under way
  int released = 0;  // ... that were cancelled
  int servers = 0;   // bootstrap capabilities alive
  std::vector<RpcConnectionInfo> came, gone;
  std::vector<std::pair<RpcConnectionInfo, Error>> errors;
};

class EchoServer final : public Echo::Server {
 public:
  explicit EchoServer(EchoEvents& events) : events_(events) { ++events_.servers; }
  ~EchoServer() { --events_.servers; }

  kj::Promise<void> echo(EchoContext context) override {
    context.getResults().setText(context.getParams().getText());
    return kj::READY_NOW;
  }
  kj::Promise<void> park(ParkContext context) override {
    context.allowCancellation();
    struct Parked {
      explicit Parked(EchoEvents& to) : events(to) { ++events.parked; }
      ~Parked() {
        --events.parked;
        ++events.released;
      }
      EchoEvents& events;
    };
    return kj::Promise<void>(kj::NEVER_DONE).attach(kj::heap<Parked>(events_));
  }
  kj::Promise<void> tell(TellContext context) override {
    auto to = context.getParams().getTo();
    kj::Promise<void> all = kj::READY_NOW;
    for (uint32_t n = 0; n < context.getParams().getTimes(); ++n) {
      auto call = to.hearRequest();
      call.setN(n);
      all = all.then([sent = call.send().ignoreResult()]() mutable { return kj::mv(sent); });
    }
    return all;
  }
  kj::Promise<void> bulk(BulkContext context) override {
    context.getResults().initData(context.getParams().getBytes());
    return kj::READY_NOW;
  }

 private:
  EchoEvents& events_;
};

// A loop with a listener that serves Echo.
class EchoWorld {
 public:
  explicit EchoWorld(RpcLimits limits = {}, std::size_t connections_max = 100) {
    RpcListenerOptions options{{"127.0.0.1", 0}, connections_max, limits};
    RpcListenerHandlers handlers;
    handlers.bootstrap = [this](const RpcConnectionInfo& info) -> capnp::Capability::Client {
      events.came.push_back(info);
      return Echo::Client(kj::heap<EchoServer>(events));
    };
    handlers.gone = [this](const RpcConnectionInfo& info) { events.gone.push_back(info); };
    handlers.error = [this](const RpcConnectionInfo& info, const Error& error) {
      events.errors.emplace_back(info, error);
    };
    listener = std::move(RpcListener::listen(loop, options, handlers)).value();
  }

  uint16_t port() const { return listener->bound().port; }

  Loop loop;
  EchoEvents events;
  std::unique_ptr<RpcListener> listener;
};

// A client with what it was told.
class EchoClient {
 public:
  explicit EchoClient(EchoWorld& world, HostPort server = {})
      : client(world.loop,
               RpcClientOptions{server.port ? server : HostPort{"127.0.0.1", world.port()}},
               RpcClientHandlers{[this](capnp::Capability::Client bootstrap) {
                                   echo = bootstrap.castAs<Echo>();
                                   is_connected = true;
                                 },
                                 [this](const Error& error) { errors.push_back(error); }}) {}

  // Starts a call of echo(); `answer` gets its text, or "!" and the exception.
  void call(std::string text) {
    auto request = echo.echoRequest();
    request.setText(text.c_str());
    calls.push_back(request.send()
                        .then([this](capnp::Response<Echo::EchoResults>&& response) {
                          answers.push_back(response.getText().cStr());
                        })
                        .eagerlyEvaluate([this](kj::Exception&& exception) { fail(exception); }));
  }
  void park() {
    calls.push_back(echo.parkRequest().send().ignoreResult().eagerlyEvaluate(
        [this](kj::Exception&& exception) { fail(exception); }));
  }
  void fail(const kj::Exception& exception) { failures.push_back(error_from_kj(exception)); }

  bool is_connected = false;
  Echo::Client echo = nullptr;
  std::vector<std::string> answers;
  std::vector<Error> failures;
  std::vector<Error> errors;
  std::vector<kj::Promise<void>> calls;
  RpcClient client;
};

}  // namespace tyto::io
