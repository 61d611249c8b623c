// Least rare: what most others hold is missed least here, since it can be had from them.
#include "tracker/core/caching/replacement.h"

namespace tyto::tracker {
namespace {

class LeastRare final : public Replacement {
 public:
  Sight sight() const override { return Sight::kMany; }
  // The one with the most copies; of equals the least recently used.
  Nomination nominate(std::span<const Candidate> candidates, Rng&) const override {
    Nomination best{0, Choice::kEvictLeastRare};
    for (std::size_t i = 1; i < candidates.size(); ++i)
      if (candidates[i].copies > candidates[best.place].copies) best.place = i;
    return best;
  }
};

}  // namespace

const Replacement& least_rare_replacement() {
  static const LeastRare policy;
  return policy;
}

}  // namespace tyto::tracker
