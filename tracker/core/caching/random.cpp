// Random: no pattern of requests is its worst case. It does not mind scans larger than the store.
#include "tracker/core/caching/replacement.h"

namespace tyto::tracker {
namespace {

class Random final : public Replacement {
 public:
  Sight sight() const override { return Sight::kMany; }
  // Any of those that were not looked at for their age; the hand that finds them goes round, so
  // that in time each has the same chance.
  Nomination nominate(std::span<const Candidate> candidates, Rng& rng) const override {
    uint32_t eligible = 0;
    for (const Candidate& candidate : candidates) eligible += candidate.is_by_lot ? 1 : 0;
    bool takes_any = eligible == 0;
    uint32_t left = rng.below(takes_any ? static_cast<uint32_t>(candidates.size()) : eligible);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (!takes_any && !candidates[i].is_by_lot) continue;
      if (left == 0) return {i, Choice::kEvictRandom};
      --left;
    }
    return {0, Choice::kEvictRandom};
  }
};

}  // namespace

const Replacement& random_replacement() {
  static const Random policy;
  return policy;
}

}  // namespace tyto::tracker
