// Whatever happens, and however policies change meanwhile, what a policy forbids is not ordered.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "tests/support/tracker_core_driver.h"
#include "tracker/core/rate_limit.h"

namespace tyto::tracker {
namespace {

constexpr int kPeers = 12;
constexpr int kSuperpeers = 2;
constexpr int kObjects = 6;
constexpr uint32_t kUploads = 6;
constexpr Duration kStepMax = Duration::milliseconds(400);

// A fleet to which things happen by lot.
class Fleet {
 public:
  explicit Fleet(uint64_t seed) : rng_(seed), t_(options(seed)) {
    for (auto bucket : {"b", "c"}) change_policy(bucket);
    for (int i = 0; i < kSuperpeers; ++i) {
      RegisterRequest request = t_.request(name_of(i, 's'), location_of(i));
      request.role = Role::kSuperpeer;
      t_.join_as(name_of(i, 's'), request);
      t_.send(name_of(i, 's'));
    }
    for (int i = 0; i < kPeers; ++i) {
      t_.join(name_of(i, 'p'), location_of(i));
      t_.send(name_of(i, 'p'));
    }
    for (int i = 0; i < kObjects; ++i) t_.publish(key_of(i), 1 + rng_.below(12));
  }

  void happen() {
    std::string peer = name_of(static_cast<int>(rng_.below(kPeers)), 'p');
    switch (rng_.below(10)) {
      case 0: change_policy(rng_.below(2) == 0 ? "b" : "c"); break;
      case 1:
      case 2: t_.open(peer, key_of(static_cast<int>(rng_.below(kObjects)))); break;
      case 3: t_.advance(Duration::milliseconds(rng_.below(400))); break;
      case 4:
        if (!t_[peer].assigns.empty()) t_.fail_one(peer, FailureKind::kStalled);
        break;
      case 5: t_.finish_one(name_of(static_cast<int>(rng_.below(kSuperpeers)), 's')); break;
      default: t_.finish_one(peer);
    }
    check();
  }

  uint64_t orders_checked() const { return orders_; }
  uint64_t crossings_checked() const { return crossings_; }

 private:
  static TrackerDriver::Options options(uint64_t seed) {
    TrackerDriver::Options options;
    options.config.seed = seed;
    options.config.uploads_per_host = kUploads;
    options.config.uploads_per_superpeer = kUploads;
    return options;
  }
  // Ids of versions begin with their keys.
  static std::string bucket_of(const ChunkId& chunk) {
    return std::string(1, static_cast<char>(chunk.version.digest.bytes[0]));
  }
  static std::string name_of(int i, char kind) { return kind + std::to_string(i); }
  static std::string location_of(int i) {
    return "r" + std::to_string(i % 2) + "/z" + std::to_string(i % 3) + "/k" +
           std::to_string(i % 4) + "/h" + std::to_string(i);
  }
  static std::string key_of(int i) { return (i % 2 == 0 ? "b:" : "c:") + std::to_string(i); }

  void change_policy(const std::string& bucket) {
    Policy policy;
    policy.selection.kind = static_cast<SelectionKind>(rng_.below(6));
    policy.selection.tree_depth = rng_.below(kTreeDepthMax + 1);
    policy.selection.farthest = static_cast<Nearness>(1 + rng_.below(4));
    policy.selection.uploads_per_host = rng_.below(4);
    policy.selection.uploads_per_superpeer = rng_.below(4);
    policy.selection.weight = 1 + rng_.below(9);
    policy.selection.hot_from = 1 + rng_.below(4);
    if (rng_.one_in(1, 3)) policy.selection.cross_zone_after = Duration::milliseconds(300);
    if (rng_.one_in(1, 3)) policy.selection.bytes_per_s = uint64_t{64} * kChunkBytesMin;
    if (rng_.one_in(1, 2))
      policy.selection.bytes_between_regions_per_s = uint64_t{4} * kChunkBytesMin;
    t_.set_policy(policy, bucket);
    policies_[bucket] = policy;
    crossed_.clear();
    // What was ordered under the policy before ends as it began.
    for (auto& [name, peer] : t_.peers) seen_[name] = peer.commands.size();
  }

