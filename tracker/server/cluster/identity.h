// What tells this tracker from the others of its cluster.
#pragma once

#include <string>

#include "base/ids.h"
#include "io/loop/host_port.h"
#include "schema/messages/cluster_join.h"
#include "tracker/server/settings.h"

namespace tyto::tracker {

// As this tracker introduces itself to others. `bound`: where its RPC port listens, which is its
// address if `cluster.advertise` is empty, and its name if `cluster.id` is, too.
TrackerIntroduced introduction(const TrackerSettings& settings, const io::HostPort& bound,
                               TrackerEpoch epoch);

// The number of this tracker's run. A catalog that is not shared counts only its own tracker's
// starts: so what tells two trackers apart is part of the number too, and no assignment of one is
// taken for another's.
TrackerEpoch epoch_of_run(const TrackerSettings& settings, TrackerEpoch of_catalog);

}  // namespace tyto::tracker
