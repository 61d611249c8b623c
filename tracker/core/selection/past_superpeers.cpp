// For objects that few ask for: they would push what many ask for out of the superpeers' caches. A
// reader takes them from a peer that has them, or else reads the origin itself.
#include "tracker/core/selection/selection.h"

namespace tyto::tracker {
namespace {

class PastSuperpeers : public Selection {
 public:
  bool admits(const Offer& offer) const override { return !offer.is_superpeer; }
  uint32_t score(const Offer& offer, Rng&) const override { return by_nearness(offer); }
  OriginRoute origin_route() const override { return OriginRoute::kReader; }
};

}  // namespace

const Selection& past_superpeers() {
  static const PastSuperpeers policy;
  return policy;
}

}  // namespace tyto::tracker
