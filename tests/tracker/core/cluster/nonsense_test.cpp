// Messages without sense from another tracker: passed over, whatever they are.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "tests/support/tracker_cluster.h"

namespace tyto::tracker {
namespace {

constexpr uint32_t kChunks = 16;

class Nonsense {
 public:
  explicit Nonsense(uint64_t seed) : rng_(seed) {}
  ClusterMessage message() {
    switch (rng_.below(20)) {
      case 0: return VersionDescribed{TrackerCluster::facts(key(), rng_.below(40))};
      case 1: return StatusTold{rng_.below(9), rng_.below(3), rng_.below(9)};
      case 2: return copies();
      case 3: return CopiesSynced{rng_.next64()};
      case 4: return wanted();
      case 5: return WantWithdrawn{want()};
      case 6: return LeaseFailed{version(), chunk(), kind(), "by lot"};
      case 7: return LeaseProgressed{version(), chunk()};
      case 8: return LastCopyAsked{version(), chunk()};
      case 9: return ServeAsked{member(), want(), version(), chunk(), place(), Priority::kNormal};
      case 10: return LeaseGranted{version(), chunk(), want()};
      case 11:
        return WantPostponed{
            want(), Duration::milliseconds(rng_.below(3) * 100), {ErrorCode::kConflict, "by lot"}};
      case 12: return LastCopyAnswered{version(), chunk(), rng_.below(2) == 0};
      case 13: return ServeRefused{member(), want(), version(), chunk(), rng_.below(2) == 0};
      case 14: return offered();
      case 15: return OfferProgressed{OfferId(rng_.below(40))};
      case 16: return OfferEnded{OfferId(rng_.below(40)), rng_.below(2) == 0, kind()};
      case 17: return NameAsked{LookupId(rng_.below(9)), rng_.below(2) == 0 ? "b" : "?", key()};
      case 18: return PeersCame{TrackerEpoch(rng_.below(4)), rng_.below(9)};
      case 19: return PermitWanted{permit(), version(), rng_.next64(), rng_.below(2) == 0};
      case 20: return PermitGranted{permit()};
      case 21: return PermitEnded{permit()};
      default: return answered();
    }
  }
  Rng& rng() { return rng_; }

 private:
  std::string key() { return rng_.below(3) == 0 ? "new" + std::to_string(rng_.below(3)) : "big"; }
  VersionId version() { return TrackerCluster::facts(key(), kChunks).id; }
  uint32_t chunk() { return rng_.below(kChunks + 2); }
  PermitId permit() { return PermitId(rng_.below(9)); }
  WantId want() { return WantId(rng_.below(60)); }
  MemberId member() { return MemberId(rng_.below(5)); }
  FailureKind kind() { return static_cast<FailureKind>(rng_.below(10)); }
  Location place() { return Location::parse("r/z/k/h" + std::to_string(rng_.below(9))).value(); }
  CopiesAnnounced copies() {
    CopiesAnnounced m{version(), chunk(), Bitmap(rng_.below(kChunks + 4)), {}};
    for (uint32_t c = 0; c < m.held.size(); ++c)
      if (rng_.below(2) == 0) m.held.set(c);
    if (rng_.below(2) == 0) m.gone = Bitmap(rng_.below(2) == 0 ? m.held.size() : rng_.below(9));
    for (uint32_t c = 0; c < m.gone.size(); ++c)
      if (rng_.below(2) == 0) m.gone.set(c);
    return m;
  }
  ChunkWanted wanted() {
    return {want(),
            version(),
            chunk(),
            place(),
            static_cast<Priority>(rng_.below(3)),
            rng_.below(2) == 0};
  }
  ChunkOffered offered() {
    ChunkOffered m;
    m.want = want();
    m.offer = OfferId(rng_.below(40));
    m.version = version();
    m.chunk = chunk();
    m.source = {static_cast<SourceKind>(rng_.below(3)),
                PeerId(rng_.below(3)),
                {"h", 1},
                Generation(static_cast<uint16_t>(rng_.below(12)))};
    m.source_location = place();
    if (rng_.below(2) == 0) m.root = Digest{};
    for (uint32_t i = rng_.below(4); i > 0; --i) m.path.push_back(member());
    m.term = Duration::seconds(1);
    return m;
  }
  NameAnswered answered() {
    NameAnswered m{LookupId(rng_.below(9)), std::nullopt, {ErrorCode::kNotFound, "by lot"}};
    if (rng_.below(2) == 0) m.facts = TrackerCluster::facts(key(), rng_.below(40));
    return m;
  }
  Rng rng_;
};

TEST(Nonsense, NoMessageOfAMemberBreaksTheTables) {
  int notices = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Nonsense nonsense(seed);
    TrackerCluster t({.trackers = 3, .seed = seed});
    t.join("s0", 0, Role::kSuperpeer);
    t.join("p0", 0);
    t.join("p1", 1);
    t.publish("big", kChunks);
    for (int i = 0; i < 300; ++i) {
      if (i % 20 == 0) t.open(i % 40 == 0 ? "p0" : "p1", "big");
      std::vector<ClusterMessage> messages;
      for (uint32_t m = nonsense.rng().below(4); m > 0; --m) messages.push_back(nonsense.message());
      t.inject(static_cast<int>(nonsense.rng().below(2)), 2, std::move(messages));
      t.run(Duration::milliseconds(nonsense.rng().below(40)));
      t.check_invariants();
    }
    notices += t.notices(NoticeKind::kMemberIncoherent);
  }
  EXPECT_GT(notices, 100);
}

}  // namespace
}  // namespace tyto::tracker
