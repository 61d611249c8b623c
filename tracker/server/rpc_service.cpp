#include "tracker/server/rpc_service.h"

#include <kj/async.h>

#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "io/loop/kj_loop.h"
#include "io/loop/loop.h"
#include "io/rpc/rpc_listener.h"
#include "schema/codec/cluster_codec.h"
#include "schema/codec/codec.h"
#include "schema/peer_tracker_rpc.capnp.h"
#include "tracker/server/authorise.h"
#include "tracker/server/cluster/member_door.h"

namespace tyto::tracker {

namespace {

using RegisterContext =
    capnp::CallContext<wire::Tracker::RegisterPeerParams, wire::Tracker::RegisterPeerResults>;
using ExchangeContext =
    capnp::CallContext<wire::Session::ExchangeParams, wire::Session::ExchangeResults>;
using InventoryContext =
    capnp::CallContext<wire::Session::InventoryParams, wire::Session::InventoryResults>;
using JoinContext =
    capnp::CallContext<wire::Tracker::JoinMemberParams, wire::Tracker::JoinMemberResults>;
// Well before the core takes a silent peer for dead (session.silence_max).
constexpr Duration kRefusedForLong = Duration::seconds(3);

using RootsContext = capnp::CallContext<wire::Session::RootsParams, wire::Session::RootsResults>;

// Decodes `get()`, where getting at the message may itself fail on bytes from outside.
template <class Get>
auto decode_from(const Get& get) -> decltype(decode(get())) {
  try {
    return decode(get());
  } catch (const kj::Exception& exception) {
    return Error{ErrorCode::kInvalidArgument,
                 std::string("the message cannot be read: ") + exception.getDescription().cStr()};
  }
}

Error session_ended() {
  return {ErrorCode::kNotFound, "this session has ended: register again"};
}

// What becomes of a registration that is not refused.
using Registration = std::variant<RegisterReply, RegisterMoved>;

}  // namespace

// One TCP connection, from its bootstrap to its end.
struct Connection {
  io::RpcConnectionInfo info;
  ConnectionId id;          // of its last registration; zero: none yet
  RegisterRequest request;  // the last one
  SessionId session;        // zero: none, or ended
  kj::Own<kj::PromiseFulfiller<Result<Registration>>> registering;
  std::vector<ExchangeToken> exchanges;  // that wait for their answer
  bool is_counted = false;               // in Impl::registered
  Sequence refused_from;                 // the first event that was refused; zero: none is missing
  Duration come_back_after;              // as it was told then
  Instant refused_since = Instant::never();  // with nothing parked
  bool is_member = false;                    // another tracker has come by it
};

struct OpenExchange {
  std::shared_ptr<Connection> connection;
  kj::Own<kj::PromiseFulfiller<Result<ExchangeDown>>> answer;
  Instant since;
};

class RpcService::Impl : public std::enable_shared_from_this<RpcService::Impl> {
 public:
  Impl(io::Loop& loop, Hooks hooks) : loop_(loop), hooks_(std::move(hooks)) {}

  Result<void> listen(const Options& options);
  // Ends everything. From here on calls that still come are refused, and no hook is called.
  void close();
  capnp::Capability::Client bootstrap(const io::RpcConnectionInfo& info);
  void gone(const io::RpcConnectionInfo& info);

  kj::Promise<Result<Registration>> register_peer(const std::shared_ptr<Connection>& connection,
                                                  RegisterRequest request);
  kj::Promise<Result<ExchangeDown>> exchange(const std::shared_ptr<Connection>& connection,
                                             ExchangeUp up);
  // A message of this connection made no sense: its session ends.
  void break_off(Connection& connection, const Error& error);
  void detach(Connection& connection);
  void finish(ExchangeToken token, Result<ExchangeDown> outcome);
  void attach(Connection& connection, const RegisterReply& reply);
  void turn_away(ConnectionId id, Result<Registration> answer);

