// Every reader reads the origin: for objects of one reader each, and to compare with.
#include "tracker/core/selection/selection.h"

namespace tyto::tracker {
namespace {

class OriginOnly : public Selection {
 public:
  bool admits(const Offer&) const override { return false; }
  uint32_t score(const Offer& offer, Rng&) const override { return by_nearness(offer); }
  OriginRoute origin_route() const override { return OriginRoute::kEveryReader; }
  bool do_readers_serve() const override { return false; }
};

}  // namespace

const Selection& origin_only() {
  static const OriginOnly policy;
  return policy;
}

}  // namespace tyto::tracker
