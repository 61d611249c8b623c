// Readers that are parked for their rack's sake, and that something elsewhere helps all the same.
#pragma once

#include "tracker/core/parking.h"

namespace tyto::tracker {

// A chunk of the version has come to be only at superpeers again: wherever these stand, it may be
// had from there. Rare. Cost: all lots.
inline void wake_all_of(Parking& parking, VersionIndex version) {
  for (uint32_t l = 0; l < parking.rows() && !parking.is_empty(); ++l)
    if (parking.is_used(LotIndex(l)) && parking[LotIndex(l)].version == version)
      parking.wake(LotIndex(l));
}

}  // namespace tyto::tracker
