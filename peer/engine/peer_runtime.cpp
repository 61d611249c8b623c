#include "peer/engine/peer_runtime.h"

#include <unistd.h>

#include <utility>

#include "io/log/log.h"
#include "io/loop/loop.h"
#include "peer/store/memory_store.h"
#include "peer/store/split_store.h"

namespace tyto {
namespace {

std::string host_name() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0 || name[0] == 0) return "localhost";
  return name;
}

std::unique_ptr<io::Log> open_log(const PeerOptions& options) {
  if (!options.log) return io::Log::discard();
  io::LogOptions how;
  how.component = "peer";
  how.sink = options.log;
  auto log = io::Log::open(how);
  return log.ok() ? std::move(*log) : io::Log::discard();
}

}  // namespace

Result<peer::EngineOptions> engine_options_of(const PeerOptions& options) {
  peer::EngineOptions engine;
  for (const std::string& text : options.trackers) {
    auto names = peer::parse_tracker_names(text);
    if (!names.ok()) return names.error();
    engine.trackers.insert(engine.trackers.end(), names->begin(), names->end());
  }
  auto listen = io::HostPort::parse(options.listen);
  if (!listen.ok()) return listen.error();
  engine.listen = *listen;
  std::string host = host_name();
  auto location = Location::parse(options.location.empty() ? host : options.location);
  if (!location.ok()) return location.error();
  engine.location = *location;
  engine.name = options.name.empty() ? host + "/" + std::to_string(getpid()) : options.name;
  engine.advertise_host = options.advertise_host;
  engine.uploads_max = options.uploads_max;
  engine.upload_bytes_per_s = options.upload_bytes_per_s;
  engine.download_bytes_per_s = options.download_bytes_per_s;
  engine.credentials = options.credentials;
  engine.origins.http.ca_file = options.origin_ca_file;
  return engine;
}

Result<void> PeerRuntime::open_store(const PeerOptions& options) {
  if (options.store_dir.empty()) {
    store_ = std::make_unique<peer::MemoryStore>(options.store_bytes);
  } else {
    auto disk = peer::DiskStore::open(options.store_dir, options.store_bytes);
    if (!disk.ok()) return disk.error();
    disk_store_ = disk->get();
    is_store_scratch_ = options.is_store_scratch;
    store_ = std::move(*disk);
  }
  if (options.memory_bytes > 0)
    store_ = std::make_unique<peer::SplitStore>(std::move(store_), options.memory_bytes);
  return {};
}

Result<std::shared_ptr<PeerRuntime>> PeerRuntime::start(PeerOptions options) {
  auto engine = engine_options_of(options);
  if (!engine.ok()) return engine.error();
  std::shared_ptr<PeerRuntime> runtime(new PeerRuntime());
  runtime->log_ = open_log(options);
  if (auto opened = runtime->open_store(options); !opened.ok()) return opened.error();
  std::promise<Result<void>> started;
  auto outcome = started.get_future();
  runtime->thread_ = std::thread(
      [raw = runtime.get(), engine = std::move(*engine), &started] { raw->run(engine, started); });
  if (auto result = outcome.get(); !result.ok()) {
    runtime->thread_.join();
    return result.error();
  }
  return runtime;
}

void PeerRuntime::run(peer::EngineOptions options, std::promise<Result<void>>& started) {
  io::Loop loop;
  auto engine = peer::Engine::start(loop, *store_, *log_, std::move(options));
  if (!engine.ok()) {
    started.set_value(engine.error());
    return;
  }
  {
    std::lock_guard lock(mutex_);
    loop_ = &loop;
    engine_ = engine->get();
  }
  started.set_value({});  // `started` is gone from here on
  loop.run();
  std::lock_guard lock(mutex_);
  loop_ = nullptr;
  engine_ = nullptr;
}

bool PeerRuntime::post(std::function<void(peer::Engine&)> action) {
  std::lock_guard lock(mutex_);
  if (loop_ == nullptr) return false;
  loop_->post([engine = engine_, action = std::move(action)] { action(*engine); });
  return true;
}

bool PeerRuntime::is_running() const {
  std::lock_guard lock(mutex_);
  return loop_ != nullptr;
}

void PeerRuntime::shut_down(Duration deadline) {
  post([this, deadline](peer::Engine& engine) {
    engine.leave(deadline, [this] {
      std::lock_guard lock(mutex_);
      if (loop_ != nullptr) loop_->stop();
    });
  });
  if (thread_.joinable()) thread_.join();
}

PeerRuntime::~PeerRuntime() {
  shut_down(Duration::milliseconds(200));
}

Peer::Peer(std::shared_ptr<PeerRuntime> runtime) : runtime_(std::move(runtime)) {}
Peer::Peer(Peer&&) noexcept = default;
Peer& Peer::operator=(Peer&&) noexcept = default;

Peer::~Peer() {
  if (runtime_) runtime_->shut_down(Duration::milliseconds(500));
}

Result<Peer> Peer::connect(PeerOptions options) {
  auto runtime = PeerRuntime::start(std::move(options));
  if (!runtime.ok()) return runtime.error();
  return Peer(std::move(*runtime));
}

PeerStats Peer::stats() const {
  auto engine = runtime_->ask<peer::EngineStats>(
      [](peer::Engine& running) { return running.stats(); }, peer::EngineStats{});
  PeerStats stats;
  stats.bytes_from_peers = engine.bytes_from_peers;
  stats.bytes_from_superpeers = engine.bytes_from_superpeers;
  stats.bytes_from_origin = engine.bytes_from_origin;
  stats.bytes_wasted = engine.bytes_wasted;
  stats.bytes_uploaded = engine.server.bytes_sent;
  stats.store_used_bytes = engine.store.used_bytes;
  stats.store_limit_bytes = engine.store.limit_bytes;
  stats.memory_used_bytes = engine.store.memory_used_bytes;
  stats.memory_limit_bytes = engine.store.memory_limit_bytes;
  stats.uploads_now = engine.server.uploads_now;
  stats.is_tracker_connected = engine.tracker == peer::TrackerState::kConnected;
  stats.tracker_detail = engine.tracker_detail;
  return stats;
}

uint16_t Peer::port() const {
  return runtime_->ask<uint16_t>([](peer::Engine& engine) { return engine.port(); }, 0);
}

void Peer::leave(Duration deadline) {
  runtime_->shut_down(deadline);
}

}  // namespace tyto
