#include "tracker/server/tracker_server.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "io/hash/random.h"
#include "io/http/http_server.h"
#include "io/log/rate_limited.h"
#include "io/loop/clock.h"
#include "io/loop/timer.h"
#include "io/metrics/metrics.h"
#include "tracker/catalog/catalog_location.h"
#include "tracker/catalog/catalog_writer.h"
#include "tracker/membership/lease_membership.h"
#include "tracker/server/api.h"
#include "tracker/server/catalog_inputs.h"
#include "tracker/server/cluster/cluster_links.h"
#include "tracker/server/cluster/identity.h"
#include "tracker/server/core_driver.h"
#include "tracker/server/notices.h"
#include "tracker/server/object_directory.h"
#include "tracker/server/pins_api.h"
#include "tracker/server/rpc_service.h"
#include "tracker/server/tracker_metrics.h"

namespace tyto::tracker {

namespace {

constexpr Duration kDrainLook = Duration::milliseconds(5);
constexpr Duration kLagLook = Duration::milliseconds(50);
constexpr Duration kMembersTimeout = Duration::seconds(3);  // of one answer; half a lease

Config core_config(const TrackerSettings& settings) {
  Config config = settings.core;
  if (config.seed == 0) config.seed = io::random_u64();
  return config;
}

}  // namespace

class TrackerServer::Impl {
 public:
  Impl(io::Loop& loop, io::Log& log, const TrackerSettings& settings)
      : loop_(loop),
        log_(log),
        settings_(settings),
        thin_log_(log, {.interval = settings.log_repeat_after}),
        tracker_metrics_(metrics_),
        directory_(settings.core.max_versions),
        driver_(loop, core_config(settings),
                {.effect = [this](Effect effect) { carry_out(std::move(effect)); },
                 .decided = [this](Duration took,
                                   uint64_t inputs) { tracker_metrics_.decided(took, inputs); }}),
        inputs_(driver_, directory_, log, [&loop] { return loop.now(); }),
        started_at_(loop.now()),
        admission_(settings.limits),
        lag_timer_(loop),
        drain_timer_(loop) {}
  ~Impl();

  Result<void> start();
  void drain(std::function<void()> done);

  io::HostPort rpc_bound() const { return rpc_->bound(); }
  io::HostPort http_bound() const { return http_->bound(); }
  TrackerEpoch epoch() const { return epoch_; }

 private:
  Result<void> open_catalog();
  Result<void> load_catalog();
  // Hears of what other trackers write, if this catalog is shared.
  void watch_catalog(const CatalogPosition& since);
  void start_writer();
  Result<void> listen_rpc();
  Result<void> listen_http();
  void join_cluster();
  // Reaches whoever the catalog says belongs to the cluster.
  void watch_members();
  void reach_members(const Members& members);
  void look_for_lag();
  Api::Hooks api_hooks();
  // Reads from the catalog on its writer's thread, and answers on the loop.
  template <class T>
  void ask_catalog(std::function<Result<T>(Catalog&)> read, std::function<void(Result<T>)> answer) {
    writer_->ask([&loop = loop_, read = std::move(read),
                  answer = std::move(answer)](Result<Catalog*> catalog) {
      Result<T> found = catalog.ok() ? read(**catalog) : Result<T>(catalog.error());
      loop.post([answer, found = std::move(found)] { answer(found); });
    });
  }
  void add_health_routes();
  void carry_out(Effect effect);
  void carry_out_one(VersionResolved effect);
  void carry_out_one(RootLearned effect);
  void carry_out_one(SendToMember effect) {
    if (links_) links_->send(std::move(effect));
  }
  void carry_out_one(const Notice& notice) { log_notice(thin_log_, notice); }
  template <class Answer>
  void carry_out_one(Answer effect) {
    if (rpc_) rpc_->carry_out(std::move(effect));
  }
  void note_malformed(const char* door, const io::HostPort& from, const Error& error);
  void look_drained();
  bool is_ready() const { return is_listening_ && !is_draining_; }
  ClusterPicture cluster() const;
  Gauges gauges() const;

