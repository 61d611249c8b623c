#include "fleet.h"

#include <time.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace tyto::bench {
namespace {

constexpr uint32_t kPeersPerReader = 10;
// So many peers of as many have one upload slot: then half of those who hold what is read are at
// their caps.
constexpr uint32_t kOneSlotPeers = 5;
constexpr uint32_t kPeersPerSlotRule = 8;
constexpr uint32_t kChunksPerHolding = 192;  // of a peer that holds part of a version
constexpr std::size_t kResultsPerExchange = 2;
constexpr uint32_t kChunkBytes = 1 * kMiB;
constexpr Duration kChunkTime = Duration::milliseconds(21);  // of a link of 400 Mbit/s

double us_now(Clock clock) {
  timespec at{};
  clock_gettime(clock == Clock::kWall ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) * 1e6 + static_cast<double>(at.tv_nsec) / 1e3;
}

tracker::Config config_for(const FleetSize& size) {
  tracker::Config config;
  config.max_peers = size.peers;
  config.explain.records = size.explain_records;
  return config;
}

std::string key_of(uint32_t version) {
  return "v" + std::to_string(version);
}

}  // namespace

Zipf::Zipf(uint32_t count) {
  double sum = 0;
  for (uint32_t i = 0; i < count; ++i) sums_.push_back(sum += 1.0 / (i + 1));
}

uint32_t Zipf::draw(Rng& rng) const {
  double at = sums_.back() * rng.next32() / 4294967296.0;
  return static_cast<uint32_t>(std::upper_bound(sums_.begin(), sums_.end(), at) - sums_.begin());
}

VersionFacts facts_of(uint32_t version) {
  VersionFacts facts;
  uint64_t spread = mix64(version);
  std::memcpy(facts.id.digest.bytes.data(), &spread, sizeof spread);
  facts.id.digest.bytes[31] = 1;
  facts.bucket = BucketId(1);
  facts.bucket_name = "bench";
  facts.key = key_of(version);
  facts.chunking = {uint64_t{kChunks} * kChunkBytes, kChunkBytes};
  facts.is_published = true;
  facts.origin.url = "http://origin/" + facts.key;
  return facts;
}

std::vector<tracker::Input> catalog_of(uint32_t versions) {
  std::vector<tracker::Input> inputs;
  BucketConfig bucket;
  bucket.id = BucketId(1);
  bucket.name = "bench";
  bucket.origin = "http://origin/";
  inputs.emplace_back(tracker::BucketLoaded{bucket});
  std::vector<Digest> roots(kChunks);
  for (Digest& root : roots) root.bytes.fill(1);
  for (uint32_t v = 0; v < versions; ++v) {
    auto ref = std::make_shared<const VersionFacts>(facts_of(v));
    inputs.emplace_back(tracker::VersionLoaded{ref, roots});
    inputs.emplace_back(tracker::NameLoaded{"bench", ref->key, ref->id, true});
  }
  inputs.emplace_back(tracker::CatalogLoaded{TrackerEpoch(1), true});
  return inputs;
}

