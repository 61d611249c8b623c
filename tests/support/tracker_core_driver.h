// Drives a TrackerCore as a fleet of obedient peers would, for tests: names instead of numbers,
// defaults for all that a test is not about.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tracker/core/tracker_core.h"

namespace tyto::tracker {

class TrackerDriver {
 public:
  struct Peer {
    PeerId id;
    SessionId session;
    ConnectionId connection;
    uint64_t next_event = 1;
    uint64_t applied = 0;         // commands
    uint64_t events_applied = 0;  // by the tracker, as it said
    int calls_open = 0;
    bool keeps_parked = false;      // from its first send() on, a call is always open
    std::vector<Assign> assigns;    // not finished yet
    std::vector<Command> commands;  // all, in order
    std::optional<Error> refused;
    RegisterReply reply;
  };
  struct Options {
    Config config;
    bool is_first_run = true;
    TrackerEpoch epoch{1};
    Policy policy;  // of the bucket
  };

  TrackerDriver() : TrackerDriver(Options()) {}
  explicit TrackerDriver(Options options) : core(options.config) {
    set_policy(options.policy);
    load(options);
  }

  // --- time ---
  void advance(Duration span) {
    Instant end = now + span;
    while (core.next_deadline() <= end) {
      now = std::max(now, core.next_deadline());
      input(TimePassed{});
    }
    now = end;
    input(TimePassed{});
  }

  // --- peers ---
  RegisterRequest request(const std::string& name, const std::string& location) {
    RegisterRequest r;
    r.peer = PeerId(std::hash<std::string>{}(name) | 1);
    r.name = name;
    r.location = Location::parse(location.empty() ? name : location).value();
    r.data_address = {"10.0.0.1", 7000};
    r.store_bytes = 1 * kGiB;
    return r;
  }
  Peer& join(const std::string& name, const std::string& location = "") {
    return join_as(name, request(name, location));
  }
  Peer& join_superpeer(const std::string& name) {
    RegisterRequest r = request(name, "");
    r.role = Role::kSuperpeer;
    return join_as(name, r);
  }
  Peer& join_as(const std::string& name, const RegisterRequest& r) {
    Peer& peer = peers[name] = Peer{};
    peer.id = r.peer;
    peer.connection = ConnectionId(++connections_);
    by_connection_[peer.connection] = name;
    input(RegisterArrived{peer.connection, r});
    return peer;
  }
  Peer& operator[](const std::string& name) { return peers.at(name); }

  // Sends events in an exchange that parks, and takes what comes back, now or later.
  void send(const std::string& name, std::vector<Event> events = {},
            Duration park = Duration::seconds(60)) {
    Peer& peer = peers.at(name);
    peer.keeps_parked = true;
    ExchangeUp up;
    up.first_event = Sequence(peer.next_event);
    up.events = std::move(events);
    up.commands_applied = Sequence(peer.applied);
    up.park = park;
    peer.next_event += up.events.size();
    exchange(name, std::move(up));
  }
  void exchange(const std::string& name, ExchangeUp up) {
    tokens_[ExchangeToken(++last_token)] = name;
    ++peers.at(name).calls_open;
    input(ExchangeArrived{peers.at(name).session, ExchangeToken(last_token), std::move(up)});
  }
  uint64_t open(const std::string& name, const std::string& key, ReadMode mode = ReadMode::kWhole) {
    OpenRequested r;
    r.open = OpenId(++opens_);
    r.bucket = bucket_of(key);
    r.key = key;
    r.mode = mode;
    send(name, {r});
    return opens_;
  }

