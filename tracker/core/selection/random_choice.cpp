// Any, by lot: what others are measured against.
#include "tracker/core/selection/selection.h"

namespace tyto::tracker {
namespace {

class RandomChoice : public Selection {
 public:
  bool admits(const Offer&) const override { return true; }
  uint32_t score(const Offer&, Rng& rng) const override { return rng.below(1u << 24); }
  Reach reach() const override { return Reach::kEverywhere; }
};

}  // namespace

const Selection& random_choice() {
  static const RandomChoice policy;
  return policy;
}

}  // namespace tyto::tracker
