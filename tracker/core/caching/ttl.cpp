// Time to live: copies go when they were not used for so long, needed or not (expiry.cpp). If room
// is needed before, the one goes that would expire first.
#include "tracker/core/caching/replacement.h"

namespace tyto::tracker {
namespace {

class Ttl final : public Replacement {
 public:
  Sight sight() const override { return Sight::kOldest; }
  Nomination nominate(std::span<const Candidate>, Rng&) const override {
    return {0, Choice::kEvictLru};
  }
};

}  // namespace

const Replacement& ttl_replacement() {
  static const Ttl policy;
  return policy;
}

}  // namespace tyto::tracker