  // --- buckets ---
  // Makes the bucket, or gives it another policy.
  void set_policy(const Policy& policy, const std::string& name = "b") {
    BucketConfig bucket;
    bucket.id = BucketId(static_cast<uint32_t>(name[0] - 'a'));
    bucket.name = name;
    bucket.origin = "http://origin/";
    bucket.policy_version = ++policies_;
    input(BucketLoaded{bucket, std::make_shared<const Policy>(policy)});
  }
  // Keys that begin with "c:" are of bucket "c", all without a bucket of "b".
  static std::string bucket_of(const std::string& key) {
    return key.size() > 1 && key[1] == ':' ? key.substr(0, 1) : "b";
  }

  // --- content ---
  // A version of `chunks` whole chunks of 256 KiB (more than 256 chunks: larger ones).
  static VersionFacts facts(const std::string& key, uint32_t chunks,
                            const std::string& etag = "1") {
    VersionFacts f;
    for (std::size_t i = 0; i < key.size() && i < 24; ++i)
      f.id.digest.bytes[i] = static_cast<uint8_t>(key[i]);
    f.id.digest.bytes[31] = static_cast<uint8_t>(etag[0]);
    f.bucket_name = bucket_of(key);
    f.bucket = BucketId(static_cast<uint32_t>(f.bucket_name[0] - 'a'));
    f.key = key;
    f.chunking = {uint64_t{chunks} * kChunkBytesMin, kChunkBytesMin};
    f.origin = {"http://origin/" + key, "\"" + etag + "\"", std::nullopt};
    return f;
  }
  static Digest root(uint32_t chunk) {
    Digest d;
    d.bytes[0] = 1;
    d.bytes[1] = static_cast<uint8_t>(chunk);
    d.bytes[2] = static_cast<uint8_t>(chunk >> 8);
    return d;
  }
  // Publishes with all roots known.
  VersionId publish(const std::string& key, uint32_t chunks) {
    auto f = std::make_shared<VersionFacts>(facts(key, chunks));
    f->is_published = true;
    std::vector<Digest> roots;
    for (uint32_t c = 0; c < chunks; ++c) roots.push_back(root(c));
    input(VersionLoaded{f, roots});
    input(NameLoaded{f->bucket_name, key, f->id, true});
    return f->id;
  }
  // "#": on disk, "m": in memory.
  void have(const std::string& name, const std::string& key, const std::string& map) {
    InventoryEntry entry;
    entry.version = facts(key, static_cast<uint32_t>(map.size())).id;
    entry.chunking = facts(key, static_cast<uint32_t>(map.size())).chunking;
    entry.chunks = Bitmap(static_cast<uint32_t>(map.size()));
    for (uint32_t c = 0; c < map.size(); ++c) {
      if (map[c] == '#' || map[c] == 'm') entry.chunks.set(c);
      if (map[c] != 'm') continue;
      if (entry.in_memory.size() == 0) entry.in_memory = Bitmap(entry.chunks.size());
      entry.in_memory.set(c);
    }
    input(InventoryArrived{peers.at(name).session, {{entry}, true}});
  }
  // Answers the oldest Resolve command that `name` was sent.
  void resolve(const std::string& name, const VersionFacts& found) {
    auto order = last<Resolve>(name);
    ASSERT_TRUE(order.has_value());
    send(name, {NameResolved{order->resolve, found, {}}});
  }
  ChunkVerified verified(const Assign& a) {
    ChunkVerified v;
    v.assignment = a.assignment;
    v.chunk = a.chunk;
    v.source = a.source;
    v.bytes = kChunkBytesMin;
    v.medium = medium_of(a.placement);
    if (a.source.kind == SourceKind::kOrigin) v.root = root(a.chunk.index.value());
    return v;
  }
  // Finishes the peer's oldest assignment; false if it has none.
  bool finish_one(const std::string& name) {
    Peer& peer = peers.at(name);
    if (peer.assigns.empty()) return false;
    Assign a = peer.assigns.front();
    peer.assigns.erase(peer.assigns.begin());
    send(name, {verified(a)});
    return true;
  }
  void fail_one(const std::string& name, FailureKind kind, const std::string& detail = "") {
    Peer& peer = peers.at(name);
    ASSERT_FALSE(peer.assigns.empty());
    Assign a = peer.assigns.front();
    peer.assigns.erase(peer.assigns.begin());
    send(name, {AssignmentFailed{a.assignment, a.chunk, a.source, kind, 0, detail}});
  }
  // All finish what they were assigned, one each in turn, until nobody has anything.
  void run_dry() {
    for (bool is_busy = true; is_busy;) {
      is_busy = false;
      for (auto& [name, peer] : peers) is_busy = finish_one(name) || is_busy;
    }
    core.check_invariants();
  }

