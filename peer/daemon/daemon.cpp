#include "peer/daemon/daemon.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/http/http_server.h"
#include "io/loop/loop.h"
#include "peer/daemon/daemon_metrics.h"
#include "peer/engine/peer_runtime.h"
#include "peer/engine/save_file.h"
#include "peer/store/split_store.h"

namespace tyto::peer {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr int kExitBadUsage = 2;

int complain(const DaemonKind& kind, const Error& error, int exit_code) {
  std::fprintf(stderr, "%s: %s\n", kind.program.c_str(), error.message.c_str());
  return exit_code;
}

Result<EngineOptions> engine_options(const DaemonKind& kind, const DaemonSettings& settings) {
  PeerOptions options;
  options.trackers = settings.trackers;
  options.name = settings.name;
  options.location = settings.location;
  options.listen = settings.listen_data;
  options.advertise_host = settings.advertise_host;
  options.uploads_max = settings.uploads_max;
  options.upload_bytes_per_s = settings.upload_bytes_per_s;
  options.download_bytes_per_s = settings.download_bytes_per_s;
  options.origin_ca_file = settings.origin_ca_file;
  if (!settings.credentials_file.empty()) {
    std::ifstream file(settings.credentials_file, std::ios::binary);
    options.credentials.assign(std::istreambuf_iterator<char>(file), {});
    if (!file)
      return Error{ErrorCode::kInvalidArgument,
                   "credentials_file: cannot read " + settings.credentials_file};
  }
  if (settings.memory_bytes > 0 && settings.memory_bytes < kChunkBytesMax)
    return Error{
        ErrorCode::kInvalidArgument,
        "memory.bytes: expected 0, or at least 16MiB, which the largest chunk takes; found " +
            std::to_string(settings.memory_bytes) + " bytes"};
  auto engine = engine_options_of(options);
  if (!engine.ok()) return engine;
  engine->policy = kind.policy;
  engine->origins.http.requests_max = settings.origin_requests_max;
  engine->origins.http.spool_dir = settings.store_dir;
  return engine;
}

Result<std::unique_ptr<io::HttpServer>> serve_http(io::Loop& loop, const DaemonSettings& settings,
                                                   const Engine& engine, io::Metrics& metrics,
                                                   io::Log& log) {
  auto bind = io::HostPort::parse(settings.listen_http);
  if (!bind.ok()) return bind.error();
  io::HttpServerOptions options;
  options.bind = *bind;
  options.on_error = [&log](const Error& error, uint64_t suppressed) {
    log.warning("http server", {{"error", error}, {"suppressed", suppressed}});
  };
  auto server = io::HttpServer::listen(loop, options);
  if (!server.ok()) return server;
  using Responder = std::shared_ptr<io::HttpResponder>;
  (*server)->route("GET", "/healthz", [](io::HttpRequest, Responder responder) {
    responder->reply(200, "text/plain", "ok\n");
  });
  (*server)->route("GET", "/readyz", [&engine](io::HttpRequest, Responder responder) {
    EngineStats stats = engine.stats();
    bool is_ready = stats.tracker == TrackerState::kConnected;
    responder->reply(is_ready ? 200 : 503, "text/plain",
                     is_ready ? "ready\n" : "no tracker: " + stats.tracker_detail + "\n");
  });
  (*server)->route("GET", "/metrics", [&metrics](io::HttpRequest, Responder responder) {
    responder->reply(200, io::Metrics::kContentType, metrics.text());
  });
  return server;
}

Result<void> announce(const DaemonKind& kind, const DaemonSettings& settings, const Engine& engine,
                      const io::HttpServer* http) {
  std::string http_text = http == nullptr ? "" : http->bound().text();
  std::printf("%s ready: data port %u, http %s\n", kind.program.c_str(), engine.port(),
              http_text.empty() ? "off" : http_text.c_str());
  std::fflush(stdout);
  if (settings.ready_file.empty()) return {};
  nlohmann::json json = {{"data_port", engine.port()}, {"http", http_text}, {"pid", getpid()}};
  std::string text = json.dump() + "\n";
  SaveFile file(settings.ready_file);
  if (auto opened = file.open(); !opened.ok()) return opened;
  if (auto put = file.write(std::as_bytes(std::span(text))); !put.ok()) return put;
  return file.commit();
}

void log_store(io::Log& log, const DaemonSettings& settings, const DiskStore& store) {
  const OpenReport& report = store.open_report();
  log.info("store opened", {{"dir", settings.store_dir},
                            {"chunks", report.chunks},
                            {"bytes", report.bytes},
                            {"reverified", report.reverified},
                            {"dropped", report.dropped}});
}

}  // namespace

int run_daemon(const DaemonKind& kind, const DaemonSettings& settings) {
  auto log = io::Log::open({.component = kind.component,
                            .level = settings.log_level,
                            .format = settings.log_format,
                            .file = settings.log_file});
  if (!log.ok()) return complain(kind, log.error(), kExitFailed);
  auto options = engine_options(kind, settings);
  if (!options.ok()) return complain(kind, options.error(), kExitBadUsage);
  auto opened = DiskStore::open(settings.store_dir, settings.store_bytes);
  if (!opened.ok()) return complain(kind, opened.error(), kExitFailed);
  DiskStore& disk = **opened;
  log_store(**log, settings, disk);
  std::unique_ptr<ChunkStore> store = std::move(*opened);
  if (settings.memory_bytes > 0)
    store = std::make_unique<SplitStore>(std::move(store), settings.memory_bytes);

  io::Loop loop({.on_bug = [&](std::string_view what) {
    (*log)->error("a bug: this process ends", {{"what", what}});
  }});
  auto engine = Engine::start(loop, *store, **log, std::move(*options));
  if (!engine.ok()) return complain(kind, engine.error(), kExitFailed);
  io::Metrics metrics;
  add_engine_metrics(metrics, **engine);
  std::unique_ptr<io::HttpServer> http;
  if (!settings.listen_http.empty()) {
    auto served = serve_http(loop, settings, **engine, metrics, **log);
    if (!served.ok()) return complain(kind, served.error(), kExitFailed);
    http = std::move(*served);
  }
  std::shared_ptr<void> extension;
  if (kind.extend) {
    auto extended = kind.extend(loop, **engine, *store, **log);
    if (!extended.ok()) return complain(kind, extended.error(), kExitFailed);
    extension = *extended;
  }
  bool is_leaving = false;
  loop.on_signal({SIGTERM, SIGINT, SIGHUP}, [&](int signal) {
    if (signal == SIGHUP) {
      if (auto reopened = (*log)->reopen(); !reopened.ok())
        (*log)->error("the log file cannot be opened anew", {{"error", reopened.error()}});
      return;
    }
    if (std::exchange(is_leaving, true)) return loop.stop();  // a second one: at once
    (*log)->info("leaving", {{"signal", signal}});
    (*engine)->leave(settings.leave_deadline, [&] { loop.stop(); });
  });
  if (auto told = announce(kind, settings, **engine, http.get()); !told.ok())
    return complain(kind, told.error(), kExitFailed);
  loop.run();
  extension.reset();
  http.reset();
  engine->reset();
  if (auto synced = disk.sync(); !synced.ok())
    (*log)->warning("the store could not be synced", {{"error", synced.error()}});
  (*log)->info("ended");
  return kExitOk;
}

}  // namespace tyto::peer