  io::Loop& loop_;
  const Hooks hooks_;
  std::unique_ptr<io::RpcListener> listener_;
  std::unordered_map<io::RpcConnectionId, std::shared_ptr<Connection>> connections_;
  std::unordered_map<ConnectionId, std::shared_ptr<Connection>> by_registration_;
  std::unordered_map<SessionId, std::weak_ptr<Connection>> by_session_;
  std::unordered_map<ExchangeToken, OpenExchange> exchanges_;
  std::array<std::size_t, 2> registered_{};
  uint64_t last_registration_ = 0;
  uint64_t last_token_ = 0;
  std::optional<Error> drained_;
};

// What a registered peer calls. Ends with its connection; the session itself may outlive both.
class SessionServer final : public wire::Session::Server {
 public:
  SessionServer(std::shared_ptr<RpcService::Impl> service, std::shared_ptr<Connection> connection,
                SessionId session)
      : service_(std::move(service)), connection_(std::move(connection)), session_(session) {}

  kj::Promise<void> exchange(ExchangeContext context) override {
    Result<ExchangeUp> up = decode_from([&] { return context.getParams().getUp(); });
    if (auto refusal = refusal_of(up)) {
      encode(*refusal, context.getResults().initOutcome().initRefused());
      return kj::READY_NOW;
    }
    if (auto refusal = shed(*up)) {
      encode(*refusal, context.getResults().initOutcome().initRefused());
      return kj::READY_NOW;
    }
    context.releaseParams();
    return service_->exchange(connection_, std::move(*up))
        .then([context](Result<ExchangeDown> down) mutable {
          auto outcome = context.getResults().initOutcome();
          if (down.ok()) {
            encode(*down, outcome.initDown());
          } else {
            encode(down.error(), outcome.initRefused());
          }
        });
  }

  kj::Promise<void> inventory(InventoryContext context) override {
    Result<InventoryPage> page = decode_from([&] { return context.getParams().getPage(); });
    auto outcome = context.getResults().initOutcome();
    if (auto refusal = refusal_of(page)) {
      encode(*refusal, outcome.initRefused());
      return kj::READY_NOW;
    }
    service_->hooks_.apply(InventoryArrived{session_, std::move(*page)});
    outcome.setTaken();
    return kj::READY_NOW;
  }

  kj::Promise<void> roots(RootsContext context) override {
    Result<RootsRequest> request = decode_from([&] { return context.getParams().getRequest(); });
    auto outcome = context.getResults().initOutcome();
    if (service_->drained_) {
      encode(*service_->drained_, outcome.initRefused());
    } else if (request.ok()) {
      encode(service_->hooks_.roots(request->version, request->first), outcome.initPage());
    } else {
      service_->hooks_.malformed(connection_->info.peer, request.error());
      encode(request.error(), outcome.initRefused());
    }
    return kj::READY_NOW;
  }

 private:
  // The tracker has too much to do for this exchange. Once one with events is refused, those that
  // come after it, and were sent before the peer knew, are refused as well: a gap ends a session.
  std::optional<Refusal> shed(const ExchangeUp& up) {
    Sequence& gap = connection_->refused_from;
    const bool has_gap =
        gap != Sequence() && !up.events.empty() && up.first_event.value() > gap.value();
    std::optional<Duration> after =
        has_gap ? connection_->come_back_after
                : service_->hooks_.admit_exchange(up, connection_->request.role, parked());
    if (!after) {
      connection_->refused_since = Instant::never();
      if (!up.events.empty()) gap = Sequence();
      return std::nullopt;
    }
    if (connection_->exchanges.empty())
      connection_->refused_since = std::min(connection_->refused_since, service_->loop_.now());
    if (!has_gap && !up.events.empty()) gap = up.first_event;
    connection_->come_back_after = *after;
    return Refusal{{ErrorCode::kOverloaded,
                    "this tracker has more exchanges than it may answer; come back later"},
                   *after};
  }
  Parked parked() const {
    if (!connection_->exchanges.empty()) return Parked::kOne;
    const Instant since = connection_->refused_since;
    const bool is_long = !since.is_never() && service_->loop_.now() - since >= kRefusedForLong;
    return is_long ? Parked::kNothingForLong : Parked::kNothing;
  }
  // Why a call that changes the session is not taken, if it is not.
  template <class T>
  std::optional<Error> refusal_of(const Result<T>& message) {
    if (service_->drained_) return service_->drained_;
    if (connection_->session != session_) return session_ended();
    if (message.ok()) return std::nullopt;
    service_->break_off(*connection_, message.error());
    return message.error();
  }

