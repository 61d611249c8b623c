// What trackers say to one another, with every field and every member in use: what the golden files
// hold, and so never changed.
#pragma once

#include "schema/messages/cluster_join.h"

namespace tyto::samples {

TrackerIntroduced tracker_introduced();
ClusterBatch cluster_batch();               // one of every message, and both outcomes of a look-up
ClusterBatch cluster_batch_of_version_2();  // what that brought
ClusterBatch cluster_batch_of_version_3();
ClusterBatch cluster_batch_of_version_4();
ClusterBatch cluster_batch_of_policies();  // fields that messages of version 3 got later

}  // namespace tyto::samples