RegisterRequest registration_of(uint32_t p) {
  RegisterRequest request;
  request.peer = PeerId(mix64(p) | 1);
  request.name = "p" + std::to_string(p);
  request.location.region = "r" + std::to_string(p / 250'000);
  request.location.zone = "z" + std::to_string(p / 25'000);
  request.location.rack = "k" + std::to_string(p / 40);
  request.location.host = "h" + std::to_string(p);
  request.data_address = {"10.1.2.3", 7000};
  request.store_bytes = 4 * kGiB;
  request.uploads_max = p % kPeersPerSlotRule < kOneSlotPeers ? 1 : 0;
  return request;
}

InventoryPage drawn_holding(const Zipf& zipf, Rng& rng) {
  VersionFacts known = facts_of(zipf.draw(rng));
  InventoryPage page;
  page.is_last = true;
  InventoryEntry entry{known.id, known.chunking, Bitmap(kChunks), {}};
  uint32_t count = rng.one_in(1, 2) ? kChunks : kChunksPerHolding;
  uint32_t first = rng.below(kChunks);
  for (uint32_t c = 0; c < count; ++c) entry.chunks.set((first + c) % kChunks);
  page.entries.push_back(std::move(entry));
  return page;
}

Fleet::Fleet(const FleetSize& size)
    : size_(size), core_(config_for(size)), zipf_(size.versions), peers_(size.peers) {}

void Fleet::publish() {
  for (tracker::Input& input : catalog_of(size_.versions))
    core_.apply(now_, std::move(input), effects_);
}

void Fleet::join() {
  for (uint32_t p = 0; p < size_.peers; ++p) {
    core_.apply(now_, tracker::RegisterArrived{tracker::ConnectionId(p), registration_of(p)},
                effects_);
    take();
    park(p, {});
  }
}

void Fleet::hold() {
  for (uint32_t p = 0; p < size_.peers; ++p) {
    tracker::InventoryArrived arrived;
    arrived.session = peers_[p].session;
    arrived.page = drawn_holding(zipf_, rng_);
    peer_chunks_ += arrived.page.entries[0].chunks.count();
    core_.handle(now_, std::move(arrived), effects_);
    take();
  }
}

void Fleet::open() {
  readers_.resize(std::max(1u, size_.peers / kPeersPerReader));
  for (uint32_t r = 0; r < readers(); ++r) {
    Reader& reader = readers_[r];
    reader.peer = r * kPeersPerReader + rng_.below(kPeersPerReader);
    reader.version = zipf_.draw(rng_);
    peers_[reader.peer].reader = r;
    VersionFacts known = facts_of(reader.version);
    tracker::InventoryArrived arrived;
    arrived.session = peers_[reader.peer].session;
    InventoryEntry entry{known.id, known.chunking, Bitmap(kChunks), {}};
    uint32_t had = rng_.below(kChunks);
    for (uint32_t c = 0; c < kChunks; ++c)
      if (rng_.one_in(had, kChunks)) entry.chunks.set(c);
    arrived.page.entries.push_back(std::move(entry));
    core_.handle(now_, std::move(arrived), effects_);
  }
  // In another order than their racks', so that neighbours' rows are not in a cache by luck.
  for (uint32_t r = readers(); r > 1; --r) std::swap(readers_[r - 1], readers_[rng_.below(r)]);
  for (uint32_t r = 0; r < readers(); ++r) {
    peers_[readers_[r].peer].reader = r;
    OpenRequested open;
    open.open = OpenId(1);
    open.bucket = "bench";
    open.key = key_of(readers_[r].version);
    park(readers_[r].peer, {open});
  }
  decided_ = 0;
}

tracker::ExchangeArrived Fleet::exchange(uint32_t p, std::vector<Event> events) {
  Peer& peer = peers_[p];
  ExchangeUp up;
  up.first_event = Sequence(peer.next_event);
  peer.next_event += events.size();
  up.events = std::move(events);
  up.commands_applied = Sequence(peer.applied);
  up.park = Duration::seconds(20);
  return {peer.session, tracker::ExchangeToken(p), std::move(up)};
}

void Fleet::park(uint32_t peer, std::vector<Event> events) {
  core_.handle(now_, exchange(peer, std::move(events)), effects_);
  take();
}

std::vector<Event> Fleet::results(Reader& reader) {
  std::vector<Event> events;
  for (; events.size() < kResultsPerExchange && !reader.doing.empty(); reader.doing.pop_front()) {
    const Doing& done = reader.doing.front();
    ChunkVerified verified;
    verified.assignment = done.assignment;
    verified.chunk = {facts_of(reader.version).id, done.chunk};
    verified.source = {done.kind, done.source, {"10.1.2.3", 7000}, Generation(0)};
    verified.bytes = kChunkBytes;
    verified.took = now_ - done.since;
    events.push_back(std::move(verified));
  }
  return events;
}

Turn Fleet::turn(uint32_t exchanges, Clock clock) {
  std::vector<tracker::ExchangeArrived> inputs;
  for (uint32_t i = 0; i < exchanges; ++i) {
    Reader& reader = readers_[next_reader_];
    next_reader_ = (next_reader_ + 1) % readers_.size();
    now_ =
        now_ + Duration::nanoseconds(kChunkTime.ns() * static_cast<int64_t>(kResultsPerExchange) /
                                     static_cast<int64_t>(readers_.size()));
    inputs.push_back(exchange(reader.peer, results(reader)));
  }
  reports_ += exchanges;
  uint64_t before = decided_;
  double begun = us_now(clock);
  for (tracker::ExchangeArrived& input : inputs) core_.apply(now_, std::move(input), effects_);
  core_.decide(now_, effects_);
  double us = us_now(clock) - begun;
  take();
  return {exchanges, decided_ - before, us};
}

void Fleet::take() {
  for (tracker::Effect& effect : effects_) {
    if (auto* registered = std::get_if<tracker::RegisterAnswered>(&effect)) {
      peers_[registered->connection.value()].session = registered->reply.session;
    } else if (auto* answered = std::get_if<tracker::ExchangeAnswered>(&effect)) {
      Peer& peer = peers_[answered->token.value()];
      peer.applied += answered->down.commands.size();
      for (const Command& command : answered->down.commands)
        if (auto* order = std::get_if<Assign>(&command)) take_order(readers_[peer.reader], *order);
    }
  }
  effects_.clear();
}

void Fleet::take_order(Reader& reader, const Assign& order) {
  ++decided_;
  busy_ += order.reason.rejected_busy;
  able_ += order.reason.candidates - order.reason.rejected_lacking;
  reader.doing.push_back(
      {order.assignment, order.chunk.index, order.source.kind, order.source.peer, now_});
}

double Fleet::busy_share() const {
  return able_ == 0 ? 0 : static_cast<double>(busy_) / static_cast<double>(able_);
}

}  // namespace tyto::bench
