// The least loaded, wherever it is; among those alike the shallowest, then the nearest.
#include "tracker/core/selection/selection.h"

namespace tyto::tracker {
namespace {

class LeastLoaded : public Selection {
 public:
  bool admits(const Offer&) const override { return true; }
  uint32_t score(const Offer& offer, Rng&) const override {
    return offer.load << 16 | uint32_t{offer.generation} << 8 |
           static_cast<uint32_t>(offer.nearness);
  }
  Reach reach() const override { return Reach::kEverywhere; }
};

}  // namespace

const Selection& least_loaded() {
  static const LeastLoaded policy;
  return policy;
}

}  // namespace tyto::tracker
