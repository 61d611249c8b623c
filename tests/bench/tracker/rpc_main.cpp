// The tracker's RPC service and its core under connections that download: processor time of the
// server's thread a decision.
//
//   tracker_rpc_bench [--peers N] [--versions N] [--connections N] [--seconds S]
//
// Writes a JSON object to standard output.
#include <pthread.h>
#include <time.h>

#include <atomic>
#include <cstdio>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fleet.h"
#include "io/loop/loop.h"
#include "rpc_readers.h"
#include "tracker/server/core_driver.h"
#include "tracker/server/rpc_service.h"

namespace tyto::bench {
namespace {

constexpr uint64_t kFirstIdleConnection = uint64_t{1} << 40;
constexpr uint32_t kPeersPerTurn = 1000;
constexpr Duration kSetUpWithin = Duration::seconds(600);

struct Options {
  FleetSize size;
  uint32_t connections = 100;
  double seconds = 5;
};

double cpu_us(clockid_t clock) {
  timespec at{};
  clock_gettime(clock, &at);
  return static_cast<double>(at.tv_sec) * 1e6 + static_cast<double>(at.tv_nsec) / 1e3;
}

// RPC service and core on one loop. Besides those who connect the core knows a fleet of idle peers,
// which have no connections.
class Server {
 public:
  Server(io::Loop& loop, const Options& options)
      : loop_(loop),
        options_(options),
        sessions_(options.size.peers),
        driver_(loop, config(options),
                {.effect = [this](tracker::Effect effect) { take(effect); },
                 .decided = [](Duration, uint64_t) {}}) {}

  // The port, or nothing if the service could not listen.
  std::optional<uint16_t> listen() {
    tracker::RpcService::Hooks hooks;
    hooks.apply = [this](tracker::Input input) { driver_.apply(std::move(input)); };
    hooks.roots = [this](const VersionId& version, uint32_t first) {
      return driver_.core().roots(version, first);
    };
    hooks.malformed = [](const io::HostPort&, const Error& error) {
      std::fprintf(stderr, "tracker_rpc_bench: %s\n", error.message.c_str());
    };
    hooks.answered = [](Duration) {};
    hooks.admit_peer = [](const RegisterRequest&) { return std::nullopt; };
    hooks.admit_exchange = [](const ExchangeUp&, Role, tracker::Parked) { return std::nullopt; };
    hooks.members = [] { return nullptr; };
    auto listening = tracker::RpcService::listen(loop_, {{"127.0.0.1", 0}}, std::move(hooks));
    if (!listening.ok()) return std::nullopt;
    service_ = std::move(*listening);
    return service_->bound().port;
  }

  void populate() {
    for (tracker::Input& input : catalog_of(options_.size.versions))
      driver_.apply(std::move(input));
    Zipf zipf(options_.size.versions);
    Rng rng(1);
    for (uint32_t p = 0; p < options_.size.peers;) {
      uint32_t first = p;
      for (; p < options_.size.peers && p < first + kPeersPerTurn; ++p)
        driver_.apply(tracker::RegisterArrived{tracker::ConnectionId(kFirstIdleConnection + p),
                                               registration_of(p)});
      loop_.run_until([&] { return known_ == p; }, kSetUpWithin);
      for (uint32_t q = first; q < p; ++q)
        driver_.apply(tracker::InventoryArrived{sessions_[q], drawn_holding(zipf, rng)});
    }
  }

 private:
  static tracker::Config config(const Options& options) {
    tracker::Config config;
    config.max_peers = options.size.peers + options.connections;
    config.silence_max = Duration::seconds(86400);  // idle peers say nothing
    return config;
  }
  void take(tracker::Effect& effect) {
    if (auto* registered = std::get_if<tracker::RegisterAnswered>(&effect)) {
      uint64_t connection = registered->connection.value();
      if (connection >= kFirstIdleConnection) {
        sessions_[connection - kFirstIdleConnection] = registered->reply.session;
        ++known_;
      } else {
        service_->carry_out(std::move(*registered));
      }
    } else if (auto* refused = std::get_if<tracker::RegisterRefused>(&effect)) {
      service_->carry_out(std::move(*refused));
    } else if (auto* answered = std::get_if<tracker::ExchangeAnswered>(&effect)) {
      service_->carry_out(std::move(*answered));
    } else if (auto* denied = std::get_if<tracker::ExchangeRefused>(&effect)) {
      service_->carry_out(std::move(*denied));
    }
  }

