// What it takes to open and read small objects over a session that is up.
//
//   cost_tiny --tracker HOST:PORT --bucket NAME --keys FILE [--order as-read|any] [--host NAME]
//
// A peer of the public library opens each key of FILE (one a line) in turn, reads all of it and
// closes it. Prints {ms: [...], bytes}: from open() to the last byte, one figure a key. The first
// key brings the session and the connections up and is not counted.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tyto/peer.h"

namespace tyto::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  PeerOptions peer;
  std::string bucket;
  std::vector<std::string> keys;
  OpenOptions open;
};

// Opens and reads one object; the bytes read.
Result<uint64_t> fetch(Peer& peer, const Options& options, const std::string& key) {
  auto object = peer.open(options.bucket, key, options.open);
  if (!object.ok()) return object.error();
  std::vector<std::byte> buffer(object->size());
  auto got = object->read(0, buffer);
  if (!got.ok()) return got.error();
  return uint64_t{*got};
}

Result<nlohmann::json> run(const Options& options) {
  auto peer = Peer::connect(options.peer);
  if (!peer.ok()) return peer.error();
  std::vector<double> ms;
  uint64_t bytes = 0;
  bool is_first = true;
  for (const std::string& key : options.keys) {
    auto begun = Clock::now();
    auto got = fetch(*peer, options, key);
    std::chrono::duration<double, std::milli> took = Clock::now() - begun;
    if (!got.ok()) return got.error();
    if (!is_first) {
      ms.push_back(took.count());
      bytes += *got;
    }
    is_first = false;
  }
  return nlohmann::json{{"ms", ms}, {"bytes", bytes}};
}

bool parse(int argc, char** argv, Options& options) {
  options.peer.listen = "127.0.0.1:0";
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string flag = argv[i];
    std::string value = argv[i + 1];
    if (flag == "--tracker") {
      options.peer.trackers = {value};
    } else if (flag == "--bucket") {
      options.bucket = value;
    } else if (flag == "--keys") {
      std::ifstream file(value);
      for (std::string line; std::getline(file, line);) options.keys.push_back(line);
    } else if (flag == "--order" && (value == "any" || value == "as-read")) {
      options.open.order = value == "any" ? FetchOrder::kAny : FetchOrder::kAsRead;
    } else if (flag == "--host") {
      options.peer.location = options.peer.name = value;
    } else {
      return false;
    }
  }
  return argc % 2 == 1 && !options.bucket.empty() && !options.keys.empty();
}

}  // namespace
}  // namespace tyto::bench

int main(int argc, char** argv) {
  tyto::bench::Options options;
  if (!tyto::bench::parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: cost_tiny --tracker HOST:PORT --bucket NAME --keys FILE "
                 "[--order as-read|any] [--host NAME]\n");
    return 2;
  }
  auto figures = tyto::bench::run(options);
  if (!figures.ok()) {
    std::fprintf(stderr, "cost_tiny: %s\n", figures.error().message.c_str());
    return 1;
  }
  std::puts(figures->dump().c_str());
  return 0;
}
