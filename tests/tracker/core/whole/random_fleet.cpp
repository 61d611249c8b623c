#include "tests/tracker/core/whole/random_fleet.h"

#include <array>

namespace tyto::tracker {
namespace {

constexpr int kPeers = 8;
constexpr int kSuperpeers = 2;
constexpr uint32_t kObjects = 4;  // of each bucket
constexpr std::array<const char*, 3> kBuckets = {"b", "c", "d"};
constexpr uint32_t kHandlesMax = 3;
constexpr std::size_t kPinsMax = 3;

TrackerDriver::Options options(uint64_t seed) {
  TrackerDriver::Options options;
  options.config.seed = seed;
  options.config.uploads_per_host = 5;
  options.config.uploads_per_superpeer = 5;
  options.config.assignments_per_peer = 6;
  return options;
}

}  // namespace

RandomFleet::RandomFleet(uint64_t seed) : rng_(seed), t_(options(seed)), watch_(t_) {
  for (const char* bucket : kBuckets) {
    quotas_[bucket] = rng_.one_in(1, 2) ? (12 + rng_.below(8)) * uint64_t{kChunkBytesMin} : 0;
    terms_[bucket] = Duration::seconds(1 + rng_.below(20));
    change_policy(bucket);
    for (uint32_t i = 0; i < kObjects; ++i) {
      keys_.push_back(bucket + std::string(":") + std::to_string(i));
      if (i % 2 == 0) t_.publish(keys_.back(), chunks_of(keys_.back()));
    }
  }
  for (int i = 0; i < kPeers + kSuperpeers; ++i) {
    Host host;
    bool is_superpeer = i >= kPeers;
    host.name = (is_superpeer ? "s" : "p") + std::to_string(i);
    int machine = is_superpeer ? i : i / 2;
    host.location = "r" + std::to_string(machine % 2) + "/z" + std::to_string(machine % 3) + "/k" +
                    std::to_string(machine % 4) + "/h" + std::to_string(machine);
    bool is_first = is_superpeer || i % 2 == 0;
    host.uploads_max = is_first ? 1 + rng_.below(5) : hosts_.back().uploads_max;
    host.room = rng_.one_in(1, 3) ? 1000 : 13 + rng_.below(10);
    if (rng_.one_in(3, 4)) host.memory_room = rng_.one_in(1, 3) ? 1000 : 13 + rng_.below(10);
    hosts_.push_back(host);
    join(hosts_.back());
  }
  settle();
}

// Objects are as long as their keys say.
uint32_t RandomFleet::chunks_of(const std::string& key) {
  return 1 + static_cast<uint32_t>(mix64(static_cast<unsigned char>(key[0]) * 64 + key[2])) % 12;
}

OriginPolicy RandomFleet::draw_origin() {
  OriginPolicy origin;
  if (rng_.one_in(1, 3)) origin.reads = 1 + rng_.below(4);
  if (rng_.one_in(1, 3)) origin.requests_per_s = 1 + rng_.below(20);
  if (rng_.one_in(1, 4)) origin.bytes_per_s = (1 + rng_.below(20)) * uint64_t{kChunkBytesMin};
  if (rng_.one_in(1, 4)) origin.shadow_permille = 300;
  return origin;
}

Policy RandomFleet::draw_policy() {
  Policy policy;
  SelectionPolicy& selection = policy.selection;
  selection.kind = static_cast<SelectionKind>(rng_.below(6));
  selection.uploads_per_host = rng_.below(4);
  selection.uploads_per_superpeer = rng_.below(4);
  selection.tree_depth = rng_.below(kTreeDepthMax + 1);
  selection.farthest = static_cast<Nearness>(1 + rng_.below(4));
  if (rng_.one_in(1, 3)) selection.cross_zone_after = Duration::milliseconds(300);
  if (rng_.one_in(1, 3)) selection.bytes_per_s = uint64_t{64} * kChunkBytesMin;
  selection.weight = 1 + rng_.below(9);
  selection.hot_from = 1 + rng_.below(4);
  if (rng_.one_in(1, 4)) selection.give_up = Duration::seconds(5 + rng_.below(20));
  CachingPolicy& caching = policy.caching;
  caching.replacement = static_cast<ReplacementKind>(rng_.below(5));
  bool has_ttl = caching.replacement == ReplacementKind::kTtl || rng_.one_in(1, 4);
  if (has_ttl) caching.ttl = Duration::seconds(20 + rng_.below(100));
  if (rng_.one_in(1, 3))
    caching.placement = rng_.one_in(1, 3) ? Placement::kBoth : Placement::kMemory;
  caching.admit = rng_.one_in(1, 5) ? Admit::kSuperpeers : Admit::kAll;
  caching.copies_floor = rng_.below(3);
  caching.zone_copies_floor = rng_.below(2);
  caching.is_origin_unreliable = rng_.one_in(1, 8);
  policy.origin = draw_origin();
  return policy;
}

void RandomFleet::change_policy(const std::string& bucket) {
  Policy policy = draw_policy();
  policy.caching.bytes_per_peer = quotas_.at(bucket);
  policy.origin.lease_term = terms_.at(bucket);
  if (is_calm_) {
    policy.selection.give_up = Duration();
    policy.caching.is_origin_unreliable = false;
  }
  policies_[bucket] = policy;
  watch_.set_policy(bucket, policy);
  t_.set_policy(policy, bucket);
}

void RandomFleet::join(Host& host) {
  RegisterRequest request = t_.request(host.name, host.location);
  if (host.name[0] == 's') request.role = Role::kSuperpeer;
  request.store_bytes = host.room * uint64_t{kChunkBytesMin};
  request.memory_bytes = host.memory_room * uint64_t{kChunkBytesMin};
  request.uploads_max = host.uploads_max;
  host.is_up = true;
  host.was_known = !host.store.empty();
  host.seen = 0;
  watch_.set_host(request.peer, host.location, host.uploads_max);
  t_.join_as(host.name, request);
  InventoryPage page{{}, true};
  for (const auto& [version, chunk] : host.store) {
    if (page.entries.empty() || page.entries.back().version != version) {
      std::string key(version.digest.bytes.begin(), version.digest.bytes.begin() + 3);
      Chunking chunking = TrackerDriver::facts(key, chunks_of(key)).chunking;
      page.entries.push_back({version, chunking, Bitmap(chunks_of(key)), {}});
    }
    page.entries.back().chunks.set(chunk);
  }
  if (!host.store.empty()) t_.input(InventoryArrived{peer(host).session, page});
  t_.send(host.name);
}

void RandomFleet::crash(Host& host) {
  if (!host.is_up) return;
  host.is_up = false;
  host.handles.clear();
  host.lost.clear();
  for (const Copy& copy : std::set(host.in_memory)) forget(host, copy);
  host.evictions.clear();
  host.look_ups.clear();
  peer(host).assigns.clear();
  peer(host).keeps_parked = false;
  t_.input(ConnectionLost{peer(host).connection});
}

void RandomFleet::leave(Host& host) {
  if (!host.is_up) return;
  t_.send(host.name, {Leaving{}});
  settle();
  crash(host);
}

void RandomFleet::open(Host& host) {
  if (!host.is_up) return;
  if (host.handles.size() >= kHandlesMax) return close(host);
  Handle handle;
  handle.key = keys_[rng_.below(static_cast<uint32_t>(keys_.size()))];
  handle.is_stream = rng_.one_in(1, 3);
  OpenRequested request;
  request.open = OpenId(rng_.next64() | 1);
  request.bucket = TrackerDriver::bucket_of(handle.key);
  request.key = handle.key;
  request.priority = static_cast<Priority>(rng_.below(3));
  if (handle.is_stream) {
    request.mode = ReadMode::kStream;
    request.window_count = handle.count = 1 + rng_.below(4);
  }
  host.handles[request.open] = handle;
  t_.send(host.name, {request});
}

void RandomFleet::close(Host& host) {
  if (!host.is_up || host.handles.empty()) return;
  auto it = host.handles.begin();
  std::advance(it, rng_.below(static_cast<uint32_t>(host.handles.size())));
  OpenId open = it->first;
  host.handles.erase(it);
  t_.send(host.name, {OpenClosed{open}});
}

void RandomFleet::move_window(Host& host) {
  if (!host.is_up) return;
  for (auto& [open, handle] : host.handles) {
    if (!handle.is_stream || handle.is_ended) continue;
    handle.first += 1;
    return t_.send(host.name, {WindowMoved{open, handle.first, handle.count}});
  }
}

void RandomFleet::pin() {
  const std::string& key = keys_[rng_.below(static_cast<uint32_t>(keys_.size()))];
  ObjectName name{TrackerDriver::bucket_of(key), key};
  Instant until = t_.now + Duration::seconds(1 + rng_.below(60));
  auto plan = t_.core.plan_pin({name, std::nullopt, t_.now, until});
  if (!plan.ok() || pinned_.size() >= kPinsMax) return;
  pinned_[name] = until;
  watch_.pin(name, plan->version, until);
  t_.input(*plan);
}

void RandomFleet::unpin() {
  if (pinned_.empty()) return;
  ObjectName name = pinned_.begin()->first;
  pinned_.erase(pinned_.begin());
  watch_.unpin(name);
  t_.input(PinRemoved{name});
}

void RandomFleet::advance(Duration span) {
  Instant end = t_.now + span;
  while (t_.core.next_deadline() <= end) {
    t_.now = std::max(t_.now, t_.core.next_deadline());
    t_.input(TimePassed{});
    settle();
  }
  t_.now = end;
  t_.input(TimePassed{});
}

void RandomFleet::happen() {
  Host& host = any();
  if (!host.is_up && rng_.one_in(1, 3)) join(host);
  switch (rng_.below(60)) {
    case 0: change_policy(kBuckets[rng_.below(kBuckets.size())]); break;
    case 1: pin(); break;
    case 2: unpin(); break;
    case 3: crash(host); break;
    case 4: leave(host); break;
    case 5:
    case 6: advance(Duration::milliseconds(rng_.below(2000))); break;
    case 7: advance(Duration::seconds(rng_.below(rng_.one_in(1, 4) ? 60 : 4))); break;
    case 8:
    case 9: fail(host); break;
    case 10: go_on(host); break;
    case 11: tell_late(host); break;
    case 12: close(host); break;
    case 13: move_window(host); break;
    case 14:
    case 15:
    case 16: open(host); break;
    case 17:
    case 18: resolve(host); break;
    case 19:
    case 20: drop(host); break;
    case 21:
    case 22: progress(host); break;
    default: finish(host, rng_.below(4));
  }
  settle();
}

}  // namespace tyto::tracker