  // --- what came of it ---
  template <class T>
  std::optional<T> last(const std::string& name) {
    std::optional<T> found;
    for (const Command& c : peers.at(name).commands)
      if (auto* typed = std::get_if<T>(&c)) found = *typed;
    return found;
  }
  template <class T>
  int count(const std::string& name) {
    int n = 0;
    for (const Command& c : peers.at(name).commands) n += std::holds_alternative<T>(c) ? 1 : 0;
    return n;
  }
  int notices(NoticeKind kind) const {
    int n = 0;
    for (const Notice& notice : all_notices) n += notice.kind == kind ? 1 : 0;
    return n;
  }

  void input(Input in) {
    Effects effects;
    core.handle(now, std::move(in), effects);
    for (Effect& effect : effects) carry_out(effect);
    for (auto& [name, peer] : peers)
      if (peer.keeps_parked && peer.calls_open == 0) send(name);
  }

  TrackerCore core;
  Instant now = Instant::from_ns(1'000'000'000);
  std::map<std::string, Peer> peers;
  std::vector<Notice> all_notices;
  std::vector<RootLearned> learned;
  std::vector<VersionResolved> resolved;
  std::map<ExchangeToken, Error> refused;
  std::map<ExchangeToken, ExchangeDown> answered;
  uint64_t last_token = 0;

 private:
  void load(const Options& options) { input(CatalogLoaded{options.epoch, options.is_first_run}); }
  void carry_out(Effect& effect) {
    if (auto* e = std::get_if<RegisterAnswered>(&effect)) {
      Peer& peer = peers.at(by_connection_.at(e->connection));
      peer.session = e->reply.session;
      peer.reply = e->reply;
    } else if (auto* r = std::get_if<RegisterRefused>(&effect)) {
      peers.at(by_connection_.at(r->connection)).refused = r->error;
    } else if (auto* a = std::get_if<ExchangeAnswered>(&effect)) {
      answered[a->token] = a->down;
      Peer& peer = peers.at(tokens_.at(a->token));
      --peer.calls_open;
      EXPECT_LE(a->down.commands.size(), kCommandsPerExchangeMax);
      for (Command& command : a->down.commands) {
        if (auto* order = std::get_if<Assign>(&command)) peer.assigns.push_back(*order);
        peer.commands.push_back(command);
        ++peer.applied;
      }
      peer.events_applied = a->down.events_applied.value();
    } else if (auto* f = std::get_if<ExchangeRefused>(&effect)) {
      refused[f->token] = f->error;
      auto caller = tokens_.find(f->token);
      if (caller == tokens_.end()) return;
      peers.at(caller->second).calls_open = 0;
      peers.at(caller->second).keeps_parked = false;
    } else if (auto* n = std::get_if<Notice>(&effect)) {
      all_notices.push_back(*n);
    } else if (auto* l = std::get_if<RootLearned>(&effect)) {
      learned.push_back(*l);
    } else if (auto* v = std::get_if<VersionResolved>(&effect)) {
      resolved.push_back(*v);
    }
  }

  uint64_t connections_ = 0;
  uint64_t opens_ = 0;
  uint32_t policies_ = 0;
  std::map<ConnectionId, std::string> by_connection_;
  std::map<ExchangeToken, std::string> tokens_;
};

}  // namespace tyto::tracker
