// Caches under random requests, policies and pins. Whatever comes: no pinned copy is evicted, no
// bucket has more of a store than it may, or of all stores while anything of it can go, and the
// books agree with what peers have.
#include <map>
#include <set>

#include "base/rng.h"
#include "tests/tracker/core/caching/caching_driver.h"

namespace tyto::tracker {
namespace {

constexpr uint32_t kPeers = 4;
constexpr uint32_t kObjects = 12;  // of each bucket
constexpr uint32_t kRoom = 12;     // chunks
const std::array<std::string, 3> kBuckets = {"a", "b", "c"};

class RandomCaches {
 public:
  explicit RandomCaches(uint64_t seed) : rng_(seed) {
    for (const std::string& bucket : kBuckets) {
      change_policy(bucket);
      for (uint32_t i = 0; i < kObjects; ++i) {
        uint32_t chunks = 1 + rng_.below(6);
        VersionId id = t_.publish(key(bucket, i), chunks);
        objects_[id] = {bucket, chunks};
      }
    }
    for (uint32_t p = 0; p < kPeers; ++p) t_.join_small(name(p), kRoom, location(p));
  }

  void step() {
    uint32_t peer = rng_.below(kPeers);
    switch (rng_.below(16)) {
      case 0: change_policy(kBuckets[rng_.below(3)]); break;
      case 1: pin(); break;
      case 2: unpin(); break;
      case 3: t_.advance(Duration::seconds(rng_.below(60))); break;
      case 4:
      case 5:
      case 6: open(peer); break;
      case 7:
      case 8: close(peer); break;
      default: work(peer); break;
    }
    // What one frees may be given to another, who has to evict for it.
    for (bool is_done = false; !is_done;) {
      is_done = true;
      for (uint32_t p = 0; p < kPeers; ++p) is_done = !obey(p) && is_done;
    }
    t_.core.check_invariants();
    if (rng_.below(8) == 0) check_fleet_quotas();
  }
  uint64_t evictions() const { return t_.core.counters().evictions; }
  uint64_t fleet_evictions() const {
    return t_.core.counters().evictions_by[static_cast<std::size_t>(Choice::kEvictFleetQuota)];
  }
  uint64_t uncached() const { return uncached_; }

 private:
  struct Object {
    std::string bucket;
    uint32_t chunks = 0;
  };
  static std::string name(uint32_t peer) { return "p" + std::to_string(peer); }
  static std::string location(uint32_t peer) {
    return "z" + std::to_string(peer % 2) + "/k/" + name(peer);
  }
  static std::string key(const std::string& bucket, uint32_t i) {
    return bucket + ":" + std::to_string(i);
  }
  void change_policy(const std::string& bucket) {
    CachingPolicy caching;
    caching.replacement = static_cast<ReplacementKind>(rng_.below(5));
    bool has_ttl = caching.replacement == ReplacementKind::kTtl || rng_.below(4) == 0;
    if (has_ttl) caching.ttl = Duration::seconds(20 + rng_.below(100));
    caching.admit = rng_.below(5) == 0 ? Admit::kSuperpeers : Admit::kAll;
    caching.copies_floor = rng_.below(3);
    caching.zone_copies_floor = rng_.below(2);
    caching.is_origin_unreliable = rng_.below(6) == 0;
    // Stays as it is: one that was lowered would be reached only when the bucket is read next.
    uint64_t quota = (6 + rng_.below(4)) * CachingDriver::kChunk;
    caching.bytes_per_peer = quotas_.try_emplace(bucket, bucket == "c" ? 0 : quota).first->second;
    caching.fleet_bytes = rng_.below(3) == 0 ? 0 : (5 + rng_.below(20)) * CachingDriver::kChunk;
    policies_[bucket] = caching;
    t_.put_bucket(bucket, CachingDriver::keeping(caching));
  }
  void pin() {
    const std::string& bucket = kBuckets[rng_.below(3)];
    ObjectName name{bucket, key(bucket, rng_.below(kObjects))};
    auto plan = t_.core.plan_pin(
        {name, std::nullopt, t_.now, t_.now + Duration::seconds(1 + rng_.below(100))});
    if (pinned_.size() >= 3 || !plan.ok()) return;
    pinned_[name] = {plan->version, plan->until};
    t_.input(*plan);
  }
  void unpin() {
    if (pinned_.empty()) return;
    ObjectName name = pinned_.begin()->first;
    pinned_.erase(name);
    t_.input(PinRemoved{name});
  }
  void open(uint32_t peer) {
    if (opens_[peer].size() >= 3) return close(peer);
    const std::string& bucket = kBuckets[rng_.below(3)];
    uint32_t object = std::min(rng_.below(kObjects), rng_.below(kObjects));
    opens_[peer].push_back(t_.open(name(peer), key(bucket, object)));
    opened_[opens_[peer].back()] = TrackerDriver::facts(key(bucket, object), 1).id;
  }
  void close(uint32_t peer) {
    if (opens_[peer].empty()) return;
    t_.send(name(peer), {OpenClosed{OpenId(opens_[peer].front())}});
    opens_[peer].erase(opens_[peer].begin());
  }
  void work(uint32_t peer) {
    if (t_[name(peer)].assigns.empty()) return;
    Assign order = t_[name(peer)].assigns.front();
    t_.finish_one(name(peer));
    stores_[peer].insert({order.chunk.version, order.chunk.index.value()});
    check_store(peer);
  }
  // Leases that took too long are cancelled; what they bring is thrown away.
  void cancel(uint32_t peer) {
    TrackerDriver::Peer& row = t_[name(peer)];
    for (const Command& command : row.commands) {
      const auto* order = std::get_if<Cancel>(&command);
      if (order == nullptr) continue;
      std::erase_if(row.assigns,
                    [&](const Assign& given) { return given.assignment == order->assignment; });
    }
  }
  // Carries out evictions, which must not be of what is pinned. False if there were none.
  bool obey(uint32_t peer) {
    cancel(peer);
    bool has_any = false;
    for (const Command& command : t_[name(peer)].commands) {
      const auto* order = std::get_if<Evict>(&command);
      if (order == nullptr) continue;
      has_any = true;
      for (const auto& [pinned, pin] : pinned_)
        EXPECT_FALSE(pin.first == order->version && pin.second > t_.now)
            << pinned.text() << " was evicted from " << name(peer);
      for (uint32_t c = order->first; c < order->first + order->count; ++c)
        EXPECT_EQ(stores_[peer].erase({order->version, c}), 1u);
    }
    t_.drop_all(name(peer));
    return has_any;
  }
  void check_store(uint32_t peer) {
    std::map<std::string, uint64_t> bytes;
    for (const auto& [version, chunk] : stores_[peer])
      bytes[objects_.at(version).bucket] += CachingDriver::kChunk;
    uint64_t all = 0;
    for (const auto& [bucket, used] : bytes) {
      uint64_t quota = quotas_.at(bucket);
      EXPECT_TRUE(quota == 0 || used <= quota) << "bucket " << bucket << " at " << name(peer);
      all += used;
    }
    EXPECT_LE(all, kRoom * CachingDriver::kChunk);
  }

