// The nearest. At the same nearness ordinary peers before superpeers, whose uplinks are wanted for
// chunks that nobody else has; then the least loaded; then the shallowest in its tree.
#include "tracker/core/selection/selection.h"

namespace tyto::tracker {
namespace {

class LocationAware : public Selection {
 public:
  bool admits(const Offer&) const override { return true; }
  uint32_t score(const Offer& offer, Rng&) const override { return by_nearness(offer); }
};

}  // namespace

const Selection& location_aware() {
  static const LocationAware policy;
  return policy;
}

}  // namespace tyto::tracker
