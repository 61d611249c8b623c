#include "tracker/core/caching/replacement.h"

namespace tyto::tracker {

const Replacement& replacement(ReplacementKind kind) {
  switch (kind) {
    case ReplacementKind::kLru: break;
    case ReplacementKind::kLeastRare: return least_rare_replacement();
    case ReplacementKind::kHybrid: return hybrid_replacement();
    case ReplacementKind::kTtl: return ttl_replacement();
    case ReplacementKind::kRandom: return random_replacement();
  }
  return lru_replacement();
}

}  // namespace tyto::tracker