  // Whether nothing but a pin, a reader or being the last of its kind may keep a copy.
  bool may_go(const VersionId& version, uint32_t chunk) {
    for (const auto& [name, pin] : pinned_)
      if (pin.first == version && pin.second > t_.now) return false;
    for (const auto& [peer, opens] : opens_)
      for (uint64_t open : opens)
        if (opened_.at(open) == version) return false;
    uint32_t copies = 0;
    for (const auto& [peer, store] : stores_) copies += store.contains({version, chunk}) ? 1 : 0;
    return copies > 1 || !policies_.at(objects_.at(version).bucket).is_origin_unreliable;
  }
  // Once the tracker has had the time to look again.
  void check_fleet_quotas() {
    t_.advance(Duration::milliseconds(1100));
    for (uint32_t p = 0; p < kPeers; ++p) obey(p);
    for (const std::string& bucket : kBuckets) {
      uint64_t quota = policies_.at(bucket).fleet_bytes;
      uint64_t kept = t_.core.bucket_picture(bucket)->kept_bytes;
      if (quota == 0 || kept <= quota) continue;
      ++uncached_;
      for (const auto& [peer, store] : stores_)
        for (const auto& [version, chunk] : store)
          EXPECT_FALSE(objects_.at(version).bucket == bucket && may_go(version, chunk))
              << "bucket " << bucket << " has " << kept << " of " << quota << ", with a copy at "
              << name(peer) << " that could go";
    }
  }

  CachingDriver t_;
  Rng rng_;
  std::map<std::string, CachingPolicy> policies_;
  std::map<uint64_t, VersionId> opened_;
  uint64_t uncached_ = 0;
  std::map<VersionId, Object> objects_;
  std::map<std::string, uint64_t> quotas_;  // 0: none
  std::map<ObjectName, std::pair<VersionId, Instant>> pinned_;
  std::map<uint32_t, std::vector<uint64_t>> opens_;
  std::map<uint32_t, std::set<std::pair<VersionId, uint32_t>>> stores_;
};

TEST(RandomCaching, PinsStayQuotasAreKeptAndTheBooksAgree) {
  uint64_t evictions = 0;
  uint64_t fleet_evictions = 0;
  uint64_t uncached = 0;
  for (uint64_t seed = 1; seed <= 30 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomCaches caches(seed);
    for (int i = 0; i < 600 && !::testing::Test::HasFailure(); ++i) caches.step();
    evictions += caches.evictions();
    fleet_evictions += caches.fleet_evictions();
    uncached += caches.uncached();
  }
  EXPECT_GT(evictions, 1000u);
  EXPECT_GT(fleet_evictions, 100u);
  EXPECT_GT(uncached, 10u);  // times that a quota was passed by what is read or must stay
}

}  // namespace
}  // namespace tyto::tracker
