#include "peer/engine/control_link.h"

#include <kj/async.h>

#include <deque>
#include <optional>
#include <utility>

#include "io/loop/kj_loop.h"
#include "io/loop/loop.h"
#include "io/rpc/rpc_client.h"
#include "schema/codec/codec.h"
#include "schema/peer_tracker_rpc.capnp.h"

namespace tyto::peer {
namespace {

io::RpcClientOptions client_options(const io::HostPort& tracker) {
  io::RpcClientOptions options;
  options.server = tracker;
  return options;
}

}  // namespace

struct ControlLink::Impl : std::enable_shared_from_this<ControlLink::Impl>,
                           kj::TaskSet::ErrorHandler {
  Impl(io::Loop& l, ControlLinkHandlers h) : loop(l), handlers(std::move(h)) {}

  void connect(const io::HostPort& tracker, RegisterRequest r);
  void register_with(capnp::Capability::Client bootstrap);
  void take_registration(wire::RegisterOutcome::Reader outcome);
  void take_exchange(wire::ExchangeOutcome::Reader outcome);
  void send_next_page();
  void close();
  // Later, outside of KJ's events, unless this connection has been given up by then.
  void deliver(std::function<void(Impl&)> action);
  void fail(Error error, Duration retry_after = {});
  void taskFailed(kj::Exception&& exception) override { fail(io::error_from_kj(exception)); }

  io::Loop& loop;
  ControlLinkHandlers handlers;
  uint64_t connection = 0;  // counts up with each connect() and close()
  std::unique_ptr<io::RpcClient> client;
  std::optional<wire::Session::Client> session;
  std::unique_ptr<kj::TaskSet> tasks;
  RegisterRequest request;
  std::deque<InventoryPage> pages;
};

void ControlLink::Impl::deliver(std::function<void(Impl&)> action) {
  loop.post([weak = weak_from_this(), mine = connection, action = std::move(action)] {
    if (auto self = weak.lock(); self && self->connection == mine) action(*self);
  });
}

void ControlLink::Impl::fail(Error error, Duration retry_after) {
  deliver([error = std::move(error), retry_after](Impl& self) {
    bool was_registered = self.session.has_value();
    self.close();
    if (was_registered) {
      self.handlers.disconnected(error);
    } else {
      self.handlers.register_failed({error, retry_after});
    }
  });
}

void ControlLink::Impl::close() {
  ++connection;
  pages.clear();
  tasks.reset();
  session.reset();
  client.reset();
}

void ControlLink::Impl::connect(const io::HostPort& tracker, RegisterRequest r) {
  close();
  request = std::move(r);
  tasks = std::make_unique<kj::TaskSet>(*this);
  io::RpcClientHandlers on;
  on.connected = [this](capnp::Capability::Client bootstrap) {
    register_with(std::move(bootstrap));
  };
  on.disconnected = [this, where = tracker.text()](const Error& error) {
    fail({error.code, "tracker " + where + ": " + error.message});
  };
  client = std::make_unique<io::RpcClient>(loop, client_options(tracker), std::move(on));
}

void ControlLink::Impl::register_with(capnp::Capability::Client bootstrap) {
  auto call = bootstrap.castAs<wire::Tracker>().registerPeerRequest();
  encode(request, call.initRequest());
  tasks->add(call.send().then([this](capnp::Response<wire::Tracker::RegisterPeerResults>&& answer) {
    take_registration(answer.getOutcome());
  }));
}

void ControlLink::Impl::take_registration(wire::RegisterOutcome::Reader outcome) {
  if (outcome.isMoved()) {
    auto moved = decode(outcome.getMoved());
    if (!moved.ok()) return fail(moved.error());
    deliver([moved = std::move(moved).value()](Impl& self) {
      self.close();
      self.handlers.redirected(moved);
    });
    return;
  }
  if (outcome.isRefused()) {
    Refusal refusal = decode_refusal(outcome.getRefused());
    fail(std::move(refusal.error), refusal.retry_after);
    return;
  }
  if (!outcome.isAccepted()) {
    fail({ErrorCode::kUnsupported,
          "the tracker's answer to a registration is of an unknown kind; is it of a later "
          "version?"});
    return;
  }
  auto reply = decode(outcome.getAccepted().getReply());
  if (!reply.ok()) {
    fail(reply.error());
    return;
  }
  session = outcome.getAccepted().getSession();
  deliver([reply = std::move(reply).value()](Impl& self) { self.handlers.registered(reply); });
}

void ControlLink::Impl::take_exchange(wire::ExchangeOutcome::Reader outcome) {
  if (outcome.isRefused()) {
    Refusal refusal = decode_refusal(outcome.getRefused());
    if (refusal.error.code != ErrorCode::kOverloaded) return fail(std::move(refusal.error));
    return deliver([refusal = std::move(refusal)](Impl& self) { self.handlers.refused(refusal); });
  }
  if (!outcome.isDown())
    return fail({ErrorCode::kUnsupported, "the tracker's answer is of an unknown kind"});
  auto down = decode(outcome.getDown());
  if (!down.ok()) {
    fail(down.error());
    return;
  }
  deliver([down = std::move(down).value()](Impl& self) mutable {
    self.handlers.answered(std::move(down));
  });
}

void ControlLink::Impl::send_next_page() {
  if (pages.empty()) {
    deliver([](Impl& self) { self.handlers.inventory_sent(); });
    return;
  }
  auto call = session->inventoryRequest();
  encode(pages.front(), call.initPage());
  pages.pop_front();
  tasks->add(call.send().then([this](capnp::Response<wire::Session::InventoryResults>&& answer) {
    auto outcome = answer.getOutcome();
    if (outcome.isRefused()) {
      fail(decode_error(outcome.getRefused()));
    } else {
      send_next_page();
    }
  }));
}

ControlLink::ControlLink(io::Loop& loop, ControlLinkHandlers handlers)
    : impl_(std::make_shared<Impl>(loop, std::move(handlers))) {}

ControlLink::~ControlLink() {
  impl_->close();
}

void ControlLink::connect(const io::HostPort& tracker, RegisterRequest request) {
  impl_->connect(tracker, std::move(request));
}

void ControlLink::send_exchange(const ExchangeUp& up) {
  if (!impl_->session) return;
  auto call = impl_->session->exchangeRequest();
  encode(up, call.initUp());
  auto* impl = impl_.get();
  impl->tasks->add(
      call.send().then([impl](capnp::Response<wire::Session::ExchangeResults>&& answer) {
        impl->take_exchange(answer.getOutcome());
      }));
}

void ControlLink::send_inventory(std::vector<InventoryPage> pages) {
  if (!impl_->session) return;
  impl_->pages.assign(std::make_move_iterator(pages.begin()), std::make_move_iterator(pages.end()));
  impl_->send_next_page();
}

void ControlLink::fetch_roots(const VersionId& version, uint32_t first,
                              std::function<void(Result<RootsPage>)> done) {
  if (!impl_->session) return;
  auto call = impl_->session->rootsRequest();
  encode(RootsRequest{version, first}, call.initRequest());
  auto* impl = impl_.get();
  impl->tasks->add(call.send().then(
      [impl, done = std::move(done)](capnp::Response<wire::Session::RootsResults>&& answer) {
        auto outcome = answer.getOutcome();
        Result<RootsPage> page = outcome.isPage()
                                     ? decode(outcome.getPage())
                                     : Result<RootsPage>(decode_error(outcome.getRefused()));
        impl->deliver([done, page = std::move(page)](ControlLink::Impl&) { done(page); });
      }));
}

void ControlLink::close() {
  impl_->close();
}

}  // namespace tyto::peer
