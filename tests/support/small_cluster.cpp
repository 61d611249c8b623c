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

void make_bucket(const std::string& http, const std::string& origin) {
  io::Loop loop;
  io::HttpClient client(loop);
  io::HttpClientRequest request;
  request.method = "POST";
  request.url = "http://" + http + "/api/v1/buckets";
  request.headers.set("Content-Type", "application/json");
  request.body = R"({"name": "b", "trust_peers": true, "origin": ")" + origin + R"("})";
  std::optional<int> status;
  auto call = client.fetch(std::move(request), 65536, [&](Result<io::HttpResponse> answer) {
    status = answer.ok() ? answer->status : 0;
  });
  loop.run_until([&] { return status.has_value(); }, Duration::seconds(30));
  if (status != 201) throw std::runtime_error("the bucket could not be made");
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
  settings.catalog_path = folder_.file("catalog.sqlite");
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