  void check() {
    t_.core.check_invariants();
    t_.core.visit_peers([](const PeerPicture& peer) { EXPECT_LE(peer.uploads, kUploads); });
    for (auto& [name, peer] : t_.peers) {
      for (std::size_t i = seen_[name]; i < peer.commands.size(); ++i)
        if (auto* order = std::get_if<Assign>(&peer.commands[i])) check(name, *order);
      seen_[name] = peer.commands.size();
    }
  }

  void check(const std::string& reader, const Assign& order) {
    ++orders_;
    std::string bucket = bucket_of(order.chunk);
    const SelectionPolicy& policy = policies_[bucket].selection;
    bool is_direct = order.source.kind == SourceKind::kOrigin;
    EXPECT_TRUE(is_direct || policy.kind != SelectionKind::kOriginOnly);
    if (is_direct) return;
    EXPECT_TRUE(order.source.kind == SourceKind::kSuperpeer ||
                policy.kind != SelectionKind::kSuperpeerOnly);
    EXPECT_LE(order.source.generation.value(), policy.tree_depth);
    EXPECT_LE(distance(reader, order.source.peer), policy.farthest);
    if (distance(reader, order.source.peer) > Nearness::kSameRegion)
      check_crossing(bucket + region_of(reader), policy.bytes_between_regions_per_s);
    uint32_t cap = order.source.kind == SourceKind::kSuperpeer ? policy.uploads_per_superpeer
                                                               : policy.uploads_per_host;
    if (cap == 0) return;
    uint32_t uploads = 0;
    t_.core.visit_transfers([&](const TransferPicture& transfer) {
      bool is_same =
          transfer.source.peer == order.source.peer && bucket_of(transfer.chunk) == bucket;
      uploads += is_same ? 1 : 0;
    });
    EXPECT_LE(uploads, cap);
  }

  std::string region_of(const std::string& reader) {
    std::string region;
    t_.core.visit_peers([&](const PeerPicture& peer) {
      if (peer.peer == t_[reader].id) region = Location::parse(peer.location).value().region;
    });
    return region;
  }

  // Whatever the span, no more chunks came into the region from others than the limit lets, what
  // was not used before, and one. An order is seen some time after it was given.
  void check_crossing(const std::string& where, uint64_t bytes_per_s) {
    if (bytes_per_s == 0) return;
    std::vector<Instant>& crossed = crossed_[where];
    crossed.push_back(t_.now);
    ++crossings_;
    for (std::size_t i = 0; i < crossed.size(); ++i) {
      Duration span = t_.now - crossed[i] + kStepMax + RateLimit::kBurst;
      auto ns = static_cast<uint64_t>(span.ns());
      uint64_t chunks = bytes_per_s / kChunkBytesMin * ns / 1'000'000'000 + 1;
      EXPECT_LE(crossed.size() - i, chunks) << where;
    }
  }

  Nearness distance(const std::string& reader, PeerId source) {
    std::string location = "?";
    std::string own = "?";
    t_.core.visit_peers([&](const PeerPicture& peer) {
      if (peer.peer == source) location = peer.location;
      if (peer.peer == t_[reader].id) own = peer.location;
    });
    return nearness(Location::parse(own).value(), Location::parse(location).value());
  }

  Rng rng_;
  TrackerDriver t_;
  std::map<std::string, Policy> policies_;
  std::map<std::string, std::size_t> seen_;
  std::map<std::string, std::vector<Instant>> crossed_;  // by bucket and region
  uint64_t crossings_ = 0;
  uint64_t orders_ = 0;
};

TEST(PoliciesProperty, NothingIsOrderedThatItsPolicyForbids) {
  uint64_t orders = 0;
  uint64_t crossings = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Fleet fleet(seed);
    for (int i = 0; i < 300; ++i) fleet.happen();
    orders += fleet.orders_checked();
    crossings += fleet.crossings_checked();
    if (HasFailure()) return;
  }
  EXPECT_GT(orders, 2000u);
  EXPECT_GT(crossings, 50u);
}

}  // namespace
}  // namespace tyto::tracker