  io::Loop& loop_;
  io::Log& log_;
  const TrackerSettings settings_;
  io::RateLimitedLog thin_log_;
  io::Metrics metrics_;
  TrackerMetrics tracker_metrics_;
  ObjectDirectory directory_;
  CoreDriver driver_;
  CatalogInputs inputs_;
  const Instant started_at_;
  TrackerEpoch epoch_;
  bool is_listening_ = false;
  bool is_draining_ = false;
  std::optional<CatalogLocation> location_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<CatalogWriter> writer_;
  std::unique_ptr<CatalogFeed> feed_;  // null: nobody else writes to the catalog
  // What other threads post to the loop is void once this has gone.
  std::shared_ptr<Impl*> alive_ = std::make_shared<Impl*>(this);
  std::unique_ptr<Api> api_;
  std::unique_ptr<io::HttpServer> http_;
  std::unique_ptr<RpcService> rpc_;
  std::unique_ptr<ClusterLinks> links_;     // null: this tracker is the only one
  std::unique_ptr<Membership> membership_;  // null: the settings say who the others are
  Admission admission_;
  Instant lag_due_;
  io::Timer lag_timer_;
  io::Timer drain_timer_;
  Instant drain_until_;
  std::function<void()> drained_;
};

// The doors close first; then what was learned is written.
TrackerServer::Impl::~Impl() {
  drain_timer_.cancel();
  lag_timer_.cancel();
  alive_.reset();
  membership_.reset();
  feed_.reset();
  if (links_) links_->close();
  rpc_.reset();
  links_.reset();
  http_.reset();
  if (writer_ && !writer_->stop(settings_.drain_deadline / 2))
    log_.warning("the catalog was not written to its end; what is missing is learned again");
}

Result<void> TrackerServer::Impl::start() {
  if (auto done = open_catalog(); !done.ok()) return done.error();
  if (auto done = load_catalog(); !done.ok()) return done.error();
  start_writer();
  if (auto done = listen_rpc(); !done.ok()) return done.error();
  if (auto done = listen_http(); !done.ok()) return done.error();
  join_cluster();
  look_for_lag();
  is_listening_ = true;
  return {};
}

Result<void> TrackerServer::Impl::open_catalog() {
  auto location = CatalogLocation::parse(settings_.catalog);
  if (!location.ok()) return location.error();
  location_ = std::move(*location);
  auto catalog = tracker::open_catalog(*location_, {.bytes_max = settings_.catalog_size_max,
                                                    .keep_unnamed = settings_.catalog_keep_unnamed,
                                                    .timeout = settings_.catalog_timeout});
  if (!catalog.ok()) return catalog.error();
  catalog_ = std::move(*catalog);
  return {};
}

Result<void> TrackerServer::Impl::load_catalog() {
  auto started = catalog_->start_epoch(io::wall_now());
  if (!started.ok()) return started.error();
  epoch_ = epoch_of_run(settings_, started->epoch);
  auto at = inputs_.load(*catalog_);
  if (!at.ok()) return at.error();
  // What the others' peers hold is not known even on the first run of this tracker's catalog.
  const bool is_alone = membership_of(settings_) == ClusterMembership::kAlone;
  driver_.apply(CatalogLoaded{epoch_, started->is_first_run && is_alone});
  log_.info("catalog loaded", {{"location", location_->shown},
                               {"epoch", epoch_},
                               {"buckets", uint64_t{directory_.buckets().size()}},
                               {"versions", uint64_t{inputs_.versions_loaded()}},
                               {"names", uint64_t{directory_.size()}}});
  watch_catalog(*at);
  return {};
}

void TrackerServer::Impl::watch_catalog(const CatalogPosition& since) {
  if (!location_->postgres) return;
  auto deliver = [&loop = loop_, alive = std::weak_ptr(alive_)](CatalogUpdate update) {
    loop.post([alive, update = std::move(update)]() mutable {
      if (auto self = alive.lock()) (*self)->inputs_.apply(std::move(update));
    });
  };
  // Called on the feed's thread; the log takes any.
  auto health = [this](Result<void> state) {
    if (state.ok()) {
      log_.info("the catalog is read again");
    } else {
      log_.error("the catalog cannot be read: what other trackers change is not heard of",
                 {{"error", state.error()}});
    }
  };
  feed_ = std::make_unique<CatalogFeed>(
      *location_->postgres,
      CatalogFeed::Options{.since = since, .own = epoch_, .timeout = settings_.catalog_timeout},
      deliver, health);
}

void TrackerServer::Impl::start_writer() {
  // Called on the writer's thread; the log takes any.
  auto health = [this](Result<void> state) {
    if (state.ok()) {
      log_.info("the catalog is written again");
    } else {
      log_.error("the catalog cannot be written: publishing is refused, downloads go on",
                 {{"error", state.error()}});
    }
  };
  writer_ = std::make_unique<CatalogWriter>(
      *catalog_, CatalogWriter::Options{.write_behind = settings_.catalog_write_behind}, health);
}

Result<void> TrackerServer::Impl::listen_rpc() {
  auto bind = io::HostPort::parse(settings_.listen_rpc);
  if (!bind.ok()) return bind.error();
  RpcService::Hooks hooks;
  hooks.apply = [this](Input input) { driver_.apply(std::move(input)); };
  hooks.roots = [this](const VersionId& version, uint32_t first) {
    return driver_.core().roots(version, first);
  };
  hooks.malformed = [this](const io::HostPort& from, const Error& error) {
    note_malformed("rpc", from, error);
  };
  hooks.answered = [this](Duration took) { tracker_metrics_.exchange_answered(took); };
  hooks.admit_peer = [this](const RegisterRequest&) {
    return admission_.registration(loop_.now());
  };
  hooks.admit_exchange = [this](const ExchangeUp& up, Role role, Parked parked) {
    return admission_.exchange(loop_.now(), class_of(up, role, parked));
  };
  hooks.members = [this]() -> MemberDoor* { return links_.get(); };
  auto rpc = RpcService::listen(loop_, {*bind, settings_.rpc_connections_max}, std::move(hooks));
  if (!rpc.ok()) return Error{rpc.error().code, "listen.rpc: " + rpc.error().message};
  rpc_ = std::move(*rpc);
  return {};
}

Result<void> TrackerServer::Impl::listen_http() {
  auto bind = io::HostPort::parse(settings_.listen_http);
  if (!bind.ok()) return bind.error();
  io::HttpServerOptions options;
  options.bind = *bind;
  options.connections_max = settings_.http_connections_max;
  options.body_bytes_max = settings_.http_body_bytes_max;
  options.server_name = "tyto-tracker/" TYTO_VERSION;
  options.on_error = [this](const Error& error, uint64_t) { note_malformed("http", {}, error); };
  auto http = io::HttpServer::listen(loop_, std::move(options));
  if (!http.ok()) return Error{http.error().code, "listen.http: " + http.error().message};
  http_ = std::move(*http);
  api_ = std::make_unique<Api>(driver_.core(), directory_, api_hooks());
  api_->add_routes(*http_);
  add_health_routes();
  return {};
}

void TrackerServer::Impl::join_cluster() {
  const ClusterMembership membership = membership_of(settings_);
  if (membership == ClusterMembership::kAlone) return;
  const TrackerIntroduced self = introduction(settings_, rpc_->bound(), epoch_);
  links_ = std::make_unique<ClusterLinks>(
      loop_, log_,
      ClusterLinks::Options{
          .self = self, .debounce = settings_.cluster_debounce, .seed = io::random_u64()},
      ClusterLinks::Hooks{
          .apply = [this](Input input) { driver_.apply(std::move(input)); },
          .close = [this](io::RpcConnectionId connection) { rpc_->close(connection); }});
  const bool is_listed = membership == ClusterMembership::kList;
  log_.info("belongs to a cluster", {{"name", self.name},
                                     {"member", self.member.id},
                                     {"advertises", self.member.rpc.text()},
                                     {"members", is_listed ? "of a list" : "in the catalog"}});
  if (!is_listed) return watch_members();
  if (!is_on_postgres(settings_.catalog))
    log_.warning(
        "this tracker has a catalog of its own: make the same buckets at each tracker of the list, "
        "and publish at each, or let all share a catalog on PostgreSQL");
  std::vector<io::HostPort> addresses;
  for (const std::string& member : settings_.cluster_members)
    addresses.push_back(*io::HostPort::parse(member));
  links_->reach(addresses);
}

void TrackerServer::Impl::watch_members() {
  // Called on the membership's thread; the log takes any.
  auto health = [this](Result<void> state) {
    if (state.ok()) {
      log_.info("the members of the cluster are read from the catalog again");
    } else {
      log_.error("the members of the cluster cannot be read from the catalog: those known stand",
                 {{"error", state.error()}});
    }
  };
  const OwnMember own = {.member = links_->self().member,
                         .http = http_->bound().text(),
                         .protocol_max = links_->self().cluster_version,
                         .started = io::wall_now()};
  membership_ = std::make_unique<LeaseMembership>(
      *location_->postgres, own,
      LeaseMembership::Options{.term = settings_.cluster_lease,
                               .timeout = std::min(settings_.catalog_timeout, kMembersTimeout)},
      health);
  membership_->start([&loop = loop_, alive = std::weak_ptr(alive_)](const Members& members) {
    loop.post([alive, members] {
      if (auto self = alive.lock()) (*self)->reach_members(members);
    });
  });
}

void TrackerServer::Impl::reach_members(const Members& members) {
  std::vector<io::HostPort> addresses;
  for (const Member& member : members.members)
    if (member.id != links_->self().member.id)
      addresses.push_back({member.rpc.host, member.rpc.port});
  log_.info("trackers found in the catalog", {{"others", uint64_t{addresses.size()}}});
  links_->reach(addresses);
}

// How late this timer comes is how late all else does.
void TrackerServer::Impl::look_for_lag() {
  const Instant now = loop_.now();
  if (lag_due_ != Instant() && now > lag_due_) admission_.note_lag(now - lag_due_);
  lag_due_ = now + kLagLook;
  lag_timer_.start_at(lag_due_, [this] { look_for_lag(); });
}

// Answers of the catalog come on its writer's thread, and are posted to the loop.
Api::Hooks TrackerServer::Impl::api_hooks() {
  Api::Hooks hooks;
  hooks.submit = [this](Change change, std::function<void(Result<ChangeDone>)> answer) {
    writer_->submit(std::move(change),
                    [&loop = loop_, answer = std::move(answer)](Result<ChangeDone> done) {
                      loop.post([answer, done = std::move(done)] { answer(done); });
                    });
  };
  hooks.apply = [this](Input input) { driver_.apply(std::move(input)); };
  hooks.cluster = [this] { return cluster(); };
  hooks.now = [this] { return loop_.now(); };
  hooks.find_policy = [this](std::string bucket, uint32_t version, auto answer) {
    ask_catalog<PolicyRevision>([bucket = std::move(bucket), version](
                                    Catalog& catalog) { return catalog.policy(bucket, version); },
                                std::move(answer));
  };
  hooks.list_policies = [this](PolicyHistoryQuery query, auto answer) {
    ask_catalog<std::vector<PolicyHead>>(
        [query = std::move(query)](Catalog& catalog) { return catalog.policy_history(query); },
        std::move(answer));
  };
  return hooks;
}

void TrackerServer::Impl::add_health_routes() {
  http_->route("GET", "/healthz", [](const io::HttpRequest&, const Responder& responder) {
    responder->reply(200, "text/plain", "ok\n");
  });
  http_->route("GET", "/readyz", [this](const io::HttpRequest&, const Responder& responder) {
    responder->reply(is_ready() ? 200 : 503, "text/plain", is_ready() ? "ready\n" : "draining\n");
  });
  metrics_.before_text([this] { tracker_metrics_.refresh(driver_.core().counters(), gauges()); });
  http_->route("GET", "/metrics", [this](const io::HttpRequest&, const Responder& responder) {
    responder->reply(200, io::Metrics::kContentType, metrics_.text());
  });
}

void TrackerServer::Impl::carry_out(Effect effect) {
  std::visit([this](auto& one) { carry_out_one(std::move(one)); }, effect);
}

void TrackerServer::Impl::carry_out_one(VersionResolved effect) {
  directory_.put({effect.facts->bucket_name, effect.facts->key},
                 {effect.facts, /*is_published=*/false});
  writer_->record(RecordVersion{std::move(effect.facts)});
}

void TrackerServer::Impl::carry_out_one(RootLearned effect) {
  writer_->record(RecordRoot{effect.chunk, effect.root});
}

void TrackerServer::Impl::note_malformed(const char* door, const io::HostPort& from,
                                         const Error& error) {
  tracker_metrics_.malformed(door);
  thin_log_.warning(std::string("malformed ") + door + ' ' + from.host,
                    "a client broke the protocol, and nothing but its connection or session is "
                    "affected",
                    {{"door", door}, {"from", from.host}, {"error", error}});
}

void TrackerServer::Impl::drain(std::function<void()> done) {
  if (is_draining_) return;
  is_draining_ = true;
  drained_ = std::move(done);
  if (links_) links_->close();
  drain_until_ = loop_.now() + settings_.drain_deadline / 4;
  rpc_->drain({ErrorCode::kUnavailable,
               "this tracker is shutting down: go to another, or wait until it is back"});
  look_drained();
}

// Peers that were answered hang up by themselves; those that do not are cut off.
void TrackerServer::Impl::look_drained() {
  if (rpc_->connections() == 0 || loop_.now() >= drain_until_) {
    loop_.post(std::exchange(drained_, nullptr));
    return;
  }
  drain_timer_.start_after(kDrainLook, [this] { look_drained(); });
}

ClusterPicture TrackerServer::Impl::cluster() const {
  const CatalogWriter::Figures figures = writer_->figures();
  ClusterPicture picture;
  picture.epoch = epoch_;
  picture.version = TYTO_VERSION;
  picture.rpc_address = rpc_->bound().text();
  picture.uptime = loop_.now() - started_at_;
  picture.is_ready = is_ready();
  picture.is_draining = is_draining_;
  picture.connections = rpc_->connections();
  picture.peers = rpc_->registered(Role::kPeer);
  picture.superpeers = rpc_->registered(Role::kSuperpeer);
  picture.is_catalog_failing = figures.is_failing || (feed_ && feed_->is_failing());
  picture.catalog_queue = figures.queued;
  picture.exchanges_refused = admission_.counts().exchanges_refused;
  picture.registrations_refused = admission_.counts().registrations_refused;
  picture.lag = admission_.lag();
  if (links_)
    picture.links =
        LinksPicture{links_->self().member,
                     links_->self().name,
                     links_->members(),
                     links_->links(),
                     links_->unreached(),
                     membership_ ? LinksPicture::Source::kCatalog : LinksPicture::Source::kList,
                     membership_ && membership_->is_failing()};
  return picture;
}

Gauges TrackerServer::Impl::gauges() const {
  Gauges gauges;
  gauges.sessions = driver_.core().session_count();
  gauges.peers = rpc_->registered(Role::kPeer);
  gauges.superpeers = rpc_->registered(Role::kSuperpeer);
  gauges.rpc_connections = rpc_->connections();
  gauges.exchanges_open = rpc_->exchanges_open();
  driver_.core().visit_transfers([&](const TransferPicture&) { ++gauges.transfers; });
  gauges.buckets = directory_.buckets().size();
  gauges.objects = directory_.size();
  for (const auto& [name, bucket] : directory_.buckets())
    if (auto picture = driver_.core().bucket_picture(name)) gauges.kept.push_back(*picture);
  gauges.epoch = epoch_;
  gauges.is_ready = is_ready();
  gauges.catalog = writer_->figures();
  gauges.catalog.is_failing |= feed_ != nullptr && feed_->is_failing();
  gauges.journal = driver_.core().journal_counts();
  gauges.refused = admission_.counts();
  gauges.lag = admission_.lag();
  if (links_) {
    gauges.links = links_->links();
    gauges.members = links_->members().members.size();
    gauges.is_membership_failing = membership_ && membership_->is_failing();
  }
  return gauges;
}

TrackerServer::TrackerServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TrackerServer::~TrackerServer() = default;

Result<std::unique_ptr<TrackerServer>> TrackerServer::start(io::Loop& loop, io::Log& log,
                                                            const TrackerSettings& settings) {
  auto impl = std::make_unique<Impl>(loop, log, settings);
  if (auto started = impl->start(); !started.ok()) return started.error();
  return std::unique_ptr<TrackerServer>(new TrackerServer(std::move(impl)));
}

io::HostPort TrackerServer::rpc_address() const {
  return impl_->rpc_bound();
}
io::HostPort TrackerServer::http_address() const {
  return impl_->http_bound();
}
TrackerEpoch TrackerServer::epoch() const {
  return impl_->epoch();
}
void TrackerServer::drain(std::function<void()> done) {
  impl_->drain(std::move(done));
}

}  // namespace tyto::tracker