  io::Loop& loop_;
  const Options options_;
  std::vector<SessionId> sessions_;  // of the idle peers
  uint32_t known_ = 0;
  tracker::CoreDriver driver_;
  std::unique_ptr<tracker::RpcService> service_;  // its hooks call the driver
};

// A server on a thread of its own, from its construction to its end.
class ServerThread {
 public:
  explicit ServerThread(const Options& options) : thread_([this, options] { run(options); }) {}
  ~ServerThread() {
    if (port() != 0) loop_->stop();
    is_stopped_ = true;
    is_stopped_.notify_all();
    thread_.join();
  }
  ServerThread(const ServerThread&) = delete;
  ServerThread& operator=(const ServerThread&) = delete;

  // Once it is there; 0 if it could not listen.
  uint16_t port() {
    ready_.wait(false);
    return port_;
  }
  clockid_t clock() {
    clockid_t clock{};
    pthread_getcpuclockid(thread_.native_handle(), &clock);
    return clock;
  }

 private:
  void run(const Options& options) {
    io::Loop loop;
    Server server(loop, options);
    server.populate();
    port_ = server.listen().value_or(0);
    loop_ = &loop;
    ready_ = true;
    ready_.notify_all();
    if (port_ != 0) loop.run();
    is_stopped_.wait(false);  // run() may return while stop() is still at work on the loop
  }

  std::atomic<bool> ready_ = false;
  std::atomic<bool> is_stopped_ = false;
  io::Loop* loop_ = nullptr;
  uint16_t port_ = 0;
  std::thread thread_;
};

// Nothing, and a message, if it could not be measured.
std::optional<nlohmann::json> measure(const Options& options) {
  ServerThread server(options);
  uint16_t port = server.port();
  if (port == 0) return std::nullopt;
  io::Loop loop;
  RpcReaders readers(loop, {"127.0.0.1", port}, options.connections, options.size);
  loop.run_until([&] { return readers.are_all_reading() || !readers.failure().empty(); },
                 Duration::seconds(30));
  if (!readers.are_all_reading()) {
    std::fprintf(stderr, "tracker_rpc_bench: not all readers have begun: %s\n",
                 readers.failure().empty() ? "30 s have passed" : readers.failure().c_str());
    return std::nullopt;
  }
  RpcReaders::Counts before = readers.counts();
  double cpu_before = cpu_us(server.clock());
  Instant begun = loop.now();
  loop.run_until([&] { return readers.are_over() || !readers.failure().empty(); },
                 Duration::nanoseconds(static_cast<int64_t>(options.seconds * 1e9)));
  double us = cpu_us(server.clock()) - cpu_before;
  double wall_us = static_cast<double>((loop.now() - begun).ns()) / 1e3;
  RpcReaders::Counts after = readers.counts();
  if (!readers.failure().empty()) {
    std::fprintf(stderr, "tracker_rpc_bench: %s\n", readers.failure().c_str());
    return std::nullopt;
  }
  auto decisions = static_cast<double>(after.decisions - before.decisions);
  auto exchanges = static_cast<double>(after.exchanges - before.exchanges);
  return nlohmann::json{{"peers", options.size.peers},
                        {"versions", options.size.versions},
                        {"connections", options.connections},
                        {"rpc_decisions_per_s", decisions / us * 1e6},
                        {"rpc_us_per_decision", us / decisions},
                        {"rpc_decisions_per_exchange", decisions / exchanges},
                        {"rpc_wall_decisions_per_s", decisions / wall_us * 1e6},
                        {"rpc_server_busy", us / wall_us}};
}

// Nothing if the arguments make no sense.
std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    std::string flag = argv[i];
    if (i + 1 == argc) return std::nullopt;
    try {
      if (flag == "--peers")
        options.size.peers = static_cast<uint32_t>(std::stoul(argv[i + 1]));
      else if (flag == "--versions")
        options.size.versions = static_cast<uint32_t>(std::stoul(argv[i + 1]));
      else if (flag == "--connections")
        options.connections = static_cast<uint32_t>(std::stoul(argv[i + 1]));
      else if (flag == "--seconds")
        options.seconds = std::stod(argv[i + 1]);
      else
        return std::nullopt;
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }
  bool is_sane = options.size.peers >= 100 && options.size.versions >= 1 &&
                 options.connections >= 1 && options.connections <= 1000 && options.seconds > 0;
  return is_sane ? std::optional(options) : std::nullopt;
}

}  // namespace
}  // namespace tyto::bench

int main(int argc, char** argv) {
  using namespace tyto::bench;
  auto options = parse(argc, argv);
  if (!options) {
    std::fprintf(stderr,
                 "usage: tracker_rpc_bench [--peers N] [--versions N] [--connections N]\n"
                 "                         [--seconds S]\n"
                 "  N of peers is at least 100, of versions at least 1, of connections 1 to 1000;\n"
                 "  S is above 0\n");
    return 2;
  }
  auto figures = measure(*options);
  if (!figures) {
    std::fprintf(stderr, "tracker_rpc_bench: could not be measured\n");
    return 1;
  }
  std::puts(figures->dump(2).c_str());
  return 0;
}
