// The tracker core under a large fleet: decisions a second, and memory.
//
//   tracker_bench [--peers N] [--versions N] [--seconds S] [--explain-records N]
//                 [--json FILE]
//
// Peers register, tell of Zipf-distributed holdings, and a tenth of them open an object. Then those
// finish what they are assigned, each with one exchange for every few chunks, and every assignment
// that comes back counts as a decision. One thread, no sockets.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/rng.h"
#include "tracker/core/tracker_core.h"

namespace tyto::tracker {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kChunks = 256;
constexpr uint32_t kChunksPerHolding = 192;  // of a peer that holds part of a version
constexpr std::size_t kResultsPerExchange = 2;

struct Options {
  uint32_t peers = 1'000'000;
  uint32_t versions = 1'000;
  double seconds = 5;
  uint32_t explain_records = Config{}.explain.records;
  std::string json;
};

struct Figures {
  double bytes_per_idle_peer = 0;
  double bytes_per_peer_chunk = 0;
  uint64_t peer_chunks = 0;
  uint64_t decisions = 0;
  uint64_t exchanges = 0;
  double seconds = 0;
  double p99_us_per_decision = 0;
};

uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t pages = 0;
  file >> pages >> pages;
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// Ranks by Zipf's law with exponent 1, through a table of the cumulated weights.
class Zipf {
 public:
  explicit Zipf(uint32_t count) {
    double sum = 0;
    for (uint32_t i = 0; i < count; ++i) sums_.push_back(sum += 1.0 / (i + 1));
  }
  uint32_t draw(Rng& rng) const {
    double at = sums_.back() * rng.next32() / 4294967296.0;
    return static_cast<uint32_t>(std::upper_bound(sums_.begin(), sums_.end(), at) - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options), core_(config(options)), zipf_(options.versions) {}

  Figures run();

 private:
  struct Peer {
    SessionId session;
    uint64_t next_event = 1;
    uint64_t applied = 0;
    uint32_t version = 0;
    std::vector<Assign> assigned;
  };

  static Config config(const Options& options) {
    Config config;
    config.max_peers = options.peers + 1;
    config.explain.records = options.explain_records;
    return config;
  }
  static VersionFacts facts(uint32_t version);
  void load();
  void join();
  void hold();
  void open();
  void download(Figures& figures);
  void exchange(uint32_t peer, std::vector<Event> events);
  void take(Effects& effects);

  const Options options_;
  TrackerCore core_;
  Zipf zipf_;
  Rng rng_{1};
  Instant now_ = Instant::from_ns(1);
  std::vector<Peer> peers_;
  std::vector<uint32_t> readers_;
  uint64_t peer_chunks_ = 0;
  uint64_t decisions_ = 0;
};

VersionFacts Bench::facts(uint32_t version) {
  VersionFacts facts;
  std::memcpy(facts.id.digest.bytes.data(), &version, sizeof version);
  facts.id.digest.bytes[31] = 1;
  facts.bucket = BucketId(1);
  facts.bucket_name = "bench";
  facts.key = "v" + std::to_string(version);
  facts.chunking = {uint64_t{kChunks} * kMiB, static_cast<uint32_t>(kMiB)};
  facts.is_published = true;
  facts.origin.url = "http://origin/" + facts.key;
  return facts;
}

void Bench::take(Effects& effects) {
  for (Effect& effect : effects) {
    if (auto* registered = std::get_if<RegisterAnswered>(&effect)) {
      peers_[registered->connection.value()].session = registered->reply.session;
    } else if (auto* answered = std::get_if<ExchangeAnswered>(&effect)) {
      // Tokens are twice the peer's number, so the answer finds its peer.
      Peer& peer = peers_[answered->token.value()];
      peer.applied += answered->down.commands.size();
      for (Command& command : answered->down.commands) {
        if (auto* order = std::get_if<Assign>(&command)) {
          ++decisions_;
          peer.assigned.push_back(std::move(*order));
        }
      }
    }
  }
  effects.clear();
}

void Bench::load() {
  Effects effects;
  BucketConfig bucket;
  bucket.id = BucketId(1);
  bucket.name = "bench";
  bucket.origin = "http://origin/";
  core_.apply(now_, BucketLoaded{bucket}, effects);
  std::vector<Digest> roots(kChunks);
  for (Digest& root : roots) root.bytes[0] = 1;
  for (uint32_t v = 0; v < options_.versions; ++v) {
    auto ref = std::make_shared<const VersionFacts>(facts(v));
    core_.apply(now_, VersionLoaded{ref, roots}, effects);
    core_.apply(now_, NameLoaded{"bench", ref->key, ref->id, true}, effects);
  }
  core_.apply(now_, CatalogLoaded{TrackerEpoch(1), true}, effects);
}

void Bench::join() {
  Effects effects;
  peers_.resize(options_.peers);
  for (uint32_t p = 0; p < options_.peers; ++p) {
    RegisterRequest request;
    request.peer = PeerId(mix64(p) | 1);
    request.name = "p" + std::to_string(p);
    request.location.region = "r" + std::to_string(p / 250'000);
    request.location.zone = "z" + std::to_string(p / 25'000);
    request.location.rack = "k" + std::to_string(p / 40);
    request.location.host = "h" + std::to_string(p);
    request.data_address = {"10.1.2.3", 7000};
    request.store_bytes = 1 * kGiB;
    core_.apply(now_, RegisterArrived{ConnectionId(p), std::move(request)}, effects);
    if (effects.size() > 1000) take(effects);
  }
  take(effects);
}

void Bench::hold() {
  Effects effects;
  for (uint32_t p = 0; p < options_.peers; ++p) {
    InventoryPage page;
    page.is_last = true;
    InventoryEntry entry;
    VersionFacts known = facts(zipf_.draw(rng_));
    entry.version = known.id;
    entry.chunking = known.chunking;
    entry.chunks = Bitmap(kChunks);
    bool is_complete = rng_.one_in(1, 2);
    uint32_t count = is_complete ? kChunks : kChunksPerHolding;
    uint32_t first = rng_.below(kChunks);
    for (uint32_t c = 0; c < count; ++c) entry.chunks.set((first + c) % kChunks);
    peer_chunks_ += count;
    page.entries.push_back(std::move(entry));
    core_.apply(now_, InventoryArrived{peers_[p].session, std::move(page)}, effects);
    take(effects);
  }
}

void Bench::exchange(uint32_t p, std::vector<Event> events) {
  Peer& peer = peers_[p];
  ExchangeUp up;
  up.first_event = Sequence(peer.next_event);
  peer.next_event += events.size();
  up.events = std::move(events);
  up.commands_applied = Sequence(peer.applied);
  up.park = Duration::seconds(20);
  Effects effects;
  now_ = now_ + Duration::microseconds(1);
  core_.handle(now_, ExchangeArrived{peer.session, ExchangeToken(p), std::move(up)}, effects);
  take(effects);
}

void Bench::open() {
  for (uint32_t p = 0; p < options_.peers; p += 10) {
    Peer& peer = peers_[p];
    peer.version = zipf_.draw(rng_);
    OpenRequested open;
    open.open = OpenId(1);
    open.bucket = "bench";
    open.key = "v" + std::to_string(peer.version);
    readers_.push_back(p);
    exchange(p, {open});
  }
}

void Bench::download(Figures& figures) {
  std::vector<double> times_us;
  uint64_t before = decisions_;
  auto start = Clock::now();
  auto end = start + std::chrono::duration_cast<Clock::duration>(
                         std::chrono::duration<double>(options_.seconds));
  double in_core = 0;
  for (std::size_t turn = 0; Clock::now() < end; ++turn) {
    uint32_t p = readers_[mix64(turn) % readers_.size()];
    Peer& peer = peers_[p];
    std::vector<Event> events;
    while (events.size() < kResultsPerExchange && !peer.assigned.empty()) {
      Assign done = std::move(peer.assigned.back());
      peer.assigned.pop_back();
      ChunkVerified verified;
      verified.assignment = done.assignment;
      verified.chunk = done.chunk;
      verified.source = done.source;
      verified.bytes = static_cast<uint32_t>(kMiB);
      events.push_back(verified);
    }
    uint64_t decided = decisions_;
    auto t0 = Clock::now();
    exchange(p, std::move(events));
    double us = std::chrono::duration<double, std::micro>(Clock::now() - t0).count();
    in_core += us;
    ++figures.exchanges;
    if (decisions_ > decided) times_us.push_back(us / static_cast<double>(decisions_ - decided));
  }
  figures.decisions = decisions_ - before;
  figures.seconds = in_core / 1e6;
  if (times_us.empty()) return;
  std::sort(times_us.begin(), times_us.end());
  figures.p99_us_per_decision = times_us[times_us.size() * 99 / 100];
}

Figures Bench::run() {
  Figures figures;
  load();
  uint64_t empty = resident_bytes();
  join();
  uint64_t joined = resident_bytes();
  hold();
  uint64_t held = resident_bytes();
  uint64_t own = sizeof(Peer) * peers_.size();
  figures.bytes_per_idle_peer =
      static_cast<double>(joined - empty - std::min(own, joined - empty)) / options_.peers;
  figures.peer_chunks = peer_chunks_;
  figures.bytes_per_peer_chunk =
      static_cast<double>(held - joined) / static_cast<double>(peer_chunks_);
  open();
  download(figures);
  return figures;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string flag = argv[i];
    if (flag == "--peers")
      options.peers = static_cast<uint32_t>(std::stoul(argv[i + 1]));
    else if (flag == "--versions")
      options.versions = static_cast<uint32_t>(std::stoul(argv[i + 1]));
    else if (flag == "--seconds")
      options.seconds = std::stod(argv[i + 1]);
    else if (flag == "--explain-records")
      options.explain_records = static_cast<uint32_t>(std::stoul(argv[i + 1]));
    else if (flag == "--json")
      options.json = argv[i + 1];
    else
      return false;
  }
  return argc % 2 == 1 && options.peers >= 10 && options.versions >= 1;
}

}  // namespace
}  // namespace tyto::tracker

int main(int argc, char** argv) {
  using namespace tyto::tracker;
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: tracker_bench [--peers N (>= 10)] [--versions N] [--seconds S] "
                 "[--explain-records N] [--json FILE]\n");
    return 2;
  }
  Figures f = Bench(options).run();
  nlohmann::json json = {
      {"peers", options.peers},
      {"versions", options.versions},
      {"peer_chunks", f.peer_chunks},
      {"core_decisions_per_s", f.seconds > 0 ? static_cast<double>(f.decisions) / f.seconds : 0},
      {"decisions_per_exchange",
       f.exchanges > 0 ? static_cast<double>(f.decisions) / static_cast<double>(f.exchanges) : 0},
      {"p99_decision_us", f.p99_us_per_decision},
      {"bytes_per_peer_chunk", f.bytes_per_peer_chunk},
      {"bytes_per_idle_peer", f.bytes_per_idle_peer},
      {"decisions", f.decisions}};
  std::puts(json.dump(2).c_str());
  if (!options.json.empty()) std::ofstream(options.json) << json.dump(2) << "\n";
  return f.decisions > 0 ? 0 : 1;
}
