// Superpeers alone serve, as the caches of a hierarchy would: for readers that must not be read
// from.
#include "tracker/core/selection/selection.h"

namespace tyto::tracker {
namespace {

class SuperpeerOnly : public Selection {
 public:
  bool admits(const Offer& offer) const override { return offer.is_superpeer; }
  uint32_t score(const Offer& offer, Rng&) const override { return by_nearness(offer); }
  bool do_readers_serve() const override { return false; }
};

}  // namespace

const Selection& superpeer_only() {
  static const SuperpeerOnly policy;
  return policy;
}

}  // namespace tyto::tracker
