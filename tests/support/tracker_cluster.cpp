#include "tests/support/tracker_cluster.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"

namespace tyto::tracker {

TrackerCluster::TrackerCluster(const Options& options) : options_(options) {
  for (int i = 0; i < options.trackers; ++i) {
    Node node;
    Config config = options.config;
    config.seed = options.seed * 100 + static_cast<uint64_t>(i);
    node.core = std::make_unique<TrackerCore>(config);
    nodes_.push_back(std::move(node));
  }
  set_policy(options.policy);
  std::vector<int> all;
  for (int i = 0; i < options.trackers; ++i) {
    input(i, CatalogLoaded{run_of(i), true});
    all.push_back(i);
  }
  if (options.trackers == 1) return;
  for (int i : all) set_members(i, all);
  for (int a : all)
    for (int b = a + 1; b < options.trackers; ++b) join_link(a, b);
  run(Duration::milliseconds(10));
}

void TrackerCluster::set_policy(const Policy& policy) {
  BucketConfig bucket;
  bucket.id = BucketId(1);
  bucket.name = "b";
  bucket.origin = "http://origin/";
  for (int i = 0; i < options_.trackers; ++i)
    input(i, BucketLoaded{bucket, std::make_shared<const Policy>(policy)});
}

VersionFacts TrackerCluster::facts(const std::string& key, uint32_t chunks) {
  VersionFacts f;
  for (std::size_t i = 0; i < key.size() && i < 24; ++i)
    f.id.digest.bytes[i] = static_cast<uint8_t>(key[i]);
  f.id.digest.bytes[31] = 1;
  f.bucket_name = "b";
  f.bucket = BucketId(1);
  f.key = key;
  f.chunking = {uint64_t{chunks} * kChunkBytesMin, kChunkBytesMin};
  f.origin = {"http://origin/" + key, "\"1\"", std::nullopt};
  return f;
}

Digest TrackerCluster::root(uint32_t chunk) {
  Digest d;
  d.bytes[0] = 1;
  d.bytes[1] = static_cast<uint8_t>(chunk);
  d.bytes[2] = static_cast<uint8_t>(chunk >> 8);
  return d;
}

std::string TrackerCluster::region_name(int tracker) const {
  return "r" + std::to_string(region_of(tracker));
}

void TrackerCluster::at(Instant when, std::function<void()> what) {
  queue_[{std::max(when, now), ++serial_}] = std::move(what);
}

void TrackerCluster::set_members(int tracker, const std::vector<int>& members) {
  Members list;
  list.serial = ++node(tracker).members_serial;
  for (int m : members)
    list.members.push_back({id_of(m), {"10.0.0.1", 7400}, region_name(m), run_of(m)});
  input(tracker, MembersChanged{id_of(tracker), list});
}

void TrackerCluster::join_link(int a, int b) {
  node(a).links.insert(b);
  node(b).links.insert(a);
  input(a, LinkUp{id_of(b), run_of(b), options_.cluster_version});
  input(b, LinkUp{id_of(a), run_of(a), options_.cluster_version});
}

void TrackerCluster::cut(int a, int b) {
  node(a).links.erase(b);
  node(b).links.erase(a);
  input(a, LinkDown{id_of(b)});
  input(b, LinkDown{id_of(a)});
}

void TrackerCluster::kill_tracker(int tracker) {
  node(tracker).is_alive = false;
  std::vector<int> left;
  for (int i = 0; i < options_.trackers; ++i)
    if (node(i).is_alive) left.push_back(i);
  for (int i : left) {
    node(i).links.erase(tracker);
    input(i, LinkDown{id_of(tracker)});
    set_members(i, left);
  }
  std::size_t next = 0;
  for (auto& [name, peer] : peers) {
    if (peer.home != tracker) continue;
    go_to(name, left[next++ % left.size()], Duration::seconds(1));
  }
}

void TrackerCluster::move_peer(const std::string& name, int to, Duration after) {
  const Peer& peer = peers.at(name);
  input(peer.home, ConnectionLost{peer.connection});
  go_to(name, to, after);
}

void TrackerCluster::go_to(const std::string& name, int to, Duration after) {
  Peer& peer = peers.at(name);
  peer.is_registered = false;
  peer.request.resume_session = peer.session;
  peer.request.resume_epoch = run_of(peer.home);
  peer.home = to;
  at(now + after, [this, name] { register_at_home(name); });
}

void TrackerCluster::kill_peer(const std::string& name) {
  Peer& peer = peers.at(name);
  peer.is_dead = true;
  peer.opens.clear();
  peer.versions.clear();
  if (peer.is_registered) input(peer.home, ConnectionLost{peer.connection});
  peer.is_registered = false;
}

void TrackerCluster::join(const std::string& name, int home, Role role, const std::string& region) {
  Peer& peer = peers[name];
  peer.home = home;
  peer.request.peer = PeerId(mix64(peers.size()) | 1);
  peer.request.role = role;
  peer.request.name = name;
  peer.request.location = Location::parse((region.empty() ? region_name(home) : region) + "/z/k" +
                                          std::to_string(home) + "/" + name)
                              .value();
  peer.request.data_address = {"10.0.0.1", 7000};
  peer.request.store_bytes = options_.store_bytes;
  register_at_home(name);
}

void TrackerCluster::register_at_home(const std::string& name) {
  Peer& peer = peers.at(name);
  if (peer.is_dead) return;
  peer.connection = ConnectionId(++serial_);
  by_connection_[{peer.home, peer.connection}] = name;
  peer.next_event = 1;
  peer.applied = 0;
  peer.calls_open = 0;
  peer.request.protocol_version = options_.protocol_version;
  peer.request.moves = kMovesMax;  // stays where the test has put it, whatever its home
  input(peer.home, RegisterArrived{peer.connection, peer.request});
  InventoryPage page;
  for (const auto& [version, chunks] : peer.held) {
    if (chunks.empty()) continue;
    InventoryEntry entry;
    entry.version = version;
    for (const auto& [key, count] : objects_)
      if (facts(key, count).id == version) entry.chunking = facts(key, count).chunking;
    auto count = static_cast<uint32_t>(entry.chunking.object_bytes / entry.chunking.chunk_bytes);
    entry.chunks = Bitmap(count);
    for (uint32_t c : chunks) entry.chunks.set(c);
    page.entries.push_back(entry);
  }
  page.is_last = true;
  if (!page.entries.empty()) input(peer.home, InventoryArrived{peer.session, page});
  std::vector<Event> events;
  for (const auto& [open, request] : peer.opens) events.push_back(request);
  send(name, std::move(events));
}

void TrackerCluster::publish(const std::string& key, uint32_t chunks) {
  objects_[key] = chunks;
  auto f = std::make_shared<VersionFacts>(facts(key, chunks));
  f->is_published = true;
  std::vector<Digest> roots;
  for (uint32_t c = 0; c < chunks; ++c) roots.push_back(root(c));
  for (int i = 0; i < options_.trackers; ++i) {
    input(i, VersionLoaded{f, roots});
    input(i, NameLoaded{"b", key, f->id, true});
  }
}

void TrackerCluster::open(const std::string& name, const std::string& key) {
  OpenRequested request;
  request.open = OpenId(++opens_);
  request.bucket = "b";
  request.key = key;
  peers.at(name).opens[request.open] = request;
  if (peers.at(name).is_registered) send(name, {request});
}

void TrackerCluster::have(const std::string& name, const std::string& key, uint32_t first,
                          uint32_t count) {
  Peer& peer = peers.at(name);
  VersionFacts f = facts(key, objects_.at(key));
  InventoryEntry entry;
  entry.version = f.id;
  entry.chunking = f.chunking;
  entry.chunks = Bitmap(objects_.at(key));
  for (uint32_t c = first; c < first + count; ++c) {
    entry.chunks.set(c);
    peer.held[f.id].insert(c);
  }
  input(peer.home, InventoryArrived{peer.session, {{entry}, true}});
}

void TrackerCluster::send(const std::string& name, std::vector<Event> events) {
  Peer& peer = peers.at(name);
  if (!peer.is_registered) return;
  ExchangeUp up;
  up.first_event = Sequence(peer.next_event);
  up.events = std::move(events);
  up.commands_applied = Sequence(peer.applied);
  up.park = Duration::seconds(20);
  peer.next_event += up.events.size();
  ++peer.calls_open;
  ExchangeToken token(++serial_);
  by_token_[token] = name;
  input(peer.home, ExchangeArrived{peer.session, token, std::move(up)});
}

void TrackerCluster::input(int tracker, Input in) {
  if (!node(tracker).is_alive) return;
  Effects effects;
  core(tracker).handle(now, std::move(in), effects);
  for (Effect& effect : effects) carry_out(tracker, effect);
}

void TrackerCluster::carry_out(int tracker, Effect& effect) {
  if (auto* e = std::get_if<RegisterAnswered>(&effect)) {
    Peer& peer = peers.at(by_connection_.at({tracker, e->connection}));
    peer.session = e->reply.session;
    peer.is_registered = true;
  } else if (auto* a = std::get_if<ExchangeAnswered>(&effect)) {
    auto caller = by_token_.extract(a->token);
    const std::string name = caller.mapped();
    Peer& peer = peers.at(name);
    if (peer.session != a->session || peer.is_dead) return;
    --peer.calls_open;
    for (Command& command : a->down.commands) {
      ++peer.applied;
      take_command(name, command);
    }
    at(now, [this, name] {
      if (peers.at(name).calls_open == 0) send(name, {});
    });
  } else if (auto* f = std::get_if<ExchangeRefused>(&effect)) {
    by_token_.erase(f->token);
  } else if (auto* n = std::get_if<Notice>(&effect)) {
    all_notices.push_back(*n);
  } else if (auto* m = std::get_if<SendToMember>(&effect)) {
    int to = tracker_of(m->to);
    at(now + options_.message, [this, tracker, to, messages = m->messages] {
      if (node(to).links.contains(tracker) && node(tracker).is_alive)
        input(to, ClusterArrived{id_of(tracker), messages});
    });
  }
}

void TrackerCluster::take_command(const std::string& name, Command& command) {
  Peer& peer = peers.at(name);
  if (auto* order = std::get_if<Assign>(&command)) {
    fetch(name, *order);
  } else if (auto* cancel = std::get_if<Cancel>(&command)) {
    peer.under_way.erase(cancel->assignment);
  } else if (auto* evict = std::get_if<Evict>(&command)) {
    for (uint32_t c = evict->first; c < evict->first + evict->count; ++c)
      peer.held[evict->version].erase(c);
    ChunksDropped dropped{evict->version, evict->first, evict->count};
    at(now, [this, name, dropped] { send(name, {dropped}); });
  } else if (auto* opened = std::get_if<Opened>(&command)) {
    peer.versions[opened->open] = opened->version;
  } else if (auto* ended = std::get_if<OpenEnded>(&command)) {
    peer.failures.push_back(ended->error);
    peer.opens.erase(ended->open);
  } else if (auto* resolve = std::get_if<Resolve>(&command)) {
    ++tally.lookups[resolve->key];
    NameResolved found{resolve->resolve, std::nullopt, {ErrorCode::kNotFound, "nothing there"}};
    if (auto it = objects_.find(resolve->key); it != objects_.end())
      found.facts = facts(resolve->key, it->second);
    at(now + options_.origin_read, [this, name, found] { send(name, {found}); });
  }
}

void TrackerCluster::fetch(const std::string& name, const Assign& order) {
  bool is_from_origin = order.source.kind == SourceKind::kOrigin;
  peers.at(name).under_way[order.assignment] = order.chunk;
  if (is_from_origin) peers.at(name).reading.insert(order.assignment);
  ++tally.transfers;
  if (is_from_origin) {
    ++tally.origin[order.chunk];
    ++tally.reads_by[name];
    tally.reads_begun.push_back(now);
    tally.reads_most = std::max(tally.reads_most, reads_under_way());
  } else if (Peer* source = find_peer(order.source.peer);
             source != nullptr && source->home != peers.at(name).home) {
    int home = peers.at(name).home;
    ++tally.imports[{home, order.chunk}];
    if (region_of(home) != region_of(source->home))
      ++tally.region_imports[{region_of(home), order.chunk}];
  }
  if (Peer* source = find_peer(order.source.peer); source != nullptr) {
    int region = region_of(peers.at(name));
    if (region_of(*source) != region) tally.crossed[region].push_back(now);
  }
  if (Peer* source = find_peer(order.source.peer); source != nullptr && source->is_busy) {
    at(now + options_.message, [this, name, order] { fail(name, order, FailureKind::kBusy); });
    return;
  }
  Duration span = is_from_origin ? options_.origin_read : options_.transfer;
  at(now + span, [this, name, order] { finish(name, order); });
}

int TrackerCluster::reads_under_way() const {
  int reads = 0;
  for (const auto& [name, peer] : peers)
    if (!peer.is_dead) reads += static_cast<int>(peer.reading.size());
  return reads;
}

// Whether the source is itself still being sent what it is to send.
bool TrackerCluster::is_coming_to(const Peer* source, const Assign& order) const {
  if (source == nullptr || source->is_dead) return false;
  auto held = source->held.find(order.chunk.version);
  if (held != source->held.end() && held->second.contains(order.chunk.index.value())) return false;
  return std::any_of(source->under_way.begin(), source->under_way.end(),
                     [&](const auto& entry) { return entry.second == order.chunk; });
}

// A relay passes on what it has and goes on as more comes; who waits for too long gives up.
void TrackerCluster::wait_for_source(const std::string& name, const Assign& order) {
  constexpr Duration kPatience = Duration::seconds(2);
  constexpr Duration kLookEvery = Duration::milliseconds(1);
  Peer& peer = peers.at(name);
  Instant& since = peer.waiting_since.try_emplace(order.assignment, now).first->second;
  if (now - since < kPatience) {
    at(now + kLookEvery, [this, name, order] { finish(name, order); });
    return;
  }
  fail(name, order, FailureKind::kStalled);
}

void TrackerCluster::fail(const std::string& name, const Assign& order, FailureKind kind) {
  peers.at(name).reading.erase(order.assignment);
  if (peers.at(name).under_way.erase(order.assignment) == 0) return;
  ++tally.failures;
  send(name, {AssignmentFailed{order.assignment, order.chunk, order.source, kind, 0, "model"}});
}

void TrackerCluster::finish(const std::string& name, const Assign& order) {
  Peer& peer = peers.at(name);
  if (peer.is_dead || !peer.under_way.contains(order.assignment)) return;
  uint32_t chunk = order.chunk.index.value();
  bool is_from_origin = order.source.kind == SourceKind::kOrigin;
  Peer* source = find_peer(order.source.peer);
  if (is_coming_to(source, order)) return wait_for_source(name, order);
  bool is_there = is_from_origin ? !is_origin_broken
                                 : source != nullptr && !source->is_dead &&
                                       source->held[order.chunk.version].contains(chunk);
  if (is_there) {
    peer.under_way.erase(order.assignment);
    peer.reading.erase(order.assignment);
    peer.held[order.chunk.version].insert(chunk);
    ChunkVerified v;
    v.assignment = order.assignment;
    v.chunk = order.chunk;
    v.source = order.source;
    v.bytes = kChunkBytesMin;
    v.took = options_.transfer;
    if (is_from_origin) v.root = root(chunk);
    return send(name, {v});
  }
  FailureKind kind = is_from_origin                         ? origin_failure
                     : source == nullptr || source->is_dead ? FailureKind::kUnreachable
                                                            : FailureKind::kStalled;
  fail(name, order, kind);
}

TrackerCluster::Peer* TrackerCluster::find_peer(PeerId id) {
  for (auto& [name, peer] : peers)
    if (peer.request.peer == id) return &peer;
  return nullptr;
}

void TrackerCluster::run(Duration span) {
  Instant end = now + span;
  while (true) {
    Instant next = queue_.empty() ? Instant::never() : queue_.begin()->first.first;
    int timer = -1;
    for (int i = 0; i < options_.trackers; ++i) {
      if (!node(i).is_alive || core(i).next_deadline() >= next) continue;
      next = core(i).next_deadline();
      timer = i;
    }
    if (next > end) break;
    now = std::max(now, next);
    if (timer >= 0) {
      input(timer, TimePassed{});
    } else {
      auto what = queue_.extract(queue_.begin());
      what.mapped()();
    }
  }
  now = end;
}

bool TrackerCluster::is_complete(const std::string& name, const std::string& key) const {
  const Peer& peer = peers.at(name);
  auto held = peer.held.find(facts(key, 1).id);
  return held != peer.held.end() && held->second.size() == objects_.at(key);
}

bool TrackerCluster::run_until_complete(Duration limit) {
  Instant end = now + limit;
  while (now < end) {
    run(Duration::milliseconds(50));
    bool is_all = true;
    for (const auto& [name, peer] : peers)
      for (const auto& [open, request] : peer.opens)
        is_all = is_all && (peer.is_dead || is_complete(name, request.key));
    if (is_all) return true;
  }
  return false;
}

uint64_t TrackerCluster::messages() const {
  uint64_t sum = 0;
  for (const Node& node : nodes_) sum += node.core->counters().messages_sent;
  return sum;
}

int TrackerCluster::notices(NoticeKind kind) const {
  int n = 0;
  for (const Notice& notice : all_notices) n += notice.kind == kind ? 1 : 0;
  return n;
}

void TrackerCluster::check_invariants() {
  for (int i = 0; i < options_.trackers; ++i)
    if (node(i).is_alive) core(i).check_invariants();
}

}  // namespace tyto::tracker