  const std::shared_ptr<RpcService::Impl> service_;
  std::shared_ptr<Connection> connection_;
  const SessionId session_;
};

// What every connection gets first.
class TrackerServerCapability final : public wire::Tracker::Server {
 public:
  TrackerServerCapability(std::shared_ptr<RpcService::Impl> service,
                          std::shared_ptr<Connection> connection)
      : service_(std::move(service)), connection_(std::move(connection)) {}

  kj::Promise<void> registerPeer(RegisterContext context) override {
    if (service_->drained_) {
      encode(*service_->drained_, context.getResults().initOutcome().initRefused());
      return kj::READY_NOW;
    }
    Result<RegisterRequest> request = decode_from([&] { return context.getParams().getRequest(); });
    if (!request.ok()) service_->hooks_.malformed(connection_->info.peer, request.error());
    Result<void> leave =
        request.ok() ? authorise(*request, connection_->info.peer) : Result<void>(request.error());
    if (!leave.ok()) {
      encode(leave.error(), context.getResults().initOutcome().initRefused());
      return kj::READY_NOW;
    }
    if (auto after = service_->hooks_.admit_peer(*request)) {
      const Refusal refusal{{ErrorCode::kOverloaded,
                             "more peers register than this tracker takes on at once; come back "
                             "later"},
                            *after};
      encode(refusal, context.getResults().initOutcome().initRefused());
      return kj::READY_NOW;
    }
    context.releaseParams();
    return service_->register_peer(connection_, std::move(*request))
        .then([this, context](Result<Registration> answer) mutable {
          auto outcome = context.getResults().initOutcome();
          if (!answer.ok()) {
            encode(answer.error(), outcome.initRefused());
            return;
          }
          if (auto* moved = std::get_if<RegisterMoved>(&*answer)) {
            encode(*moved, outcome.initMoved());
            return;
          }
          const auto& reply = std::get<RegisterReply>(*answer);
          auto accepted = outcome.initAccepted();
          encode(reply, accepted.initReply());
          accepted.setSession(kj::heap<SessionServer>(service_, connection_, reply.session));
        });
  }

  kj::Promise<void> joinMember(JoinContext context) override {
    auto outcome = context.getResults().initOutcome();
    Result<JoinAnswer> answer = join(context);
    if (!answer.ok()) {
      encode(answer.error(), outcome.initRefused());
      return kj::READY_NOW;
    }
    KJ_IF_MAYBE (link, answer->link) {
      auto accepted = outcome.initAccepted();
      encode(answer->self, accepted.initIntroduced());
      accepted.setLink(kj::mv(*link));
    } else {
      encode(answer->self, outcome.initAwaited());
    }
    return kj::READY_NOW;
  }

 private:
  Result<JoinAnswer> join(JoinContext& context) {
    if (service_->drained_) return *service_->drained_;
    MemberDoor* members = service_->hooks_.members();
    if (members == nullptr)
      return Error{ErrorCode::kUnsupported,
                   "this tracker belongs to no cluster: set cluster.members for it too"};
    Result<TrackerIntroduced> introduced =
        decode_from([&] { return context.getParams().getIntroduced(); });
    if (!introduced.ok()) {
      service_->hooks_.malformed(connection_->info.peer, introduced.error());
      return introduced.error();
    }
    connection_->is_member = true;
    return members->join(connection_->info, *introduced, context.getParams().getLink());
  }

