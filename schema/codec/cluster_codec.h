// Between what trackers say to one another and the wire; the rules of `codec.h` hold here too.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "schema/codec/codec.h"
#include "schema/messages/cluster_join.h"
#include "schema/tracker_tracker.capnp.h"

namespace tyto {

void encode(const TrackerIntroduced& introduced, wire::TrackerIntroduced::Builder out);
void encode(const ClusterBatch& batch, wire::ClusterBatch::Builder out);

Result<TrackerIntroduced> decode(wire::TrackerIntroduced::Reader in);
Result<ClusterBatch> decode(wire::ClusterBatch::Reader in);

// The bytes that a message takes in a batch; never less than it does.
std::size_t cluster_bytes_estimate(const ClusterMessage& message);

// Takes out what a link of that version does not know.
void drop_newer(std::vector<ClusterMessage>& messages, uint32_t version);

// The version that a link speaks whose other end introduced itself so: the lower of the two.
// Errors: kUnsupported if they are more than kClusterVersionsApartMax apart.
Result<uint32_t> cluster_version_of_link(uint32_t ours, const TrackerIntroduced& other);

}  // namespace tyto
