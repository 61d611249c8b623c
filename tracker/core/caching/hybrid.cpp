// Hybrid: least rare among hot objects, which have many copies to spare; least recently used among
// cold ones, of which there are few copies whose number says little.
#include <optional>

#include "tracker/core/caching/replacement.h"

namespace tyto::tracker {
namespace {

class Hybrid final : public Replacement {
 public:
  Sight sight() const override { return Sight::kMany; }
  // Of the cold one used least recently and the hot one with the most copies that which was used
  // longer ago.
  Nomination nominate(std::span<const Candidate> candidates, Rng&) const override {
    std::optional<std::size_t> cold;
    std::optional<std::size_t> hot;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (!candidates[i].is_hot) {
        if (!cold) cold = i;
      } else if (!hot || candidates[i].copies > candidates[*hot].copies) {
        hot = i;
      }
    }
    if (hot && (!cold || *hot < *cold)) return {*hot, Choice::kEvictLeastRare};
    return {*cold, Choice::kEvictLru};
  }
};

}  // namespace

const Replacement& hybrid_replacement() {
  static const Hybrid policy;
  return policy;
}

}  // namespace tyto::tracker
