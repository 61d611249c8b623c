// Least recently used: what nobody here asked for longest will not be asked for soon.
#include "tracker/core/caching/replacement.h"

namespace tyto::tracker {
namespace {

class Lru final : public Replacement {
 public:
  Sight sight() const override { return Sight::kOldest; }
  Nomination nominate(std::span<const Candidate>, Rng&) const override {
    return {0, Choice::kEvictLru};
  }
};

}  // namespace

const Replacement& lru_replacement() {
  static const Lru policy;
  return policy;
}

}  // namespace tyto::tracker
