#include "tests/support/small_cluster.h"

#include <fstream>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>

#include "base/rng.h"
#include "io/http/http_client.h"
#include "io/log/log.h"
#include "io/loop/loop.h"
#include "tracker/server/settings.h"
#include "tracker/server/tracker_server.h"

namespace tyto::support {
namespace {

io::HttpResponse ask(io::HttpClientRequest request) {
  io::Loop loop;
  io::HttpClient client(loop);
  std::optional<Result<io::HttpResponse>> response;
  auto call = client.fetch(std::move(request), 1 << 20,
                           [&](Result<io::HttpResponse> answer) { response = std::move(answer); });
  loop.run_until([&] { return response.has_value(); }, Duration::seconds(30));
  if (!response || !response->ok()) throw std::runtime_error("the tracker does not answer");
  return std::move(**response);
}

void make_bucket(const std::string& http, const std::string& origin) {
  io::HttpClientRequest request;
  request.method = "POST";
  request.url = "http://" + http + "/api/v1/buckets";
  request.headers.set("Content-Type", "application/json");
  request.body = R"({"name": "b", "trust_peers": true, "origin": ")" + origin + R"("})";
  if (ask(std::move(request)).status != 201)
    throw std::runtime_error("the bucket could not be made");
}

}  // namespace

struct SmallCluster::Running {
  std::thread thread;
  io::Loop* loop = nullptr;
};

SmallCluster::SmallCluster() : running_(std::make_unique<Running>()) {
  std::promise<std::pair<std::string, std::string>> listening;
  auto addresses = listening.get_future();
  tracker::TrackerSettings settings;
  settings.listen_rpc = "127.0.0.1:0";
  settings.listen_http = "127.0.0.1:0";
  settings.catalog = "sqlite:" + folder_.file("catalog.sqlite");
  running_->thread = std::thread([this, settings, &listening] {
    io::Loop loop;
    auto log = io::Log::discard();
    auto server = tracker::TrackerServer::start(loop, *log, settings);
    if (!server.ok()) throw std::runtime_error(server.error().message);
    running_->loop = &loop;
    listening.set_value({(*server)->rpc_address().text(), (*server)->http_address().text()});
    loop.run();
    server->reset();
  });
  auto [rpc, http] = addresses.get();
  tracker_ = rpc;
  http_ = http;
  std::filesystem::create_directory(folder_.file("origin"));
  make_bucket(http, "file://" + folder_.file("origin") + "/");
}

SmallCluster::~SmallCluster() {
  stop_tracker();
}

void SmallCluster::stop_tracker() {
  if (!running_->thread.joinable()) return;
  running_->loop->stop();
  running_->thread.join();
}

uint64_t SmallCluster::counter(const std::string& metric) const {
  io::HttpClientRequest request;
  request.url = "http://" + http_ + "/metrics";
  std::string page = ask(std::move(request)).body;
  std::size_t at = page.find("\n" + metric + " ");
  if (at == std::string::npos) throw std::runtime_error("the tracker has no counter " + metric);
  return static_cast<uint64_t>(std::stod(page.substr(at + metric.size() + 2)));
}

std::vector<std::byte> SmallCluster::put(const std::string& key, std::size_t bytes, uint64_t seed) {
  std::vector<std::byte> content(bytes);
  Rng rng(seed);
  for (std::byte& byte : content) byte = static_cast<std::byte>(rng.next32() >> 24);
  std::ofstream file(folder_.file("origin/" + key), std::ios::binary);
  file.write(reinterpret_cast<const char*>(content.data()),
             static_cast<std::streamsize>(content.size()));
  return content;
}

}  // namespace tyto::support
