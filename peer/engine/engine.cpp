#include "peer/engine/engine.h"

#include <deque>
#include <map>
#include <utility>

#include "io/hash/random.h"
#include "io/log/log.h"
#include "io/loop/loop.h"
#include "io/loop/timer.h"
#include "peer/core/gathering.h"
#include "peer/engine/control_link.h"
#include "peer/engine/transfer_desk.h"
#include "peer/origin/version.h"
#include "peer/origin/worker_threads.h"

namespace tyto::peer {
namespace {

// Uploads that are still under way when a peer leaves have this share of its deadline to end.
constexpr int64_t kUploadShare = 2;

ChunkClientOptions client_options(PeerId self, const EngineOptions& options) {
  ChunkClientOptions client;
  client.self = self;
  client.download_bytes_per_s = options.download_bytes_per_s;
  return client;
}

}  // namespace

struct Engine::Impl {
  struct Open {
    OpenHandlers handlers;
    VersionFactsRef facts;  // once opened
  };

  Impl(io::Loop& l, ChunkStore& s, io::Log& g, EngineOptions o)
      : loop(l),
        store(s),
        log(g),
        options(std::move(o)),
        self(io::random_u64() | 1),
        core(options.policy, io::random_u64()),
        client(loop, client_options(self, options)),
        origins(loop, options.origins),
        desk(loop, store, client, origins, [this](Input input) { dispatch(std::move(input)); }),
        link(loop, link_handlers()),
        timer(loop),
        leave_timer(loop) {
    loop.set_pause([this] { return pause(); });
  }
  ~Impl() { loop.set_pause(nullptr); }

  Result<void> listen();
  ControlLinkHandlers link_handlers();
  RegisterRequest registration(const ConnectTracker& order) const;
  void dispatch(Input input);
  void arm_timer();
  Duration pause();

  void carry_out(ConnectTracker& order);
  void carry_out(FindTrackers&);
  void carry_out(SendInventory& order) { link.send_inventory(std::move(order.pages)); }
  void carry_out(SendExchange& order) { link.send_exchange(order.up); }
  void carry_out(StartTransfer& order);
  void carry_out(CancelTransfer& order) { desk.cancel(order.transfer); }
  void carry_out(DropPartial& order) { desk.drop_partial(order.chunk); }
  void carry_out(RememberVersion& order);
  void carry_out(DropChunks& order);
  void carry_out(LimitsSet& order) { apply_limits(order.limits); }
  void carry_out(TicketRenewed& order) { tickets[order.bucket] = order.ticket.text; }
  void carry_out(ResolveName& order);
  void carry_out(OpenSucceeded& order);
  void carry_out(OpenFailed& order);
  void carry_out(ChunkReady& order);
  void carry_out(OpenWaits& order);
  void carry_out(EnsureAnswered& order);
  void carry_out(LeaveDone&) { drain_uploads(); }
  void carry_out(TrackerStateChanged& order);

  void apply_limits(const SetLimits& limits);
  void fetch_roots(const VersionFactsRef& facts, uint32_t first);
  std::optional<Digest> known_root(const StartTransfer& order) const;
  void drain_uploads();
  void finish_leaving();

  io::Loop& loop;
  ChunkStore& store;
  io::Log& log;
  const EngineOptions options;
  const PeerId self;
  PeerCore core;
  ChunkClient client;
  Origins origins;
  TransferDesk desk;
  ControlLink link;
  std::unique_ptr<ChunkServer> server;

  std::deque<Input> inputs;  // waiting their turn while effects are carried out
  bool is_dispatching = false;
  Gathering gathering;
  io::Timer timer;
  Instant timer_due = Instant::never();