  const std::shared_ptr<RpcService::Impl> service_;
  std::shared_ptr<Connection> connection_;
};

Result<void> RpcService::Impl::listen(const Options& options) {
  io::RpcListenerHandlers handlers;
  handlers.bootstrap = [this](const io::RpcConnectionInfo& info) { return bootstrap(info); };
  handlers.gone = [this](const io::RpcConnectionInfo& info) { gone(info); };
  handlers.error = [this](const io::RpcConnectionInfo& info, const Error& error) {
    // That peers vanish is told by the core, which knows their names.
    if (error.code != ErrorCode::kUnavailable || info.id == io::RpcConnectionId())
      hooks_.malformed(info.peer, error);
  };
  io::RpcListenerOptions listener_options;
  listener_options.bind = options.bind;
  listener_options.connections_max = options.connections_max;
  auto listener = io::RpcListener::listen(loop_, listener_options, std::move(handlers));
  if (!listener.ok()) return listener.error();
  listener_ = std::move(*listener);
  return {};
}

// What connections were handed shares this and may outlive it by turns of the loop: so nothing here
// may keep a connection, or the two would keep each other.
void RpcService::Impl::close() {
  drained_ = Error{ErrorCode::kUnavailable, "this tracker has gone"};
  listener_.reset();
  exchanges_.clear();
  by_session_.clear();
  by_registration_.clear();
  connections_.clear();
}

capnp::Capability::Client RpcService::Impl::bootstrap(const io::RpcConnectionInfo& info) {
  auto connection = std::make_shared<Connection>();
  connection->info = info;
  connections_.emplace(info.id, connection);
  return kj::heap<TrackerServerCapability>(shared_from_this(), std::move(connection));
}

void RpcService::Impl::gone(const io::RpcConnectionInfo& info) {
  auto found = connections_.find(info.id);
  if (found == connections_.end()) return;
  std::shared_ptr<Connection> connection = found->second;
  connections_.erase(found);
  if (MemberDoor* members = connection->is_member ? hooks_.members() : nullptr)
    members->left(info.id);
  for (ExchangeToken token : std::exchange(connection->exchanges, {})) exchanges_.erase(token);
  detach(*connection);
}

// Parts a connection from its session, which may be resumed on another. Exchanges that wait are
// answered as ended.
void RpcService::Impl::detach(Connection& connection) {
  if (connection.id == ConnectionId()) return;
  const ConnectionId id = std::exchange(connection.id, ConnectionId());
  by_registration_.erase(id);
  auto holder = by_session_.find(connection.session);
  if (holder != by_session_.end() && holder->second.lock().get() == &connection)
    by_session_.erase(holder);
  connection.session = SessionId();
  connection.refused_from = Sequence();
  if (std::exchange(connection.is_counted, false))
    --registered_[static_cast<std::size_t>(connection.request.role)];
  hooks_.apply(ConnectionLost{id});
  while (!connection.exchanges.empty()) finish(connection.exchanges.front(), session_ended());
}

void RpcService::Impl::break_off(Connection& connection, const Error& error) {
  hooks_.malformed(connection.info.peer, error);
  detach(connection);
}

kj::Promise<Result<Registration>> RpcService::Impl::register_peer(
    const std::shared_ptr<Connection>& connection, RegisterRequest request) {
  detach(*connection);
  if (connection->registering)
    connection->registering->fulfill(
        Error{ErrorCode::kConflict, "another registration came on the same connection"});
  if (request.data_address.host.empty()) request.data_address.host = connection->info.peer.host;
  connection->request = request;
  connection->id = ConnectionId(++last_registration_);
  by_registration_[connection->id] = connection;
  auto pair = kj::newPromiseAndFulfiller<Result<Registration>>();
  connection->registering = kj::mv(pair.fulfiller);
  hooks_.apply(RegisterArrived{connection->id, std::move(request)});
  return kj::mv(pair.promise);
}

// The session is this connection's now; a connection that had it before has it no more.
void RpcService::Impl::attach(Connection& connection, const RegisterReply& reply) {
  auto& holder = by_session_[reply.session];
  if (auto former = holder.lock(); former && former.get() != &connection) detach(*former);
  by_session_[reply.session] = by_registration_.at(connection.id);
  connection.session = reply.session;
  connection.is_counted = true;
  ++registered_[static_cast<std::size_t>(connection.request.role)];
}

// The registration came to no session.
void RpcService::Impl::turn_away(ConnectionId id, Result<Registration> answer) {
  auto found = by_registration_.find(id);
  if (found == by_registration_.end()) return;
  std::shared_ptr<Connection> connection = found->second;
  connection->id = ConnectionId();
  by_registration_.erase(id);
  if (auto registering = kj::mv(connection->registering)) registering->fulfill(std::move(answer));
}

kj::Promise<Result<ExchangeDown>> RpcService::Impl::exchange(
    const std::shared_ptr<Connection>& connection, ExchangeUp up) {
  if (connection->exchanges.size() >= kExchangesPerConnectionMax) {
    Error error{ErrorCode::kInvalidArgument,
                "more than " + std::to_string(kExchangesOpenMax) + " exchanges open at once"};
    break_off(*connection, error);
    return Result<ExchangeDown>(error);
  }
  const ExchangeToken token(++last_token_);
  auto pair = kj::newPromiseAndFulfiller<Result<ExchangeDown>>();
  connection->exchanges.push_back(token);
  exchanges_.emplace(token, OpenExchange{connection, kj::mv(pair.fulfiller), loop_.now()});
  hooks_.apply(ExchangeArrived{connection->session, token, std::move(up)});
  return kj::mv(pair.promise);
}

void RpcService::Impl::finish(ExchangeToken token, Result<ExchangeDown> outcome) {
  auto found = exchanges_.find(token);
  if (found == exchanges_.end()) return;  // its connection has gone
  OpenExchange open = std::move(found->second);
  exchanges_.erase(found);
  std::erase(open.connection->exchanges, token);
  hooks_.answered(loop_.now() - open.since);
  open.answer->fulfill(std::move(outcome));
}

RpcService::RpcService(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
RpcService::~RpcService() {
  impl_->close();
}

Result<std::unique_ptr<RpcService>> RpcService::listen(io::Loop& loop, const Options& options,
                                                       Hooks hooks) {
  auto impl = std::make_shared<Impl>(loop, std::move(hooks));
  if (auto listening = impl->listen(options); !listening.ok()) return listening.error();
  return std::unique_ptr<RpcService>(new RpcService(std::move(impl)));
}

void RpcService::carry_out(RegisterAnswered effect) {
  auto found = impl_->by_registration_.find(effect.connection);
  if (found == impl_->by_registration_.end()) return;
  std::shared_ptr<Connection> connection = found->second;
  effect.reply.ticket = issue_ticket(connection->request);
  impl_->attach(*connection, effect.reply);
  if (auto registering = kj::mv(connection->registering))
    registering->fulfill(Registration(std::move(effect.reply)));
}

void RpcService::carry_out(RegisterRefused effect) {
  impl_->turn_away(effect.connection, std::move(effect.error));
}

void RpcService::carry_out(RegisterMovedOn effect) {
  impl_->turn_away(effect.connection, Registration(std::move(effect.moved)));
}

void RpcService::carry_out(ExchangeAnswered effect) {
  impl_->finish(effect.token, std::move(effect.down));
}

void RpcService::carry_out(ExchangeRefused effect) {
  impl_->finish(effect.token, std::move(effect.error));
}

void RpcService::close(io::RpcConnectionId connection) {
  impl_->listener_->close(connection);
}

void RpcService::drain(const Error& why) {
  impl_->drained_ = why;
  impl_->listener_->stop_accepting();
  while (!impl_->exchanges_.empty()) impl_->finish(impl_->exchanges_.begin()->first, why);
}

io::HostPort RpcService::bound() const {
  return impl_->listener_->bound();
}
std::size_t RpcService::connections() const {
  return impl_->listener_->connections();
}
std::size_t RpcService::exchanges_open() const {
  return impl_->exchanges_.size();
}
std::size_t RpcService::registered(Role role) const {
  return impl_->registered_.at(static_cast<std::size_t>(role));
}

}  // namespace tyto::tracker
