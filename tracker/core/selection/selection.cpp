#include "tracker/core/selection/selection.h"

namespace tyto::tracker {

const Selection& selection_of(SelectionKind kind, Temperature temperature) {
  switch (kind) {
    case SelectionKind::kLocationAware: return location_aware();
    case SelectionKind::kHotCold:
      return temperature == Temperature::kHot ? location_aware() : past_superpeers();
    case SelectionKind::kLeastLoaded: return least_loaded();
    case SelectionKind::kRandom: return random_choice();
    case SelectionKind::kSuperpeerOnly: return superpeer_only();
    case SelectionKind::kOriginOnly: return origin_only();
  }
  return location_aware();
}

uint32_t by_nearness(const Offer& offer) {
  return static_cast<uint32_t>(offer.nearness) << 24 | uint32_t{offer.is_superpeer} << 20 |
         offer.load << 4 | offer.generation;
}

}  // namespace tyto::tracker