  uint64_t last_open = 0;
  std::map<OpenId, Open> opens;
  std::map<BucketId, std::string> tickets;
  std::map<VersionId, std::vector<Digest>> roots;  // of published versions that are open
  uint64_t last_ensure = 0;
  std::map<uint64_t, ChunkServerHooks::Answer> ensures;
  EngineStats stats;
  io::Timer leave_timer;
  std::function<void()> leave_done;
  std::shared_ptr<int> alive = std::make_shared<int>();  // for call-backs that may come late
  bool is_finding = false;
  WorkerThreads name_threads{1};  // the last to be made, and so the first to end
};

ControlLinkHandlers Engine::Impl::link_handlers() {
  ControlLinkHandlers on;
  on.registered = [this](const RegisterReply& reply) {
    if (!reply.ticket.text.empty()) tickets[BucketId(0)] = reply.ticket.text;
    dispatch(Registered{reply});
  };
  on.redirected = [this](const RegisterMoved& moved) { dispatch(RegisterRedirected{moved}); };
  on.register_failed = [this](const Refusal& refusal) {
    dispatch(RegisterFailed{refusal.error, refusal.retry_after});
  };
  on.refused = [this](const Refusal& refusal) {
    dispatch(ExchangeRefused{refusal.error, refusal.retry_after});
  };
  on.disconnected = [this](const Error& error) { dispatch(Disconnected{error}); };
  on.answered = [this](ExchangeDown down) { dispatch(ExchangeAnswered{std::move(down)}); };
  on.inventory_sent = [this] { dispatch(InventorySent{}); };
  return on;
}

Result<void> Engine::Impl::listen() {
  ChunkServerOptions how;
  how.listen = {options.listen.host, options.listen.port};
  how.ticket_rule = options.ticket_rule;
  ChunkServerHooks hooks;
  hooks.relayed = [this](const ChunkId& chunk) { return desk.relayed(chunk); };
  hooks.wait_for = [this](const ChunkServerHooks::Waiting& waiting,
                          ChunkServerHooks::Answer answer) {
    desk.wait_for(waiting, [this, chunk = waiting.chunk, answer = std::move(answer)](bool is_here) {
      answer(is_here);
      // The core, and through it the tracker, hears of chunks that the store has lost.
      if (!is_here && core.holds(chunk))
        dispatch(ChunksLost{chunk.version, chunk.index.value(), 1});
    });
  };
  hooks.ensure = [this](const ChunkId& chunk, ChunkServerHooks::Answer answer) {
    uint64_t request = ++last_ensure;
    ensures[request] = std::move(answer);
    dispatch(EnsureAsked{request, chunk});
  };
  hooks.on_error = [this](const Error& error, uint64_t suppressed) {
    log.warning("chunk server", {{"error", error}, {"suppressed", suppressed}});
  };
  auto started = ChunkServer::start(loop, store, std::move(how), std::move(hooks));
  if (!started.ok()) return started.error();
  server = std::move(*started);
  return {};
}

// Inputs are taken one at a time: what comes while effects are carried out waits its turn.
void Engine::Impl::dispatch(Input input) {
  inputs.push_back(std::move(input));
  if (is_dispatching) return;
  is_dispatching = true;
  while (!inputs.empty()) {
    Input next = std::move(inputs.front());
    inputs.pop_front();
    if (auto* failed = std::get_if<TransferFailed>(&next)) {
      stats.bytes_wasted += failed->bytes;
      ++stats.transfers_failed;
      log.debug("transfer failed",
                {{"kind", failure_kind_name(failed->kind)}, {"detail", failed->detail}});
    }
    Effects effects;
    core.handle(loop.now(), std::move(next), effects);
    for (Effect& effect : effects) {
      std::visit([this](auto& order) { carry_out(order); }, effect);
    }
    if (inputs.empty()) desk.settle();
  }
  is_dispatching = false;
  arm_timer();
}

void Engine::Impl::arm_timer() {
  Instant due = core.next_deadline();
  if (due == timer_due && timer.is_armed()) return;
  timer_due = due;
  timer.start_at(due, [this] { dispatch(TimePassed{}); });
}

Duration Engine::Impl::pause() {
  ChunkClientStats received = client.stats();
  uint32_t transfers = received.transfers_now + (server ? server->stats().uploads_now : 0);
  return gathering.pause(loop.now(), transfers, received.bytes_received);
}

RegisterRequest Engine::Impl::registration(const ConnectTracker& order) const {
  RegisterRequest request;
  request.peer = self;
  request.role = options.policy.role;
  request.name = options.name;
  request.location = options.location;
  request.data_address = {options.advertise_host, server->port()};
  const StoreUsage usage = store.usage();
  request.store_bytes = usage.limit_bytes;
  request.memory_bytes = usage.memory_limit_bytes;
  request.upload_bytes_per_s = options.upload_bytes_per_s;
  request.download_bytes_per_s = options.download_bytes_per_s;
  request.uploads_max = options.uploads_max;
  request.credentials = options.credentials;
  request.resume_session = order.resume_session;
  request.resume_epoch = order.resume_epoch;
  request.has_inventory = order.has_inventory;
  request.avoids = order.avoids;
  request.moves = order.moves;
  return request;
}

void Engine::Impl::carry_out(ConnectTracker& order) {
  link.connect({order.tracker.host, order.tracker.port}, registration(order));
}

// Looking names up may block for long.
void Engine::Impl::carry_out(FindTrackers&) {
  if (std::exchange(is_finding, true)) return;
  name_threads.submit([this, weak = std::weak_ptr<int>(alive), names = options.trackers] {
    auto found = find_trackers(names);
    loop.post([this, weak, found = std::move(found)] {
      if (weak.expired()) return;
      is_finding = false;
      dispatch(found.ok() ? TrackersFound{*found, {}} : TrackersFound{nullptr, found.error()});
    });
  });
}

std::optional<Digest> Engine::Impl::known_root(const StartTransfer& order) const {
  if (order.root) return order.root;
  auto known = roots.find(order.facts->id);
  if (known == roots.end() || order.chunk.value() >= known->second.size()) return std::nullopt;
  const Digest& root = known->second[order.chunk.value()];
  return root.is_zero() ? std::nullopt : std::optional(root);
}

void Engine::Impl::carry_out(StartTransfer& order) {
  auto ticket = tickets.find(order.facts->bucket);
  if (ticket == tickets.end()) ticket = tickets.find(BucketId(0));
  desk.start(order, known_root(order), ticket == tickets.end() ? std::string() : ticket->second);
}

void Engine::Impl::carry_out(RememberVersion& order) {
  if (auto kept = store.remember(order.facts); !kept.ok())
    log.error("a version's facts cannot be kept", {{"error", kept.error()}});
}

void Engine::Impl::carry_out(DropChunks& order) {
  auto dropped = store.drop(order.version, order.first, order.count);
  if (dropped.ok()) {
    stats.chunks_dropped += *dropped;
  } else {
    log.error("chunks cannot be dropped", {{"error", dropped.error()}});
  }
  dispatch(ChunksLost{order.version, order.first, order.count});
}

void Engine::Impl::carry_out(ResolveName& order) {
  Resolve resolve = order.resolve;
  origins.resolve(resolve.url, [this, resolve](Result<OriginObject> found) {
    ResolveDone done{resolve.resolve, std::nullopt, {}};
    if (found.ok()) {
      auto facts = facts_from({resolve.bucket, resolve.bucket_name, resolve.key}, *found);
      if (facts.ok()) {
        done.facts = *facts;
      } else {
        done.error = facts.error();
      }
    } else {
      done.error = found.error();
    }
    dispatch(std::move(done));
  });
}

void Engine::Impl::carry_out(OpenSucceeded& order) {
  auto it = opens.find(order.open);
  if (it == opens.end()) return;
  it->second.facts = order.facts;
  // With the roots at hand, a published object can be read on without a tracker.
  if (order.facts->is_published && !roots.contains(order.facts->id)) fetch_roots(order.facts, 0);
  if (auto opened = it->second.handlers.opened) opened(order.facts, order.medium);
}

void Engine::Impl::fetch_roots(const VersionFactsRef& facts, uint32_t first) {
  link.fetch_roots(facts->id, first, [this, facts, first](Result<RootsPage> page) {
    if (!page.ok() || page->roots.empty()) return;
    auto& known = roots[facts->id];
    if (known.size() != first) return;
    known.insert(known.end(), page->roots.begin(), page->roots.end());
    if (known.size() < facts->chunking.chunk_count())
      fetch_roots(facts, static_cast<uint32_t>(known.size()));
  });
}

void Engine::Impl::carry_out(OpenFailed& order) {
  auto it = opens.find(order.open);
  if (it == opens.end()) return;
  auto failed = std::move(it->second.handlers.failed);
  opens.erase(it);
  if (failed) failed(order.error);
}

void Engine::Impl::carry_out(OpenWaits& order) {
  auto it = opens.find(order.open);
  if (it == opens.end()) return;
  if (auto waits = it->second.handlers.waits) waits(order.wait);
}

void Engine::Impl::carry_out(ChunkReady& order) {
  switch (order.from) {
    case SourceKind::kPeer: stats.bytes_from_peers += order.bytes; break;
    case SourceKind::kSuperpeer: stats.bytes_from_superpeers += order.bytes; break;
    case SourceKind::kOrigin: stats.bytes_from_origin += order.bytes; break;
  }
  std::vector<decltype(OpenHandlers::chunk_ready)> told;
  for (auto& [id, open] : opens)
    if (open.facts && open.facts->id == order.chunk.version && open.handlers.chunk_ready)
      told.push_back(open.handlers.chunk_ready);
  for (auto& tell : told) tell(order.chunk.index, order.from, order.bytes);
}

void Engine::Impl::carry_out(EnsureAnswered& order) {
  auto it = ensures.find(order.request);
  if (it == ensures.end()) return;
  auto answer = std::move(it->second);
  ensures.erase(it);
  answer(order.is_here);
}

void Engine::Impl::carry_out(TrackerStateChanged& order) {
  stats.tracker = order.state;
  stats.tracker_detail = order.detail;
  switch (order.state) {
    case TrackerState::kConnected: log.info("tracker connected", {{"detail", order.detail}}); break;
    case TrackerState::kConnecting:
      log.debug("tracker connecting", {{"detail", order.detail}});
      break;
    case TrackerState::kLost: log.warning("tracker lost", {{"detail", order.detail}}); break;
  }
}

void Engine::Impl::apply_limits(const SetLimits& limits) {
  server->set_limits(limits);
  client.set_download_bytes_per_s(limits.download_bytes_per_s);
}

void Engine::Impl::drain_uploads() {
  if (!leave_done) return;
  server->drain([this, weak = std::weak_ptr<int>(alive)] {
    if (!weak.expired()) finish_leaving();
  });
}

void Engine::Impl::finish_leaving() {
  leave_timer.cancel();
  if (auto done = std::exchange(leave_done, nullptr)) done();
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::start(io::Loop& loop, ChunkStore& store, io::Log& log,
                                              EngineOptions options) {
  if (options.trackers.empty())
    return Error{ErrorCode::kInvalidArgument,
                 "no tracker was named; give at least one host:port, or srv:NAME"};
  auto impl = std::make_unique<Impl>(loop, store, log, std::move(options));
  if (auto listening = impl->listen(); !listening.ok()) return listening.error();
  StoreLoaded loaded{store.remembered(), store.inventory(), impl->options.location, {}};
  impl->dispatch(std::move(loaded));
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

OpenId Engine::open(OpenRequested request, OpenHandlers handlers) {
  OpenId id(++impl_->last_open);
  request.open = id;
  impl_->opens[id].handlers = std::move(handlers);
  // Through the loop, so that nothing is called back from in here.
  impl_->loop.post([impl = impl_.get(), weak = std::weak_ptr<int>(impl_->alive), request] {
    if (!weak.expired() && impl->opens.contains(request.open)) impl->dispatch(OpenAsked{request});
  });
  return id;
}

void Engine::move_window(OpenId open, uint32_t first, uint32_t count) {
  impl_->loop.post(
      [impl = impl_.get(), weak = std::weak_ptr<int>(impl_->alive), open, first, count] {
        if (!weak.expired() && impl->opens.contains(open))
          impl->dispatch(WindowAsked{open, first, count});
      });
}

void Engine::close(OpenId open) {
  auto it = impl_->opens.find(open);
  if (it == impl_->opens.end()) return;
  VersionFactsRef facts = it->second.facts;
  impl_->opens.erase(it);
  bool is_open_elsewhere = false;
  for (auto& [id, other] : impl_->opens)
    is_open_elsewhere |= facts && other.facts && other.facts->id == facts->id;
  if (facts && !is_open_elsewhere) impl_->roots.erase(facts->id);
  impl_->dispatch(CloseAsked{open});
}

void Engine::leave(Duration deadline, std::function<void()> done) {
  impl_->leave_done = std::move(done);
  impl_->leave_timer.start_after(deadline, [impl = impl_.get()] { impl->finish_leaving(); });
  impl_->dispatch(LeaveAsked{deadline / kUploadShare});
}

PeerId Engine::id() const {
  return impl_->self;
}
uint16_t Engine::port() const {
  return impl_->server->port();
}

EngineStats Engine::stats() const {
  EngineStats stats = impl_->stats;
  stats.server = impl_->server->stats();
  stats.client = impl_->client.stats();
  stats.origin = impl_->origins.stats();
  stats.store = impl_->store.usage();
  return stats;
}

}  // namespace tyto::peer
