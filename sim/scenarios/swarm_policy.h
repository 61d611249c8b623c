// The policies of buckets that hostile worlds are drawn with.
#pragma once

#include "base/rng.h"
#include "sim/world/scenario.h"

namespace tyto::sim {

// In half of the worlds, some of what a bucket's policy can say: how sources are chosen, what is
// kept, how much is asked of the origin; and pins. Requires: all else is drawn.
void draw_bucket_policy(Rng& rng, Scenario& scenario);
// In a quarter of the worlds, the bucket is kept in memory; in some of these superpeers lend none,
// and are as good as not there. Requires: all else is drawn.
void draw_placement(Rng& rng, Scenario& scenario);
// How much longer reads may take for it than without.
Duration time_for_policy(const Scenario& scenario);

}  // namespace tyto::sim
